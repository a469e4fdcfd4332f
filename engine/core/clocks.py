"""
Starting, holding and moving the clocks of a matter.

A clock's due instant is always computed from its recorded facts (start, limit, changes), never moved by hand, so the
stored instant can be checked against them at any time.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from engine.core.clock.duration import Duration
from engine.core.clock.running_clock import Remaining, percent, remaining, resume
from engine.core.clock.working_calendar import DueInstant, WorkingCalendar
from engine.core.draft import Draft
from engine.core.facts import duration, duration_of, facts_of
from engine.core.matter import (
    REVIEW_CLOCK,
    SETTLE_CLOCK,
    STATE_CLOCK,
    Change,
    Clock,
    Matter,
    Suspended,
    level_clock,
    milestone_clock,
    named_clock,
)
from engine.core.terms import Stops
from engine.core.workflow.declaration import Due, State, Workflow

NAMED_PREFIX = "named."


def due_of(clock: Clock, calendar: WorkingCalendar) -> DueInstant | None:
    """Return the due instant that follows from the clock's facts; None while it is held or without a limit."""
    if clock.is_held or not clock.limit:
        return None
    due = _own_end(clock, calendar)
    if clock.not_after is not None and clock.not_after < due.at:
        return DueInstant(at=clock.not_after, provisional=False)
    return due


def _own_end(clock: Clock, calendar: WorkingCalendar) -> DueInstant:
    """When the clock would end, were it not capped."""
    limit = duration(clock.limit)
    return moved(calendar.due(clock.counted_from, limit), clock=clock, limit=limit, calendar=calendar, grants=True)


def moved(instant: DueInstant, *, clock: Clock, limit: Duration, calendar: WorkingCalendar, grants: bool) -> DueInstant:
    """Return *instant* of a clock after its holds (and, with *grants*, its extensions) have moved it."""
    at, provisional = instant.at, instant.provisional
    for change in clock.changes:
        if change.more is not None:
            if grants:
                more = duration(change.more)
                moved_to = calendar.due(change.at, more) if change.anew else calendar.extend(at, more)
                at, provisional = moved_to.at, provisional or moved_to.provisional
        elif change.until is not None:
            left = remaining(calendar, at, at=change.at, unit=limit.unit)
            moved_to = resume(calendar, change.until, left=left)
            at, provisional = moved_to.at, provisional or moved_to.provisional
    return DueInstant(at=at, provisional=provisional)


def percent_of(clock: Clock, share: int, calendar: WorkingCalendar) -> DueInstant:
    """Return the instant at which *share* percent of the clock's own time is used."""
    limit = duration(clock.limit)
    if clock.not_after is not None and clock.not_after < _own_end(clock, calendar).at:
        reached = _share_of_cap(clock, share, cap=clock.not_after, calendar=calendar)
    else:
        reached = percent(calendar, clock.counted_from, duration=limit, pct=share)
    return moved(reached, clock=clock, limit=limit, calendar=calendar, grants=False)


