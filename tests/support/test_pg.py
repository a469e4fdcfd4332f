import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.support.pg import Prepare
from tests.support.pg_cluster import find_binaries, start_cluster, stop_cluster, wheel_binaries


def _fill(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE prepared (n INTEGER)"))
        connection.execute(text("INSERT INTO prepared VALUES (1)"))
    engine.dispose()


def _count(url: str) -> int:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO prepared VALUES (2)"))
        found: int = connection.execute(text("SELECT count(*) FROM prepared")).scalar_one()
    engine.dispose()
    return found


@pytest.fixture
def prepare_database() -> Prepare:
    """Use a table with one row as the preparation."""
    return _fill


@pytest.mark.parametrize("turn", [1, 2])
def test_prepared_database_is_fresh_when_an_earlier_test_wrote_to_its_own(
    turn: int, prepared_database_url: str
) -> None:
    """Every test gets its own copy of the prepared database."""
    assert _count(prepared_database_url) == 2


def test_empty_database_has_no_tables_when_others_were_prepared(database_url: str) -> None:
    """`database_url` is empty on both databases."""
    _fill(database_url)

    assert _count(database_url) == 2


@pytest.mark.parametrize("binaries", [find_binaries, wheel_binaries], ids=["first found", "wheel"])
def test_cluster_answers_and_leaves_nothing_when_stopped(binaries: Callable[[], Path | None]) -> None:
    """A server of either origin comes up, also under root, and its folder is gone afterwards."""
    cluster = start_cluster(owner=os.getpid(), binaries=binaries())
    with psycopg.connect(f"host={cluster.root} user=postgres dbname=postgres") as connection:
        row = connection.execute("SELECT 6 * 7").fetchone()
    stop_cluster(cluster)

    assert row == (42,)
    assert not cluster.root.exists()


def test_cluster_of_the_wheel_answers_when_nobody_else_may_enter_its_folder(tmp_path: Path) -> None:
    """A checkout in root's own home: the server, who is not root, gets a copy that finds its libraries."""
    wheel = wheel_binaries()
    assert wheel is not None
    package = wheel.parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), tmp_path / name, symlinks=True, ignore=lambda *_: ["pginstall18"])
    tmp_path.chmod(0o700)

    cluster = start_cluster(owner=os.getpid(), binaries=tmp_path / wheel.relative_to(package.parent))
    with psycopg.connect(f"host={cluster.root} user=postgres dbname=postgres") as connection:
        row = connection.execute("SELECT 6 * 7").fetchone()
    stop_cluster(cluster)

    assert row == (42,)


def test_cluster_ends_when_its_owner_is_gone(tmp_path: Path) -> None:
    """A killed test run leaves no server behind."""
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    cluster = start_cluster(owner=owner.pid)

    owner.kill()
    owner.wait()
    os.waitpid(cluster.keeper, 0)

    assert not cluster.root.exists()
