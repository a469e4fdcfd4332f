"""Which demands a rule takes up a level today if nobody acts, and when: read from the armed timers."""

from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from engine.core.terms import Do, MatterKind
from engine.core.timers import rule_of
from engine.core.workflow.declaration import Workflow
from engine.errors import Broken
from engine.services.sight import Sight
from engine.services.worklist import FlowOf
from engine.store.changes import NEVER, Changes, Mark
from engine.store.matters import Stand
from engine.store.timers import Ringing
from engine.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class _Known:
    """Where matters stand, with all events up to a mark in it."""

    mark: Mark
    stands: Mapping[str, Stand]


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
    timers = tx.timers.ringing_between(now, until, rules=rules or {""})
    stands = stands_of(tx, {timer.matter for timer in timers})
    return first_escalations(timers, stands, flow_of=flow_of)


def stands_of(tx: Transaction, ids: Set[str]) -> Mapping[str, Stand]:
    """Return where the matters of *ids* stand; what had no event since it was last read stands where it stood."""
    changes = Changes(tx.connection, tx.district)

    def bring_forward(was: _Known | None) -> _Known:
        since = changes.since(was.mark) if was is not None else None
        if was is None or since is None:
            return _Known(changes.newest() or NEVER, tx.matters.standing_of(ids))
        changed = {chain for chain, _ in since.events}
        known = {one: was.stands[one] for one in ids if one in was.stands and one not in changed}
        return _Known(since.mark, known | tx.matters.standing_of(ids - known.keys()))

    return tx.carried("standing", make=bring_forward).stands


def leaving_rules(flow: Workflow) -> frozenset[str]:
    """Return the names of all rules of *flow* that take a matter out of its state."""
    found = [rule for state in flow.states for klass in flow.class_ids for rule in flow.rules_of_state(state, klass)]
    found += [level.over_budget for level in flow.levels.values() if level.over_budget is not None]
    found += [rule for clock in flow.clocks.values() for rule in clock.timers]
    found += [one.overdue for state in flow.states.values() for one in state.milestones.values()]
    return frozenset(rule.id for rule in found if rule.do.leaves)


def first_escalations(timers: Iterable[Ringing], stands: Mapping[str, Stand], *, flow_of: FlowOf) -> dict[str, Rising]:
    """Return those demands of *stands* whose first leaving rule among *timers* (in order of ringing) takes them up."""
    decided: set[str] = set()
    found: dict[str, Rising] = {}
    known: dict[tuple[str, str, Stand], Do | None] = {}  # a thousand timers are of a few dozen kinds
    for matter, clock, rule, fire in timers:
        stand = stands.get(matter)
        if stand is None or matter in decided:
            continue
        which = (clock, rule, stand)
        if which not in known:
            known[which] = _way_out(stand, clock, rule, flow_of=flow_of)
        does = known[which]
        if does is None:
            continue
        decided.add(matter)
        if does is Do.ESCALATE:
            found[matter] = Rising(fire, stand.place)
    return found


def _way_out(stand: Stand, clock: str, rule: str, *, flow_of: FlowOf) -> Do | None:
    """What a rule does to a demand that stands so, if it leads out of its state."""
    if stand.kind != MatterKind.DEMAND:
        return None
    named = rule_of(flow_of(stand.digest), stand, clock, rule)
    return named.do if named is not None and named.do.leaves else None


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
