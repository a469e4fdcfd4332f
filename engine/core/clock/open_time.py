"""Open time of a calendar, one year at a time, in arrays a sum can be looked up in."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from itertools import accumulate
from typing import NamedTuple

from engine.core.clock.calendar_rules import CalendarRules
from engine.core.clock.instants import DAY, FIRST_YEAR, LAST_YEAR, MINUTE, from_microseconds, out_of_range
from engine.core.clock.zone_time import EPOCH_DAY, Stretch, first_instant, stretches, when_wall_shows

_MARGIN_DAYS = 3  # a window reaches one day past the day it opens, an offset at most one more

Interval = tuple[int, int]


class OpenYear(NamedTuple):
    """
    Open time within one year of UTC [start, end): united intervals and the open microseconds up to each.

    `before[i]` is what was open in the year up to `starts[i]`, `after[i]` up to `ends[i]`.
    """

    start: int
    end: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    total: int

    def used(self, at: int) -> int:
        """Open microseconds from the start of the year to *at*."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        return min(self.after[index], self.before[index] + at - self.starts[index])


class DayYear(NamedTuple):
    """
    The days of one local year.

    `ends[i]` is 24:00 of its day i; `working` are the ordinals of its days with open time and `closings` the end of
    the last window of each.
    """

    first: int
    ends: tuple[int, ...]
    working: tuple[int, ...]
    closings: tuple[int, ...]


class OpenTime:
    """The open time of all years in microseconds; a year is laid out when first asked for."""

    def __init__(self, rules: CalendarRules) -> None:
        self._rules = rules
        self._years: dict[int, OpenYear] = {}

    def _year(self, year: int) -> OpenYear:
        found = self._years.get(year)
        if found is None:
            check_year(year)
            found = self._years[year] = open_year(self._rules, year)
        return found

    def next_opening(self, at: int) -> int:
        """The instant itself if open, else the next opening."""
        number = _utc_year_of(at)
        while True:
            year = self._year(number)
            index = bisect_right(year.ends, at)
            if index < len(year.ends):
                return max(at, year.starts[index])
            number += 1

    def used(self, left: int, right: int) -> int:
        """Open time from *left* to *right*, which is not earlier."""
        first, last = _utc_year_of(left), _utc_year_of(right)
        used = self._year(last).used(right) - self._year(first).used(left)
        return used + sum(self._year(number).total for number in range(first, last))

    def advance(self, at: int, length: int) -> int:
        """The first instant by which *length* is used up, so a closing rather than the opening after it."""
        if length <= 0:
            return self.next_opening(at)
        number = _utc_year_of(at)
        year = self._year(number)
        target = year.used(at) + length
        while target > year.total:
            target -= year.total
            number += 1
            year = self._year(number)
        index = bisect_left(year.after, target)
        return year.ends[index] - (year.after[index] - target)

    def retreat(self, at: int, length: int) -> int:
        """The last instant from which *length* passes until *at*, so an opening rather than the closing before it."""
        number = _utc_year_of(at)
        year = self._year(number)
        target = year.used(at) - length
        while target < 0:
            number -= 1
            year = self._year(number)
            target += year.total
        index = bisect_right(year.before, target) - 1
        return year.starts[index] + target - year.before[index]

    def retreat_to_closing(self, at: int, length: int) -> int:
        """The first instant from which no more than *length* passes until *at*."""
        number = _utc_year_of(at)
        year = self._year(number)
        target = year.used(at) - length
        while target <= 0:
            number -= 1
            year = self._year(number)
            target += year.total
        index = bisect_left(year.after, target)
        return year.ends[index] - (year.after[index] - target)


def check_year(year: int) -> None:
    """
    Refuse a year no calendar reaches.

    Raises:
        BadInput: it lies outside 1900 to 2200.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise out_of_range(f"{year} 年")


def _utc_year_of(at: int) -> int:
    return from_microseconds(at).year


def open_year(rules: CalendarRules, year: int) -> OpenYear:
    """Collect, unite and add up the open time of a year of UTC."""
    first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    start, end = (first - EPOCH_DAY) * DAY, (last - EPOCH_DAY) * DAY
    parts = _stretches(rules, first, last)
    intervals: list[Interval] = []
    for ordinal in range(first - _MARGIN_DAYS, last + _MARGIN_DAYS):
        intervals += intervals_of(rules, ordinal, parts)
    united = _unite((max(left, start), min(right, end)) for left, right in sorted(intervals))
    lengths = [right - left for left, right in united]
    after = tuple(accumulate(lengths))
    before = tuple(total - length for total, length in zip(after, lengths, strict=True))
    starts, ends = tuple(left for left, _ in united), tuple(right for _, right in united)
    return OpenYear(start, end, starts, ends, before, after, after[-1] if after else 0)


def day_year(rules: CalendarRules, year: int) -> DayYear:
    """Lay out the days of a local year: where each ends, which are worked, when they close."""
    first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    parts = _stretches(rules, first, last)
    working, closings = [], []
    closing = max((right for _, right in intervals_of(rules, first - 1, parts)), default=parts[0].start)
    for ordinal in range(first, last):
        if intervals := intervals_of(rules, ordinal, parts):
            # A long night may outlast the next day's own windows: a later day never closes before an earlier one.
            closing = max(closing, *(right for _, right in intervals))
            working.append(ordinal)
            closings.append(closing)
    ends = tuple(_day_end(rules, ordinal, parts) for ordinal in range(first, last))
    return DayYear(first, ends, tuple(working), tuple(closings))


def intervals_of(rules: CalendarRules, ordinal: int, parts: tuple[Stretch, ...]) -> list[Interval]:
    """Return the stretches of UTC in which the windows that open on that day are open."""
    midnight = (ordinal - EPOCH_DAY) * DAY
    return [
        interval
        for window in rules.windows(date.fromordinal(ordinal))
        for interval in when_wall_shows(parts, midnight + window.start * MINUTE, midnight + window.end * MINUTE)
    ]


def day_intervals(rules: CalendarRules, ordinal: int) -> list[Interval]:
    """The same for a single day, without the stretches of a whole year at hand."""
    return intervals_of(rules, ordinal, _stretches(rules, ordinal, ordinal + 1))


def _stretches(rules: CalendarRules, first: int, last: int) -> tuple[Stretch, ...]:
    margin = 2 * _MARGIN_DAYS
    return stretches(rules.zone, (first - margin - EPOCH_DAY) * DAY, (last + margin - EPOCH_DAY) * DAY)


def _day_end(rules: CalendarRules, ordinal: int, parts: tuple[Stretch, ...]) -> int:
    midnight = (ordinal + 1 - EPOCH_DAY) * DAY
    shown = when_wall_shows(parts, midnight, midnight + 1)
    return shown[0][0] if shown else first_instant(rules.zone, midnight)


def _unite(intervals: Iterable[Interval]) -> list[Interval]:
    united: list[Interval] = []
    for left, right in intervals:
        if left >= right:
            continue
        if united and left <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], right))
        else:
            united.append((left, right))
    return united
