"""A due instant can be explained day by day."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.clock.calendar_rules import DayKind, YearTable
from engine.core.clock.duration import Unit, parse_duration
from engine.core.clock.explanation import Counted
from engine.core.clock.working_calendar import WorkingCalendar
from tests.core.clock.calendars import china, ours

CHINA = ours(china("2026-01-01", "2026-01-02"))


def at(text: str) -> datetime:
    """An instant from local time in China."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def test_working_days_are_explained_when_a_holiday_lies_between() -> None:
    """The first day is not counted, a holiday is not, a make-up day is."""
    lines = CHINA.explain(at("2026-09-30 16:00"), parse_duration("3wd"))

    assert [(line.date.day, line.kind, line.count) for line in lines] == [
        (30, DayKind.WEEKLY, 0),
        *[(day, DayKind.HOLIDAY, 0) for day in range(1, 8)],
        (8, DayKind.WEEKLY, 1),
        (9, DayKind.WEEKLY, 2),
        (10, DayKind.SHIFT, 3),
    ]
    assert lines[0].counted is Counted.START
    assert lines[-1].text == "2026-10-10 周六，调休上班，08:30-12:00、13:30-17:30：第 3 个工作日，到下班时为止"


def test_working_hours_are_explained_when_a_weekend_lies_between() -> None:
    """Each day says what it used and what that comes to."""
    lines = CHINA.explain(at("2026-11-20 14:20"), parse_duration("4wh"))

    assert [(line.seconds, line.total) for line in lines] == [
        (11_400, 11_400),
        (0, 11_400),
        (0, 11_400),
        (3000, 14_400),
    ]
    assert lines[0].text.endswith("用去工作时间 3 小时 10 分，累计 3 小时 10 分")


def test_roll_is_explained_when_the_last_day_is_a_rest_day() -> None:
    """The last day, the days it passes over, and the day it lands on are told apart."""
    lines = CHINA.explain(at("2026-11-19 10:00"), parse_duration("2d roll"))

    assert [line.counted for line in lines] == [
        Counted.START,
        Counted.DAY,
        Counted.DAY,
        Counted.ROLLED,
        Counted.ROLLED,
    ]
    assert [line.text.split("：")[1] for line in lines[1:]] == [
        "第 1 天",
        "第 2 天，不上班，往后顺延",
        "仍不上班，往后顺延",
        "顺延到这天，到 24:00 为止",
    ]


def test_holiday_is_named_and_a_year_without_a_table_is_said_when_explained() -> None:
    """The supervisor reads which holiday it was, and where the calendar only supposes."""
    table = YearTable(2026, {date(2026, 12, 31): "岁末"})
    calendar = WorkingCalendar(replace(CHINA.rules, tables={2026: table}))

    lines = calendar.explain(at("2026-12-30 10:00"), parse_duration("1wd"))

    assert [line.provisional for line in lines] == [False, False, True]
    assert "岁末放假" in lines[1].text
    assert "还没有" in lines[2].text


@given(
    st.integers(0, 100 * 86_400),
    st.sampled_from(["90wm", "4wh", "26h", "45m", "0wh", "0m", "3wd", "2d", "3d roll"]),
)
def test_explanation_adds_up_to_the_budget_when_any_clock_is_explained(start: int, budget: str) -> None:
    """Days counted, or time used, come to exactly the budget, and the last line is the day of the due instant."""
    begun = at("2026-08-01 00:00")
    begun = datetime.fromtimestamp(begun.timestamp() + start, UTC)
    duration = parse_duration(budget)

    lines = CHINA.explain(begun, duration)

    ends = CHINA.local(CHINA.due(begun, duration).at)
    assert lines[0].date == CHINA.local(begun).date()
    assert (ends.date() - lines[-1].date).days == (1 if f"{ends:%H:%M:%S}" == "00:00:00" and len(lines) > 1 else 0)
    if duration.unit.by_days:
        assert max(line.count for line in lines) == duration.amount
    else:
        minutes = duration.amount * (60 if duration.unit in (Unit.HOURS, Unit.WORKING_HOURS) else 1)
        assert sum(line.seconds for line in lines) == lines[-1].total == minutes * 60


@pytest.mark.parametrize("budget", ["0m", "1m", "1h"])
def test_explanation_has_one_line_when_everything_happens_on_one_day(budget: str) -> None:
    """A short budget is told in one line."""
    assert len(CHINA.explain(at("2026-11-20 10:00"), parse_duration(budget))) == 1
