"""Databases of this folder hold the newest schema and nothing else."""

from collections.abc import Iterator

import pytest

from engine.store.database import Database, open_database
from engine.store.migrate import migrate
from engine.store.unit_of_work import UnitOfWork
from tests.support.pg import Prepare


def migrated(url: str) -> None:
    """Bring an empty database to the newest schema."""
    database = open_database(url)
    migrate(database)
    database.close()


@pytest.fixture
def prepare_database() -> Prepare:
    """Prepare with the migrations."""
    return migrated


@pytest.fixture
def database(prepared_database_url: str) -> Iterator[Database]:
    """A migrated database, on both dialects."""
    opened = open_database(prepared_database_url)
    yield opened
    opened.close()


@pytest.fixture
def uow(database: Database) -> UnitOfWork:
    """Transactions of a district in it."""
    return UnitOfWork(database, district="d")
