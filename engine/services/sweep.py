"""
Let due timers act, in batches, through the door.

The list of due timers is only a hint: a timer acts when it is consumed under its matter's lock and still fits. What
somebody else has locked waits for the next round. A batch that fails is done again one by one, and the timer that
cannot act is parked with an alarm, so that one bad matter holds up nobody.
"""

import gc
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from engine.core.command import Fire
from engine.core.matter import Timer
from engine.services.advance import (
    Done,
    Door,
    Entry,
    Failed,
    Outcome,
    PutBack,
    Stale,
    carry_out,
    in_one_transaction,
    park,
)
from engine.services.batch import Taken
from engine.services.look_up import Surroundings
from engine.store.database import cannot_serve
from engine.store.matters import Stored
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH = 500
MOST_BATCHES = 200

logger = structlog.get_logger(__name__)


class _Undone(Exception):
    """A batch that failed as a whole: its transaction takes back what it wrote, which is cheaper than a savepoint."""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """
    What a sweep did.

    `stale` timers no longer fitted, `failed` ones were parked, `put_back` ones ring again. `drained`: nothing that
    could act was left.
    """

    fired: int = 0
    stale: int = 0
    failed: int = 0
    put_back: int = 0
    batches: int = 0
    drained: bool = False

    def then(self, later: "SweepReport") -> "SweepReport":
        """What this sweep and a *later* one did together."""
        return SweepReport(
            fired=self.fired + later.fired,
            stale=self.stale + later.stale,
            failed=self.failed + later.failed,
            put_back=self.put_back + later.put_back,
            batches=self.batches + later.batches,
            drained=later.drained,
        )


def sweep(
    uow: UnitOfWork, *, now: datetime, services: Door, limit: int = BATCH, max_batches: int = MOST_BATCHES
) -> SweepReport:
    """
    Let every timer act that rings at or before *now*, up to *max_batches* of *limit*.

    Raises:
        Unavailable: the store cannot take it now; what was done before stays done.
    """
    report = SweepReport()
    for _ in range(max_batches):
        with _undisturbed():
            report = report.then(_sweep_once(uow, now=now, services=services, limit=limit))
        if report.drained:
            break
    return report


@contextmanager
def _undisturbed() -> Iterator[None]:
    """
    Put the cyclic garbage collector off until the batch is written and forgotten.

    A batch makes thousands of objects that go when it ends: to search all objects of the process for circles meanwhile
    costs a twelfth of it and finds nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _sweep_once(uow: UnitOfWork, *, now: datetime, services: Door, limit: int) -> SweepReport:
    try:
        return in_one_transaction(uow, lambda tx: _fire_together(tx, now=now, services=services, limit=limit))
    except _Undone as undone:
        logger.warning("sweep_batch_failed", error=repr(undone.__cause__))
    return in_one_transaction(uow, lambda tx: _fire_one_by_one(tx, now=now, services=services, limit=limit))


def _fire_together(tx: Transaction, *, now: datetime, services: Door, limit: int) -> SweepReport:
    timers, matters = _ringing(tx, now, limit=limit)
    if not timers:
        return SweepReport(drained=True)
    around = services.shelf.surroundings(tx)
    try:
        return _report(_fire(tx, timers, matters, now=now, services=services, around=around))
    except Exception as error:
        if cannot_serve(error):
            raise
        raise _Undone from error


def _fire_one_by_one(tx: Transaction, *, now: datetime, services: Door, limit: int) -> SweepReport:
    timers, matters = _ringing(tx, now, limit=limit)
    around = services.shelf.surroundings(tx)
    return _report([_fire_alone(tx, timer, matters, now=now, services=services, around=around) for timer in timers])


def _ringing(tx: Transaction, now: datetime, *, limit: int) -> tuple[list[Timer], Mapping[str, Stored]]:
    """Lock what rings; of several timers of one matter only the earliest acts: what it does may end the others."""
    ringing, matters = tx.timers.lock_ringing(now, limit=limit)
    first: dict[str, Timer] = {}
    for timer in ringing:
        first.setdefault(timer.matter, timer)
    return list(first.values()), matters


def _fire(
    tx: Transaction,
    timers: Sequence[Timer],
    matters: Mapping[str, Stored],
    *,
    now: datetime,
    services: Door,
    around: Surroundings,
) -> list[Outcome]:
    def lock(ids: Collection[str]) -> Mapping[str, Stored]:
        found = tx.matters.load_free(ids)
        taken = set(ids) - set(found)
        if taken and tx.matters.read_many(taken):
            raise Taken
        return found

    entries = [Entry(Fire(matter=timer.matter, timer=timer)) for timer in timers]
    loaded = {timer.matter: matters[timer.matter] for timer in timers}
    return carry_out(tx, entries, loaded=loaded, lock=lock, now=now, services=services, around=around)


def _fire_alone(
    tx: Transaction,
    timer: Timer,
    matters: Mapping[str, Stored],
    *,
    now: datetime,
    services: Door,
    around: Surroundings,
) -> Outcome:
    try:
        with tx.savepoint():
            # Another one of this batch may have changed it since it was loaded.
            fresh = tx.matters.read_many((timer.matter,)) or matters
            return _fire(tx, (timer,), fresh, now=now, services=services, around=around)[0]
    except Exception as error:
        if cannot_serve(error):
            raise
        failed = Failed(timer, f"{type(error).__name__}: {error}"[:500])
        logger.error("timer_parked", timer="/".join(map(str, timer.key)), error=failed.text)
    park(tx, failed, now=now, ids=services.ids)
    return failed


def _report(outcomes: Sequence[Outcome]) -> SweepReport:
    count = Counter(map(type, outcomes))
    return SweepReport(
        fired=count[Done],
        stale=count[Stale],
        failed=count[Failed],
        put_back=count[PutBack],
        batches=1 if outcomes else 0,
        drained=count[PutBack] == len(outcomes),
    )
