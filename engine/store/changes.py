"""
What has changed since some moment: the events written after it.

SQLite writes one transaction after another and its history only grows, so its rows stand in the order in which they
were committed, and whoever knows the last one they have seen finds all that came after. PostgreSQL gives no such order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnClause, Integer, bindparam, literal_column, select

from engine.store.bulk import is_sqlite
from engine.store.events import EVENT
from engine.store.matters import MATTER, batched_ids
from engine.store.prepared import Prepared
from engine.store.repository import Repository

MOST_EVENTS = 200
_ROW: ColumnClause[int] = literal_column("event.rowid", Integer)
# Without the district: SQLite would go through all events of the district instead of the last few rows.
_SINCE = Prepared(
    select(_ROW, EVENT.c.hash, EVENT.c.district_id, EVENT.c.matter_id, EVENT.c.body)
    .where(_ROW.op(">=")(bindparam("row")))
    .order_by(_ROW)
    .limit(MOST_EVENTS + 2)
)
_NEWEST = Prepared(select(_ROW, EVENT.c.hash).order_by(_ROW.desc()).limit(1))
_PLACES = Prepared(
    select(MATTER.c.place)
    .distinct()
    .where(MATTER.c.district_id == bindparam("district"), MATTER.c.id.in_(bindparam("ids", expanding=True)))
)
# Not made distinct: for that SQLite would go through all that is open in the order of places.
_DUE = Prepared(
    select(MATTER.c.place).where(
        MATTER.c.district_id == bindparam("district"), MATTER.c.outcome.is_(None),
        MATTER.c.due_at >= bindparam("since"), MATTER.c.due_at <= bindparam("until"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest event of a database: its row, and the hash that no other event has."""

    row: int
    hash: bytes


NEVER = Mark(0, b"")  # of a database in which nothing has happened


@dataclass(frozen=True, slots=True)
class Since:
    """What was written after a mark: (chain, body) of the district's events in order, and the mark that now stands."""

    mark: Mark
    events: tuple[tuple[str, bytes], ...]


class Changes(Repository):
    """Reads what has changed in a district."""

    @property
    def are_told(self) -> bool:
        """Whether this database can say what has changed."""
        return is_sqlite(self.connection)

    def newest(self) -> Mark | None:
        """Return the mark that now stands; None where nothing has happened yet, or changes are not told."""
        row = None if not self.are_told else _NEWEST.first(self.connection)
        return None if row is None else Mark(*row)

    def since(self, mark: Mark) -> Since | None:
        """Return what was written after *mark*; None where that is much, or the mark stands in no history like this."""
        rows = _SINCE.rows(self.connection, row=mark.row) if self.are_told else []
        if not rows or Mark(*rows[0][:2]) != mark or len(rows) > MOST_EVENTS + 1:
            return None
        events = tuple((chain, body) for _, _, district, chain, body in rows[1:] if district == self.district)
        return Since(Mark(*rows[-1][:2]), events)

    def places_of(self, ids: Collection[str]) -> set[str]:
        """Return where the matters of *ids* lie."""
        found: set[str] = set()
        for some in batched_ids(ids):
            found.update(_PLACES.scalars(self.connection, district=self.district, ids=some))
        return found

    def places_due(self, since: datetime, until: datetime) -> set[str]:
        """Return where open matters fall due from *since* up to and with *until*."""
        return set(_DUE.scalars(self.connection, district=self.district, since=since, until=until))
