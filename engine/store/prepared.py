"""
Queries put into words once: afterwards a query costs its values and the database, and no building of statements.

To build, look up and run a statement through SQLAlchemy takes ten times as long as SQLite takes to answer it; a page
asks a dozen.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Compiled, Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from engine.store.bulk import is_instant, sqlite_instant

Process: TypeAlias = Callable[[Any], Any]
Row: TypeAlias = tuple[Any, ...]

# Lists are filled up to a power of two by their last value, so that a handful of wordings serves all lengths.
MOST_FILLED_UP = 1024
MOST_WORDINGS = 64


@dataclass(frozen=True, slots=True)
class _Slot:
    """Stands for a value while a statement is put into words: which one, and which place of a list."""

    name: str
    place: int | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    """A run of parameters: the value `name` (a list fills `keys` one by one), or what is always `fixed`."""

    keys: tuple[str, ...]
    name: str | None
    is_list: bool = False
    process: Process | None = None
    fixed: Any = None

    def taken(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the parameters of the run."""
        if self.name is None:
            return (self.fixed,)
        value = values[self.name] if self.is_list else (values[self.name],)
        return value if self.process is None else [None if one is None else self.process(one) for one in value]


@dataclass(frozen=True, slots=True)
class _Worded:
    """A statement in the words of one dialect, for lists of certain lengths."""

    sql: str
    cells: tuple[_Cell, ...]
    is_positional: bool
    results: tuple[tuple[int, Process], ...]

    def parameters(self, values: Mapping[str, Any]) -> Sequence[Any] | dict[str, Any]:
        """Return *values* as the driver takes them."""
        if self.is_positional:
            return tuple(one for cell in self.cells for one in cell.taken(values))
        return {key: one for cell in self.cells for key, one in zip(cell.keys, cell.taken(values), strict=True)}

    def read(self, rows: list[Row]) -> list[Row]:
        """Return *rows* with instants and truths as Python has them."""
        return [self._row(row) for row in rows] if self.results else rows

    def _row(self, row: Row) -> Row:
        cells = list(row)
        for place, process in self.results:
            cells[place] = process(cells[place])
        return tuple(cells)


class Prepared:
    """A query whose values are its `bindparam`s (a list: `expanding`); safe to share between threads."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._worded: dict[tuple[str, tuple[int, ...]], _Worded] = {}
        self._lists: tuple[str, ...] | None = None

    def rows(self, connection: Connection, **values: Any) -> list[Row]:
        """Return the rows that the query finds with *values*."""
        lists = self._lists if self._lists is not None else self._find_lists(connection.dialect)
        for name in lists:
            values[name] = _filled_up(values[name])
        worded = self._words(connection.dialect, tuple(len(values[name]) for name in lists))
        return worded.read(_fetch(connection, worded.sql, worded.parameters(values)))

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """Return the first row, None where there is none."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def scalars(self, connection: Connection, **values: Any) -> Iterator[Any]:
        """Return the first cell of every row."""
        return (row[0] for row in self.rows(connection, **values))

    def _find_lists(self, dialect: Dialect) -> tuple[str, ...]:
        compiled = _compiled(self._statement, dialect)
        found = tuple(sorted(name for name, bind in compiled.binds.items() if bind.required and bind.expanding))
        self._lists = found
        return found

    def _words(self, dialect: Dialect, lengths: tuple[int, ...]) -> _Worded:
        key = (dialect.name, lengths)
        worded = self._worded.get(key)
        if worded is None:
            worded = _put_into_words(self._statement, dialect, dict(zip(self._lists or (), lengths, strict=True)))
            if len(self._worded) < MOST_WORDINGS and sum(lengths) <= 2 * MOST_FILLED_UP:
                self._worded[key] = worded
        return worded


def _filled_up(values: Collection[Any]) -> Sequence[Any]:
    listed = values if isinstance(values, list | tuple) else sorted(values)
    count = len(listed)
    missing = (1 << (count - 1).bit_length()) - count if 0 < count <= MOST_FILLED_UP else 0
    return [*listed, *[listed[-1]] * missing] if missing else listed


def _compiled(statement: Select[Any], dialect: Dialect) -> SQLCompiler:
    compiled: Compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # what a query is compiled to
    return compiled


def _put_into_words(statement: Select[Any], dialect: Dialect, lengths: Mapping[str, int]) -> _Worded:
    compiled = _compiled(statement, dialect)
    slots = {
        name: [_Slot(name, place) for place in range(lengths[name])] if bind.expanding else _Slot(name)
        for name, bind in compiled.binds.items()
        if bind.required
    }
    expanded = compiled.construct_expanded_state(slots)
    name_of = {key: name for name, keys in expanded.parameter_expansion.items() for key in keys}
    keys = expanded.positiontup if expanded.positiontup is not None else tuple(expanded.parameters)
    cells: list[_Cell] = []
    for key in keys:
        process = _taking(compiled.binds[name_of.get(key, key)].type, dialect)
        _add(cells, key, value=expanded.parameters[key], process=process)
    results = ((n, _giving(column.type, dialect)) for n, column in enumerate(statement.selected_columns))
    return _Worded(
        sql=expanded.statement, cells=tuple(cells), is_positional=expanded.positiontup is not None,
        results=tuple((n, process) for n, process in results if process is not None),
    )  # fmt: skip


def _add(cells: list[_Cell], key: str, *, value: Any, process: Process | None) -> None:
    """Add a parameter; the values of a list go on with the run before them."""
    if not isinstance(value, _Slot):
        cells.append(_Cell((key,), None, fixed=value if process is None or value is None else process(value)))
    elif value.place:
        cells[-1] = _Cell((*cells[-1].keys, key), value.name, is_list=True, process=process)
    else:
        cells.append(_Cell((key,), value.name, is_list=value.place is not None, process=process))


def _taking(kind: Any, dialect: Dialect) -> Process | None:
    """What makes a value one that the driver takes."""
    if dialect.name == "sqlite" and is_instant(kind):
        return sqlite_instant
    process: Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


def _giving(kind: Any, dialect: Dialect) -> Process | None:
    """What makes a value of what the driver gives."""
    if dialect.name == "sqlite" and is_instant(kind):
        return _instant_of_sqlite
    process: Process | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return process


# One page reads the same instants in several rows and again a minute later.
@lru_cache(maxsize=4096)
def _instant_of_sqlite(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _fetch(connection: Connection, sql: str, parameters: Any) -> list[Row]:
    if connection.dispatch.before_cursor_execute:  # somebody listens to what is sent
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]
    raw: Any = connection.connection.driver_connection
    dialect: Any = connection.dialect
    try:
        found: list[Row] = raw.execute(sql, parameters).fetchall()
    except dialect.dbapi.Error as error:
        is_lost = dialect.is_disconnect(error, raw, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, parameters, error, dialect.dbapi.Error, connection_invalidated=is_lost, dialect=dialect
        ) from error
    return found
