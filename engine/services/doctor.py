"""Does the engine do what it promised? Every open matter, every timer, the outbox, the clock, the last tick."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from engine.core.clocks import due_of
from engine.core.matter import Matter, Timer
from engine.core.scope import World
from engine.core.timers import armed
from engine.services.held import SUSPECT_FACT
from engine.services.look_up import Shelf
from engine.services.may_wait import may_wait
from engine.services.tick import PERIOD, last_tick
from engine.services.view_people import Gap, coverage
from engine.store.matters import Stored
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH = 500
MOST_SHOWN = 200
LATE_BY = 4 * PERIOD
STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as promised: a stable word, the matter (if one), and the sentence for people."""

    kind: str
    matter: str | None
    text: str


@dataclass(slots=True)
class Health:
    """What the doctor saw."""

    open: int = 0
    armed: int = 0
    held: int = 0
    parked: int = 0
    alarms: int = 0
    waiting: int = 0
    ticked_at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    found: int = 0
    problems: list[Problem] = field(default_factory=list)

    def report(self, problem: Problem) -> None:
        """Count a problem, and keep it up to a limit."""
        self.found += 1
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(problem)


def examine(uow: UnitOfWork, shelf: Shelf, *, now: datetime) -> Health:
    """Look at everything, change nothing; the cost grows with the open matters."""
    health = Health()
    with uow.read() as tx:
        world = shelf.world(tx)
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        health.gaps = coverage(tx, organisation=world.organisation, flows=flows, now=now).gaps
        open_matters = tx.matters.all(only_open=True)
        while batch := list(islice(open_matters, BATCH)):
            health.open += len(batch)
            for problem in _matters(tx, shelf, batch, world, now):
                health.report(problem)
        for problem in (*_timers(tx, health, now), *_outbox(tx, health, now), *_clock(tx, health, now)):
            health.report(problem)
    return health


def _matters(tx: Transaction, shelf: Shelf, batch: Sequence[Stored], world: World, now: datetime) -> Iterator[Problem]:
    stored = tx.timers.of_many([one.matter.id for one in batch])
    for one in batch:
        matter = one.matter
        workflow = shelf.workflow(tx, matter.digest)
        yield from _timers_of(matter, stored[matter.id], armed(workflow, matter, world))
        yield from _clocks_of(matter, world)
        if not stored[matter.id] and not may_wait(matter, workflow):
            yield Problem("silent", matter.id, f"在「{matter.state}」没有任何定时，也没有写明不限时的理由")


def _timers_of(matter: Matter, stored: Sequence[Timer], right: Sequence[Timer]) -> Iterator[Problem]:
    there, wanted = {timer.key: timer for timer in stored}, {timer.key: timer for timer in right}
    for key in sorted(wanted.keys() - there.keys()):
        yield Problem("timer_missing", matter.id, f"少了定时「{'/'.join(map(str, key[1:]))}」")
    for key in sorted(there.keys() - wanted.keys()):
        yield Problem("timer_stray", matter.id, f"多了定时「{'/'.join(map(str, key[1:]))}」")
    for key in sorted(there.keys() & wanted.keys()):
        if there[key] != wanted[key]:
            text = f"定时「{'/'.join(map(str, key[1:]))}」存的是 {there[key].due}，应是 {wanted[key].due}"
            yield Problem("timer_moved", matter.id, text)


def _clocks_of(matter: Matter, world: World) -> Iterator[Problem]:
    for name, clock in matter.clocks.items():
        due = due_of(clock, world.calendar(clock.calendar)) if clock.ended is None else None
        if clock.ended is None and (due.at if due is not None else None) != clock.due:
            yield Problem(
                "due_moved", matter.id, f"时限「{name}」存的是 {clock.due}，按日历应是 {due.at if due else '无'}"
            )


def _timers(tx: Transaction, health: Health, now: datetime) -> Iterator[Problem]:
    health.armed = tx.timers.count()
    for one in tx.timers.apart():
        if one.failed_at is None:
            health.held += 1
            continue
        health.parked += 1
        yield Problem("timer_parked", one.timer.matter, f"到点规则没能执行，放在一边：{one.error}")
    overdue = tx.timers.count_due(now - LATE_BY)
    if overdue:
        yield Problem("timers_late", None, f"有 {overdue} 条到点规则过了 {int(LATE_BY.total_seconds())} 秒还没执行")
    for alarm in tx.alarms.standing():
        health.alarms += 1
        if health.alarms <= MOST_SHOWN and alarm.kind != "timer_failed":
            yield Problem(f"alarm_{alarm.kind}", alarm.matter, alarm.text)


def _outbox(tx: Transaction, health: Health, now: datetime) -> Iterator[Problem]:
    health.waiting = tx.outbox.count_waiting()
    oldest = tx.outbox.next_attempt()
    if oldest is not None and now - oldest > STUCK_AFTER:
        minutes = int((now - oldest).total_seconds() // 60)
        yield Problem("outbox_stuck", None, f"有 {health.waiting} 条通知没送出去，最早的一条等了 {minutes} 分钟")


def _clock(tx: Transaction, health: Health, now: datetime) -> Iterator[Problem]:
    health.ticked_at = last_tick(tx)
    if tx.facts.get(SUSPECT_FACT):
        yield Problem("clock_suspect", None, f"{tx.facts.get(SUSPECT_FACT)}，到点规则停着")
    if health.ticked_at is None:
        yield Problem("never_ticked", None, "引擎还没有走过一次，到点规则不会执行；用 sanlian serve 打开")
    elif now - health.ticked_at > LATE_BY:
        seconds = int((now - health.ticked_at).total_seconds())
        yield Problem("not_ticking", None, f"引擎有 {seconds} 秒没有走，到点规则不会执行；看 sanlian serve 是不是开着")
