"""Which demands a rule takes up a level today if nobody acts, and when: read from the armed timers."""

from collections.abc import Iterable
from datetime import datetime

from engine.core.terms import Do
from engine.core.timers import rule_of
from engine.services.worklist import FlowOf
from engine.store.timers import Ringing
from engine.store.unit_of_work import Transaction

MOST_TIMERS = 2_000


def escalating(tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime) -> dict[str, datetime]:
    """Return when each demand goes up by itself between *now* and *until*: its first rule that leads anywhere."""
    return first_escalations(tx.timers.ringing_between(now, until, limit=MOST_TIMERS), flow_of=flow_of)


def first_escalations(timers: Iterable[Ringing], *, flow_of: FlowOf) -> dict[str, datetime]:
    """Return those matters whose first leaving rule among *timers* (in order of ringing) takes them up."""
    decided: set[str] = set()
    found: dict[str, datetime] = {}
    known: dict[tuple[str | None, ...], Do | None] = {}  # two thousand timers are of a dozen rules
    for timer in timers:
        if timer.matter in decided:
            continue
        which = (timer.clock, timer.rule, timer.digest, timer.state, timer.level, timer.klass)
        if which not in known:
            rule = rule_of(flow_of(timer.digest), timer, timer.clock, timer.rule)
            known[which] = rule.do if rule is not None else None
        does = known[which]
        if does is None or not does.leaves:
            continue
        decided.add(timer.matter)
        if does is Do.ESCALATE:
            found[timer.matter] = timer.fire
    return found


def escalating_by(
    tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime, at: datetime | None
) -> tuple[str, ...]:
    """Return the demands that go up by themselves until *until*; with *at*, only those of that moment."""
    found = escalating(tx, flow_of=flow_of, now=now, until=until)
    return tuple(matter for matter, moment in found.items() if at is None or moment == at)
