"""Known answers of the working calendar, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.clock.calendar_rules import CalendarRules, Window, YearTable, read_canonical
from engine.core.clock.duration import Duration, Unit, parse_duration
from engine.core.clock.working_calendar import WorkingCalendar
from engine.errors import BadCalendar, BadInput, BadOffset, NaiveInstant
from tests.core.clock.calendars import china, ours

CHINA = ours(china("2026-01-01", "2026-01-02"))
OFFICE = (Window(510, 720), Window(810, 1050))
NIGHTS = WorkingCalendar(
    CalendarRules("nights", ZoneInfo("Asia/Shanghai"), ((Window(1200, 1560),),) * 5 + ((),) * 2, knows_holidays=False)
)
UNTABLED = WorkingCalendar(CalendarRules("plain", ZoneInfo("Asia/Shanghai"), (OFFICE,) * 5 + ((),) * 2))


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """An instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "budget", "due"),
    [
        ("2026-11-04 17:05", "14wd", "2026-11-24 17:30"),
        ("2026-11-20 11:00", "3wd", "2026-11-25 17:30"),
        ("2026-11-20 14:20", "4wh", "2026-11-23 09:20"),
        ("2026-09-30 16:00", "4wh", "2026-10-08 11:00"),
        ("2026-10-08 09:30", "3wd", "2026-10-12 17:30"),
        ("2026-02-13 17:30", "1wd", "2026-02-14 17:30"),
        ("2026-11-20 13:30", "4wh", "2026-11-20 17:30"),
        ("2026-11-20 10:00", "2wh", "2026-11-20 12:00"),
        ("2026-11-20 17:30", "0wh", "2026-11-23 08:30"),
        ("2026-11-20 17:29", "0wm", "2026-11-20 17:29"),
        ("2026-11-21 10:00", "0wm", "2026-11-23 08:30"),
        ("2026-11-20 12:00", "1wm", "2026-11-20 13:31"),
        ("2026-11-20 00:00", "3d", "2026-11-24 00:00"),
        ("2026-11-20 23:59", "3d", "2026-11-24 00:00"),
        ("2026-09-29 09:00", "3d", "2026-10-03 00:00"),
        ("2026-09-29 09:00", "3d roll", "2026-10-09 00:00"),
        ("2026-10-08 09:00", "2d roll", "2026-10-11 00:00"),
        ("2026-09-30 16:00", "72h", "2026-10-03 16:00"),
        ("2026-09-30 16:00", "0m", "2026-09-30 16:00"),
    ],
)
def test_due_is_the_known_instant_when_in_china(start: str, budget: str, due: str) -> None:
    """Worked examples: the first day not counted, closing time, 24:00, make-up days, roll, zero budgets."""
    found = CHINA.due(at(start), parse_duration(budget))

    assert CHINA.local(found.at).strftime("%Y-%m-%d %H:%M") == due
    assert not found.provisional


@pytest.mark.parametrize(
    ("instant", "shift", "sign", "expected"),
    [
        ("2026-10-12 17:30", "1wd", 1, "2026-10-13 17:30"),
        ("2026-10-12 17:30", "3wd", 1, "2026-10-15 17:30"),
        ("2026-10-12 17:30", "1wd", -1, "2026-10-10 17:30"),
        ("2026-10-08 17:30", "1wd", -1, "2026-09-30 17:30"),
        ("2026-10-04 00:00", "1wd", -1, "2026-10-01 00:00"),
        ("2026-10-04 00:00", "1wd", 1, "2026-10-09 00:00"),
        ("2026-10-04 00:00", "1d", -1, "2026-10-03 00:00"),
        ("2026-11-23 09:20", "4wh", -1, "2026-11-20 14:20"),
        ("2026-11-23 09:30", "1wh", -1, "2026-11-23 08:30"),
        ("2026-11-20 17:30", "1wh", 1, "2026-11-23 09:30"),
        ("2026-11-23 09:20", "2h", -1, "2026-11-23 07:20"),
    ],
)
def test_shift_is_the_known_instant_when_in_china(instant: str, shift: str, sign: int, expected: str) -> None:
    """Working days keep the clock time, 24:00 belongs to the day it ends, the rest moves in its own kind of time."""
    found = CHINA.shift(at(instant), parse_duration(shift), sign=sign).at

    assert CHINA.local(found).strftime("%Y-%m-%d %H:%M") == expected


