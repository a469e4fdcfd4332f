"""A clock as a pure function of what was recorded of it: its start, its budget, its pauses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from engine.core.clock.duration import Duration, Offset, Unit
from engine.core.clock.instants import SECOND, format_instant, from_microseconds, to_microseconds
from engine.core.clock.working_calendar import DueInstant, WorkingCalendar
from engine.errors import BadInput


@dataclass(frozen=True, slots=True)
class Remaining:
    """
    What is left of a clock: whole seconds, negative when overdue, working seconds where *working*.

    `late` tells an instant that has come from one that has not where both are no open time away.
    """

    seconds: int
    working: bool
    late: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which a clock stood still; `until` is None while it still does."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """Everything recorded of one clock; pauses in order, not overlapping, none before the start."""

    start: datetime
    duration: Duration
    pauses: tuple[Pause, ...] = ()


def due(calendar: WorkingCalendar, facts: ClockFacts) -> DueInstant | None:
    """
    Return when the clock ends, or None while it is paused.

    Raises:
        BadInput: the pauses overlap, run backwards or begin before the clock.
    """
    _check_pauses(facts, calendar.zone)
    return moved(calendar, calendar.due(facts.start, facts.duration), unit=facts.duration.unit, pauses=facts.pauses)


def moved(calendar: WorkingCalendar, instant: DueInstant, *, unit: Unit, pauses: Sequence[Pause]) -> DueInstant | None:
    """Move an instant of a clock in *unit* by every pause, also one begun after it; None while one has no end."""
    for pause in pauses:
        if pause.until is None:
            return None
        instant = _after(calendar, instant, unit=unit, since=pause.since, until=pause.until)
    return instant


def moved_until_reached(
    calendar: WorkingCalendar, instant: DueInstant, *, unit: Unit, pauses: Sequence[Pause]
) -> DueInstant | None:
    """The same for a timer that fires once: a pause begun after it has fired no longer moves it."""
    for pause in pauses:
        if pause.since >= instant.at:
            return instant
        if pause.until is None:
            return None
        instant = _after(calendar, instant, unit=unit, since=pause.since, until=pause.until)
    return instant


def _after(
    calendar: WorkingCalendar, instant: DueInstant, *, unit: Unit, since: datetime, until: datetime
) -> DueInstant:
    left = remaining(calendar, instant.at, at=since, unit=unit)
    resumed = resume(calendar, until, left=left)
    return DueInstant(resumed.at, instant.provisional or resumed.provisional)


def _check_pauses(facts: ClockFacts, zone: tzinfo) -> None:
    free_from: datetime | None = facts.start
    for pause in facts.pauses:
        if free_from is None or pause.since < free_from or (pause.until is not None and pause.until < pause.since):
            until = format_instant(pause.until, zone) if pause.until else ""
            after = f"不早于 {format_instant(free_from, zone)}、" if free_from else "前一段结束以后、"
            raise BadInput(
                where="暂停",
                found=f"{format_instant(pause.since, zone)}/{until}",
                expected=f"{after}先后不重叠的一段",
            )
        free_from = pause.until


def percent(calendar: WorkingCalendar, start: datetime, *, duration: Duration, pct: int) -> DueInstant:
    """Return when that share of the clock's own time is used, rounded down to the second."""
    end = calendar.due(start, duration)
    if duration.unit.working:
        reached = calendar.advance(start, calendar.working_seconds(start, end.at) * pct // 100)
        return DueInstant(reached.at, end.provisional or reached.provisional)
    begun = to_microseconds(start)
    seconds = (to_microseconds(end.at) - begun) * pct // (100 * SECOND)
    return DueInstant(from_microseconds(begun + seconds * SECOND), end.provisional)


def remaining(calendar: WorkingCalendar, due_at: datetime, *, at: datetime, unit: Unit) -> Remaining:
    """
    Return what is left at *at*: working time for `wm wh wd`, elapsed for the rest.

    A begun second counts as a whole one, so a pause never shortens a promise.
    """
    late = at >= due_at
    if unit.working:
        return Remaining(-calendar.working_seconds(due_at, at), working=True, late=late)
    return Remaining(-((to_microseconds(at) - to_microseconds(due_at)) // SECOND), working=False, late=late)


def resume(calendar: WorkingCalendar, at: datetime, *, left: Remaining) -> DueInstant:
    """
    Return when a clock resumed at *at* ends: what remained, from then, in the same kind of time.

    An overdue clock stays overdue by as much: its due instant lies before *at*.
    """
    if not left.working:
        return DueInstant(from_microseconds(to_microseconds(at) + left.seconds * SECOND), False)
    if left.late or left.seconds < 0:
        return calendar.earliest_before(at, -left.seconds)
    return calendar.advance(at, left.seconds)


def lateness(calendar: WorkingCalendar, due_at: datetime, *, at: datetime, unit: Unit) -> Remaining:
    """Return by how much the clock is overdue at *at*, in the kind of time of its budget; `late` means `at >= due`."""
    left = remaining(calendar, due_at, at=at, unit=unit)
    return replace(left, seconds=max(0, -left.seconds))


def recurrence(calendar: WorkingCalendar, entry: datetime, *, every: Duration, count: int) -> DueInstant:
    """Return the *count*-th instant of `every <duration>` after the entry, counting from 1."""
    return calendar.due(entry, replace(every, amount=every.amount * count))


def offset_instant(
    calendar: WorkingCalendar, offset: Offset, *, facts: ClockFacts, end: DueInstant, count: int = 1
) -> DueInstant | None:
    """
    Return the instant of a timer on a clock, or None while the clock is paused.

    Args:
        end: what `end` means here (due plus `more`, which only the caller knows).
        count: which repetition of `every` is meant.
    """
    pauses = facts.pauses
    match offset.anchor:
        case "entry":
            return DueInstant(facts.start, False)
        case "end":
            return end
        case "every" if offset.duration is not None:
            planned = recurrence(calendar, facts.start, every=offset.duration, count=count)
            return moved_until_reached(calendar, planned, unit=offset.duration.unit, pauses=pauses)
        case "percent":
            planned = percent(calendar, facts.start, duration=facts.duration, pct=offset.percent)
            return moved_until_reached(calendar, planned, unit=facts.duration.unit, pauses=pauses)
    fixed = due(calendar, facts)
    if fixed is None or offset.duration is None:
        return fixed
    shifted = calendar.shift(fixed.at, offset.duration, sign=offset.sign)
    return DueInstant(shifted.at, fixed.provisional or shifted.provisional)
