"""
What comes if nobody acts: every automatic event to the end, or to the first state that no timer leaves.

The forecast is not a second reading of the rules: it lets the engine's own `decide` fire the next armed timer, and
the next, on a copy of the matter. So what it says is what will happen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.clock.duration import Duration
from engine.core.decision import Decision, Refusal
from engine.core.matter import Holder, Matter, Timer
from engine.core.rehearse import Rehearsal
from engine.core.scope import World
from engine.core.terms import Do
from engine.core.timers import period_of, rule_of
from engine.core.workflow.declaration import TimerRule, Workflow
from engine.core.workflow.written import Label

MOST = 200


@dataclass(frozen=True, slots=True)
class Coming:
    """
    One automatic event to come.

    `at` is when it acts, `due` the instant the rule names. `state` is where the matter is after it, `moves` whether
    it gets there by this event. `who` is told to act or answer, `tell` are who is told beside. `period` repeats it.
    `version` and `line` name the rule in `file`.
    """

    at: datetime
    due: datetime
    do: Do
    clock: str
    rule: str
    state: str
    level: str | None
    moves: bool
    ends: str | None
    who: Holder | None
    period: Duration | None
    provisional: bool
    reason: Label | None
    version: int
    file: str
    line: int
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """
    A forecast, and how long it holds while nobody acts.

    Asked for at any instant up to `steady_until`, the first timer's, it is the same; None: at every instant.
    """

    coming: tuple[Coming, ...]
    steady_until: datetime | None


def forecast(
    matter: Matter,
    *,
    now: datetime,
    workflow: Workflow,
    world: World,
    family: Iterable[tuple[Matter, Workflow]] = (),
    flows: Mapping[str, Workflow] | None = None,
) -> tuple[Coming, ...]:
    """
    Return every coming automatic event of *matter* if nobody acts, in order; a repeating one once.

    Args:
        family: its open children and topics with their workflows; their ends are events of the matter too.
        flows: by id, for what a rule might open on the way; without them the forecast ends there.
    """
    return foresee(matter, now=now, workflow=workflow, world=world, family=family, flows=flows).coming


def foresee(
    matter: Matter,
    *,
    now: datetime,
    workflow: Workflow,
    world: World,
    family: Iterable[tuple[Matter, Workflow]] = (),
    flows: Mapping[str, Workflow] | None = None,
    to_next_move: bool = False,
) -> Foreseen:
    """
    Return the same with how long it holds.

    Args:
        to_next_move: stop after the first event that takes the matter somewhere else, as a list needs no more.
    """
    rehearsal = Rehearsal(((matter, workflow), *family), flows=flows or {}, world=world)
    coming: list[Coming] = []
    shown: set[tuple[str, str, str, int]] = set()
    first: Timer | None = None
    for _ in range(MOST):
        timer = _next(rehearsal, shown)
        if timer is None or not rehearsal.matters[matter.id].is_open:
            break
        first = first or timer
        before, pinned = rehearsal.matters[timer.matter], rehearsal.pinned[timer.matter]
        rule = rule_of(pinned, before, timer.clock, timer.rule)
        now = max(now, timer.fire)
        try:
            decisions = rehearsal.fire(timer, now)
        except KeyError:  # a flow that was not given
            break
        if isinstance(decisions, Refusal) or rule is None:
            break
        if rule.at.anchor == "every":
            shown.add((timer.matter, timer.clock, timer.rule, timer.visit))
        coming += (
            _coming(workflow, timer, rule, decision)
            for decision in decisions
            if decision.after.id == matter.id and not decision.occurrence.data.get("passed_over")
        )
        if to_next_move and next_move(coming) is not None:
            break
    return Foreseen(coming=tuple(coming), steady_until=first.fire if first is not None else None)


def _next(rehearsal: Rehearsal, shown: set[tuple[str, str, str, int]]) -> Timer | None:
    return next((t for t in rehearsal.timers() if (t.matter, t.clock, t.rule, t.visit) not in shown), None)


def _coming(workflow: Workflow, timer: Timer, rule: TimerRule, decision: Decision) -> Coming:
    after, before = decision.after, decision.before
    own = timer.matter == after.id
    waits_for = workflow.states[before.state].waits_for if before is not None else None
    where = rule.where if own or waits_for is None else waits_for.where
    limits = workflow.limits
    in_limits = limits is not None and where.file == limits.file
    return Coming(
        at=decision.occurrence.at,
        due=timer.due,
        do=rule.do if own else Do.ADVANCE,
        clock=timer.clock if own else decision.occurrence.action,
        rule=rule.id if own else decision.occurrence.action,
        state=after.state,
        level=after.level,
        moves=before is not None and (before.state != after.state or before.visit != after.visit),
        ends=after.outcome,
        who=_who(rule, decision),
        period=period_of(rule) if own else None,
        provisional=timer.provisional,
        reason=rule.reason if own else None,
        version=limits.version if limits is not None and in_limits else workflow.version,
        file=where.file,
        line=where.line,
        tell=rule.tell if own else (),
    )


def _who(rule: TimerRule, decision: Decision) -> Holder | None:
    after = decision.after
    return after.answers if rule.do is Do.SUPERVISE else (after.stands_in or after.holder)


def final_by(coming: tuple[Coming, ...]) -> datetime | None:
    """Return when the matter has ended at the latest if nobody acts, or None if it may stay open."""
    return next((event.at for event in coming if event.ends is not None), None)


def next_move(coming: Iterable[Coming]) -> Coming | None:
    """Return the next event that takes the matter somewhere else."""
    return next((event for event in coming if event.moves), None)
