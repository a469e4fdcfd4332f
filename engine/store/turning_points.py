"""When time alone changes what is counted: the next instant at which something is due or a timer rings."""

from datetime import datetime

from sqlalchemy import bindparam, func, select

from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

MATTER = table("matter")
TIMER = table("timer")

_DUE = Prepared(
    select(func.min(MATTER.c.due_at)).where(
        MATTER.c.district_id == bindparam("district"), MATTER.c.outcome.is_(None), MATTER.c.due_at >= bindparam("at")
    )
)
_FIRE = Prepared(
    select(func.min(TIMER.c.fire_at)).where(
        TIMER.c.district_id == bindparam("district"), TIMER.c.failed_at.is_(None), TIMER.c.held_until.is_(None),
        TIMER.c.fire_at > bindparam("at"),
    )
)  # fmt: skip


class TurningPoints(Repository):
    """Reads the turning points of a district."""

    def due(self, at: datetime) -> datetime | None:
        """Return the first due instant of an open matter from *at* on."""
        return self._first(_DUE, at)

    def fire(self, at: datetime) -> datetime | None:
        """Return when, after *at*, the next timer rings."""
        return self._first(_FIRE, at)

    def _first(self, query: Prepared, at: datetime) -> datetime | None:
        row = query.first(self.connection, district=self.district, at=at)
        return row[0] if row else None
