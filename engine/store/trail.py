"""The log read backwards, page by page, for those who look something up in it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from engine.core.terms import EventType
from engine.store.events import EventRecord
from engine.store.repository import Repository, table

EVENT = table("event")
_NAMES = ("matter_id", "seq", "type", "at", "recorded_at", "timer_key", "body", "hash")

# The same instant, of which the planner does not know that an index has it.
_WITHOUT_INDEX = func.coalesce(EVENT.c.recorded_at, EVENT.c.at)


class Place(NamedTuple):
    """Where a page ended: the event after which the next one goes on."""

    recorded_at: datetime
    chain: str
    seq: int


class Trail(Repository):
    """The events of a district, newest first."""

    def back(
        self,
        *,
        limit: int,
        after: Place | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Collection[str] = (),
        chain: str | None = None,
        matters_only: bool = False,
        without: str | None = None,
    ) -> list[EventRecord]:
        """Return the next *limit* events behind *after*, newest first, of that time; *without* one chain."""
        wanted = [EVENT.c.district_id == self.district]
        written = EVENT.c.recorded_at if chain is None else _WITHOUT_INDEX
        wanted += [written >= since] if since is not None else []
        is_within = until is None or (after is not None and after.recorded_at < until)
        wanted += [written < until] if not is_within else []
        # One kind is asked for as such, so that the index of kinds gives the order too.
        wanted += [EVENT.c.type == kind for kind in kinds] if len(kinds) < 2 else [EVENT.c.type.in_(sorted(kinds))]
        wanted += [EVENT.c.type != EventType.SYSTEM.value] if matters_only else []
        wanted += [EVENT.c.matter_id != without] if without is not None else []
        # A chain is read by its own key: in the order of all, it would be looked for through the whole log.
        order: tuple[ColumnElement[Any], ...] = (EVENT.c.seq.desc(),)
        if chain is not None:
            wanted.append(EVENT.c.matter_id == chain)
            wanted += [EVENT.c.seq < after.seq] if after is not None else []
        else:
            order = (EVENT.c.recorded_at.desc(), EVENT.c.matter_id.desc(), *order)
            wanted += _behind(after) if after is not None else []
        query = select(*(EVENT.c[name] for name in _NAMES)).where(*wanted).order_by(*order).limit(limit)
        return [EventRecord(*row) for row in self.connection.execute(query)]


def _behind(place: Place) -> list[ColumnElement[bool]]:
    """What lies behind *place* in the whole log, newest first."""
    return [
        EVENT.c.recorded_at <= place.recorded_at,
        or_(
            EVENT.c.recorded_at < place.recorded_at,
            EVENT.c.matter_id < place.chain,
            and_(EVENT.c.matter_id == place.chain, EVENT.c.seq < place.seq),
        ),
    ]
