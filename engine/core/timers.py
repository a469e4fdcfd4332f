"""
Which timers a matter has armed: a pure function of its clocks, its workflow and the calendars.

After each change the set is computed anew and compared with the one before; what is stored is an index of it.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from engine.core.clock.duration import Duration, Offset, parse_offset
from engine.core.clock.working_calendar import DueInstant, WorkingCalendar
from engine.core.clocks import moved, percent_of
from engine.core.facts import duration
from engine.core.matter import REVIEW_CLOCK, STATE_CLOCK, Clock, Matter, Timer, level_clock
from engine.core.scope import World
from engine.core.terms import Covers, Do
from engine.core.workflow.declaration import TimerRule, Where, Workflow

RANK_LEVEL, RANK_LATE, RANK_OWN, RANK_LADDER, RANK_REVIEW, RANK_NAMED, RANK_MILESTONE = (
    1000, 2000, 3000, 4000, 5000, 6000, 7000,
)  # fmt: skip
LATE = "late"
REVIEW = "review"
OVER_BUDGET = "over_budget"


def armed(workflow: Workflow, matter: Matter, world: World) -> tuple[Timer, ...]:
    """Return every timer *matter* should have armed, in the order in which they would act."""
    if not matter.is_open:
        return ()
    timers = [
        timer
        for key, clock in matter.clocks.items()
        if clock.ended is None and not clock.is_held
        for timer in _timers_of(workflow, matter, key, clock, world)
    ]
    return tuple(sorted(timers, key=lambda timer: (timer.fire, timer.rank, timer.due)))


def rules_of(workflow: Workflow, matter: Matter, key: str) -> tuple[TimerRule, ...]:
    """Return the rules that count on clock *key* of *matter*, lateness among them, in the order they act."""
    return tuple(rule for _, rule in ranked_rules(workflow, matter, key))


def rule_of(workflow: Workflow, matter: Matter, key: str, rule_id: str) -> TimerRule | None:
    """Return the rule of that id on clock *key*."""
    return next((rule for _, rule in ranked_rules(workflow, matter, key) if rule.id == rule_id), None)


def ranked_rules(workflow: Workflow, matter: Matter, key: str) -> tuple[tuple[int, TimerRule], ...]:
    """Return the rules of clock *key* with their ranks."""
    if key == STATE_CLOCK:
        return _state_rules(_Flow(workflow), matter.state, matter.klass)
    kind, _, name = key.partition(".")
    if kind == "level":
        current = key == level_clock(matter.level) if matter.level else False
        return _level_rules(_Flow(workflow), name) if current else ()
    if kind == "named":
        return _named_rules(_Flow(workflow), name)
    if kind == "milestone":
        milestone = workflow.states[matter.state].milestones.get(name)
        return ((RANK_MILESTONE, milestone.overdue),) if milestone else ()
    return _review_rules(_Flow(workflow), matter.state) if key == REVIEW_CLOCK else ()


class _Flow:
    """A workflow as a key of the caches below, by its content hash."""

    __slots__ = ("digest", "workflow")

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.digest = workflow.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Flow) and other.digest == self.digest


@lru_cache(maxsize=8192)
def _state_rules(flow: _Flow, state_id: str, klass: str) -> tuple[tuple[int, TimerRule], ...]:
    workflow, state = flow.workflow, flow.workflow.states[state_id]
    rules = [
        (RANK_LATE if rule.do is Do.LATE else (RANK_LADDER if rule.from_ladder else RANK_OWN) + place, rule)
        for place, rule in enumerate(workflow.rules_of_state(state_id, klass))
    ]
    holder = workflow.roles.get(state.held_by) if state.held_by else None
    is_own = holder is not None and holder.covers is Covers.OWN
    if is_own:
        return tuple((rank, rule) for rank, rule in rules if rule.do is not Do.LATE)
    if state.due is not None and not any(rule.do is Do.LATE and rule.at.anchor == "due" for _, rule in rules):
        rules.append((RANK_LATE, lateness(state.due.where)))
    return tuple(rules)


@lru_cache(maxsize=1024)
def _level_rules(flow: _Flow, level_id: str) -> tuple[tuple[int, TimerRule], ...]:
    rule = flow.workflow.levels[level_id].over_budget
    return ((RANK_LEVEL, rule),) if rule is not None else ()


@lru_cache(maxsize=1024)
def _named_rules(flow: _Flow, clock_id: str) -> tuple[tuple[int, TimerRule], ...]:
    clock = flow.workflow.clocks[clock_id]
    rules = tuple((RANK_NAMED + 1 + place, rule) for place, rule in enumerate(clock.timers))
    if any(rule.do is Do.LATE for rule in clock.timers):
        return rules
    return ((RANK_NAMED, lateness(clock.limit.where)), *rules)


@lru_cache(maxsize=1024)
def _review_rules(flow: _Flow, state_id: str) -> tuple[tuple[int, TimerRule], ...]:
    state = flow.workflow.states[state_id]
    if state.review is None:
        return ()
    return ((RANK_REVIEW, _rule(REVIEW, parse_offset(f"every {state.review}"), Do.PROGRESS, state.where)),)


def lateness(where: Where) -> TimerRule:
    """The rule that records lateness where none is written: late is a fact, whether a rule says so or not."""
    return _rule(LATE, parse_offset("due"), Do.LATE, where)


def _rule(rule_id: str, at: Offset, do: Do, where: Where) -> TimerRule:
    return TimerRule(
        id=rule_id, at=at, do=do, to=None, to_role=None, more=None, tell=(), keep=False, fires_at_opening=False,
        limit=None, when=None, reason=None, from_ladder=False, where=where,
    )  # fmt: skip


def _timers_of(workflow: Workflow, matter: Matter, key: str, clock: Clock, world: World) -> Iterator[Timer]:
    calendar = world.calendar(clock.calendar)
    for rank, rule in ranked_rules(workflow, matter, key):
        repeats = rule.at.anchor == "every"
        if (rule.id in clock.fired and not repeats) or _is_used_up(matter, rule):
            continue
        slot = clock.repeats.get(rule.id, 0) + 1
        due = instant_of(rule.at, clock, calendar, slot=slot)
        if due is None or (due.at < clock.started):
            continue
        fire = calendar.next_opening(due.at) if rule.fires_at_opening else due
        yield Timer(
            matter=matter.id, clock=key, rule=rule.id, visit=clock.visit, due=due.at, fire=fire.at, rank=rank,
            slot=slot, provisional=due.provisional or fire.provisional,
        )  # fmt: skip


def _is_used_up(matter: Matter, rule: TimerRule) -> bool:
    return rule.limit is not None and matter.uses.get(use_of_rule(matter.state, rule.id), 0) >= rule.limit


def use_of_rule(state: str, rule_id: str) -> str:
    """Key under which firings of a rule are counted for its `limit`."""
    return f"{state}.@{rule_id}"


def instant_of(at: Offset, clock: Clock, calendar: WorkingCalendar, *, slot: int) -> DueInstant | None:
    """Return the instant *at* names on *clock*; None where it needs a due instant the clock does not have."""
    if at.anchor == "entry":
        return DueInstant(at=clock.started, provisional=False)
    if at.anchor == "every":
        return _nth(at, clock, calendar, slot)
    if clock.due is None:
        return None
    if at.anchor == "percent":
        return percent_of(clock, at.percent, calendar)
    due = DueInstant(at=clock.due, provisional=clock.provisional)
    if at.duration is None:
        return due
    shifted = calendar.shift(due.at, at.duration, sign=at.sign)
    return DueInstant(at=shifted.at, provisional=due.provisional or shifted.provisional)


def _nth(at: Offset, clock: Clock, calendar: WorkingCalendar, slot: int) -> DueInstant:
    assert at.duration is not None  # Offset promises it for this anchor
    period = at.duration
    whole = Duration(amount=period.amount * slot, unit=period.unit)
    return moved(calendar.due(clock.started, whole), clock=clock, limit=whole, calendar=calendar, grants=False)


def next_due(timers: tuple[Timer, ...]) -> datetime | None:
    """Return when the first of *timers* acts."""
    return min((timer.fire for timer in timers), default=None)


def period_of(rule: TimerRule) -> Duration | None:
    """Return how often *rule* repeats, or None if it acts once."""
    return duration(str(rule.at.duration)) if rule.at.anchor == "every" and rule.at.duration else None
