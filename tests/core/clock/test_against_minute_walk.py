"""The calendar against a walk that shares no code with it."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.clock.duration import Duration, Unit
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.clocks import due_of
from engine.core.matter import Change, Clock
from tests.core.clock.calendars import ours, walks
from tests.core.clock.minute_walk import Walk

MARGIN_DAYS = 9  # a walk needs room at both ends
LONGEST = {
    Unit.MINUTES: 9000,
    Unit.HOURS: 200,
    Unit.DAYS: 12,
    Unit.DAYS_ROLL: 10,
    Unit.WORKING_MINUTES: 2500,
    Unit.WORKING_HOURS: 40,
    Unit.WORKING_DAYS: 6,
}


class Pair(NamedTuple):
    """One calendar in both writings."""

    ours: WorkingCalendar
    walk: Walk


PAIRS = {name: Pair(ours(walk), walk) for name, walk in walks().items()}
NAMES = sorted(PAIRS)


@st.composite
def starts(draw: st.DrawFn) -> tuple[Pair, int]:
    """A calendar and a minute, often right at a change of open and closed or of the zone's offset."""
    pair = PAIRS[draw(st.sampled_from(NAMES))]
    count = len(pair.walk.walls)
    index = draw(st.integers(MARGIN_DAYS * 1440, count - 2 * MARGIN_DAYS * 1440))
    return pair, index


@st.composite
def durations(draw: st.DrawFn, units: list[Unit] | None = None) -> Duration:
    """A duration that ends within a walk."""
    unit = draw(st.sampled_from(units or list(Unit)))
    return Duration(draw(st.integers(1 if unit.by_days else 0, LONGEST[unit])), unit)


def walked(walk: Walk, start: int, duration: Duration) -> datetime:
    """The due instant as the walk finds it."""
    amount = duration.amount
    match duration.unit:
        case Unit.MINUTES:
            return walk.instant(start + amount)
        case Unit.HOURS:
            return walk.instant(start + 60 * amount)
        case Unit.DAYS:
            return walk.instant(walk.days(start, amount))
        case Unit.DAYS_ROLL:
            return walk.instant(walk.days_roll(start, amount))
        case Unit.WORKING_MINUTES:
            return walk.instant(walk.working(start, amount))
        case Unit.WORKING_HOURS:
            return walk.instant(walk.working(start, 60 * amount))
        case Unit.WORKING_DAYS:
            return walk.instant(walk.working_days(start, amount))


@given(starts(), durations())
def test_due_equals_the_walk_when_any_budget_runs(start: tuple[Pair, int], duration: Duration) -> None:
    """The due instant is the one a walk minute by minute comes to."""
    pair, index = start

    found = pair.ours.due(pair.walk.instant(index), duration)

    assert found == (walked(pair.walk, index, duration), False)


@pytest.mark.parametrize("name", NAMES)
def test_due_equals_the_walk_when_it_starts_at_every_change(name: str) -> None:
    """The same right before, at and after each opening, closing, midnight and change of the zone's offset."""
    pair = PAIRS[name]
    walk = pair.walk
    inner = range(MARGIN_DAYS * 1440, len(walk.walls) - 2 * MARGIN_DAYS * 1440)
    changes = [
        i
        for i in inner
        if bool(walk.openers[i]) != bool(walk.openers[i - 1])
        or walk.walls[i] - walk.walls[i - 1] != timedelta(minutes=1)
        or f"{walk.walls[i]:%H:%M}" == "00:00"
    ]
    tried = [Duration(1, unit) for unit in Unit] + [Duration(0, Unit.WORKING_MINUTES), Duration(3, Unit.WORKING_DAYS)]

    assert len(changes) > 20
    for index in sorted({near for i in changes for near in (i - 1, i, i + 1)}):
        for duration in tried:
            found = pair.ours.due(walk.instant(index), duration).at
            assert found == walked(walk, index, duration), (walk.walls[index], str(duration))


@given(starts(), st.integers(0, 6000))
def test_working_time_equals_the_walk_when_counted(start: tuple[Pair, int], length: int) -> None:
    """Open minutes between two instants are those the walk counts, and opening and openness agree."""
    pair, index = start
    left, right = pair.walk.instant(index), pair.walk.instant(index + length)

    used = pair.walk.used(index, index + length)

    assert pair.ours.working_seconds(left, right) == used * 60
    assert pair.ours.working_seconds(right, left) == -used * 60
    assert pair.ours.elapsed(left, right, unit=Unit.WORKING_MINUTES) == used
    assert pair.ours.elapsed(left, right, unit=Unit.WORKING_HOURS) == used // 60
    assert pair.ours.is_open(left) == bool(pair.walk.openers[index])
    assert pair.ours.next_opening(left).at == pair.walk.instant(pair.walk.working(index, 0))