def test_shift_counts_a_closing_after_midnight_to_the_day_that_opened_it() -> None:
    """Friday's night that closes at 02:00 is Friday's: one working day on is Monday's closing, not Monday 02:00."""
    friday_closing = NIGHTS.due(at("2026-11-19 12:00"), parse_duration("1wd")).at

    later = NIGHTS.shift(friday_closing, parse_duration("1wd"), sign=1).at
    earlier = NIGHTS.shift(friday_closing, parse_duration("1wd"), sign=-1).at

    assert friday_closing == at("2026-11-21 02:00")
    assert later == at("2026-11-24 02:00")
    assert earlier == at("2026-11-20 02:00")
    assert NIGHTS.extend(friday_closing, parse_duration("1wd")).at == at("2026-11-24 02:00")


def test_shift_lands_after_the_gap_when_the_clock_time_was_skipped() -> None:
    """An hour skipped by summer time does not exist: the first instant after it stands in."""
    rules = CalendarRules("ny", ZoneInfo("America/New_York"), ((Window(0, 1440),),) * 7, knows_holidays=False)

    found = WorkingCalendar(rules).shift(at("2026-03-07 02:30", "America/New_York"), parse_duration("1wd"), sign=1).at

    assert found == at("2026-03-08 03:00", "America/New_York")


def test_shift_is_refused_when_it_would_roll() -> None:
    """A shift has no last day that could roll."""
    with pytest.raises(BadOffset):
        CHINA.shift(at("2026-11-20 10:00"), parse_duration("1d roll"), sign=1)


@pytest.mark.parametrize(
    ("due", "length", "expected"),
    [
        ("2026-11-20 17:30", "2wd", "2026-11-24 17:30"),
        ("2026-11-21 00:00", "2wd", "2026-11-24 17:30"),
        ("2026-11-21 00:00", "3d", "2026-11-24 00:00"),
        ("2026-11-20 17:30", "3d", "2026-11-24 00:00"),
        ("2026-11-20 17:30", "2wh", "2026-11-23 10:30"),
        ("2026-11-20 17:30", "5h", "2026-11-20 22:30"),
    ],
)
def test_extension_counts_from_the_old_due_when_it_ended_a_day(due: str, length: str, expected: str) -> None:
    """24:00 belongs to the day it ends, so three days more are three days more."""
    assert CHINA.extend(at(due), parse_duration(length)).at == at(expected)


@pytest.mark.parametrize(
    ("start", "budget", "provisional"),
    [
        ("2026-12-30 10:00", "1wd", False),
        ("2026-12-31 10:00", "1wd", True),
        ("2026-12-31 10:00", "2wh", False),
        ("2026-12-31 14:00", "5wh", True),
        ("2026-12-31 10:00", "30d", False),
        ("2026-12-29 10:00", "1d roll", False),
        ("2026-12-31 10:00", "1d roll", True),
        ("2026-12-31 10:00", "900h", False),
        ("2026-12-31 18:00", "0wm", True),
        ("2023-12-29 10:00", "1wd", True),
    ],
)
def test_due_is_provisional_when_a_year_without_a_table_has_a_part_in_it(
    start: str, budget: str, provisional: bool
) -> None:
    """Plain weekdays stand in for a missing table, and the answer says so."""
    rules = CHINA.rules
    tables = {year: rules.tables[year] for year in (2024, 2025, 2026)}
    calendar = WorkingCalendar(replace(rules, tables=tables))

    assert calendar.due(at(start), parse_duration(budget)).provisional is provisional


def test_due_uses_plain_weekdays_when_a_year_has_no_table() -> None:
    """National Day is a plain Thursday for a calendar that has no table."""
    found = UNTABLED.due(at("2026-09-30 16:00"), parse_duration("1wd"))

    assert found == (at("2026-10-01 17:30"), True)


