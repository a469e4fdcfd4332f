"""Which demands a rule takes up a level today if nobody acts, and when: read from the armed timers."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from engine.core.terms import Do
from engine.core.timers import rule_of
from engine.core.workflow.declaration import Workflow
from engine.errors import Broken
from engine.services.sight import Sight
from engine.services.worklist import FlowOf
from engine.store.timers import Ringing
from engine.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Rising:
    """When a demand goes up by itself, and where it lies."""

    at: datetime
    place: str


def escalating(tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime) -> dict[str, Rising]:
    """Return when each demand goes up by itself between *now* and *until*: its first rule that leads anywhere."""
    flows: list[Workflow] = []
    for digest in tx.workflows.digests():
        with suppress(Broken):  # nothing that it rules can act either
            flows.append(flow_of(digest))
    rules = frozenset[str]().union(*(leaving_rules(flow) for flow in flows))
    return first_escalations(tx.timers.ringing_between(now, until, rules=rules or {""}), flow_of=flow_of)


def leaving_rules(flow: Workflow) -> frozenset[str]:
    """Return the names of all rules of *flow* that take a matter out of its state."""
    found = [rule for state in flow.states for klass in flow.class_ids for rule in flow.rules_of_state(state, klass)]
    found += [level.over_budget for level in flow.levels.values() if level.over_budget is not None]
    found += [rule for clock in flow.clocks.values() for rule in clock.timers]
    found += [one.overdue for state in flow.states.values() for one in state.milestones.values()]
    return frozenset(rule.id for rule in found if rule.do.leaves)


def first_escalations(timers: Iterable[Ringing], *, flow_of: FlowOf) -> dict[str, Rising]:
    """Return those matters whose first leaving rule among *timers* (in order of ringing) takes them up."""
    decided: set[str] = set()
    found: dict[str, Rising] = {}
    known: dict[tuple[str | None, ...], Do | None] = {}  # a thousand timers are of a dozen rules
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
            found[timer.matter] = Rising(timer.fire, timer.place)
    return found


def seen_of(tx: Transaction, found: Mapping[str, Rising], sight: Sight) -> Iterable[Rising]:
    """Return those of *found* that may be seen."""
    if sight.scope is not None and sight.scope.places:  # a demand is seen by where it lies
        places = sight.scope.places
        return [one for one in found.values() if one.place in places]
    seen = sight.among(tx, tuple(found))
    return [one for matter, one in found.items() if matter in seen]


def escalating_by(
    tx: Transaction, *, flow_of: FlowOf, now: datetime, until: datetime, at: datetime | None
) -> tuple[str, ...]:
    """Return the demands that go up by themselves until *until*; with *at*, only those of that moment."""
    found = escalating(tx, flow_of=flow_of, now=now, until=until)
    return tuple(matter for matter, one in found.items() if at is None or one.at == at)