@given(starts(), st.integers(1, 1500))
def test_shift_back_in_working_time_equals_the_walk_when_counted(start: tuple[Pair, int], amount: int) -> None:
    """`due-90wm` is where a walk backwards has that many open minutes behind it."""
    pair, index = start

    found = pair.ours.shift(pair.walk.instant(index), Duration(amount, Unit.WORKING_MINUTES), sign=-1).at

    assert found == pair.walk.instant(pair.walk.working_back(index, amount))


@given(starts(), st.integers(1, 4), st.sampled_from([1, -1]))
def test_shift_by_working_days_keeps_the_clock_time_when_windows_stay_within_a_day(
    start: tuple[Pair, int], amount: int, sign: int
) -> None:
    """`due+3wd` is the same time on the wall of the third working day; 24:00 belongs to the day it ends."""
    pair, index = start
    assume(not pair.ours.rules.crosses_midnight)

    found = pair.ours.shift(pair.walk.instant(index), Duration(amount, Unit.WORKING_DAYS), sign=sign).at

    assert found == pair.walk.instant(pair.walk.same_time(index, sign * amount))


@given(
    starts(),
    st.integers(1, 1500),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 3000)), max_size=3),
)
def test_paused_clock_equals_the_walk_when_it_counts_unpaused_open_minutes_only(
    start: tuple[Pair, int], amount: int, gaps: list[tuple[int, int]]
) -> None:
    """Working time used is the open time outside the pauses (RELIABILITY C2)."""
    pair, index = start
    bounds, paused, at = [], set(), index
    for gap, length in gaps:
        bounds.append((at + gap, at + gap + length))
        paused |= set(range(at + gap, at + gap + length))
        at += gap + length
    walk = pair.walk
    end = len(walk.walls)
    unpaused = sum(1 for i in range(index, end) if walk.openers[i] and i not in paused)
    assume(unpaused > amount)
    expected = walk.working(index, amount, paused=frozenset(paused))
    pauses = tuple(Change(at=walk.instant(a), until=walk.instant(b)) for a, b in bounds if a < expected)
    clock = Clock(visit=1, calendar="walk", started=walk.instant(index), limit=f"{amount}wm", changes=pauses)

    found = due_of(clock, pair.ours)

    assert found is not None
    assert found.at == walk.instant(expected)


@given(starts(), durations(), st.integers(0, 4000))
def test_due_never_falls_back_when_the_start_or_the_amount_grows(
    start: tuple[Pair, int], duration: Duration, later: int
) -> None:
    """Due instants are monotone in the start and in the amount."""
    pair, index = start
    begun = pair.walk.instant(index)
    calendar = pair.ours

    due_at = calendar.due(begun, duration).at

    assert begun <= due_at
    assert due_at <= calendar.due(begun + timedelta(seconds=later * 7), duration).at
    assert due_at <= calendar.due(begun, Duration(duration.amount + 1, duration.unit)).at


@given(starts(), durations(), st.integers(0, 59_999_999))
def test_elapsed_returns_the_amount_when_asked_at_the_due_instant(
    start: tuple[Pair, int], duration: Duration, microseconds: int
) -> None:
    """What was granted is what was used at the due instant, and not yet used one microsecond before."""
    pair, index = start
    begun = pair.walk.instant(index) + timedelta(microseconds=microseconds)
    due_at = pair.ours.due(begun, duration).at

    used = pair.ours.elapsed(begun, due_at, unit=duration.unit)

    before = pair.ours.elapsed(begun, due_at - timedelta(microseconds=1), unit=duration.unit)
    assert before < duration.amount or duration.amount == 0
    assert used >= duration.amount
    if duration.unit is not Unit.DAYS_ROLL and not _closings_coincide(pair, due_at):
        assert used == duration.amount


def _closings_coincide(pair: Pair, due_at: datetime) -> bool:
    """Two working days close at one instant only where a night outlasts the next day's windows."""
    closings = list(pair.walk.closings.values())
    return closings.count(pair.walk.index(due_at.astimezone(UTC))) > 1
