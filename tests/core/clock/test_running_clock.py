"""What is used or left of a clock is counted in its own kind of time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.clock.duration import Unit, parse_duration
from engine.core.clock.running_clock import (
    Remaining,
    percent,
    remaining,
    resume,
)
from engine.core.clock.working_calendar import DueInstant
from tests.core.clock.calendars import china, ours

CHINA = ours(china("2026-01-01", "2026-01-02"))


def at(text: str) -> datetime:
    """An instant from local time in China."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@given(
    st.integers(0, 60 * 86_400 * 1_000_000),
    st.sampled_from(["30m", "5h", "3d", "2d roll", "90wm", "0wh", "4wh", "3wd"]),
    st.integers(-10 * 86_400, 10 * 86_400),
)
def test_due_stays_when_a_pause_has_no_length(start: int, budget: str, moment: int) -> None:
    """Pausing and resuming at one instant changes nothing but, at most, a begun second, before or after the due."""
    begun = at("2026-09-01 00:00") + timedelta(microseconds=start)
    duration = parse_duration(budget)
    planned = CHINA.due(begun, duration).at
    pressed = max(begun, planned + timedelta(seconds=moment))

    again = resume(CHINA, pressed, left=remaining(CHINA, planned, at=pressed, unit=duration.unit)).at

    if CHINA.is_open(planned) and duration.unit.working and pressed >= planned:
        # Overdue in working time from an opening: the closing before it is as far away, and never later.
        assert again <= planned
        assert CHINA.working_seconds(again, planned) <= 0 or again == planned
    else:
        assert timedelta(0) <= again - planned < timedelta(seconds=1) or _same_open_time(again, planned)


def _same_open_time(one: datetime, other: datetime) -> bool:
    return abs(CHINA.working_seconds(one, other)) <= 1


@pytest.mark.parametrize(
    ("paused", "resumed", "expected"),
    [
        ("2026-11-20 17:30", "2026-11-20 19:00", "2026-11-20 17:30"),
        ("2026-11-20 18:00", "2026-11-21 19:00", "2026-11-20 17:30"),
        ("2026-11-23 09:30", "2026-11-24 10:30", "2026-11-24 09:30"),
        ("2026-11-23 09:30", "2026-11-24 09:30", "2026-11-23 17:30"),
    ],
)
def test_overdue_clock_stays_overdue_by_as_much_when_it_was_paused(paused: str, resumed: str, expected: str) -> None:
    """A clock past its due may be paused: its due, and so what follows it, moves by the length of the pause."""
    due_at = at("2026-11-20 17:30")
    left = remaining(CHINA, due_at, at=at(paused), unit=Unit.WORKING_DAYS)

    found = resume(CHINA, at(resumed), left=left)

    assert left.late
    assert found.at == at(expected)


def test_remaining_is_in_the_clocks_own_kind_of_time_when_asked() -> None:
    """Working seconds for wm, wh, wd; elapsed seconds for the rest; a begun second is a whole one."""
    due_at, now = at("2026-11-23 09:20"), at("2026-11-20 17:00") + timedelta(microseconds=1)

    assert remaining(CHINA, due_at, at=now, unit=Unit.WORKING_HOURS) == Remaining(80 * 60, working=True)
    assert remaining(CHINA, due_at, at=now, unit=Unit.HOURS) == Remaining(3860 * 60, working=False)


def test_clock_is_late_when_its_due_instant_has_come() -> None:
    """Late means now >= due, even where no time has passed yet."""
    due_at = at("2026-11-20 17:30")

    before = remaining(CHINA, due_at, at=due_at - timedelta(microseconds=1), unit=Unit.WORKING_DAYS)
    then = remaining(CHINA, due_at, at=due_at, unit=Unit.WORKING_DAYS)
    weekend = remaining(CHINA, due_at, at=at("2026-11-22 12:00"), unit=Unit.WORKING_DAYS)
    monday = remaining(CHINA, due_at, at=at("2026-11-23 09:00"), unit=Unit.WORKING_DAYS)

    assert not before.late
    assert then == weekend == Remaining(0, working=True, late=True)
    assert monday == Remaining(-1800, working=True, late=True)
    assert remaining(CHINA, due_at, at=at("2026-11-20 18:00"), unit=Unit.HOURS).seconds == -1800


@pytest.mark.parametrize(
    ("start", "budget", "pct", "expected"),
    [
        ("2026-11-20 14:20", "4wh", 50, "2026-11-20 16:20:00"),
        ("2026-11-20 11:00", "1wd", 50, "2026-11-23 09:45:00"),
        ("2026-11-20 11:00", "100m", 33, "2026-11-20 11:33:00"),
        ("2026-11-20 11:00", "1m", 33, "2026-11-20 11:00:19"),
        ("2026-11-20 12:00", "1d", 50, "2026-11-21 06:00:00"),
        ("2026-11-20 11:00", "3wd", 100, "2026-11-25 17:30:00"),
        ("2026-11-21 11:00", "1wm", 1, "2026-11-23 08:30:00"),
    ],
)
def test_percent_is_of_the_clocks_own_time_when_asked(start: str, budget: str, pct: int, expected: str) -> None:
    """Half of a working budget is half of its open time; rounded down to the second."""
    found = percent(CHINA, at(start), duration=parse_duration(budget), pct=pct)

    assert found == DueInstant(at(expected), False)


@given(st.integers(0, 60 * 86_400), st.sampled_from(["5h", "3d", "90wm", "4wh", "3wd"]), st.integers(1, 99))
def test_percent_lies_between_start_and_due_and_grows(start: int, budget: str, pct: int) -> None:
    """A larger share is never earlier, and the whole is the due instant."""
    begun, duration = at("2026-09-01 00:00") + timedelta(seconds=start), parse_duration(budget)

    shares = [percent(CHINA, begun, duration=duration, pct=share).at for share in (pct, pct + 1, 100)]

    assert begun <= shares[0] <= shares[1] <= shares[2] == CHINA.due(begun, duration).at
