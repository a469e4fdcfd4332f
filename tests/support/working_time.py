"""
A second way to count a clock's time, sharing no sums with the product: it reads the written windows day by day.

Slow and plain on purpose. It knows only zones without summer time in the years of the lives.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from engine.core.clock.calendar_rules import CalendarRules
from engine.core.clock.duration import Unit, parse_duration
from engine.core.matter import Clock

DAY_MINUTES = 1440
ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


class OpenDays:
    """The days of one calendar, each looked up once."""

    def __init__(self, rules: CalendarRules) -> None:
        self._rules = rules
        self._known: dict[date, tuple[Span, ...]] = {}

    def used(self, span: Span, *, working: bool) -> float:
        """Seconds of *span* in which time of that kind passes."""
        start, end = span
        if not working:
            return (end - start).total_seconds()
        total, until = 0.0, start
        day, last = self._day(start) - ONE_DAY, self._day(end)
        while day <= last:
            for opened, closed in self._open_on(day):
                left, right = max(opened, until), min(closed, end)
                if left < right:
                    total += (right - left).total_seconds()
                    until = right  # windows of two days may overlap at night: a minute counts once
            day += ONE_DAY
        return total

    def end_of_days(self, start: datetime, *, count: int, unit: Unit) -> datetime:
        """When *count* days after the day of *start* are over: at the last closing of a working day, else at 24:00."""
        day = self._day(start)
        if unit is not Unit.WORKING_DAYS:
            day += count * ONE_DAY
            while unit is Unit.DAYS_ROLL and not self._open_on(day):
                day += ONE_DAY
            return self._instant(day, DAY_MINUTES)
        while count:
            day += ONE_DAY
            count -= bool(self._open_on(day))
        return self._open_on(day)[-1][1]

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self._rules.zone).date()

    def _instant(self, day: date, minute: int) -> datetime:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._rules.zone)
        return (midnight + timedelta(minutes=minute)).astimezone(UTC)

    def _open_on(self, day: date) -> tuple[Span, ...]:
        if day not in self._known:
            self._known[day] = tuple(
                (self._instant(day, start), self._instant(day, end)) for start, end in self._stretches(day)
            )
        return self._known[day]

    def _stretches(self, day: date) -> Iterator[tuple[int, int]]:
        """Minutes from 00:00 of *day* at which it opens and closes."""
        table = self._rules.tables.get(day.year)
        if table is not None and day in table.holidays:
            return
        shift = table.shifts.get(day) if table is not None else None
        written = self._rules.weekly[day.weekday()] if shift is None else shift
        cut = {minute % DAY_MINUTES for pause in self._rules.breaks for minute in range(pause.start, pause.end)}
        open_ = {m for window in written for m in range(window.start, window.end) if m % DAY_MINUTES not in cut}
        starts = sorted(m for m in open_ if m - 1 not in open_)
        yield from zip(starts, sorted(m + 1 for m in open_ if m + 1 not in open_), strict=True)


def fault_of_clock(clock: Clock, days: OpenDays) -> str | None:
    """Say why *clock* does not end when its time, without what it was held, is used up; None where it does."""
    holds = [(one.at, one.until) for one in clock.changes if one.until is not None]
    granted = any(one.more is not None for one in clock.changes)
    if clock.due is None or granted or clock.due == clock.not_after or any(clock.due < until for _, until in holds):
        return None
    limit = parse_duration(clock.limit)
    start, unit = clock.counted_from, limit.unit
    if unit.by_days:
        end = days.end_of_days(start, count=limit.amount, unit=unit)
        given = days.used((start, end), working=unit.working)
        if not holds and clock.due != end:
            return f"{limit} from {start} ends at {clock.due}, not at {end}"
    else:
        given = limit.amount * (3600.0 if unit in (Unit.HOURS, Unit.WORKING_HOURS) else 60.0)
    spent = days.used((start, clock.due), working=unit.working)
    spent -= sum(days.used(span, working=unit.working) for span in holds)
    # A begun second of a hold counts as a whole one.
    if abs(spent - given) > len(holds):
        return f"{limit} from {start} to {clock.due} without {holds} is {spent} s, not {given} s"
    return None
