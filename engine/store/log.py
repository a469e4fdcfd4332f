"""
The whole log read once, in stretches of whole chains, with everything that must agree with them.

For those who check the store: rows come as the driver gives them, because a million of them are read, and ranges are
compared by the database itself, whose order of texts is its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from engine.store.bulk import is_sqlite, sqlite_instant
from engine.store.repository import Repository

Cells: TypeAlias = Sequence[Any]

STRETCH = 4000
# Fewer events than these are judged before another process has begun.
WORTH_A_PROCESS = 50_000
SYSTEM_FROM, SYSTEM_UNTIL = "system/", "system0"

_NUMBERS = count()
_PLACES = re.compile(r":(\w+)")
_EVENTS = "matter_id, seq, type, at, recorded_at, timer_key, body, hash"
_VAULT = "matter_id, ref, seq, field, salt, value, erased_at"
_FILE = "matter_id, id, sha256, bytes"
_FIRED = "WHERE district_id = :district AND type = 'fired'"
# One after the other: with both in one statement SQLite reads all that lie between.
_FIRST_BETWEEN, _LAST_BETWEEN = (
    f"SELECT {which}(recorded_at) FROM event {_FIRED} AND recorded_at > :start AND recorded_at < :end"  # noqa: S608  # names are our own, values are bound
    for which in ("min", "max")
)


class Part(NamedTuple):
    """Chains whose id lies after `after` and up to `until`; None is without border."""

    after: str | None
    until: str | None


@dataclass(slots=True)
class Stretch:
    """
    Some whole chains: events by chain in order of seq, and the rows that belong to them, by chain.

    `matters` holds the columns named by the reader, `vault` rows as `_VAULT` names them.
    """

    events: dict[str, list[Cells]]
    matters: dict[str, Cells] = field(default_factory=dict)
    vault: dict[str, list[Cells]] = field(default_factory=dict)


class Log(Repository):
    """The log of a district, for reading only."""

    def parts(self, number: int) -> list[Part]:
        """
        Cut the log into *number* parts that take about as long, or leave it whole where that is not worth it.

        The first one is longer by what is judged before another process has begun.
        """
        events = self._one("SELECT count(*) FROM event WHERE district_id = :district")
        if events < number * WORTH_A_PROCESS:
            return [Part(None, None)]
        query = "SELECT matter_id FROM event WHERE district_id = :district ORDER BY matter_id LIMIT 1 OFFSET :n"
        shares = [WORTH_A_PROCESS + (events - WORTH_A_PROCESS) * place // number for place in range(1, number)]
        borders: list[str] = [self._one(query, n=share) for share in shares]
        return [Part(after, until) for after, until in zip([None, *borders], [*borders, None], strict=True)]

    def stretches(self, part: Part, *, matter_columns: Sequence[str]) -> Iterator[Stretch]:
        """Yield the chains of *part* in the order of the database."""
        gathered: dict[str, list[Cells]] = {}
        held, after = 0, part.after
        rows = self._rows(_EVENTS, "event", "matter_id", part, order="matter_id, seq")
        for chain, own in groupby(rows, key=itemgetter(0)):
            if held >= STRETCH:
                last = next(reversed(gathered))
                yield self._complete(gathered, Part(after, last), matter_columns)
                gathered, held, after = {}, 0, last
            gathered[chain] = found = list(own)
            held += len(found)
        yield self._complete(gathered, Part(after, part.until), matter_columns)

    def _complete(self, events: dict[str, list[Cells]], part: Part, matter_columns: Sequence[str]) -> Stretch:
        stretch = Stretch(events)
        listed = ", ".join(("id", *matter_columns))
        for row in self._rows(listed, "matter", "id", part, order="id"):
            stretch.matters[row[0]] = row
        for row in self._rows(_VAULT, "vault", "matter_id", part, order="matter_id, seq"):
            stretch.vault.setdefault(row[0], []).append(row)
        return stretch

    def one(self, chain: str, *, matter_columns: Sequence[str]) -> Stretch:
        """Return one whole chain with the rows that belong to it."""
        of_chain = {"extra": "AND matter_id = :chain", "chain": chain}
        rows = list(self._rows(_EVENTS, "event", "matter_id", None, order="seq", **of_chain))
        stretch = Stretch({chain: rows} if rows else {})
        listed = ", ".join(("id", *matter_columns))
        for row in self._rows(listed, "matter", "id", None, order="id", extra="AND id = :chain", chain=chain):
            stretch.matters[row[0]] = row
        for row in self._rows(_VAULT, "vault", "matter_id", None, order="seq", **of_chain):
            stretch.vault.setdefault(row[0], []).append(row)
        return stretch

    def bodies(self, chain: str) -> Iterator[Any]:
        """Yield the bodies of a chain, in order of seq."""
        rows = self._rows("body", "event", "matter_id", None, order="seq", extra="AND matter_id = :chain", chain=chain)
        yield from (row[0] for row in rows)

    def count_of(self, chain: Any) -> int:
        """How many events a chain has."""
        return int(self._one("SELECT count(*) FROM event WHERE district_id = :district AND matter_id = :c", c=chain))

    def system_heads(self) -> Iterator[Cells]:
        """Yield (id, seq, head) of every system chain."""
        yield from self._rows("id, seq, head", "chain", "id", None, order="id")

    def digests(self) -> Iterator[Cells]:
        """Yield (day, hash, count) of the stored digests, oldest first."""
        yield from self._rows("day, hash, count", "digest", "day", None, order="day")

    def files(self, matter: str) -> Iterator[Cells]:
        """Yield (matter_id, id, sha256, bytes) of the files given with *matter*, one at a time."""
        yield from self._rows(_FILE, "file", "matter_id", None, order="id", extra="AND matter_id = :m", m=matter)

    def heads_by_time(self) -> Iterator[Cells]:
        """Yield (matter_id, recorded_at, hash) of every event, by chain in id order byte by byte, then by seq."""
        order = "matter_id, seq" if is_sqlite(self.connection) else 'matter_id COLLATE "C", seq'
        yield from self._rows("matter_id, recorded_at, hash", "event", "matter_id", None, order=order)

    def first_recorded(self) -> datetime | None:
        """When the oldest event was written."""
        query = "SELECT min(recorded_at) FROM event WHERE district_id = :district"
        oldest = self._one(query)
        return as_instant(oldest) if oldest is not None else None

    def fired_at(self) -> list[datetime]:
        """When rules acted, to the minute: the first instant of each minute in which one did."""
        minute = "substr(recorded_at, 1, 16)" if is_sqlite(self.connection) else "date_trunc('minute', recorded_at)"
        query = f"SELECT min(recorded_at) FROM event {_FIRED} GROUP BY {minute}"  # noqa: S608  # names are our own, values are bound
        found = self.connection.execute(text(query), {"district": self.district})
        return sorted(at for (recorded_at,) in found if (at := instant_or_none(recorded_at)) is not None)

    def fired_between(self, start: datetime, end: datetime) -> timedelta:
        """How long it is from the first to the last rule that acted between two instants."""
        bound = {"district": self.district, "start": self.instant(start), "end": self.instant(end)}
        first, last = (
            self.connection.execute(text(query), bound).scalar_one() for query in (_FIRST_BETWEEN, _LAST_BETWEEN)
        )
        return as_instant(last) - as_instant(first) if first is not None else timedelta(0)

    def instant(self, at: datetime) -> Any:
        """Return *at* in the form in which this database's rows hold instants."""
        return sqlite_instant(at) if is_sqlite(self.connection) else at

    def _rows(
        self, columns: str, table: str, key: str, part: Part | None, *, order: str, extra: str = "", **values: Any
    ) -> Iterator[Cells]:
        conditions = ["district_id = :district"]
        if part is not None and part.after is not None:
            conditions.append(f"{key} > :after")
            values["after"] = part.after
        if part is not None and part.until is not None:
            conditions.append(f"{key} <= :until")
            values["until"] = part.until
        query = f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} {extra} ORDER BY {order}"  # noqa: S608  # names are our own, values are bound
        yield from self._from_driver(query, {"district": self.district, **values})

    def _from_driver(self, query: str, bound: Mapping[str, Any]) -> Iterator[Cells]:
        """Plain tuples from the driver, because building rows takes longer than reading them; errors as elsewhere."""
        raw: Any = self.connection.connection.driver_connection
        dialect = self.connection.dialect
        failed = dialect.loaded_dbapi.Error
        try:
            yield from raw.execute(query, bound) if is_sqlite(self.connection) else _streamed(raw, query, bound)
        except failed as error:
            raise DBAPIError.instance(query, None, error, failed, dialect=dialect) from error

    def _one(self, query: str, **values: Any) -> Any:
        return self.connection.execute(text(query), {"district": self.district, **values}).scalar_one()


def _streamed(raw: Any, query: str, bound: Mapping[str, Any]) -> Iterator[Cells]:
    """Rows of PostgreSQL by and by and in binary: written out as text, a body is twice as long and to be read again."""
    with raw.cursor(f"log_{next(_NUMBERS)}", binary=True) as cursor:
        cursor.itersize = STRETCH
        yield from cursor.execute(_PLACES.sub(r"%(\1)s", query), bound)


def as_instant(value: Any) -> datetime:
    """Return a row's instant as an aware datetime."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(f"{value}+00:00")


def instant_or_none(value: Any) -> datetime | None:
    """Return a row's instant; None for a cell that says none, of which the judge of its chain tells."""
    try:
        return as_instant(value)
    except ValueError:
        return None


def count_events(connection: Connection, district: str) -> int:
    """How many events a district has."""
    query = text("SELECT count(*) FROM event WHERE district_id = :district")
    return int(connection.execute(query, {"district": district}).scalar_one())