def test_due_is_settled_when_the_calendar_never_has_holidays() -> None:
    """Such a calendar lacks no table."""
    assert NIGHTS.due(at("2031-01-01 12:00"), parse_duration("30wd")).provisional is False


def test_due_is_settled_when_it_ends_at_the_last_24_00_of_the_last_table() -> None:
    """The midnight that ends the year belongs to the year it ends."""
    rules = CalendarRules("x", ZoneInfo("Asia/Shanghai"), ((Window(0, 1440),),) * 7, tables={2026: YearTable(2026)})
    calendar, start = WorkingCalendar(rules), at("2026-12-31 20:00")

    assert calendar.due(start, parse_duration("4wh")) == (at("2027-01-01 00:00"), False)
    assert calendar.due(start, parse_duration("241wm")) == (at("2027-01-01 00:01"), True)
    assert calendar.due(start, parse_duration("1wd")).provisional


@pytest.mark.parametrize(
    ("end", "seconds", "expected"),
    [
        ("2026-11-20 10:00", 0, "2026-11-20 10:00"),
        ("2026-11-20 19:00", 0, "2026-11-20 17:30"),
        ("2026-11-23 09:30", 3600, "2026-11-20 17:30"),
        ("2026-11-23 09:30", 3601, "2026-11-20 17:29:59"),
        ("2026-01-01 12:00", 0, "2025-12-31 17:30"),
        ("2026-01-01 12:00", 7200, "2025-12-31 15:30"),
    ],
)
def test_earliest_before_is_a_closing_when_closed_time_lies_between(end: str, seconds: int, expected: str) -> None:
    """Looking back, as looking forward, what is used up exactly at closing time belongs to the closing."""
    assert CHINA.earliest_before(at(end), seconds).at == at(expected)


def test_due_is_settled_between_tables_only_when_no_year_is_missing() -> None:
    """A hole between two tables makes everything that touches it provisional."""
    rules = replace(UNTABLED.rules, tables={2024: YearTable(2024), 2026: YearTable(2026)})
    calendar = WorkingCalendar(rules)

    found = [calendar.due(at(f"{year}-06-01 10:00"), parse_duration("3wd")).provisional for year in range(2023, 2028)]

    assert found == [True, False, True, False, True]
    assert calendar.due(at("2024-12-01 10:00"), parse_duration("400wd")).provisional


def test_instants_are_refused_when_naive() -> None:
    """No question is answered for an instant without a zone."""
    naive = datetime(2026, 11, 20, 10, 0)  # noqa: DTZ001  a naive instant is what is refused here
    aware = at("2026-11-20 10:00")
    day = parse_duration("1wd")

    questions: tuple[Callable[[], object], ...] = (
        lambda: CHINA.due(naive, day),
        lambda: CHINA.elapsed(naive, aware, unit=Unit.HOURS),
        lambda: CHINA.elapsed(aware, naive, unit=Unit.HOURS),
        lambda: CHINA.working_seconds(aware, naive),
        lambda: CHINA.shift(naive, day, sign=1),
        lambda: CHINA.extend(naive, day),
        lambda: CHINA.is_open(naive),
        lambda: CHINA.next_opening(naive),
        lambda: CHINA.local(naive),
        lambda: CHINA.explain(naive, day),
    )
    for ask in questions:
        with pytest.raises(NaiveInstant):
            ask()


@pytest.mark.parametrize("year", [1800, 2201, 9999])
def test_due_is_refused_when_no_calendar_reaches_it(year: int) -> None:
    """Far instants are a named error in bounded time."""
    for budget in ("3wd", "3wh", "3d", "3d roll", "3m"):
        with pytest.raises(BadInput):
            CHINA.due(datetime(year, 12, 31, 23, 59, tzinfo=UTC), parse_duration(budget))


