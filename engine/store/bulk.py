"""
Statements for many rows at once, made once per table: executemany on SQLite, arrays and `unnest` on PostgreSQL.

One statement for a batch is what makes a sweep fast: row by row costs some twenty times as much. Rows are tuples in
the order of the columns given when the statement is made.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, DateTime, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

Cells: TypeAlias = tuple[Any, ...]

_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
# SQLite allows 32,766 parameters in one statement; this stays far below with every key we have.
CHUNK = 2000


# A batch writes the same few instants over and over.
@lru_cache(maxsize=4096)
def sqlite_instant(value: datetime) -> str:
    """Return *value* as SQLAlchemy writes instants into SQLite."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]


def is_sqlite(connection: Connection) -> bool:
    """Whether *connection* leads to SQLite."""
    return connection.dialect.name == "sqlite"


def columns_of(table: Table, names: Sequence[str] = ()) -> tuple[Column[Any], ...]:
    """Return the columns of those names, all without names."""
    return tuple(table.c[name] for name in names) if names else tuple(table.c)


class _Statement:
    """What the statements share: columns, and rows in the form each driver takes."""

    def __init__(self, table: Table, columns: Sequence[Column[Any]]) -> None:
        self.table = table
        self.columns = tuple(columns)
        self._instants = tuple(n for n, column in enumerate(columns) if is_instant(column.type))

    def for_sqlite(self, rows: Iterable[Cells]) -> list[Cells]:
        """Return *rows* with their instants as text."""
        if not self._instants:
            return list(rows)
        found = list(map(list, rows))
        for place in self._instants:
            for cells in found:
                if cells[place] is not None:
                    cells[place] = sqlite_instant(cells[place])
        return list(map(tuple, found))

    def for_postgres(self, rows: Sequence[Cells]) -> Cells:
        """Return one list per column."""
        return tuple(list(column) for column in zip(*rows, strict=True))

    @cached_property
    def arrays(self) -> str:
        """
        `unnest(…)` over one array per column.

        The arrays travel in binary (`%b`): written out as text their bytes and quotes cost more than all else.
        """
        kinds = (column.type.compile(dialect=_POSTGRES) for column in self.columns)
        return "unnest(" + ", ".join(f"%b::{kind}[]" for kind in kinds) + ")"


def is_instant(kind: TypeEngine[Any]) -> bool:
    """Whether *kind* is that of instants."""
    return isinstance(kind.impl if isinstance(kind, TypeDecorator) else kind, DateTime)


class BulkInsert(_Statement):
    """Insert rows; `unless_there` leaves those alone whose key exists."""

    def __init__(self, table: Table, names: Sequence[str] = (), *, unless_there: bool = False) -> None:
        super().__init__(table, columns_of(table, names))
        listed = ", ".join(f'"{column.name}"' for column in self.columns)
        marks = ", ".join("?" for _ in self.columns)
        quiet = " ON CONFLICT DO NOTHING" if unless_there else ""
        self._head = f'INSERT INTO "{table.name}" ({listed})'
        self._sqlite = f"{self._head} VALUES ({marks}){quiet}"
        self._quiet = quiet

    @cached_property
    def _postgres(self) -> str:
        return f"{self._head} SELECT * FROM {self.arrays}{self._quiet}"

    def run(self, connection: Connection, rows: Sequence[Cells]) -> None:
        """Insert *rows*."""
        if not rows:
            return
        if is_sqlite(connection):
            connection.exec_driver_sql(self._sqlite, self.for_sqlite(rows))
        else:
            connection.exec_driver_sql(self._postgres, self.for_postgres(rows))


