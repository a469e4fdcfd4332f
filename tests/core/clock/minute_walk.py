"""
A second calendar, written from the language page alone: it walks minute by minute and shares no code with ours.

Slow and plain on purpose: for every minute it asks the wall what it shows and looks the answer up in the windows.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
ONE_DAY = timedelta(days=1)
Span = tuple[str, str]
SHOWN = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60)]


@dataclass(eq=False)
class Walk:
    """A calendar over the minutes from *since* to *until*; weekly windows by weekday, Monday is 0."""

    zone: str
    since: datetime
    until: datetime
    weekly: dict[int, list[Span]]
    breaks: list[Span] = field(default_factory=list)
    holidays: set[date] = field(default_factory=set)
    shifts: dict[date, list[Span]] = field(default_factory=dict)

    @cached_property
    def walls(self) -> list[datetime]:
        """What the wall shows at each minute."""
        zone, count = ZoneInfo(self.zone), int((self.until - self.since) / MINUTE)
        return [(self.since + i * MINUTE).astimezone(zone).replace(tzinfo=None) for i in range(count)]

    @cached_property
    def openers(self) -> list[list[date]]:
        """For each minute the days whose windows it lies in: its own, or the day before for one over midnight."""
        return [self._openers(wall) for wall in self.walls]

    def _openers(self, wall: datetime) -> list[date]:
        shown, day = SHOWN[wall.hour * 60 + wall.minute], wall.date()
        today, yesterday = self._written(day), self._written(day - ONE_DAY)
        if not today and not yesterday:
            return []
        if any(self._in(shown, a, b) or (b < a and self._after(shown, b)) for a, b in self.breaks):
            return []
        own = any(self._in(shown, a, b) for a, b in today)
        night = any(b < a and self._after(shown, b) for a, b in yesterday)
        return [day] * own + [day - ONE_DAY] * night

    @staticmethod
    def _in(shown: str, start: str, end: str) -> bool:
        return start <= shown and (shown < end or end < start)

    @staticmethod
    def _after(shown: str, end: str) -> bool:
        return shown < end

    def _written(self, day: date) -> list[Span]:
        if day in self.holidays:
            return []
        return self.shifts.get(day, self.weekly.get(day.weekday(), []))

    @cached_property
    def closings(self) -> dict[date, int]:
        """The minute at which each working day has closed."""
        found: dict[date, int] = {}
        for index, days in enumerate(self.openers):
            for day in days:
                found[day] = index + 1
        latest = 0
        for day in sorted(found):
            latest = found[day] = max(latest, found[day])
        return found

    def index(self, instant: datetime) -> int:
        """The number of the minute of an instant."""
        return int((instant - self.since) / MINUTE)

    def instant(self, index: int) -> datetime:
        """The instant of the number of a minute."""
        return (self.since + index * MINUTE).astimezone(UTC)

    def working(self, start: int, amount: int, *, paused: frozenset[int] = frozenset()) -> int:
        """Walk until *amount* open minutes are used up; none: the first open minute."""
        index = start
        if amount == 0:
            while not self.openers[index]:
                index += 1
            return index
        while amount:
            amount -= bool(self.openers[index]) and index not in paused
            index += 1
        return index

    def working_back(self, end: int, amount: int) -> int:
        """Walk back until *amount* open minutes lie behind."""
        while amount:
            end -= 1
            amount -= bool(self.openers[end])
        return end

    def used(self, start: int, end: int) -> int:
        """Count the open minutes between."""
        return sum(1 for index in range(start, end) if self.openers[index])

    def nth_working_day(self, day: date, count: int) -> date:
        """The count-th working day after (before, if negative) a day."""
        step = ONE_DAY if count > 0 else -ONE_DAY
        for _ in range(abs(count)):
            day += step
            while day not in self.closings:
                day += step
        return day

    def working_days(self, start: int, amount: int) -> int:
        """The closing of the amount-th working day after the day of the start."""
        return self.closings[self.nth_working_day(self.walls[start].date(), amount)]

    def days(self, start: int, amount: int) -> int:
        """24:00 of the amount-th day after the day of the start."""
        return self.day_over(start, self.walls[start].date() + amount * ONE_DAY)

    def days_roll(self, start: int, amount: int) -> int:
        """The same, rolled to a day with windows."""
        last = self.walls[start].date() + amount * ONE_DAY
        return self.day_over(start, last if last in self.closings else self.nth_working_day(last, 1))

    def day_over(self, start: int, day: date) -> int:
        """The first minute that no longer belongs to *day*."""
        while self.walls[start].date() <= day:
            start += 1
        return start

    def same_time(self, instant: int, count: int) -> int:
        """The same clock time count working days on; 00:00 counts as 24:00 of the day before."""
        wall = self.walls[instant]
        midnight = f"{wall:%H:%M}" == "00:00"
        day = wall.date() - ONE_DAY if midnight else wall.date()
        target = self.nth_working_day(day, count)
        aim = datetime.combine(target + ONE_DAY if midnight else target, wall.time())
        return next(index for index, shown in enumerate(self.walls) if shown >= aim)