def test_due_is_refused_when_nothing_ever_opens_again() -> None:
    """A table that closes everything to the end is not walked for ever."""
    shut = {date.fromordinal(n): "" for n in range(date(2199, 1, 1).toordinal(), date(2201, 1, 1).toordinal())}
    rules = replace(UNTABLED.rules, tables={2199: YearTable(2199, shut)})

    with pytest.raises(BadInput):
        WorkingCalendar(rules).due(datetime(2199, 1, 1, tzinfo=UTC), parse_duration("1wh"))


def test_day_is_closed_when_it_is_both_a_holiday_and_a_shift() -> None:
    """Holidays are asked first, then shifts, then the week."""
    day = date(2026, 6, 1)
    rules = replace(UNTABLED.rules, tables={2026: YearTable(2026, {day: "休"}, {day: OFFICE})})

    assert not WorkingCalendar(rules).is_working_day(day)


def test_calendar_is_refused_when_it_never_opens() -> None:
    """Breaks that eat every window leave nothing to count."""
    with pytest.raises(BadCalendar):
        CalendarRules("shut", ZoneInfo("UTC"), (OFFICE,) * 7, breaks=(Window(0, 1440),))


def test_elapsed_is_zero_when_the_end_comes_first() -> None:
    """Nothing was used before the start."""
    start = at("2026-11-20 10:00")

    assert [CHINA.elapsed(start, start - timedelta(days=9), unit=unit) for unit in Unit] == [0] * len(Unit)


def test_days_are_elapsed_at_24_00_and_at_closing_when_counted() -> None:
    """A day is used up at its end, not before."""
    start = at("2026-11-20 10:00")

    assert CHINA.elapsed(start, at("2026-11-23 17:29"), unit=Unit.WORKING_DAYS) == 0
    assert CHINA.elapsed(start, at("2026-11-23 17:30"), unit=Unit.WORKING_DAYS) == 1
    assert CHINA.elapsed(start, at("2026-11-23 23:59"), unit=Unit.DAYS) == 2
    assert CHINA.elapsed(start, at("2026-11-24 00:00"), unit=Unit.DAYS) == 3
    assert CHINA.elapsed(start, at("2027-11-24 00:00"), unit=Unit.WORKING_DAYS) > 240


def test_digest_is_equal_only_when_the_content_is() -> None:
    """The same rules have the same digest however they were made; any change gives another."""
    rules = CHINA.rules
    again = read_canonical(rules.canonical)

    assert again.digest == rules.digest
    assert WorkingCalendar(again) == CHINA
    for changed in (
        replace(rules, zone=ZoneInfo("Asia/Urumqi")),
        replace(rules, breaks=(Window(600, 610),)),
        replace(rules, knows_holidays=False),
        replace(rules, tables={}),
        replace(rules, weekly=rules.weekly[1:] + rules.weekly[:1]),
    ):
        assert changed.digest != rules.digest


def test_skipped_day_is_no_working_day_when_the_zone_left_it_out() -> None:
    """Samoa had no 30 December 2011: it has no open time, and 24:00 of the day before is its end too."""
    rules = CalendarRules("apia", ZoneInfo("Pacific/Apia"), (OFFICE,) * 7, knows_holidays=False)
    calendar = WorkingCalendar(rules)
    start = at("2011-12-28 10:00", "Pacific/Apia")

    assert not calendar.is_working_day(date(2011, 12, 30))
    assert calendar.due(start, parse_duration("2wd")).at == at("2011-12-31 17:30", "Pacific/Apia")
    assert calendar.day_end(date(2011, 12, 29)) == calendar.day_end(date(2011, 12, 30))


def test_day_ends_at_the_change_when_midnight_itself_is_skipped() -> None:
    """In São Paulo summer time began at 00:00: the day before ends where the skipped hour begins."""
    rules = CalendarRules("sp", ZoneInfo("America/Sao_Paulo"), (OFFICE,) * 7, knows_holidays=False)

    end = WorkingCalendar(rules).due(at("2018-11-02 10:00", "America/Sao_Paulo"), Duration(1, Unit.DAYS)).at

    assert end == datetime(2018, 11, 4, 3, 0, tzinfo=UTC)
