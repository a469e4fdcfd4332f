"""The schema: what the migrations make is what the tables declare, on both databases."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from engine.store.database import open_database
from engine.store.migrate import migrate, newest_revision, stored_revision
from engine.store.tables.schema import METADATA

MIGRATIONS = Path(__file__).parents[2] / "engine" / "store" / "migrations"


def test_migrate_makes_the_declared_tables_when_the_database_is_empty(database_url: str) -> None:
    """The migrated schema differs in nothing from the declared tables, and migrating again changes nothing."""
    database = open_database(database_url)

    assert migrate(database) == migrate(database) == newest_revision() == stored_revision(database)

    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_schema_is_the_same_when_every_revision_was_taken_back_and_done_again(database_url: str) -> None:
    """An operator who goes back to the first release and forward again loses new tables, and nothing else."""
    database, config = open_database(database_url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    migrate(database)

    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    was = stored_revision(database)
    migrate(database)

    assert was == "0001"
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_every_table_leads_with_the_district(database_url: str) -> None:
    """Primary keys and indexes begin with the district, so that a district can be moved or cut off."""
    database = open_database(database_url)
    migrate(database)

    found = inspect(database.engine)
    for table in METADATA.tables:
        assert found.get_pk_constraint(table)["constrained_columns"][0] == "district_id", table
        for index in found.get_indexes(table):
            assert index["column_names"][0] == "district_id", index["name"]
    database.close()


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event"], ids=["update", "delete"])
def test_history_refuses_to_be_changed_when_somebody_tries(database_url: str, statement: str) -> None:
    """The database itself refuses to change or remove an event."""
    database = open_database(database_url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO event (district_id, matter_id, seq, type, at, recorded_at, body, hash)"
                " VALUES ('d', 'm', 1, 'filed', '2026-01-05 01:00:00', '2026-01-05 01:00:00', :blob, :blob)"
            ),
            {"blob": b"x"},
        )

    with pytest.raises(DBAPIError, match="only grows"), database.writing() as connection:
        connection.execute(text(statement))

    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM event WHERE type = 'filed'")).scalar_one() == 1
    database.close()
