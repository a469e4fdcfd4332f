"""Calendars of many shapes, each written twice: as ours and as a walk."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import chinese_calendar

from engine.core.clock.calendar_rules import CalendarRules, Window, YearTable
from engine.core.clock.working_calendar import WorkingCalendar
from tests.core.clock.minute_walk import Span, Walk

OFFICE: list[Span] = [("08:30", "12:00"), ("13:30", "17:30")]
OFFICE_WEEK = dict.fromkeys(range(5), OFFICE)


def china(since: str, until: str) -> Walk:
    """Office hours in China, its days asked of an independent package."""
    days = [date.fromordinal(n) for n in range(date(2024, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    return Walk(
        "Asia/Shanghai",
        _at(since),
        _at(until),
        OFFICE_WEEK,
        holidays={day for day in days if not chinese_calendar.is_workday(day)},
        shifts={day: OFFICE for day in days if chinese_calendar.is_workday(day) and day.weekday() > 4},
    )


def walks() -> dict[str, Walk]:
    """Every shape, over the weeks in which its zone or table is at its most awkward."""
    night: dict[int, list[Span]] = {day: [("20:00", "02:30")] for day in range(5)} | {5: [("09:00", "13:00")]}
    small: dict[int, list[Span]] = {day: [("00:30", "03:15"), ("05:00", "06:00")] for day in range(7)}
    overlapping: dict[int, list[Span]] = {day: [("05:00", "07:00"), ("20:00", "06:00")] for day in range(0, 7, 2)}
    always: dict[int, list[Span]] = {day: [("00:00", "24:00")] for day in range(7)}
    grid: dict[int, list[Span]] = {day: [("08:00", "20:30")] for day in range(7)}
    skipped: dict[int, list[Span]] = dict.fromkeys(range(5), OFFICE) | {6: [("02:00", "03:00")]}
    long_night: dict[int, list[Span]] = {0: [("20:00", "19:00")], 1: [("09:00", "17:00")], 3: [("09:00", "12:00")]}
    cuts: list[Span] = [("12:00", "13:30"), ("17:30", "18:30")]
    return {
        "national day": china("2026-09-10", "2026-11-10"),
        "spring festival": china("2026-01-20", "2026-03-20"),
        "nights, clock forward": Walk("America/New_York", _at("2026-02-20"), _at("2026-04-10"), night),
        "nights, clock back": Walk(
            "America/New_York", _at("2026-10-15"), _at("2026-12-05"), night, breaks=[("23:45", "00:15")]
        ),
        "half an hour forward": Walk("Australia/Lord_Howe", _at("2026-09-20"), _at("2026-11-01"), small),
        "half an hour back": Walk("Australia/Lord_Howe", _at("2026-03-20"), _at("2026-05-01"), small),
        "china 1986 forward": Walk(
            "Asia/Shanghai", _at("1986-04-15"), _at("1986-06-10"), always, breaks=[("23:30", "00:30")]
        ),
        "a window skipped whole": Walk("America/New_York", _at("2026-02-20"), _at("2026-04-10"), skipped),
        "a night longer than the next day": Walk("Asia/Shanghai", _at("2026-03-10"), _at("2026-05-01"), long_night),
        "china 1991 back": Walk("Asia/Shanghai", _at("1991-08-25"), _at("1991-10-20"), small),
        "evenings and breaks": Walk("Asia/Shanghai", _at("2026-12-05"), _at("2027-01-20"), grid, breaks=cuts),
        "nights into mornings": Walk("Europe/London", _at("2026-03-10"), _at("2026-05-01"), overlapping),
        "shifts and holidays": Walk(
            "America/New_York",
            _at("2026-02-20"),
            _at("2026-04-10"),
            night,
            breaks=[("01:00", "01:15")],
            holidays={date(2026, 3, 6), date(2026, 3, 9)},
            shifts={
                date(2026, 3, 8): [("01:30", "04:00")],
                date(2026, 3, 10): [],
                date(2026, 3, 15): [("22:00", "03:00")],
            },
        ),
    }


def ours(walk: Walk, *, name: str = "ours") -> WorkingCalendar:
    """The calendar of the same content, made of our own types; every year the walk touches has a table."""
    years = range(1985, 2029)
    tables = {
        year: YearTable(
            year,
            {day: "" for day in walk.holidays if day.year == year},
            {day: _windows(spans) for day, spans in walk.shifts.items() if day.year == year},
        )
        for year in years
    }
    weekly = tuple(_windows(walk.weekly.get(day, [])) for day in range(7))
    return WorkingCalendar(CalendarRules(name, ZoneInfo(walk.zone), weekly, _windows(walk.breaks), tables))


def _windows(spans: list[Span]) -> tuple[Window, ...]:
    pairs = [(_minutes(start), _minutes(end)) for start, end in spans]
    return tuple(Window(start, end if end > start else end + 1440) for start, end in pairs)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
