"""Due instants and working time: LANGUAGE, Durations and clocks; the way of counting is Civil Code 200-204."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.core.clock.calendar_rules import CalendarRules
from engine.core.clock.duration import Duration, Unit
from engine.core.clock.explanation import DayLine, day_lines
from engine.core.clock.instants import (
    DAY,
    FIRST_YEAR,
    HOUR,
    LAST_YEAR,
    MINUTE,
    SECOND,
    from_microseconds,
    out_of_range,
    to_microseconds,
)
from engine.core.clock.open_time import DayYear, OpenTime, check_year, day_intervals, day_year
from engine.core.clock.zone_time import EPOCH_DAY, first_instant, local_wall
from engine.errors import BadOffset

REMEMBERED = 4096
_ACCRUED = {Unit.MINUTES: MINUTE, Unit.HOURS: HOUR, Unit.WORKING_MINUTES: MINUTE, Unit.WORKING_HOURS: HOUR}


class DueInstant(NamedTuple):
    """An aware UTC instant, and whether a year without its table had a part in it."""

    at: datetime
    provisional: bool


class WorkingCalendar:
    """
    A calendar that answers when something is due and how much time was used.

    Immutable; years are laid out when first asked for. All instants in and out are aware, out always UTC.

    Raises everywhere:
        NaiveInstant: an instant has no zone.
        BadInput: the answer lies outside 1900 to 2200.
    """

    def __init__(self, rules: CalendarRules) -> None:
        self.rules = rules
        self.id = rules.id
        self.zone: ZoneInfo = rules.zone
        self.digest = rules.digest
        self._settled = _settled_days(rules)
        self._settled_from, self._settled_until = (
            first_instant(rules.zone, (day - EPOCH_DAY) * DAY) for day in (self._settled.start, self._settled.stop)
        )
        self._open = OpenTime(rules)
        self._days: dict[int, DayYear] = {}
        self._due: dict[Unit, Callable[[int, datetime, int], tuple[int, bool]]] = {
            Unit.MINUTES: self._elapsed_due(MINUTE),
            Unit.HOURS: self._elapsed_due(HOUR),
            Unit.WORKING_MINUTES: self._working_due(MINUTE),
            Unit.WORKING_HOURS: self._working_due(HOUR),
            Unit.DAYS: self._days_due,
            Unit.DAYS_ROLL: self._days_roll_due,
            Unit.WORKING_DAYS: self._working_days_due,
        }
        # Many matters fall due at one closing time, and ask the same sums of it.
        self._shifted = lru_cache(REMEMBERED)(self._shift)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkingCalendar) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"WorkingCalendar({self.id!r}, {self.digest[:12]})"

    # -- asking about one instant or day

    def local(self, instant: datetime) -> datetime:
        """The instant in the calendar's own local time."""
        to_microseconds(instant)
        return instant.astimezone(self.zone)

    def is_open(self, instant: datetime) -> bool:
        """Whether the instant lies in a window."""
        at = to_microseconds(instant)
        return self._open.next_opening(at) == at

    def is_working_day(self, day: date) -> bool:
        """Whether any window opens on that local day."""
        working = self._day_year(day.year).working
        index = bisect_left(working, day.toordinal())
        return index < len(working) and working[index] == day.toordinal()

    def next_opening(self, instant: datetime) -> DueInstant:
        """The instant itself if open, else the next opening."""
        at = to_microseconds(instant)
        return self._dated(at, self._open.next_opening(at), last=1)

    # -- budgets

    def due(self, start: datetime, duration: Duration) -> DueInstant:
        """
        Return when a budget begun at *start* ends.

        Source: Civil Code 201 (the first day is not counted, hours run from the instant), 203 (roll, 24:00 or
        close of business).
        """
        at, provisional = self._due[duration.unit](to_microseconds(start), start, duration.amount)
        return DueInstant(from_microseconds(at), provisional)

    def explain(self, start: datetime, duration: Duration) -> tuple[DayLine, ...]:
        """Say day by day why `due(start, duration)` is what it is."""
        begun, end = to_microseconds(start), self.due(start, duration)
        until = to_microseconds(end.at)

        def used_on(day: date) -> int:
            ordinal = day.toordinal()
            left, right = max(begun, self._day_end(ordinal - 1)), min(until, self._day_end(ordinal))
            if left >= right:
                return 0
            return self._open.used(left, right) if duration.unit.working else right - left

        first = date.fromordinal(self._local_day(start))
        # 24:00 is told on the day it ends, a closing after midnight on the day its window opened.
        by_days, before = duration.unit.by_days, from_microseconds(max(begun, until - 1))
        last = date.fromordinal(self._belonging(end.at)[0] if by_days else self._local_day(before))
        return day_lines(self.rules, duration, first=first, last=max(first, last), used_on=used_on)

    def elapsed(self, start: datetime, end: datetime, *, unit: Unit) -> int:
        """
        Return the largest amount of *unit* that, begun at *start*, is used up at *end*; 0 where end is earlier.

        So `elapsed(start, due(start, d), unit=d.unit)` is the amount of d (for `d roll`, where days fall on one
        due instant, the largest of them).
        """
        left, right = to_microseconds(start), to_microseconds(end)
        if right <= left:
            return 0
        match unit:
            case Unit.MINUTES | Unit.HOURS:
                return (right - left) // _ACCRUED[unit]
            case Unit.WORKING_MINUTES | Unit.WORKING_HOURS:
                return self._open.used(left, right) // _ACCRUED[unit]
            case Unit.WORKING_DAYS:
                return self._working_days_between(self._local_day(start), right, self._local_day(end))
            case Unit.DAYS | Unit.DAYS_ROLL:
                return self._days_between(start, end, unit)

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Whole seconds of open time from *start* to *end*, rounded down; negative where *end* is earlier."""
        left, right = to_microseconds(start), to_microseconds(end)
        used = self._open.used(left, right) if left <= right else -self._open.used(right, left)
        return used // SECOND

    # -- moving along

    def shift(self, instant: datetime, duration: Duration, *, sign: int) -> DueInstant:
        """
        Move an instant later (*sign* 1) or earlier (-1) in the kind of time of *duration*.

        Days keep the clock time: `d` moves by calendar days, `wd` to the n-th next or previous working day. 24:00,
        and the part of a window after midnight with its closing, belong to the day that began them. Backwards in
        working time an instant that falls on a closed stretch is its opening, the later end of it.

        Raises:
            BadOffset: the duration rolls; a shift has no last day that could.
        """
        return self._shifted(instant, duration.amount, duration.unit, sign)

    def _shift(self, instant: datetime, amount: int, unit: Unit, sign: int) -> DueInstant:
        at = to_microseconds(instant)
        if unit is Unit.DAYS_ROLL:
            raise BadOffset(found=f"due{'+' if sign > 0 else '-'}{amount}{unit.value}", suggestion="", hint="")
        if unit.by_days:
            return self._shift_days(instant, sign * amount, working=unit.working)
        if not unit.working:
            return DueInstant(from_microseconds(at + sign * amount * _ACCRUED[unit]), False)
        if amount == 0:
            return DueInstant(from_microseconds(at), False)
        length = amount * _ACCRUED[unit]
        return self._dated(at, self._open.advance(at, length) if sign > 0 else self._open.retreat(at, length))

    def advance(self, start: datetime, seconds: int) -> DueInstant:
        """Use up that many seconds of open time; none: *start* if open, else the next opening."""
        at = to_microseconds(start)
        return self._dated(at, self._open.advance(at, seconds * SECOND), last=0 if seconds > 0 else 1)

    def earliest_before(self, end: datetime, seconds: int) -> DueInstant:
        """The earliest instant from which no more than that many seconds of open time pass until *end*."""
        at = to_microseconds(end)
        return self._dated(at, self._open.retreat_to_closing(at, seconds * SECOND))

    def extend(self, due: datetime, length: Duration) -> DueInstant:
        """
        Count *length* from an old due instant; 24:00 and a closing after midnight belong to the day that began them.
        """
        if not length.unit.by_days:
            return self.due(due, length)
        midnight = (self._belonging(due)[0] - EPOCH_DAY) * DAY
        return self.due(from_microseconds(first_instant(self.zone, midnight)), length)

    def opening_days(self, first: date, last: date) -> tuple[date, ...]:
        """The working days from *first* to *last*, both included."""
        return tuple(
            date.fromordinal(ordinal)
            for year in range(first.year, last.year + 1)
            for ordinal in self._day_year(year).working
            if first.toordinal() <= ordinal <= last.toordinal()
        )

    def day_end(self, day: date) -> datetime:
        """24:00 of a local day."""
        return from_microseconds(self._day_end(day.toordinal()))

    # -- years

    def _day_year(self, year: int) -> DayYear:
        found = self._days.get(year)
        if found is None:
            check_year(year)
            found = self._days[year] = day_year(self.rules, year)
        return found

    def _local_day(self, instant: datetime) -> int:
        return instant.astimezone(self.zone).toordinal()

    def _dated(self, since: int, at: int, *, last: int = 0) -> DueInstant:
        """Mark *at*, found from *since*, by the years between; the later of them counts only if *last* is 1."""
        early, late = min(since, at), max(since, at)
        return DueInstant(from_microseconds(at), self._unsettled(early, max(early, late + last - 1)))

    def _unsettled(self, early: int, late: int) -> bool:
        if self._settled_from <= early and late < self._settled_until:
            return False
        return self._provisional(self._local_day(from_microseconds(early)), self._local_day(from_microseconds(late)))

    def _provisional(self, one: int, other: int) -> bool:
        if one in self._settled and other in self._settled:
            return False
        first, last = _year_of(min(one, other)), _year_of(max(one, other))
        return not all(self.rules.has_table(year) for year in range(first, last + 1))

    # -- budgets, in microseconds

    def _elapsed_due(self, unit: int) -> Callable[[int, datetime, int], tuple[int, bool]]:
        return lambda start, _instant, amount: (start + amount * unit, False)

    def _working_due(self, unit: int) -> Callable[[int, datetime, int], tuple[int, bool]]:
        def due(start: int, _instant: datetime, amount: int) -> tuple[int, bool]:
            at = self._open.advance(start, amount * unit)
            # Used up exactly at 24:00, a budget has no part in the day that begins there; an opening has.
            return at, self._unsettled(start, at - 1 if amount else at)

        return due

    def _days_due(self, _start: int, instant: datetime, amount: int) -> tuple[int, bool]:
        return self._day_end(self._local_day(instant) + amount), False

    def _days_roll_due(self, _start: int, instant: datetime, amount: int) -> tuple[int, bool]:
        last = self._local_day(instant) + amount
        rolled, _closing = self._nth_working_day(last - 1, 1)
        return self._day_end(rolled), self._provisional(last, rolled)

    def _working_days_due(self, _start: int, instant: datetime, amount: int) -> tuple[int, bool]:
        first = self._local_day(instant)
        last, closing = self._nth_working_day(first, amount)
        return closing, self._provisional(first + 1, last)

    def _day_end(self, ordinal: int) -> int:
        year = self._day_year(_year_of(ordinal))
        return year.ends[ordinal - year.first]

    def _nth_working_day(self, ordinal: int, count: int) -> tuple[int, int]:
        """The ordinal and closing of the count-th working day after (before, if negative) the day *ordinal*."""
        number = _year_of(ordinal)
        year = self._day_year(number)
        if count > 0:
            index = bisect_right(year.working, ordinal) + count - 1
            while index >= len(year.working):
                index -= len(year.working)
                number += 1
                year = self._day_year(number)
        else:
            index = bisect_left(year.working, ordinal) + count
            while index < 0:
                number -= 1
                year = self._day_year(number)
                index += len(year.working)
        return year.working[index], year.closings[index]

    def _working_days_between(self, first: int, until: int, last: int) -> int:
        """Working days after the day *first* that have closed at *until*, an instant of the day *last*."""
        count = 0
        for number in range(_year_of(first), _year_of(last) + 1):
            year = self._day_year(number)
            closed = bisect_right(year.working, last)
            # A closing after midnight, or a day still open, is not used up yet.
            while closed and year.closings[closed - 1] > until:
                closed -= 1
            count += max(0, closed - bisect_right(year.working, first))
        return count

    def _days_between(self, start: datetime, end: datetime, unit: Unit) -> int:
        until = to_microseconds(end)
        amount = self._local_day(end) - self._local_day(start)
        while amount > 0 and self._due[unit](0, start, amount)[0] > until:
            amount -= 1
        return amount

    # -- days by clock time

    def _belonging(self, instant: datetime) -> tuple[int, int]:
        """The day an instant belongs to, and its clock time there, which passes 24:00 in a window over midnight."""
        wall = local_wall(instant, self.zone)
        ordinal, time = EPOCH_DAY + wall // DAY, wall % DAY
        if time == 0 or (self.rules.crosses_midnight and self._in_night_of(ordinal - 1, to_microseconds(instant))):
            return ordinal - 1, time + DAY
        return ordinal, time

    def _in_night_of(self, ordinal: int, at: int) -> bool:
        return any(left < at <= right for left, right in day_intervals(self.rules, ordinal))

    def _shift_days(self, instant: datetime, count: int, *, working: bool) -> DueInstant:
        day, time = self._belonging(instant)
        target = self._nth_working_day(day, count)[0] if working else day + count
        at = first_instant(self.zone, (target - EPOCH_DAY) * DAY + time)
        return DueInstant(from_microseconds(at), working and self._provisional(day, target))


def _settled_days(rules: CalendarRules) -> range:
    """The newest unbroken run of days whose years have their tables: asked first, as nearly every day lies in it."""
    if not rules.knows_holidays:
        return range(date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR + 1, 1, 1).toordinal())
    last = max(rules.tables, default=FIRST_YEAR)
    first = last
    while first - 1 in rules.tables:
        first -= 1
    until = last + 1 if last in rules.tables else last
    return range(date(first, 1, 1).toordinal(), date(until, 1, 1).toordinal())


def _year_of(ordinal: int) -> int:
    try:
        return date.fromordinal(ordinal).year
    except (ValueError, OverflowError) as error:
        raise out_of_range(f"第 {ordinal} 天") from error
