"""Armed timers: armed, cancelled, found when due and consumed, many at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update

from engine.core.matter import Timer, decode
from engine.store.bulk import CHUNK, BulkDelete, BulkInsert, Cells, is_sqlite
from engine.store.matters import MATTER, Stored, batched_ids
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

TIMER = table("timer")

_KEY = ("district_id", "matter_id", "clock", "rule", "visit", "slot")
_SHAPE = ("matter_id", "clock", "rule", "visit", "slot", "due_at", "fire_at", "rank", "provisional")
_ARM = BulkInsert(TIMER, ("district_id", *_SHAPE), unless_there=True)
_REMOVE = BulkDelete(TIMER, _KEY)
_COLUMNS = tuple(TIMER.c[name] for name in _SHAPE)
_RINGS = and_(TIMER.c.failed_at.is_(None), TIMER.c.held_until.is_(None))
_IN_ORDER = (TIMER.c.fire_at, TIMER.c.rank, TIMER.c.matter_id)
_DUE = (
    select(*_COLUMNS)
    .where(TIMER.c.district_id == bindparam("district"), TIMER.c.fire_at <= bindparam("now"), _RINGS)
    .order_by(*_IN_ORDER)
    .limit(bindparam("limit"))
)
# The matter is locked with the timer that rings, never after it: two orders of locks gave 48 deadlocks in 9 seconds.
_WITH_MATTERS = (
    select(*_COLUMNS, MATTER.c.snapshot, MATTER.c.head)
    .join(MATTER, and_(MATTER.c.district_id == TIMER.c.district_id, MATTER.c.id == TIMER.c.matter_id))
    .where(TIMER.c.district_id == bindparam("district"), TIMER.c.fire_at <= bindparam("now"), _RINGS)
    .order_by(*_IN_ORDER)
    .limit(bindparam("limit"))
)
_RINGING = Prepared(_WITH_MATTERS)
_RINGING_FREE = Prepared(_WITH_MATTERS.with_for_update(of=MATTER, skip_locked=True))
_RINGING_BETWEEN = Prepared(
    select(TIMER.c.matter_id, TIMER.c.clock, TIMER.c.rule, TIMER.c.fire_at)
    .where(
        TIMER.c.district_id == bindparam("district"), _RINGS,
        TIMER.c.fire_at > bindparam("after"), TIMER.c.fire_at < bindparam("until"),
        TIMER.c.rule.in_(bindparam("rules", expanding=True)),
    )
    .order_by(*_IN_ORDER)
)  # fmt: skip
_NEXT = select(func.min(TIMER.c.fire_at)).where(TIMER.c.district_id == bindparam("district"), _RINGS)


@dataclass(frozen=True, slots=True)
class TimerApart:
    """A timer that does not ring: held by the breaker, or parked after acting on it failed."""

    timer: Timer
    held_until: datetime | None
    failed_at: datetime | None
    error: str | None


class Ringing(NamedTuple):
    """A timer that will ring."""

    matter: str
    clock: str
    rule: str
    fire: datetime


class Timers(Repository):
    """The armed timers of a district."""

    def arm_many(self, timers: Sequence[Timer]) -> None:
        """Arm *timers*; one that is armed already stays as it is."""
        rows = [
            (self.district, t.matter, t.clock, t.rule, t.visit, t.slot, t.due, t.fire, t.rank, t.provisional)
            for t in timers
        ]
        _ARM.run(self.connection, rows)

    def cancel_many(self, timers: Sequence[Timer]) -> None:
        """Remove *timers*; one that is gone already is no fault."""
        _REMOVE.run(self.connection, [self._key(timer) for timer in timers])

    def consume_many(self, timers: Sequence[Timer]) -> set[tuple[str, str, str, int, int]]:
        """Remove *timers* and return the keys of those that were there: only these may act."""
        gone = _REMOVE.run_returning(self.connection, [self._key(timer) for timer in timers])
        return {key[1:] for key in gone}

    def _key(self, timer: Timer) -> Cells:
        return (self.district, *timer.key)

    def due(self, now: datetime, *, limit: int) -> list[Timer]:
        """Return up to *limit* timers that ring at or before *now*, earliest first: a hint, nothing is locked."""
        rows = self.connection.execute(_DUE, {"district": self.district, "now": now, "limit": limit})
        return [_timer(row) for row in rows]

    def lock_ringing(self, now: datetime, *, limit: int) -> tuple[list[Timer], dict[str, Stored]]:
        """
        Lock the matters of up to *limit* timers that ring at or before *now*, and return both, earliest first.

        Matters that somebody else has locked are left out. A timer may be gone by the time it is consumed.
        """
        query = _RINGING if is_sqlite(self.connection) else _RINGING_FREE
        timers: list[Timer] = []
        matters: dict[str, Stored] = {}
        for *shape, snapshot, head in query.rows(self.connection, district=self.district, now=now, limit=limit):
            timer = _timer(shape)
            timers.append(timer)
            if timer.matter not in matters:
                matters[timer.matter] = Stored(decode(snapshot), head)
        return timers, matters

    def ringing_between(self, after: datetime, until: datetime, *, rules: Collection[str]) -> list[Ringing]:
        """Return the timers of *rules* that ring after *after* and before *until*, earliest first."""
        asked = {"district": self.district, "after": after, "until": until, "rules": rules}
        return [Ringing(*row) for row in _RINGING_BETWEEN.rows(self.connection, **asked)]

    def next_fire(self) -> datetime | None:
        """When the next timer rings."""
        instant: datetime | None = self.connection.execute(_NEXT, {"district": self.district}).scalar()
        return instant

    def count_due(self, now: datetime) -> int:
        """How many timers ring at or before *now*."""
        return self._count(and_(TIMER.c.fire_at <= now, _RINGS))

    def count(self) -> int:
        """How many timers are armed, those apart included."""
        return self._count(TIMER.c.matter_id.is_not(None))

    def _count(self, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(TIMER).where(TIMER.c.district_id == self.district, condition)
        return int(self.connection.execute(query).scalar_one())

    def of_many(self, matter_ids: Collection[str]) -> dict[str, list[Timer]]:
        """Return the armed timers of each of those matters, those apart included, in order of ringing."""
        found: dict[str, list[Timer]] = {matter_id: [] for matter_id in matter_ids}
        for some in batched_ids(matter_ids):
            query = select(*_COLUMNS).where(TIMER.c.district_id == self.district, TIMER.c.matter_id.in_(some))
            for row in self.connection.execute(query.order_by(*_IN_ORDER)):
                found[row.matter_id].append(_timer(row))
        return found

    def hold_between(self, after: datetime, until: datetime, *, held_until: datetime) -> int:
        """Hold every timer that rings after *after* and up to *until*; return how many."""
        stretch = and_(TIMER.c.fire_at > after, TIMER.c.fire_at <= until, _RINGS)
        change = update(TIMER).where(TIMER.c.district_id == self.district, stretch).values(held_until=held_until)
        return int(self.connection.execute(change).rowcount)

    def release(self, now: datetime | None = None) -> int:
        """Let go what is held: everything, or what is held no longer than *now*; return how many."""
        condition = TIMER.c.held_until.is_not(None) if now is None else TIMER.c.held_until <= now
        change = update(TIMER).where(TIMER.c.district_id == self.district, condition).values(held_until=None)
        return int(self.connection.execute(change).rowcount)

    def park(self, timer: Timer, *, at: datetime, error: str) -> None:
        """Put *timer* aside after acting on it failed; it is armed again first if it was consumed."""
        self.arm_many((timer,))
        self._update_one(timer, failed_at=at, error=error)

    def unpark(self) -> int:
        """Let the parked timers ring again; return how many."""
        parked = (TIMER.c.district_id == self.district, TIMER.c.failed_at.is_not(None))
        return int(self.connection.execute(update(TIMER).where(*parked).values(failed_at=None, error=None)).rowcount)

    def _update_one(self, timer: Timer, **values: object) -> None:
        same = [TIMER.c[name] == cell for name, cell in zip(_KEY, self._key(timer), strict=True)]
        self.connection.execute(update(TIMER).where(*same).values(**values))

    def hold(self, timer: Timer, *, until: datetime | None) -> None:
        """Hold *timer* until then; None lets it ring."""
        self._update_one(timer, held_until=until)

    def apart(self, *, of: Collection[str] | None = None) -> Iterator[TimerApart]:
        """Yield the timers that do not ring (those of some matters, if *of* names them), earliest first."""
        if of is None:
            yield from self._apart(TIMER.c.district_id == self.district)
            return
        for some in batched_ids(of):
            yield from self._apart(and_(TIMER.c.district_id == self.district, TIMER.c.matter_id.in_(some)))

    def _apart(self, where: ColumnElement[bool]) -> Iterator[TimerApart]:
        beside = (TIMER.c.held_until, TIMER.c.failed_at, TIMER.c.error)
        query = select(*_COLUMNS, *beside).where(
            where, or_(TIMER.c.failed_at.is_not(None), TIMER.c.held_until.is_not(None))
        )
        rows = self.connection.execute(query.order_by(TIMER.c.fire_at), execution_options={"yield_per": CHUNK})
        for *shape, held_until, failed_at, error in rows:
            yield TimerApart(_timer(shape), held_until, failed_at, error)


def _timer(shape: Sequence[Any]) -> Timer:
    """Make a timer from its cells in the order of `_SHAPE`."""
    matter, clock, rule, visit, slot, due, fire, rank, provisional = shape
    return Timer(
        matter=matter,
        clock=clock,
        rule=rule,
        visit=visit,
        due=due,
        fire=fire,
        rank=rank,
        slot=slot,
        provisional=provisional,
    )
