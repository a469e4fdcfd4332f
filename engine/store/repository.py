"""What every repository holds: the connection of its transaction, and the district it works for."""

from sqlalchemy import Connection, Table

from engine.store.tables.schema import METADATA


class Repository:
    """Base of the repositories: rows of one noun, in one district, in one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self.connection = connection
        self.district = district


def table(name: str) -> Table:
    """Return the table of that name."""
    return METADATA.tables[name]
