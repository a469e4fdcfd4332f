"""Local wall-clock time of a zone as stretches of one offset: the only place that knows about summer time."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.core.clock.instants import DAY, SECOND, count_microseconds, from_microseconds, to_microseconds

EPOCH_DAY = date(1970, 1, 1).toordinal()


class Stretch(NamedTuple):
    """Microseconds of UTC [start, end) in which local time is UTC plus *offset* microseconds."""

    start: int
    end: int
    offset: int


def stretches(zone: ZoneInfo, start: int, end: int) -> tuple[Stretch, ...]:
    """
    Split [start, end) where the offset of the zone changes, to the second.

    Looks once a day: no zone on record changes its offset twice within one day and back.
    """
    bounds = [start]
    probes = [*range(start, end, DAY), end]
    for left, right in pairwise(probes):
        if _offset(zone, left) != _offset(zone, right):
            bounds.append(_change(zone, left, right))
    bounds.append(end)
    return tuple(Stretch(left, right, _offset(zone, left)) for left, right in pairwise(bounds) if left < right)


def _offset(zone: ZoneInfo, at: int) -> int:
    offset = from_microseconds(at).astimezone(zone).utcoffset() or timedelta()
    return (offset.days * 86_400 + offset.seconds) * SECOND


def _change(zone: ZoneInfo, left: int, right: int) -> int:
    before = _offset(zone, left)
    while right - left > SECOND:
        middle = left + (right - left) // (2 * SECOND) * SECOND
        left, right = (middle, right) if _offset(zone, middle) == before else (left, middle)
    return right


def when_wall_shows(parts: tuple[Stretch, ...], start: int, end: int) -> list[tuple[int, int]]:
    """Return every stretch of UTC in which the wall shows [start, end): none if skipped, two if repeated."""
    found = []
    for part in parts:
        left, right = max(part.start, start - part.offset), min(part.end, end - part.offset)
        if left < right:
            found.append((left, right))
    return found


def local_wall(instant: datetime, zone: ZoneInfo) -> int:
    """Return what the wall shows at *instant*, as microseconds of a day count from 1970."""
    at = to_microseconds(instant)
    return at + _offset(zone, at)


def first_instant(zone: ZoneInfo, wall: int) -> int:
    """Return the first instant at which the wall shows *wall*, or the end of the skipped time it lies in."""
    local = from_microseconds(wall).replace(tzinfo=zone)
    at = count_microseconds(local)
    if _offset(zone, at) + at == wall:
        return at
    other = count_microseconds(local.replace(fold=1))
    return _change(zone, min(at, other) - SECOND, max(at, other))
