"""A database of the first release with a history in it, migrated: not a byte of the history is other than it was."""

from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from engine.services.audit import verify
from engine.store.database import Database
from engine.store.migrate import migrate, newest_revision, stored_revision
from tests.support.invariants import assert_invariants
from tests.support.logged import AFTER, settle_with_history
from tests.support.pg import Prepare
from tests.support.town import Town, opened

MIGRATIONS = Path(__file__).parents[2] / "engine" / "store" / "migrations"
FIRST = "0001"


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold a town with a history."""
    return settle_with_history


def go_back(database: Database) -> None:
    """Make the schema what the first release had."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, FIRST)


def history(town: Town) -> list[tuple[str, bytes]]:
    """Every event as it is stored."""
    with town.uow.read() as tx:
        return [
            (one.matter.id, bytes(record.body)) for one in tx.matters.all() for record in tx.events.of(one.matter.id)
        ]


def test_history_verifies_after_an_old_database_was_migrated(prepared_database_url: str) -> None:
    """Chains, digests, states and timers: all of it, on both databases; and the town lives on."""
    with opened(prepared_database_url) as town:
        before = history(town)
        go_back(town.uow.database)
        was = stored_revision(town.uow.database)
        migrate(town.uow.database)

        assert (was, stored_revision(town.uow.database)) == (FIRST, newest_revision())
        assert history(town) == before != []
        report = verify(town.uow, town.door.shelf, now=AFTER, processes=1)
        assert report.findings == ()
        assert_invariants(town.uow, town.door.shelf)
        with town.uow.read() as tx:
            matter = next(one.matter for one in tx.matters.all(only_open=True) if one.matter.workflow == "three_tier")
            due = tx.timers.next_fire()
        assert matter.is_open
        assert due is not None
        assert due > AFTER - timedelta(days=1)
