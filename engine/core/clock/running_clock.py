"""How much of a clock's time is used or left, in its own kind of time, and when that much has run."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.clock.duration import Duration, Unit
from engine.core.clock.instants import SECOND, from_microseconds, to_microseconds
from engine.core.clock.working_calendar import DueInstant, WorkingCalendar


@dataclass(frozen=True, slots=True)
class Remaining:
    """
    What is left of a clock: whole seconds, negative when overdue, working seconds where *working*.

    `late` tells an instant that has come from one that has not where both are no open time away.
    """

    seconds: int
    working: bool
    late: bool = False


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
