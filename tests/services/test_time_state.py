"""How a matter stands in time: words, shares and thresholds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.core.matter import Change, Clock
from engine.core.scope import Organisation, World
from engine.services.calendars import load_calendar
from engine.services.time_state import clock_state, day_seconds

CALENDAR = load_calendar(Path(__file__).parents[2] / "workflows" / "calendars" / "cn_office.yaml")
WORLD = World(organisation=Organisation(units=()), calendars={"cn_office": CALENDAR}, default_calendar="cn_office")


def local(day: int, clock: str) -> datetime:
    """An instant of November 2026 in Shanghai."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=CALENDAR.zone).astimezone(UTC)


def three_days() -> Clock:
    """Three working days from Monday morning: until Thursday's closing."""
    return Clock(visit=1, started=local(16, "08:30"), limit="3wd", calendar="cn_office", due=local(19, "17:30"))


@pytest.mark.parametrize(
    ("now", "word", "percent"),
    [
        (local(16, "08:30"), "calm", 0),
        (local(17, "17:30"), "calm", 50),
        (local(18, "17:30"), "soon", 75),
        (local(19, "14:31"), "hot", 90),
        (local(19, "17:30"), "over", 100),
        (local(21, "10:00"), "over", 100),
    ],
)
def test_clock_goes_from_calm_to_over(now: datetime, word: str, percent: int) -> None:
    """Soon from two thirds or under a working day, hot from nine tenths or under three hours, over at due."""
    state = clock_state(three_days(), world=WORLD, now=now)

    assert (state.word, state.percent) == (word, percent)


def test_time_left_is_working_time_where_the_limit_is() -> None:
    """From Tuesday's closing until Thursday's closing are two working days, nights left out."""
    state = clock_state(three_days(), world=WORLD, now=local(17, "17:30"))

    assert (state.left_seconds, state.working, state.day_seconds) == (2 * 27_000, True, 27_000)


def test_time_left_is_wall_time_where_the_limit_is() -> None:
    """An emergency's hours run through the night, and its word goes by the share alone."""
    clock = Clock(visit=1, started=local(16, "20:00"), limit="24h", calendar="cn_office", due=local(17, "20:00"))
    state = clock_state(clock, world=WORLD, now=local(17, "02:00"))

    assert (state.left_seconds, state.working, state.word) == (18 * 3600, False, "calm")


def test_held_clock_stands_still() -> None:
    """A clock that is held has no due instant and says that it is paused."""
    held = Clock(
        visit=1,
        started=local(16, "08:30"),
        limit="3wd",
        calendar="cn_office",
        changes=(Change(at=local(17, "09:00")),),
    )
    state = clock_state(held, world=WORLD, now=local(18, "09:00"))

    assert (state.word, state.paused) == ("hold", True)


def test_ordinary_day_has_seven_and_a_half_working_hours() -> None:
    """As the default calendar has it."""
    assert day_seconds(CALENDAR) == 27_000
