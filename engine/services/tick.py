"""
One tick of the engine: is the clock to be believed, was there an outage, what is due; then sweep.

It keeps what it knows of the clock between ticks, and the last reading in the store, so that a restart on the same
machine is no way round the guard.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from engine.core.guard import ClockGuard, Reading, Verdict, gap_before
from engine.services.advance import Door
from engine.services.decide_proposal import take_effect
from engine.services.held import (
    SUSPECT_FACT,
    TRUSTED_FACT,
    forget_overtaken,
    hold_gap,
    let_go,
    note_believed,
    note_suspect,
)
from engine.services.sweep import BATCH, SweepReport, sweep
from engine.store.unit_of_work import Transaction, UnitOfWork

PERIOD = timedelta(seconds=30)
TICKED_FACT = "ticked"
NOTHING = SweepReport()

logger = structlog.get_logger(__name__)


class Ticked(msgspec.Struct, frozen=True):
    """
    The last tick whose clock was believed, as the store keeps it: up to its wall rules were let act.

    `trusted` is how often a person had said until then that the clock is right: what is said while no engine runs
    counts for the next one.
    """

    wall: datetime
    boot: float
    boot_id: str
    trusted: str | None = None

    @property
    def reading(self) -> Reading:
        """The reading of that tick."""
        return Reading(self.wall, self.boot, self.boot_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tick did; `next_fire` is when the next timer rings."""

    at: datetime
    may_fire: bool
    reason: str
    swept: SweepReport
    held: int
    next_fire: datetime | None


class Ticker:
    """Ticks of one process."""

    def __init__(
        self,
        uow: UnitOfWork,
        door: Door,
        *,
        read_clocks: Callable[[], Reading],
        period: timedelta = PERIOD,
        first_batch: int = BATCH,
    ) -> None:
        self._uow = uow
        self._door = door
        self._read_clocks = read_clocks
        self._period = period
        self._first_batch = first_batch
        self._guard: ClockGuard | None = None
        self._trusted: str | None = None
        self._one_at_a_time = threading.Lock()

    def tick(self) -> Outcome | None:
        """Let everything act that is due; None when another tick of this process is at it."""
        if not self._one_at_a_time.acquire(blocking=False):
            return None
        try:
            return self._tick()
        finally:
            self._one_at_a_time.release()

    def _tick(self) -> Outcome:
        reading = self._read_clocks()
        now = reading.wall
        with self._uow.write() as tx:
            last = _last_tick(tx)
            verdict = self._look(tx, reading, last)
        if not verdict.may_fire:
            return self._outcome(now, verdict)
        first, held = self._after_gap(now, last.wall if last is not None else None)
        with self._uow.write() as tx:
            let_go(tx, now=now)
            forget_overtaken(tx, now=now)
            self._keep(tx, reading)
        self._take_effect(now)
        swept = first.then(sweep(self._uow, now=now, services=self._door))
        after = self._read_clocks()
        if after.wall - now > self._period / 2 and abs(after.offset - reading.offset) < self._period:
            # A long sweep is no outage: what came due meanwhile is not held by the next tick.
            with self._uow.write() as tx:
                self._keep(tx, after)
        return self._outcome(now, verdict, swept=swept, held=held)

    def _take_effect(self, now: datetime) -> None:
        """Let approved limits take effect before what they make due is swept; what fails must not hold up the rules."""
        try:
            take_effect(self._uow, now=now, services=self._door)
        except Exception as error:
            logger.warning("limits_not_in_effect", error=repr(error))

    def _outcome(self, now: datetime, verdict: Verdict, *, swept: SweepReport = NOTHING, held: int = 0) -> Outcome:
        with self._uow.read() as tx:
            return Outcome(now, verdict.may_fire, verdict.reason, swept, held, tx.timers.next_fire())

    def _look(self, tx: Transaction, reading: Reading, last: Ticked | None) -> Verdict:
        """Judge the clock, beginning with what an earlier process knew of it, and note a change."""
        newest, said = tx.events.newest_recorded_at(), tx.facts.get(TRUSTED_FACT)
        if self._guard is None:
            self._guard, self._trusted = ClockGuard(), said
            if last is not None:
                self._trusted = last.trusted
                self._guard, _ = self._guard.look(last.reading, None)
        if said != self._trusted:
            self._guard, self._trusted, verdict = self._guard.trust(reading, newest), said, Verdict(True)
        else:
            self._guard, verdict = self._guard.look(reading, newest)
        suspected = bool(tx.facts.get(SUSPECT_FACT))
        if verdict.may_fire and suspected:
            note_believed(tx, now=reading.wall)
        elif not verdict.may_fire and (verdict.changed or not suspected):
            note_suspect(tx, verdict.reason, now=self._guard.estimate(reading), ids=self._door.ids)
        return verdict

    def _after_gap(self, now: datetime, last_fired: datetime | None) -> tuple[SweepReport, int]:
        """After an outage let the first batch act and hold the rest; return what acted and how many are held."""
        gap = gap_before(now, last_tick=last_fired, period=self._period)
        if gap is None:
            return NOTHING, 0
        first = sweep(self._uow, now=now, services=self._door, limit=self._first_batch, max_batches=1)
        with self._uow.write() as tx:
            return first, hold_gap(tx, gap, now=now, ids=self._door.ids)

    def _keep(self, tx: Transaction, reading: Reading) -> None:
        kept = Ticked(reading.wall, reading.boot, reading.boot_id, self._trusted)
        tx.facts.put(TICKED_FACT, msgspec.json.encode(kept).decode())


def _last_tick(tx: Transaction) -> Ticked | None:
    kept = tx.facts.get(TICKED_FACT)
    return msgspec.json.decode(kept, type=Ticked) if kept is not None else None


def last_tick(tx: Transaction) -> datetime | None:
    """When the engine last ticked by a clock it believed."""
    kept = _last_tick(tx)
    return kept.wall if kept is not None else None
