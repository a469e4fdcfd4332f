"""Which demands a rule takes up a level today if nobody acts, and when: read from the armed timers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.core.matter import Matter, Timer
from engine.core.terms import Do, MatterKind
from engine.core.timers import rule_of
from engine.core.workflow.declaration import Workflow
from engine.services.worklist import FlowOf
from engine.store.unit_of_work import Transaction

MOST_TIMERS = 2_000


def escalating(tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime) -> dict[str, datetime]:
    """Return when each demand goes up by itself between *now* and *until*: its first rule that leads anywhere."""
    timers, matters = tx.timers.ringing_between(now, until, limit=MOST_TIMERS)
    return first_escalations(timers, matters, flow_of=flow_of)


def first_escalations(
    timers: Sequence[Timer], matters: Mapping[str, Matter], *, flow_of: FlowOf
) -> dict[str, datetime]:
    """Return those of *matters* whose first leaving rule among *timers* (in order of ringing) takes them up."""
    decided: set[str] = set()
    found: dict[str, datetime] = {}
    for timer in timers:
        matter = matters[timer.matter]
        if timer.matter in decided or matter.kind != MatterKind.DEMAND:
            continue
        does = _does(flow_of(matter.digest), matter, timer)
        if does is None or not does.leaves:
            continue
        decided.add(timer.matter)
        if does is Do.ESCALATE:
            found[timer.matter] = timer.fire
    return found


def _does(workflow: Workflow, matter: Matter, timer: Timer) -> Do | None:
    rule = rule_of(workflow, matter, timer.clock, timer.rule)
    return rule.do if rule is not None else None


def escalating_by(
    tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime, at: datetime | None
) -> tuple[str, ...]:
    """Return the demands that go up by themselves until *until*; with *at*, only those of that moment."""
    found = escalating(tx, flow_of=flow_of, now=now, until=until)
    return tuple(matter for matter, moment in found.items() if at is None or moment == at)
