"""
What comes if nobody acts: every automatic event to the end, or to the first state that no timer leaves.

The forecast is not a second reading of the rules: it lets the engine's own `decide` fire the next armed timer, and
the next, on a copy of the matter. So what it says is what will happen.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.core.clock.duration import Duration
from engine.core.command import Fire
from engine.core.decide import decide
from engine.core.decision import Decision
from engine.core.matter import Holder, Matter, Timer
from engine.core.scope import World
from engine.core.terms import Do
from engine.core.timers import armed, period_of, rule_of
from engine.core.workflow.declaration import Label, TimerRule, Workflow

MOST = 200


@dataclass(frozen=True, slots=True)
class Coming:
    """
    One automatic event to come.

    `at` is when it acts, `due` the instant the rule names. `state` is where the matter is after it, `moves` whether
    it gets there by this event. `who` is told to act or answer. `period` repeats it. `version` and `line` name the
    rule in `file`.
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


def forecast(matter: Matter, *, now: datetime, workflow: Workflow, world: World) -> tuple[Coming, ...]:
    """Return every coming automatic event of *matter* if nobody acts, in order; a repeating one once."""
    coming: list[Coming] = []
    shown: set[tuple[str, str, int]] = set()
    while matter.is_open and len(coming) < MOST:
        timer = _next(workflow, matter, world, shown)
        if timer is None:
            break
        at = max(now, timer.fire)
        decision = decide(workflow, matter, Fire(matter=matter.id, timer=timer), now=at, world=world)
        rule = rule_of(workflow, matter, timer.clock, timer.rule)
        if not isinstance(decision, Decision) or rule is None:
            break
        if rule.at.anchor == "every":
            shown.add((timer.clock, timer.rule, timer.visit))
        if not decision.occurrence.data.get("passed_over"):
            coming.append(_coming(workflow, timer, rule, decision))
        matter, now = decision.after, at
    return tuple(coming)


def _next(workflow: Workflow, matter: Matter, world: World, shown: set[tuple[str, str, int]]) -> Timer | None:
    timers = armed(workflow, matter, world)
    return next((timer for timer in timers if (timer.clock, timer.rule, timer.visit) not in shown), None)


def _coming(workflow: Workflow, timer: Timer, rule: TimerRule, decision: Decision) -> Coming:
    after, before = decision.after, decision.before
    state = workflow.states[after.state]
    moves = before is not None and (before.state != after.state or before.visit != after.visit)
    limits = workflow.limits
    in_limits = limits is not None and rule.where.file == limits.file
    return Coming(
        at=decision.occurrence.at, due=timer.due, do=rule.do, clock=timer.clock, rule=rule.id, state=after.state,
        level=after.level, moves=moves, ends=state.final, who=_who(rule, decision), period=period_of(rule),
        provisional=timer.provisional, reason=rule.reason,
        version=limits.version if limits is not None and in_limits else workflow.version,
        file=rule.where.file, line=rule.where.line,
    )  # fmt: skip


def _who(rule: TimerRule, decision: Decision) -> Holder | None:
    after = decision.after
    return after.answers if rule.do is Do.SUPERVISE else (after.stands_in or after.holder)


def final_by(coming: tuple[Coming, ...]) -> datetime | None:
    """Return when the matter has ended at the latest if nobody acts, or None if it may stay open."""
    return next((event.at for event in coming if event.ends is not None), None)


def next_move(coming: tuple[Coming, ...]) -> Coming | None:
    """Return the next event that takes the matter somewhere else."""
    return next((event for event in coming if event.moves), None)
