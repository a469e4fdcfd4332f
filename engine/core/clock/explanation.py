"""Why a due instant is what it is, day by day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from engine.core.clock.calendar_rules import CalendarRules, DayKind
from engine.core.clock.duration import Duration, Unit
from engine.core.clock.instants import MINUTE, SECOND

UsedOn = Callable[[date], int]


class Counted(StrEnum):
    """What a day did for the count."""

    START = "start"
    DAY = "day"
    TIME = "time"
    NOTHING = "nothing"
    ROLLED = "rolled"


@dataclass(frozen=True, slots=True)
class DayLine:
    """
    One day on the way from a start to its due instant.

    `count` is the number of the day for budgets in days, else 0; `seconds` is what the day used of a budget in
    minutes or hours, `total` what was used up to its end; `provisional` marks a day of a year without a table.
    """

    date: date
    kind: DayKind
    counted: Counted
    text: str
    count: int = 0
    seconds: int = 0
    total: int = 0
    provisional: bool = False


def day_lines(
    rules: CalendarRules, duration: Duration, *, first: date, last: date, used_on: UsedOn
) -> tuple[DayLine, ...]:
    """
    Explain a budget from the local day of its start to that of its due instant.

    Args:
        used_on: microseconds of the budget's kind of time that fall on a local day, within start and due.
    """
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    if duration.unit.by_days:
        return tuple(_counted_days(rules, duration, days))
    return tuple(_counted_time(rules, duration, days, used_on=used_on))


def _counted_days(rules: CalendarRules, duration: Duration, days: list[date]) -> Iterator[DayLine]:
    count = 0
    for index, day in enumerate(days):
        counted = _counts(rules, duration, day, index)
        count += counted is Counted.DAY
        said = _said(duration, counted, count, ends=day == days[-1])
        yield _line(rules, day, counted, said, count=count if counted is Counted.DAY else 0)


def _counts(rules: CalendarRules, duration: Duration, day: date, index: int) -> Counted:
    if index == 0:
        return Counted.START
    if duration.unit is Unit.WORKING_DAYS:
        return Counted.DAY if rules.windows(day) else Counted.NOTHING
    return Counted.DAY if index <= duration.amount else Counted.ROLLED


def _said(duration: Duration, counted: Counted, number: int, *, ends: bool) -> str:
    until = "，到下班时为止" if duration.unit is Unit.WORKING_DAYS else "，到 24:00 为止"
    match counted:
        case Counted.START:
            return "起算当天，不计"
        case Counted.DAY if ends or number < duration.amount:
            name = "个工作日" if duration.unit is Unit.WORKING_DAYS else "天"
            return f"第 {number} {name}{until if ends else ''}"
        case Counted.DAY:
            return f"第 {number} 天，不上班，往后顺延"
        case Counted.ROLLED:
            return f"顺延到这天{until}" if ends else "仍不上班，往后顺延"
    return "不计"


def _counted_time(rules: CalendarRules, duration: Duration, days: list[date], *, used_on: UsedOn) -> Iterator[DayLine]:
    total = 0
    name = "工作时间" if duration.unit.working else "时间"
    for day in days:
        used = used_on(day)
        total += used
        counted = Counted.TIME if used else Counted.NOTHING
        said = f"用去{name} {spoken(used)}，累计 {spoken(total)}" if used else "不计"
        yield _line(rules, day, counted, said, seconds=used // SECOND, total=total // SECOND)


def _line(
    rules: CalendarRules, day: date, counted: Counted, said: str, *, count: int = 0, seconds: int = 0, total: int = 0
) -> DayLine:
    return DayLine(
        date=day,
        kind=rules.kind(day),
        counted=counted,
        text=f"{day.isoformat()} {_WEEKDAYS[day.weekday()]}，{_named(rules, day)}：{said}",
        count=count,
        seconds=seconds,
        total=total,
        provisional=not rules.has_table(day.year),
    )


_WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_SATURDAY = 5


def _named(rules: CalendarRules, day: date) -> str:
    hours = "、".join(str(window) for window in rules.windows(day))
    match rules.kind(day):
        case DayKind.HOLIDAY:
            name = rules.holidays[day]
            return f"{name}放假" if name else "放假"
        case DayKind.SHIFT:
            name = "调休上班" if day.weekday() >= _SATURDAY else "另定时间"
            return f"{name}，{hours}" if hours else f"{name}，不上班"
        case DayKind.WEEKLY:
            unsure = "" if rules.has_table(day.year) else "（这一年的放假安排还没有，暂按平常算）"
            return f"{hours} 上班{unsure}"
    return "休息"


def spoken(microseconds: int) -> str:
    """Say an amount of time in hours and minutes, with seconds only where there are some."""
    minutes, rest = divmod(microseconds, MINUTE)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "小时"), (minutes, "分"), (rest // SECOND, "秒")]
    return " ".join(f"{amount} {name}" for amount, name in parts if amount) or "0 分"
