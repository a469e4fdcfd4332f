"""A store that cannot take it: full, read only, taken, gone, no database. A clear error, nothing half done."""

import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from engine.core.command import Act, SeatAsked
from engine.errors import Unavailable
from engine.services.advance import Done, Entry, advance
from engine.services.sweep import sweep
from tests.faults.market import LEFT, RUSH, SHELF, WORKER, errand, settle_market
from tests.faults.picture import picture_of
from tests.faults.test_kill import again
from tests.support.crash import in_child
from tests.support.invariants import assert_invariants
from tests.support.pg import Prepare
from tests.support.town import Town


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town shortly before its rush."""
    return settle_market


@pytest.fixture
def path(prepared_sqlite_url: str) -> Path:
    """The file of a prepared database."""
    return Path(prepared_sqlite_url.removeprefix("sqlite:///"))


@contextmanager
def opened_with(path: Path, *pragmas: str) -> Iterator[Town]:
    """Open the database; every connection sets *pragmas*."""
    with again(f"sqlite:///{path}") as town:

        def set_them(raw: sqlite3.Connection, _record: Any) -> None:
            for pragma in pragmas:
                raw.execute(f"PRAGMA {pragma}")

        event.listen(town.uow.database.engine, "connect", set_them)
        yield town


def file_long(town: Town, name: str = "long") -> None:
    """File errands with much to tell, so that the file must grow."""
    entries = [Entry(errand(f"{name}{n}", f"{n}号楼水管漏水，" * 50), key=f"{name}{n}") for n in range(4)]
    outcomes = advance(town.uow, entries, now=RUSH, services=town.door)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes


def error_of(work: Callable[[], object]) -> Unavailable | None:
    """Do *work* and return how it was refused, or None."""
    try:
        work()
    except Unavailable as said:
        return said
    return None


def pages_of(path: Path) -> int:
    """How many pages the file has."""
    connection = sqlite3.connect(path)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.close()
    return int(pages)


def test_full_disk_is_said_and_nothing_is_half_done_when_space_ends_anywhere(path: Path) -> None:
    """With one page more each time the disk is full at another place; each time all is as it was, until it fits."""
    with opened_with(path) as town:
        before = picture_of(town.uow)
    pages, said = pages_of(path), []

    for more in range(60):
        with opened_with(path, f"max_page_count={pages + more}") as town:
            error = error_of(lambda: file_long(town))  # called at once
        if error is None:
            break
        said.append(str(error))
        with opened_with(path) as town:
            assert picture_of(town.uow) == before

    assert 3 <= len(said) < 59
    assert all("磁盘已满" in one for one in said)
    with opened_with(path) as town:
        file_long(town, "another")
        sweep(town.uow, now=RUSH, services=town.door)
        assert_invariants(town.uow, SHELF, swept_at=RUSH)


def test_sweep_parks_nothing_when_the_disk_is_full(path: Path) -> None:
    """A full disk says nothing against the timers: none is set aside, all act when there is space again."""
    with opened_with(path, f"max_page_count={pages_of(path)}") as town:
        for n in range(20):
            if error_of(lambda: file_long(town, f"more{n}")) is not None:  # noqa: B023  # called at once
                break
        assert error_of(lambda: sweep(town.uow, now=RUSH, services=town.door)) is not None
        with town.uow.read() as tx:
            assert list(tx.timers.apart()) == []
            assert tx.alarms.standing() == []

    with opened_with(path) as town:
        assert sweep(town.uow, now=RUSH, services=town.door).drained
        assert_invariants(town.uow, SHELF, swept_at=RUSH)


def test_taken_file_is_said_at_once_and_serves_again_when_it_is_free(path: Path) -> None:
    """Another process in the middle of writing: reading goes on, writing says so, and works when it has gone."""
    with opened_with(path, "busy_timeout=20") as town:
        before = picture_of(town.uow)
        somebody = sqlite3.connect(path, isolation_level=None)
        somebody.execute("BEGIN IMMEDIATE")

        for blocked in (lambda: file_long(town), lambda: sweep(town.uow, now=RUSH, services=town.door)):
            with pytest.raises(Unavailable) as said:
                blocked()
            assert "另一个程序正占用数据文件" in str(said.value)
            assert said.value.fields["retry_after_seconds"] == 5
        assert picture_of(town.uow) == before
        somebody.execute("ROLLBACK")
        somebody.close()

        file_long(town)
        assert_invariants(town.uow, SHELF)


@pytest.fixture
def readable_folder(path: Path) -> Iterator[Path]:
    """A folder everybody can reach, with the database in it that nobody may write."""
    folder = Path(tempfile.mkdtemp(prefix="sanlian-read-only-"))
    shutil.copyfile(path, folder / "sanlian.db")
    (folder / "sanlian.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def become_nobody() -> None:
    """Give up the rights of root, which nothing is read only for."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


def test_read_only_file_is_said_and_left_alone(readable_folder: Path) -> None:
    """Somebody who may not write gets a clear error, and the file is byte for byte as it was."""
    path = readable_folder / "sanlian.db"
    bytes_before = path.read_bytes()

    def try_to_file() -> None:
        become_nobody()
        with opened_with(path) as town, pytest.raises(Unavailable) as said:
            file_long(town)
        assert any(words in str(said.value) for words in ("只能读", "打不开")), str(said.value)

    in_child(try_to_file)

    assert path.read_bytes() == bytes_before
    assert [one.name for one in readable_folder.iterdir()] == ["sanlian.db"]


def test_file_that_is_no_database_is_said(path: Path) -> None:
    """A file of something else is refused by name, and not overwritten."""
    path.write_bytes("这不是数据库。".encode() * 500)
    before = path.read_bytes()

    with opened_with(path) as town, pytest.raises(Unavailable) as said:
        file_long(town)

    assert "已损坏" in str(said.value)
    assert path.read_bytes() == before


def test_writing_is_refused_when_the_file_was_taken_away_under_it(path: Path) -> None:
    """Nothing is acknowledged into a file that nobody will find again; put back, it serves at once."""
    away = path.with_name("away.db")
    with opened_with(path) as town:
        before = picture_of(town.uow)
        path.rename(away)

        with pytest.raises(Unavailable):
            file_long(town)

        if path.exists():
            path.unlink()
        away.rename(path)
        assert picture_of(town.uow) == before
        file_long(town)
        assert_invariants(town.uow, SHELF)


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "var").write_text("a file")

    with pytest.raises(Unavailable), again(f"sqlite:///{tmp_path / 'var' / 'sanlian.db'}"):
        pass


def test_error_in_the_middle_leaves_the_connection_fit_for_the_next(path: Path) -> None:
    """After a failed write the same process reads and writes on, with every pooled connection."""
    pages = pages_of(path)
    with opened_with(path, f"max_page_count={pages}") as town:
        for _ in range(12):
            with pytest.raises(Unavailable):
                file_long(town)
        with town.uow.database.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA max_page_count={pages + 1000}")

        share = Act(matter=LEFT, action="share", actor=WORKER, seats=(SeatAsked(seat="lead", unit="housing"),))
        (outcome,) = advance(town.uow, [Entry(share)], now=RUSH, services=town.door)

        assert isinstance(outcome, Done)
        assert_invariants(town.uow, SHELF)
