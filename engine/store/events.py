"""The history: events appended as bytes, read back in order, and the heads of system chains."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import bindparam, select

from engine.store.bulk import CHUNK, BulkInsert, BulkUpdate, Cells, is_sqlite
from engine.store.database import TryAgain
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

EVENT = table("event")
CHAIN = table("chain")
SYSTEM_PREFIX = "system/"

_NAMES = ("matter_id", "seq", "type", "at", "recorded_at", "timer_key", "body", "hash")
_INSERT = BulkInsert(EVENT, ("district_id", *_NAMES))
_INSERT_CHAIN = BulkInsert(CHAIN, ("seq", "head", "district_id", "id"))
_UPDATE_CHAIN = BulkUpdate(CHAIN, ("seq", "head"), key=("district_id", "id"), expect="seq")
_BODIES = Prepared(
    select(EVENT.c.body)
    .where(EVENT.c.district_id == bindparam("district"), EVENT.c.matter_id == bindparam("matter"))
    .order_by(EVENT.c.seq)
)
_LAST = (
    select(EVENT.c.recorded_at)
    .where(EVENT.c.district_id == bindparam("district"))
    .order_by(EVENT.c.recorded_at.desc())
    .limit(1)
)


class EventRecord(msgspec.Struct, frozen=True, gc=False):
    """An event as stored, its cells in the order of `_NAMES`: its bytes and the head of its chain after it."""

    chain: str
    seq: int
    type: str
    at: datetime
    recorded_at: datetime
    timer_key: str | None
    body: bytes
    head: bytes


class Events(Repository):
    """The events of a district."""

    def append_many(self, events: Sequence[EventRecord]) -> None:
        """Append *events*; a timer that was used up before, or a seq that is taken, is refused by the keys."""
        _INSERT.run(self.connection, [(self.district, *msgspec.structs.astuple(event)) for event in events])

    def of(self, chain: str) -> Iterator[EventRecord]:
        """Yield the events of a matter or system chain, in order."""
        query = select(*(EVENT.c[name] for name in _NAMES)).where(
            EVENT.c.district_id == self.district, EVENT.c.matter_id == chain
        )
        for row in self.connection.execute(query.order_by(EVENT.c.seq), execution_options={"yield_per": CHUNK}):
            yield EventRecord(*row)

    def bodies_of(self, matter: str) -> tuple[bytes, ...]:
        """Return the events of one matter as stored, in order, all at once: a history is short, a chain is not."""
        return tuple(_BODIES.scalars(self.connection, district=self.district, matter=matter))

    def all(self) -> Iterator[EventRecord]:
        """Yield every event of the district, chain by chain in id order, each in order of seq."""
        query = select(*(EVENT.c[name] for name in _NAMES)).where(EVENT.c.district_id == self.district)
        rows = self.connection.execute(
            query.order_by(EVENT.c.matter_id, EVENT.c.seq), execution_options={"yield_per": CHUNK}
        )
        for row in rows:
            yield EventRecord(*row)

    def newest_recorded_at(self) -> datetime | None:
        """When the newest event was written."""
        newest: datetime | None = self.connection.execute(_LAST, {"district": self.district}).scalar()
        return newest

    def recorded_at(self, chain: str, seq: int) -> datetime | None:
        """When event *seq* of a chain was written, None where there is none."""
        query = select(EVENT.c.recorded_at).where(EVENT.c.district_id == self.district, EVENT.c.matter_id == chain)
        instant: datetime | None = self.connection.execute(query.where(EVENT.c.seq == seq)).scalar()
        return instant

    def chain_head(self, chain: str) -> tuple[int, bytes] | None:
        """Return (seq, head) of a system chain and lock it; None where it has not begun."""
        query = select(CHAIN.c.seq, CHAIN.c.head).where(CHAIN.c.district_id == self.district, CHAIN.c.id == chain)
        if not is_sqlite(self.connection):
            query = query.with_for_update()
        row = self.connection.execute(query).one_or_none()
        return (row.seq, row.head) if row else None

    def move_chain(self, chain: str, *, seq: int, head: bytes) -> None:
        """
        Note the new head of a system chain after its event *seq*.

        Raises:
            TryAgain: the chain does not stand right before *seq*.
        """
        row: Cells = (seq, head, self.district, chain)
        if seq == 1:
            _INSERT_CHAIN.run(self.connection, [row])
        elif _UPDATE_CHAIN.run(self.connection, [(*row, seq - 1)]) != 1:
            raise TryAgain

    def system_heads(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield (id, seq, head) of every system chain, in id order."""
        query = select(CHAIN.c.id, CHAIN.c.seq, CHAIN.c.head).where(CHAIN.c.district_id == self.district)
        for row in self.connection.execute(query.order_by(CHAIN.c.id)):
            yield row.id, row.seq, row.head
