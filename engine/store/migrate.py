"""Bring a database to the schema of this version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from engine.store.database import Database

_FOLDER = Path(__file__).with_name("migrations")
# One number for one purpose: two processes that start together must not both create the tables.
_ADVISORY_LOCK = 7_301_001


def migrate(database: Database) -> str:
    """Bring *database* to the newest schema, in one transaction, and return its revision."""
    config = _config()
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _ADVISORY_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return MigrationContext.configure(connection).get_current_revision() or ""


def newest_revision() -> str:
    """Return the revision this version of the program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def stored_revision(database: Database) -> str | None:
    """Return the revision of *database*, None where it is empty."""
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
