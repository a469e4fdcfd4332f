"""The log read backwards, page by page, for those who look something up in it."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select

from engine.core.terms import EventType
from engine.store.events import EventRecord
from engine.store.repository import Repository, table

EVENT = table("event")
_NAMES = ("matter_id", "seq", "type", "at", "recorded_at", "timer_key", "body", "hash")


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
        wanted += [EVENT.c.recorded_at >= since] if since is not None else []
        wanted += [EVENT.c.recorded_at < until] if until is not None else []
        wanted += [EVENT.c.type.in_(sorted(kinds))] if kinds else []
        wanted += [EVENT.c.matter_id == chain] if chain is not None else []
        wanted += [EVENT.c.type != EventType.SYSTEM.value] if matters_only else []
        wanted += [EVENT.c.matter_id != without] if without is not None else []
        if after is not None:
            wanted.append(EVENT.c.recorded_at <= after.recorded_at)
            wanted.append(
                or_(
                    EVENT.c.recorded_at < after.recorded_at,
                    EVENT.c.matter_id < after.chain,
                    and_(EVENT.c.matter_id == after.chain, EVENT.c.seq < after.seq),
                )
            )
        query = select(*(EVENT.c[name] for name in _NAMES)).where(*wanted)
        order = (EVENT.c.recorded_at.desc(), EVENT.c.matter_id.desc(), EVENT.c.seq.desc())
        return [EventRecord(*row) for row in self.connection.execute(query.order_by(*order).limit(limit))]