class BulkUpdate(_Statement):
    """
    Set columns of rows found by their key, and by the value *expect* must still have.

    A row is: the new values of *names*, then the key's values, then the expected value.
    """

    def __init__(self, table: Table, names: Sequence[str], *, key: Sequence[str], expect: str) -> None:
        found_by = (*key, expect)
        super().__init__(table, columns_of(table, (*names, *found_by)))
        marks = ", ".join(f'"{name}" = ?' for name in names)
        keys = " AND ".join(f'"{name}" = ?' for name in found_by)
        self._sqlite = f'UPDATE "{table.name}" SET {marks} WHERE {keys}'
        self._set = ", ".join(f'"{name}" = v.n{place}' for place, name in enumerate(names))
        self._where = " AND ".join(f't."{name}" = v.n{place}' for place, name in enumerate(found_by, start=len(names)))

    @cached_property
    def _postgres(self) -> str:
        aliases = ", ".join(f"n{place}" for place in range(len(self.columns)))
        return f'UPDATE "{self.table.name}" t SET {self._set} FROM {self.arrays} AS v({aliases}) WHERE {self._where}'

    def run(self, connection: Connection, rows: Sequence[Cells]) -> int:
        """Update *rows* and return how many were found."""
        if not rows:
            return 0
        if is_sqlite(connection):
            return connection.exec_driver_sql(self._sqlite, self.for_sqlite(rows)).rowcount
        return connection.exec_driver_sql(self._postgres, self.for_postgres(rows)).rowcount


class BulkDelete(_Statement):
    """Delete rows by their key; `run_returning` also says which were there."""

    def __init__(self, table: Table, key: Sequence[str]) -> None:
        super().__init__(table, columns_of(table, key))
        self._mark = "(" + ", ".join("?" for _ in key) + ")"
        self._where = " AND ".join(f't."{name}" = v.n{place}' for place, name in enumerate(key))
        each = " AND ".join(f'"{name}" = ?' for name in key)
        self._sqlite = f'DELETE FROM "{table.name}" WHERE {each}'

    @cached_property
    def _postgres(self) -> str:
        aliases = ", ".join(f"n{place}" for place in range(len(self.columns)))
        return f'DELETE FROM "{self.table.name}" t USING {self.arrays} AS v({aliases}) WHERE {self._where}'

    @cached_property
    def _returned(self) -> str:
        return ", ".join(f't."{column.name}"' for column in self.columns)

    def run(self, connection: Connection, keys: Sequence[Cells]) -> int:
        """Delete the rows of *keys* and return how many were there."""
        if not keys:
            return 0
        if is_sqlite(connection):
            return connection.exec_driver_sql(self._sqlite, self.for_sqlite(keys)).rowcount
        return connection.exec_driver_sql(self._postgres, self.for_postgres(keys)).rowcount

    def run_returning(self, connection: Connection, keys: Sequence[Cells]) -> set[Cells]:
        """Delete the rows of *keys* (no instants among them) and return the keys of those that were there."""
        if not keys:
            return set()
        if not is_sqlite(connection):
            statement = f"{self._postgres} RETURNING {self._returned}"
            return {tuple(row) for row in connection.exec_driver_sql(statement, self.for_postgres(keys))}
        # Nobody else writes meanwhile, so nearly always all of them are there. In plain words, for SQLAlchemy's own
        # savepoint takes as long as to delete forty rows.
        connection.exec_driver_sql("SAVEPOINT whole")
        if self.run(connection, keys) == len(keys):
            connection.exec_driver_sql("RELEASE whole")
            return set(keys)
        connection.exec_driver_sql("ROLLBACK TO whole")
        connection.exec_driver_sql("RELEASE whole")
        return {
            found
            for start in range(0, len(keys), CHUNK)
            for found in self._sqlite_returning(connection, keys[start : start + CHUNK])
        }

    def _sqlite_returning(self, connection: Connection, keys: Sequence[Cells]) -> list[Cells]:
        # Looked up first: `DELETE … WHERE (key) IN (VALUES …)` reads the whole table.
        listed = ", ".join([self._mark] * len(keys))
        aliases = ", ".join(f"n{place}" for place in range(len(self.columns)))
        statement = (
            f"WITH v({aliases}) AS (VALUES {listed}) "
            f'SELECT DISTINCT {aliases} FROM v CROSS JOIN "{self.table.name}" t WHERE {self._where}'
        )
        flat = tuple(cell for key in keys for cell in key)
        found = [tuple(row) for row in connection.exec_driver_sql(statement, flat)]
        self.run(connection, found)
        return found
