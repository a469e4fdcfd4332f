"""What the engine holds back: timers of an outage, parked timers, a clock in doubt; and how a person lets go."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.guard import Gap
from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.services.advance import TIMER_FAILED
from engine.services.record import record
from engine.services.save import Ids
from engine.store.alarms import Alarm
from engine.store.timers import TimerApart
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "clock"
HELD, SUSPECT = "held", "clock_suspect"
SUSPECT_FACT = "clock_suspect"
TRUSTED_FACT = "clock_trusted"


@dataclass(frozen=True, slots=True)
class Back:
    """What is held back now; `clock` says why the clock is in doubt, empty when it is not."""

    held: tuple[TimerApart, ...]
    parked: tuple[TimerApart, ...]
    clock: str


def held_back(uow: UnitOfWork) -> Back:
    """Return what is held back."""
    with uow.read() as tx:
        return held_back_in(tx)


def held_back_in(tx: Transaction) -> Back:
    """Return what is held back, as *tx* sees it."""
    apart = tuple(tx.timers.apart())
    return Back(
        held=tuple(one for one in apart if one.held_until is not None),
        parked=tuple(one for one in apart if one.failed_at is not None),
        clock=tx.facts.get(SUSPECT_FACT) or "",
    )


def release(uow: UnitOfWork, *, by: Actor, now: datetime) -> int:
    """Let everything go that an outage holds, and return how many timers."""
    with uow.write() as tx:
        count = tx.timers.release()
        tx.alarms.clear(kind=HELD, at=now)
        record(tx, TOPIC, action="held_released", by=by, now=now, data={"timers": count})
        return count


def retry(uow: UnitOfWork, *, by: Actor, now: datetime) -> int:
    """Let the parked timers ring again, after what was in their way has been mended; return how many."""
    with uow.write() as tx:
        count = tx.timers.unpark()
        tx.alarms.clear(kind=TIMER_FAILED, at=now)
        if count:
            record(tx, TOPIC, action="parked_retried", by=by, now=now, data={"timers": count})
        return count


def trust_clock(uow: UnitOfWork, *, by: Actor, now: datetime) -> None:
    """A person has compared the clock and says that it is right; the next tick goes by it."""
    with uow.write() as tx:
        tx.facts.count_up(TRUSTED_FACT)
        record(tx, TOPIC, action="clock_trusted", by=by, now=now, data={})


def hold_gap(tx: Transaction, gap: Gap, *, now: datetime, ids: Ids) -> int:
    """Hold what came due in a stretch without ticks, with an alarm; return how many timers."""
    count = tx.timers.hold_between(gap.start, gap.end, held_until=gap.lets_go_at)
    if count:
        data = {"from": gap.start.isoformat(), "to": gap.end.isoformat(), "timers": count}
        record(tx, TOPIC, action="held", by=SYSTEM, now=now, data=data)
        text = f"停过一段时间，{count} 条到点规则先压着：核对后用 sanlian held --release 放行，否则半小时后自己放行"
        _alarm(tx, HELD, text, now=now, ids=ids)
    return count


def let_go(tx: Transaction, *, now: datetime) -> int:
    """Let go what was held long enough; return how many timers."""
    count = tx.timers.release(now)
    if count:
        tx.alarms.clear(kind=HELD, at=now)
        record(tx, TOPIC, action="held_let_go", by=SYSTEM, now=now, data={"timers": count})
    return count


def forget_overtaken(tx: Transaction, *, now: datetime) -> None:
    """Clear the alarms of parked rules that are parked no more: somebody has moved their matter on."""
    standing = {alarm.matter for alarm in tx.alarms.standing() if alarm.kind == TIMER_FAILED and alarm.matter}
    if standing:
        parked = {one.timer.matter for one in tx.timers.apart() if one.failed_at is not None}
        for matter in standing - parked:
            tx.alarms.clear(kind=TIMER_FAILED, at=now, matter=matter)


def note_suspect(tx: Transaction, reason: str, *, now: datetime, ids: Ids) -> None:
    """Note that the clock is in doubt and rules stand still; *now* by the clock as it was believed last."""
    tx.facts.put(SUSPECT_FACT, reason)
    record(tx, TOPIC, action="clock_suspect", by=SYSTEM, now=now, data={"wall": now.isoformat()})
    text = f"{reason}，到点规则先停。核对这台机器的时间；没有错就用 sanlian held --trust-clock"
    _alarm(tx, SUSPECT, text, now=now, ids=ids)


def note_believed(tx: Transaction, *, now: datetime) -> None:
    """Note that the clock is believed again."""
    tx.facts.put(SUSPECT_FACT, "")
    tx.alarms.clear(kind=SUSPECT, at=now)
    record(tx, TOPIC, action="clock_believed", by=SYSTEM, now=now, data={"wall": now.isoformat()})


def _alarm(tx: Transaction, kind: str, text: str, *, now: datetime, ids: Ids) -> None:
    tx.alarms.clear(kind=kind, at=now)
    tx.alarms.raise_many((Alarm(id=ids(), kind=kind, matter=None, text=text, at=now),))
