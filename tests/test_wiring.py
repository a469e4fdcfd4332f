"""The composition root and the settings it reads."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import BadInput
from engine.services.demo_clock import AHEAD_FACT
from engine.settings import Mode, Settings, read_settings
from engine.store.database import open_database
from engine.store.migrate import migrate, newest_revision, stored_revision
from engine.wiring import SALT_BYTES, IdMaker, draw_salt, wire, wire_existing


def test_settings_have_defaults_that_run() -> None:
    """Without any variable the engine is embedded on a SQLite file."""
    assert read_settings({}) == Settings("sqlite:///var/sanlian.db", Mode.EMBEDDED, "district")


def test_settings_are_read_from_the_environment() -> None:
    """Every setting has its variable."""
    given = {
        "SANLIAN_DATABASE_URL": "postgresql+psycopg://a@b/c",
        "SANLIAN_MODE": "distributed",
        "SANLIAN_DISTRICT": "110101",
    }
    assert read_settings(given) == Settings("postgresql+psycopg://a@b/c", Mode.DISTRIBUTED, "110101")


@pytest.mark.parametrize(
    "given",
    [{"SANLIAN_MODE": "many"}, {"SANLIAN_MODE": "distributed"}, {"SANLIAN_DATABASE_URL": "nonsense"}],
    ids=["unknown mode", "distributed on SQLite", "no address"],
)
def test_settings_are_refused_when_they_cannot_be_used(given: dict[str, str]) -> None:
    """A setting that cannot work is named."""
    with pytest.raises(BadInput) as refused:
        read_settings(given)

    assert refused.value.fields["where"] in given


def test_ids_are_uuid7_and_grow() -> None:
    """A hundred thousand ids: well formed, all different, each greater than the one before."""
    make = IdMaker()

    made = [make() for _ in range(100_000)]

    assert made == sorted(set(made))
    assert {(one[14], one[19] in "89ab", len(one)) for one in made} == {("7", True, 36)}


def test_salts_are_long_and_different() -> None:
    """Every commitment gets fresh randomness."""
    assert len({draw_salt() for _ in range(100)}) == 100
    assert len(draw_salt()) == SALT_BYTES


def test_prepared_deployment_has_its_schema_and_keeps_its_log(tmp_path: Path) -> None:
    """Preparing twice changes nothing: the schema is the newest, the log's id stays."""
    sanlian = wire(Settings(database_url=f"sqlite:///{tmp_path / 'var' / 'a.db'}"))
    sanlian.prepare()
    with sanlian.uow.read() as tx:
        log = tx.facts.get("log")

    sanlian.prepare()

    assert stored_revision(sanlian.database) == newest_revision()
    with sanlian.uow.read() as tx:
        assert tx.facts.get("log") == log is not None
    sanlian.close()


def test_looking_is_refused_when_the_tables_are_of_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands that only look change no tables, and say what does instead of falling over."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    monkeypatch.setenv("SANLIAN_DATABASE_URL", url)
    database = open_database(url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    database.close()

    with pytest.raises(BadInput, match=r"0001.*sanlian serve"):
        wire_existing()


def test_commands_go_by_the_clock_of_a_demo_that_was_put_ahead(
    demo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token made at the command line for a week counts on pages whose clock is a week ahead."""
    copy = tmp_path / "demo.db"
    shutil.copy(demo_file, copy)
    monkeypatch.setenv("SANLIAN_DATABASE_URL", f"sqlite:///{copy}")
    monkeypatch.setenv("SANLIAN_DISTRICT", "demo")
    wall = wire_existing()
    with wall.uow.write() as tx:
        tx.facts.put(AHEAD_FACT, str(7 * 24 * 3600))

    ahead = wire_existing()

    assert ahead.clock.now() - wall.clock.now() > timedelta(days=6)
    wall.close()
    ahead.close()