def _share_of_cap(clock: Clock, share: int, *, cap: datetime, calendar: WorkingCalendar) -> DueInstant:
    """When that share of the time is used which a capped clock has: up to the cap, without what it was held."""
    if cap <= clock.counted_from:
        return DueInstant(at=cap, provisional=False)
    unit = duration(clock.limit).unit
    holds = [
        (change.at, min(change.until, cap))
        for change in clock.changes
        if change.more is None and change.until is not None and change.at < cap
    ]
    own = -remaining(calendar, clock.counted_from, at=cap, unit=unit).seconds
    own += sum(remaining(calendar, since, at=until, unit=unit).seconds for since, until in holds)
    reached = resume(calendar, clock.counted_from, left=Remaining(own * share // 100, working=unit.working))
    return DueInstant(at=min(reached.at, cap), provisional=reached.provisional)


def begin(
    draft: Draft,
    key: str,
    limit: Duration | None,
    *,
    calendar_id: str,
    not_after: datetime | None = None,
    since: datetime | None = None,
) -> None:
    """Start clock *key* now; its limit counts from *since* (now). Without one it only carries timers of its start."""
    clock = Clock(
        visit=draft.seq,
        started=draft.now,
        since=since if since != draft.now else None,
        limit=str(limit) if limit else "",
        calendar=calendar_id,
        not_after=not_after,
    )
    draft.put("clocks", key, _indexed(draft, clock))


def _indexed(draft: Draft, clock: Clock) -> Clock:
    return indexed(clock, draft.world.calendar(clock.calendar))


def indexed(clock: Clock, calendar: WorkingCalendar) -> Clock:
    """Return *clock* with the due instant that follows from its facts."""
    due = due_of(clock, calendar)
    if due is None:
        return msgspec.structs.replace(clock, due=None, provisional=False)
    return msgspec.structs.replace(clock, due=due.at, provisional=due.provisional)


def begin_state_clocks(draft: Draft, state: State) -> None:
    """Start the clocks that belong to one visit of *state*: its own, its milestones, its review."""
    calendar_id = draft.calendar_of(state)
    if state.due is not None or state.timers:
        limit = limit_now(draft, state.due) if state.due is not None else None
        opened = draft.get("filed") if state.due is not None and state.due.given else None
        begin(draft, STATE_CLOCK, limit, calendar_id=calendar_id, since=opened)
    for milestone in state.milestones.values():
        begin(draft, milestone_clock(milestone.id), milestone.within, calendar_id=calendar_id)
    if state.review is not None:
        begin(draft, REVIEW_CLOCK, None, calendar_id=calendar_id)


def end_state_clocks(draft: Draft) -> dict[str, Clock]:
    """Take away and return the clocks of the state that is being left."""
    gone = {key: clock for key, clock in draft.clocks.items() if belongs_to_state(key)}
    draft.set(clocks={key: clock for key, clock in draft.clocks.items() if key not in gone})
    return gone


def belongs_to_state(key: str) -> bool:
    """Whether clock *key* lives for one visit of a state."""
    return key in (STATE_CLOCK, REVIEW_CLOCK, SETTLE_CLOCK) or key.startswith("milestone.")


def limit_now(draft: Draft, due: Due, *, since: datetime | None = None) -> Duration | None:
    """Return what *due* grants a clock that starts at *since* (now)."""
    return duration_of(
        due,
        workflow=draft.workflow,
        facts=draft.facts(since),
        klass=draft.get("klass"),
        given=draft.get("given"),
    )


def begin_level(draft: Draft, level_id: str) -> None:
    """Start the budget of a level at the first entry to it; later entries find it running."""
    level = draft.workflow.levels[level_id]
    key = level_clock(level_id)
    if level.budget is not None and key not in draft.clocks:
        calendar_id = level.calendar or draft.workflow.calendar or draft.world.default_calendar
        begin(draft, key, limit_now(draft, level.budget), calendar_id=calendar_id)


def hold(draft: Draft, keys: Iterable[str]) -> None:
    """Hold running clocks from now on."""
    for key in keys:
        clock = draft.clocks[key]
        if not clock.is_held and clock.ended is None and clock.limit:
            draft.put("clocks", key, _indexed(draft, _with(clock, Change(at=draft.now))))


def release(draft: Draft, keys: Iterable[str]) -> None:
    """Let held clocks run on from now: what remained then remains now, in the same kind of time."""
    for key in keys:
        clock = draft.clocks[key]
        if clock.is_held:
            draft.put("clocks", key, released(clock, draft.now, draft.world.calendar(clock.calendar)))


def released(clock: Clock, now: datetime, calendar: WorkingCalendar) -> Clock:
    """Return a held clock as it runs on from *now*."""
    last = msgspec.structs.replace(clock.changes[-1], until=now)
    clock = msgspec.structs.replace(clock, changes=(*clock.changes[:-1], last))
    return indexed(clock, calendar)


def held(clock: Clock, now: datetime) -> Clock:
    """Return a running clock as it is held from *now*."""
    if clock.is_held:
        return clock
    return msgspec.structs.replace(_with(clock, Change(at=now)), due=None, provisional=False)


def grant(draft: Draft, key: str, more: Duration, *, anew: bool) -> None:
    """Move a clock's end by *more*, from its old end or, *anew*, from now."""
    clock = _with(draft.clocks[key], Change(at=draft.now, more=str(more), anew=anew))
    draft.put("clocks", key, _indexed(draft, clock))


def _with(clock: Clock, change: Change) -> Clock:
    return msgspec.structs.replace(clock, changes=(*clock.changes, change))


def stopped_by(state: State, clocks: Iterable[str]) -> tuple[str, ...]:
    """Keys of the clocks that *state* holds still."""
    if state.stops is None:
        return ()
    if state.stops is Stops.LEVEL:
        own = level_clock(state.level) if state.level else None
        return tuple(key for key in clocks if key == own or (own is None and key.startswith("level.")))
    return tuple(key for key in clocks if key.startswith(("level.", NAMED_PREFIX)))


def meet_named(draft: Draft, happened: Iterable[str]) -> None:
    """Start and end named clocks at what *happened*: `filed`, `final`, marks, states, `level.<id>`."""
    now_true = frozenset(happened)
    for clock in draft.workflow.clocks.values():
        key = named_clock(clock.id)
        if clock.start in now_true and key not in draft.clocks:
            limit = limit_now(draft, clock.limit)
            not_after = draft.get("external_due") if clock.not_after_external else None
            calendar_id = draft.workflow.calendar or draft.world.default_calendar
            begin(draft, key, limit, calendar_id=calendar_id, not_after=not_after)
        running = draft.clocks.get(key)
        if running is not None and running.ended is None and (clock.until in now_true or _was(draft, clock.until)):
            release(draft, (key,))
            draft.change_clock(key, ended=draft.now)


def _was(draft: Draft, mark: str) -> bool:
    return mark in draft.get("marks")


def meet_milestones(draft: Draft, happened: Iterable[str]) -> None:
    """Take away the milestones of this visit that an action or a mark has met."""
    now_true = frozenset(happened)
    for milestone in draft.state.milestones.values():
        key = milestone_clock(milestone.id)
        if key in draft.clocks and now_true.intersection(milestone.met_by):
            draft.put("clocks", key, None)


def recompute_limits(draft: Draft) -> tuple[str, ...]:
    """
    Give the running clocks, suspended ones too, the limits that the changed fields choose, from their own start.

    Only what the fields change counts: a counter or a level that has changed since the start moves no clock.
    Returns: keys of the clocks of this visit that got another limit.
    """
    changed = []
    for key, clock in draft.clocks.items():
        fresh = _with_new_limit(draft, key, clock, draft.state)
        if fresh is not clock:
            draft.put("clocks", key, fresh)
            changed.append(key)
    draft.set(suspended=tuple(_with_new_limits(draft, kept) for kept in draft.get("suspended")))
    return tuple(changed)


def _with_new_limits(draft: Draft, kept: Suspended) -> Suspended:
    state = draft.workflow.states[kept.state]
    clocks = {key: _with_new_limit(draft, key, clock, state) for key, clock in kept.clocks.items()}
    return kept if clocks == kept.clocks else msgspec.structs.replace(kept, clocks=clocks)


def _with_new_limit(draft: Draft, key: str, clock: Clock, state: State) -> Clock:
    due = declared_due(draft.workflow, key, state)
    if clock.ended is not None or due is None or due.given:
        return clock
    limit = limit_now(draft, due, since=clock.started)
    text = str(limit) if limit else ""
    if text == clock.limit or text == _limit_before(draft, due, clock):
        return clock
    return _indexed(draft, msgspec.structs.replace(clock, limit=text))


def _limit_before(draft: Draft, due: Due, clock: Clock) -> str:
    """What *due* would grant now, had the fields not changed."""
    matter = msgspec.structs.replace(draft.matter(), fields=draft.before.fields, klass=draft.before.klass)
    day = draft.world.calendar(draft.calendar_of(draft.state)).local(clock.started).date()
    facts = facts_of(draft.workflow, matter, day=day)
    limit = duration_of(due, workflow=draft.workflow, facts=facts, klass=matter.klass, given=matter.given)
    return str(limit) if limit else ""


def declared_due(workflow: Workflow, key: str, state: State) -> Due | None:
    """Return what the flow grants clock *key*, the one of a state being that of *state*."""
    if key == STATE_CLOCK:
        return state.due
    kind, _, name = key.partition(".")
    if kind == "level" and name in workflow.levels:
        return workflow.levels[name].budget
    if kind == "named" and name in workflow.clocks:
        return workflow.clocks[name].limit
    return None


def recompute_calendar(draft: Draft) -> bool:
    """Compute every running clock's end anew from the calendar as it now is; whether any moved."""
    any_moved = False
    for key, clock in draft.clocks.items():
        fresh = _indexed(draft, clock) if clock.ended is None else clock
        if fresh != clock:
            draft.put("clocks", key, fresh)
            any_moved = True
    return any_moved


def is_spent(matter: Matter, level_id: str | None, now: datetime) -> bool:
    """Whether the budget of a level is used up at *now*."""
    clock = matter.clocks.get(level_clock(level_id)) if level_id else None
    return clock is not None and clock.due is not None and clock.due <= now
