"""Instants have a zone, and one written form."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from engine.core.clock.instants import format_instant, from_microseconds, parse_instant, to_microseconds
from engine.errors import BadInput, BadInstant, NaiveInstant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T14:20:00+08:00", datetime(2026, 11, 20, 6, 20, tzinfo=UTC)),
        ("2026-11-20 14:20+08:00", datetime(2026, 11, 20, 6, 20, tzinfo=UTC)),
        ("2026-11-20t06:20:00z", datetime(2026, 11, 20, 6, 20, tzinfo=UTC)),
        ("2026-11-20T06:20:00.250Z", datetime(2026, 11, 20, 6, 20, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_instant_is_read_as_utc_when_it_has_an_offset(text: str, expected: datetime) -> None:
    """Every written offset comes to the same UTC."""
    found = parse_instant(text)

    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-11-20T14:20:00", "2026-11-20 14:20"])
def test_instant_is_refused_by_name_when_it_is_naive(text: str) -> None:
    """Without an offset nobody knows which instant is meant."""
    with pytest.raises(NaiveInstant) as refused:
        parse_instant(text)

    assert text in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-20", "2026-13-01T00:00Z", "2026-11-20T25:00Z", "2026-W47-5T00:00Z", "0001-01-01T00:00+08:00"],
)
def test_instant_is_refused_when_it_is_none(text: str) -> None:
    """What is no instant is named."""
    with pytest.raises(BadInstant):
        parse_instant(text)


def test_instant_is_written_in_local_time_when_the_offset_allows() -> None:
    """Local time with its offset, or UTC where the offset has odd seconds."""
    modern, old = datetime(2026, 11, 24, 9, 30, tzinfo=UTC), datetime(1900, 6, 1, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")

    assert format_instant(modern, zone) == "2026-11-24T17:30:00+08:00"
    assert format_instant(modern + timedelta(microseconds=5), zone) == "2026-11-24T17:30:00.000005+08:00"
    assert format_instant(old, zone) == "1900-06-01T00:00:00+00:00"


def test_microseconds_return_when_counted_there_and_back() -> None:
    """Counting loses nothing, whatever zone the instant came in."""
    instant = datetime(2026, 11, 24, 17, 30, 1, 7, tzinfo=timezone(timedelta(hours=8)))

    assert from_microseconds(to_microseconds(instant)) == instant


def test_microseconds_are_refused_when_out_of_reach() -> None:
    """An instant no calendar reaches is a named error, not an overflow."""
    with pytest.raises(BadInput):
        from_microseconds(10**20)
