"""
Which timers a matter has armed: a pure function of its clocks, its workflow and the calendars.

After each change the set is computed anew and compared with the one before; what is stored is an index of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Protocol, TypeAlias

from engine.core.clock.duration import Duration, Offset, parse_offset
from engine.core.clock.working_calendar import DueInstant, WorkingCalendar
from engine.core.clocks import belongs_to_state, moved, percent_of
from engine.core.draft import Draft
from engine.core.facts import calendar_of, duration
from engine.core.matter import REVIEW_CLOCK, SETTLE_CLOCK, STATE_CLOCK, Clock, Matter, Timer, level_clock
from engine.core.scope import World
from engine.core.terms import Covers, Do
from engine.core.workflow.declaration import TimerRule, Workflow
from engine.core.workflow.machine import LATE_TOO
from engine.core.workflow.written import Where

RANK_LEVEL, RANK_LATE, RANK_OWN, RANK_LADDER, RANK_REVIEW, RANK_NAMED, RANK_MILESTONE = (
    1000, 2000, 3000, 4000, 5000, 6000, 900_000,
)  # fmt: skip
# What somebody pressed before goes first.
RANK_SETTLE = 500
PER_CLOCK = 200
AT_DUE = parse_offset("due")
LATE = "late"
ATTENTION = frozenset({Do.REMIND, Do.WARN, Do.LATE})
REVIEW = "review"
SETTLE = Do.SETTLE.value


def armed(workflow: Workflow, matter: Matter, world: World) -> tuple[Timer, ...]:
    """Return every timer *matter* should have armed, in the order in which they would act."""
    if not matter.is_open:
        return ()
    timers = [
        timer
        for key, clock in matter.clocks.items()
        for rank, rule in _rules(workflow, matter, key).ranked
        if (timer := _timer(workflow, matter, key, clock, rank, rule, world)) is not None
    ]
    return tuple(sorted(timers, key=turn))


def turn(timer: Timer) -> tuple[object, ...]:
    """What orders the timers of one matter: the instant at which they act, then their rank."""
    return (timer.fire, timer.rank, timer.due, timer.clock)


def standing(workflow: Workflow, matter: Matter, world: World, timer: Timer) -> Timer | None:
    """Return the timer *matter* should have armed under the key of *timer*, or None if that visit has passed."""
    clock = matter.clocks.get(timer.clock)
    if clock is None or not matter.is_open:
        return None
    pair = _rules(workflow, matter, timer.clock).by_id.get(timer.rule)
    found = _timer(workflow, matter, timer.clock, clock, *pair, world) if pair is not None else None
    return found if found is not None and found.key == timer.key else None


def rearmed(
    workflow: Workflow, before: Matter | None, after: Matter, world: World, *, acted: Timer | None = None
) -> tuple[tuple[Timer, ...], tuple[Timer, ...]]:
    """
    Return the timers to arm and to cancel between two moments of a matter.

    It looks only at what changed: the same as comparing `armed` of both, which a test holds it to.

    Args:
        acted: the timer that made the change, as `standing` found it: its instant need not be computed again.
    """
    arm: list[Timer] = []
    cancel: list[Timer] = []
    old_clocks = before.clocks if before is not None and before.is_open else {}
    new_clocks = after.clocks if after.is_open else {}
    same_rules = before is not None and _rules_alike(before, after)
    for key in {**old_clocks, **new_clocks}:
        old, new = old_clocks.get(key), new_clocks.get(key)
        if old is new and same_rules:
            continue
        has = _rules(workflow, after, key) if new is not None else _NO_RULES
        had = has
        if not same_rules or old is None or new is None:
            had = _rules(workflow, before, key) if before is not None and old is not None else _NO_RULES
        for pair in _touched(old, new, had, has):
            was = now = None
            if before is not None and old is not None and pair in had.ranked:
                is_known = acted is not None and (acted.clock, acted.rule, acted.visit) == (key, pair[1].id, old.visit)
                was = acted if is_known else _timer(workflow, before, key, old, *pair, world)
            if new is not None and pair in has.ranked:
                now = _timer(workflow, after, key, new, *pair, world)
            if was != now:
                cancel += [was] if was is not None else []
                arm += [now] if now is not None else []
    return tuple(arm), tuple(cancel)


def _rules_alike(before: Matter, after: Matter) -> bool:
    """Whether both moments have the same rules for every clock, used up as much."""
    return (
        before.state == after.state
        and before.klass == after.klass
        and before.level == after.level
        and before.uses is after.uses
    )


Ranked: TypeAlias = tuple[tuple[int, TimerRule], ...]


@dataclass(frozen=True, slots=True)
class _Rules:
    """
    The rules of a clock with their ranks, in the order they act, and by id.

    `aside` are the ids of those whose timers hang on more than their clock's time and their own firings.
    """

    ranked: Ranked
    by_id: Mapping[str, tuple[int, TimerRule]]
    aside: frozenset[str]


def _with_index(ranked: Ranked) -> _Rules:
    return _Rules(
        ranked=ranked,
        by_id={rule.id: (rank, rule) for rank, rule in ranked},
        aside=frozenset(rule.id for _, rule in ranked if rule.limit is not None or rule.at.anchor == "end"),
    )


_NO_RULES = _with_index(())


def _touched(old: Clock | None, new: Clock | None, had: _Rules, has: _Rules) -> Iterable[tuple[int, TimerRule]]:
    """Rules whose timers may differ between two moments of a clock."""
    if had is not has:
        return dict.fromkeys((*had.ranked, *has.ranked))
    touched = has.aside
    if old is not new:
        if old is None or new is None or _facts(old) != _facts(new):
            return has.ranked
        touched = touched.union({*old.fired} ^ {*new.fired})
        if old.repeats is not new.repeats:
            touched = touched.union(rule for rule, _ in old.repeats.items() ^ new.repeats.items())
    return [pair for pair in has.ranked if pair[1].id in touched]


_facts = attrgetter("visit", "started", "since", "limit", "calendar", "due", "changes", "ended")


class Standing(Protocol):
    """Where a matter stands: what the rules of its clocks go by."""

    @property
    def state(self) -> str:
        """The state."""

    @property
    def level(self) -> str | None:
        """The level."""

    @property
    def klass(self) -> str:
        """The class."""


def rules_of(workflow: Workflow, matter: Standing, key: str) -> tuple[TimerRule, ...]:
    """Return the rules that count on clock *key* of *matter*, lateness among them, in the order they act."""
    return tuple(rule for _, rule in _rules(workflow, matter, key).ranked)


def rule_of(workflow: Workflow, matter: Standing, key: str, rule_id: str) -> TimerRule | None:
    """Return the rule of that id on clock *key*."""
    pair = _rules(workflow, matter, key).by_id.get(rule_id)
    return pair[1] if pair is not None else None


def _rules(workflow: Workflow, matter: Standing, key: str) -> _Rules:
    """Return the rules of clock *key*: the same object for the same flow, state, level, class and clock."""
    # The same text read from another place names another file in its rules.
    name = (workflow.digest, workflow.file, matter.state, matter.level, matter.klass, key)
    known = _RULES.get(name)
    if known is None:
        if len(_RULES) > MOST_CACHED:
            _RULES.clear()
        known = _RULES[name] = _with_index(_rules_of_clock(workflow, matter, key))
    return known


MOST_CACHED = 50_000
_RULES: dict[tuple[str, str, str, str | None, str, str], _Rules] = {}


def _rules_of_clock(workflow: Workflow, matter: Standing, key: str) -> Ranked:
    if key == STATE_CLOCK:
        return _state_rules(workflow, matter.state, matter.klass)
    kind, _, name = key.partition(".")
    if kind == "level":
        current = matter.level is not None and key == level_clock(matter.level)
        return _level_rules(workflow, name) if current else ()
    if kind == "named":
        return _named_rules(workflow, name)
    if kind == "milestone":
        milestone = workflow.states[matter.state].milestones.get(name)
        place = list(workflow.states[matter.state].milestones).index(name) if milestone else 0
        return ((RANK_MILESTONE + place, milestone.overdue),) if milestone else ()
    if key == SETTLE_CLOCK:
        return ((RANK_SETTLE, _rule(SETTLE, AT_DUE, Do.SETTLE, workflow.states[matter.state].where)),)
    return _review_rules(workflow, matter.state) if key == REVIEW_CLOCK else ()


def _state_rules(workflow: Workflow, state_id: str, klass: str) -> tuple[tuple[int, TimerRule], ...]:
    state = workflow.states[state_id]
    rules = [
        ((RANK_LATE if rule.do is Do.LATE else RANK_LADDER if rule.from_ladder else RANK_OWN) + place, rule)
        for place, rule in enumerate(workflow.rules_of_state(state_id, klass), 1)
    ]
    holder = workflow.roles.get(state.held_by) if state.held_by else None
    if holder is not None and holder.covers is Covers.OWN:
        return tuple((rank, rule) for rank, rule in rules if rule.do is not Do.LATE)
    if state.due is not None:
        rules += _lateness_beside([rule for _, rule in rules], rank=RANK_LATE, where=state.due.where)
    return tuple(rules)


def _lateness_beside(rules: Sequence[TimerRule], *, rank: int, where: Where) -> tuple[tuple[int, TimerRule], ...]:
    """The recording of lateness, unless one of *rules* records it at the due instant whatever else is true."""
    if any(rule.do is Do.LATE and rule.at == AT_DUE and _always_acts(rule) for rule in rules):
        return ()
    taken = any(rule.id == LATE for rule in rules)
    return ((rank, _rule(LATE_TOO if taken else LATE, AT_DUE, Do.LATE, where)),)


def _always_acts(rule: TimerRule) -> bool:
    return rule.when is None and rule.limit is None and not rule.fires_at_opening


def _level_rules(workflow: Workflow, level_id: str) -> tuple[tuple[int, TimerRule], ...]:
    rule = workflow.levels[level_id].over_budget
    return ((RANK_LEVEL, rule),) if rule is not None else ()


def _named_rules(workflow: Workflow, clock_id: str) -> tuple[tuple[int, TimerRule], ...]:
    clock = workflow.clocks[clock_id]
    first = RANK_NAMED + list(workflow.clocks).index(clock_id) * PER_CLOCK
    rules = tuple(
        (first + (place if rule.do is Do.LATE else place + PER_CLOCK // 2), rule)
        for place, rule in enumerate(clock.timers, 1)
    )
    return (*_lateness_beside(clock.timers, rank=first, where=clock.limit.where), *rules)


def _review_rules(workflow: Workflow, state_id: str) -> tuple[tuple[int, TimerRule], ...]:
    state = workflow.states[state_id]
    if state.review is None:
        return ()
    return ((RANK_REVIEW, _rule(REVIEW, parse_offset(f"every {state.review}"), Do.PROGRESS, state.where)),)


def _rule(rule_id: str, at: Offset, do: Do, where: Where) -> TimerRule:
    return TimerRule(
        id=rule_id, at=at, do=do, to=None, to_role=None, more=None, tell=(), keep=False, fires_at_opening=False,
        limit=None, when=None, reason=None, from_ladder=False, where=where,
    )  # fmt: skip


def _timer(
    workflow: Workflow, matter: Matter, key: str, clock: Clock, rank: int, rule: TimerRule, world: World
) -> Timer | None:
    if clock.ended is not None or clock.is_held or (rule.id in clock.fired and rule.at.anchor != "every"):
        return None
    if rule.limit is not None and matter.uses.get(use_of_rule(matter.state, key, rule.id), 0) >= rule.limit:
        return None
    slot = clock.repeats.get(rule.id, 0) + 1
    calendar = world.calendar(clock.calendar)
    if rule.at.anchor == "end":
        due = _end(workflow, matter, key, clock, calendar)
    else:
        due = instant_of(rule.at, clock, calendar, slot=slot)
    if due is None or (due.at < clock.started and rule.at.anchor != "end" and rule.at.sign <= 0 and rule.at != AT_DUE):
        return None
    fire = due
    if rule.fires_at_opening:
        left = calendar if belongs_to_state(key) else world.calendar(_calendar_left(workflow, matter, world))
        fire = left.next_opening(due.at)
    return Timer(
        matter=matter.id, clock=key, rule=rule.id, visit=clock.visit, due=due.at, fire=fire.at, rank=rank, slot=slot,
        provisional=due.provisional or fire.provisional,
    )  # fmt: skip


def _calendar_left(workflow: Workflow, matter: Matter, world: World) -> str:
    return calendar_of(workflow, matter.state, world.default_calendar)


def _end(workflow: Workflow, matter: Matter, key: str, clock: Clock, calendar: WorkingCalendar) -> DueInstant | None:
    """When the time ends that a reassignment grants: counted from its own instant while it has not acted."""
    if clock.due is None:
        return None
    for rule in rules_of(workflow, matter, key):
        if rule.more is not None and rule.id not in clock.fired:
            given = instant_of(rule.at, clock, calendar, slot=1)
            return calendar.due(given.at, rule.more) if given is not None else None
    return DueInstant(at=clock.due, provisional=clock.provisional)


def ring_again(draft: Draft, key: str) -> None:
    """
    Let what only tells, and the recording of lateness, act once more on a clock whose end has moved.

    A new promise is kept in sight like the first; a rule whose instant lies in the past does not act twice.
    """
    clock = draft.clocks.get(key)
    if clock is None or clock.due is None:
        return
    calendar, matter = draft.world.calendar(clock.calendar), draft.matter()
    again = {
        rule.id
        for rule in rules_of(draft.workflow, matter, key)
        if rule.id in clock.fired
        and rule.do in ATTENTION
        and rule.at.anchor == "due"
        and (at := instant_of(rule.at, clock, calendar, slot=1)) is not None
        and at.at > draft.now
    }
    if again:
        fired = tuple(rule for rule in clock.fired if rule not in again)
        repeats = {**clock.repeats, **{rule: clock.repeats.get(rule, 0) + 1 for rule in sorted(again)}}
        draft.change_clock(key, fired=fired, repeats=repeats)


def use_of_rule(state: str, clock: str, rule_id: str) -> str:
    """Key under which firings of a rule are counted for its `limit`: of its state, or of its clock across states."""
    if clock == STATE_CLOCK:
        return f"{state}.@{rule_id}"
    return f"{state if belongs_to_state(clock) else ''}.@{clock}.{rule_id}"


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
    if at.duration is None:
        return DueInstant(at=clock.due, provisional=clock.provisional)
    shifted = calendar.shift(clock.due, at.duration, sign=at.sign)
    return DueInstant(at=shifted.at, provisional=True) if clock.provisional else shifted


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
