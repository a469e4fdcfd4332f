"""When time alone changes what is counted: the next instant at which something is due or a timer rings."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from engine.store.repository import Repository, table

MATTER = table("matter")
TIMER = table("timer")

_DUE = select(func.min(MATTER.c.due_at)).where(
    MATTER.c.district_id == bindparam("district"), MATTER.c.outcome.is_(None), MATTER.c.due_at >= bindparam("at")
)
_FIRE = select(func.min(TIMER.c.fire_at)).where(
    TIMER.c.district_id == bindparam("district"), TIMER.c.failed_at.is_(None), TIMER.c.held_until.is_(None),
    TIMER.c.fire_at > bindparam("at"),
)  # fmt: skip


class TurningPoints(Repository):
    """Reads the turning points of a district."""

    def due(self, at: datetime) -> datetime | None:
        """Return the first due instant of an open matter from *at* on."""
        return self._first(_DUE, at)

    def fire(self, at: datetime) -> datetime | None:
        """Return when, after *at*, the next timer rings."""
        return self._first(_FIRE, at)

    def _first(self, query: Select[Any], at: datetime) -> datetime | None:
        instant: datetime | None = self.connection.execute(query, {"district": self.district, "at": at}).scalar()
        return instant
