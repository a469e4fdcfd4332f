"""Instants: aware UTC datetimes, their count of microseconds, and their one written form."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from engine.errors import BadInput, BadInstant, NaiveInstant

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FIRST_YEAR = 1900
LAST_YEAR = 2200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _END = (
    (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) for year in (FIRST_YEAR, LAST_YEAR + 1)
)
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", re.ASCII)


def to_microseconds(instant: datetime) -> int:
    """
    Count the microseconds from 1970 to an aware instant.

    Raises:
        NaiveInstant: it has no zone.
        BadInput: it lies outside the years a calendar covers.
    """
    if instant.tzinfo is None:
        raise NaiveInstant(found=instant.isoformat())
    count = count_microseconds(instant)
    if not _FIRST <= count < _END:
        raise out_of_range(instant.isoformat())
    return count


def count_microseconds(instant: datetime) -> int:
    """Count the microseconds from 1970 to any aware instant, also one at the edge of the years."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def from_microseconds(count: int) -> datetime:
    """
    Return the aware UTC instant that many microseconds after 1970.

    Raises:
        BadInput: it lies outside what a datetime holds.
    """
    try:
        return _EPOCH + timedelta(microseconds=count)
    except OverflowError as error:
        raise out_of_range(str(count)) from error


def out_of_range(found: str) -> BadInput:
    """The error of an instant no calendar reaches."""
    return BadInput(where="时刻", found=found, expected=f"{FIRST_YEAR} 年到 {LAST_YEAR} 年之间的时刻")


def parse_instant(text: str) -> datetime:
    """
    Read an RFC 3339 instant into aware UTC; seconds may be left out.

    Raises:
        NaiveInstant: it has no offset.
        BadInstant: it is not an instant.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise BadInstant(found=text)
    if match["zone"] is None:
        raise NaiveInstant(found=text)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInstant(found=text) from error


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which *day* begins in *zone*, by its local time."""
    return datetime.combine(day, time(), tzinfo=zone)


def day_end(day: date, zone: tzinfo) -> datetime:
    """Return local 24:00 of *day*."""
    return midnight(day + timedelta(days=1), zone)


def is_day(text: str) -> bool:
    """Whether *text* is a day in its one written form."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_in_reach(moment: date) -> bool:
    """Whether a day or an instant can be brought to another zone and counted on from; what people type may not."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def is_a_deadline(moment: datetime) -> bool:
    """Whether a matter can be due then: its page counts from it in local time, and the days around it."""
    return FIRST_YEAR < moment.year < LAST_YEAR


def format_instant(instant: datetime, zone: tzinfo) -> str:
    """Write an instant as RFC 3339 in the local time of *zone*, or in UTC where the offset has odd seconds."""
    local = instant.astimezone(zone)
    offset = local.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        local = instant.astimezone(UTC)
    return local.isoformat(timespec="microseconds" if local.microsecond else "seconds")
