"""Notices on their way out: written with the event that prescribes them, claimed by lease, ticked off when sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from engine.store.bulk import BulkInsert, is_sqlite
from engine.store.repository import Repository, table

OUTBOX = table("outbox")

_NAMES = (
    "id",
    "key",
    "matter_id",
    "seq",
    "n",
    "recipient_role",
    "recipient_unit",
    "recipient_post",
    "channel",
    "kind",
    "urgent",
    "facts",
    "made_at",
    "not_before",
    "attempts",
    "next_attempt_at",
)
_INSERT = BulkInsert(OUTBOX, ("district_id", *_NAMES))
_WAITING = and_(OUTBOX.c.sent_at.is_(None), OUTBOX.c.dead_at.is_(None))


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A notice to send, its cells in the order of `_NAMES`; `facts` is JSON, `key` what repeats are told by."""

    id: str
    key: str
    matter: str
    seq: int
    n: int
    role: str | None
    unit: str | None
    post: str | None
    channel: str
    kind: str
    urgent: bool
    facts: bytes
    made_at: datetime
    not_before: datetime | None
    attempts: int
    next_attempt_at: datetime


class Outbox(Repository):
    """The outbox of a district."""

    def add_many(self, notices: Sequence[Outgoing]) -> None:
        """Put *notices* into the outbox."""
        _INSERT.run(self.connection, [(self.district, *msgspec.structs.astuple(notice)) for notice in notices])

    def claim_due(self, now: datetime, *, limit: int, lease_until: datetime) -> list[Outgoing]:
        """Return up to *limit* notices whose time has come and keep others off them until *lease_until*."""
        free = or_(OUTBOX.c.lease_until.is_(None), OUTBOX.c.lease_until <= now)
        query = (
            select(*(OUTBOX.c[name] for name in _NAMES))
            .where(OUTBOX.c.district_id == self.district, _WAITING, OUTBOX.c.next_attempt_at <= now, free)
            .order_by(OUTBOX.c.next_attempt_at, OUTBOX.c.id)
            .limit(limit)
        )
        if not is_sqlite(self.connection):
            query = query.with_for_update(skip_locked=True)
        claimed = [Outgoing(*row) for row in self.connection.execute(query)]
        self._update_many([notice.id for notice in claimed], lease_until=lease_until)
        return claimed

    def sent(self, ids: Collection[str], *, at: datetime) -> None:
        """Tick off notices that were sent."""
        self._update_many(ids, sent_at=at, lease_until=None, error=None)

    def put_off(self, notice_id: str, *, until: datetime, attempts: int, error: str | None = None) -> None:
        """Try a notice again later: after a failure, or because of quiet hours."""
        self._update_many(
            [notice_id], next_attempt_at=until, attempts=attempts, error=error, lease_until=None, not_before=until
        )

    def give_up(self, notice_id: str, *, at: datetime, attempts: int, error: str) -> None:
        """Stop trying a notice."""
        self._update_many([notice_id], dead_at=at, attempts=attempts, error=error, lease_until=None)

    def _update_many(self, ids: Collection[str], **values: Any) -> None:
        if ids:
            these = and_(OUTBOX.c.district_id == self.district, OUTBOX.c.id.in_(ids))
            self.connection.execute(update(OUTBOX).where(these).values(**values))

    def count_waiting(self) -> int:
        """How many notices are neither sent nor given up."""
        return self._count(_WAITING)

    def next_attempt(self) -> datetime | None:
        """When the next notice may be tried."""
        query = select(func.min(OUTBOX.c.next_attempt_at)).where(OUTBOX.c.district_id == self.district, _WAITING)
        instant: datetime | None = self.connection.execute(query).scalar()
        return instant

    def of_matter(self, matter_id: str) -> list[tuple[Outgoing, datetime | None, datetime | None]]:
        """Return the notices of a matter in order of their events, with when each was sent or given up."""
        columns = (*(OUTBOX.c[name] for name in _NAMES), OUTBOX.c.sent_at, OUTBOX.c.dead_at)
        query = select(*columns).where(OUTBOX.c.district_id == self.district, OUTBOX.c.matter_id == matter_id)
        rows = self.connection.execute(query.order_by(OUTBOX.c.seq, OUTBOX.c.n))
        return [(Outgoing(*row[:-2]), row.sent_at, row.dead_at) for row in rows]

    def _count(self, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(OUTBOX).where(OUTBOX.c.district_id == self.district, condition)
        return int(self.connection.execute(query).scalar_one())
