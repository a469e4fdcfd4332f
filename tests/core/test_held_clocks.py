"""A clock is a pure function of its facts: its start, its limit, and the stretches in which it was held."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from engine.core.clock.duration import parse_duration, parse_offset
from engine.core.clock.working_calendar import DueInstant
from engine.core.clocks import due_of, indexed
from engine.core.matter import Change, Clock
from engine.core.timers import instant_of
from tests.core.clock.calendars import china, ours

CHINA = ours(china("2026-01-01", "2026-01-02"))


def at(text: str) -> datetime:
    """An instant from local time in China."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def clock(start: str, limit: str, *holds: tuple[str, str | None]) -> Clock:
    """A clock from local times."""
    changes = tuple(Change(at=at(since), until=at(until) if until else None) for since, until in holds)
    return Clock(visit=1, calendar="cn", started=at(start), limit=str(parse_duration(limit)), changes=changes)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (clock("2026-11-20 14:20", "4wh", ("2026-11-20 15:00", "2026-11-23 15:00")), "2026-11-24 09:20"),
        (clock("2026-11-20 11:00", "3wd", ("2026-11-23 08:30", "2026-11-24 08:30")), "2026-11-26 17:30"),
        (clock("2026-11-20 11:00", "3wd", ("2026-11-20 18:00", "2026-11-22 20:00")), "2026-11-25 17:30"),
        (clock("2026-11-20 11:00", "3d", ("2026-11-21 00:00", "2026-11-21 05:00")), "2026-11-24 05:00"),
        (clock("2026-11-20 11:00", "2h", ("2026-11-20 12:00", "2026-11-21 12:00")), "2026-11-21 13:00"),
        (
            clock(
                "2026-11-20 09:00",
                "4wh",
                ("2026-11-20 10:00", "2026-11-20 11:00"),
                ("2026-11-20 11:00", "2026-11-20 14:00"),
            ),
            "2026-11-20 17:00",
        ),
    ],
    ids=["working hours", "a working day", "while closed", "calendar days", "hours", "two in a row"],
)
def test_clock_ends_later_by_what_remained_when_it_was_held(facts: Clock, expected: str) -> None:
    """On release what remained runs on, in the same kind of time."""
    assert due_of(facts, CHINA) == DueInstant(at(expected), False)


def test_clock_has_no_end_while_it_is_held() -> None:
    """A clock that stands still is due never, until it is released."""
    assert due_of(clock("2026-11-20 11:00", "3wd", ("2026-11-23 09:00", None)), CHINA) is None


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ("entry", "2026-11-20 11:00"),
        ("due", "2026-11-26 17:30"),
        ("due-1wd", "2026-11-25 17:30"),
        ("due+3wd", "2026-12-01 17:30"),
        ("due-2h", "2026-11-26 15:30"),
        ("every 1wd", "2026-11-24 17:30"),
        ("50%", "2026-11-25 09:45"),
    ],
)
def test_timer_acts_at_its_place_on_the_clock_when_the_clock_was_held(offset: str, expected: str) -> None:
    """Timers move with the hold, here the whole of Monday 23 November."""
    facts = indexed(clock("2026-11-20 11:00", "3wd", ("2026-11-23 08:00", "2026-11-24 08:00")), CHINA)

    assert instant_of(parse_offset(offset), facts, CHINA, slot=1) == DueInstant(at(expected), False)


def test_timer_has_no_instant_while_its_clock_is_held() -> None:
    """What hangs on the due instant waits with it."""
    facts = indexed(clock("2026-11-20 09:00", "4wh", ("2026-11-20 14:00", None)), CHINA)

    assert [instant_of(parse_offset(offset), facts, CHINA, slot=1) for offset in ("99%", "due", "due+1h")] == [None] * 3


def test_repeating_timer_counts_from_the_entry_when_repeated() -> None:
    """`every 7d` is the end of the 7th, 14th, 21st day after the entry."""
    facts = msgspec.structs.replace(clock("2026-11-01 10:00", "1d"), limit="")

    found = [instant_of(parse_offset("every 7d"), facts, CHINA, slot=slot) for slot in (1, 2, 3)]

    assert [one.at for one in found if one is not None] == [
        at("2026-11-09 00:00"),
        at("2026-11-16 00:00"),
        at("2026-11-23 00:00"),
    ]
