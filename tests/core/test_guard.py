"""The clock guard and the mass-fire breaker, driven through every way a clock goes wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.guard import LONGEST_STOP, ClockGuard, Gap, Reading, Verdict, gap_before

START = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PERIOD = timedelta(seconds=30)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


class Bench:
    """A guard with the two clocks of one machine; `set` moves the wall only, `wait` moves both."""

    def __init__(self) -> None:
        self.guard = ClockGuard()
        self.wall = START
        self.boot = 1000.0
        self.boot_id = "first"
        self.newest: datetime | None = None

    def wait(self, span: timedelta = PERIOD) -> Verdict:
        """Let *span* pass and look."""
        self.wall += span
        self.boot += span.total_seconds()
        return self.look()

    def set(self, by: timedelta) -> None:
        """Set the wall clock by *by*."""
        self.wall += by

    def look(self) -> Verdict:
        """Take a reading."""
        self.guard, verdict = self.guard.look(self.reading(), self.newest)
        return verdict

    def reading(self) -> Reading:
        """The reading of this moment."""
        return Reading(self.wall, self.boot, self.boot_id)


@pytest.fixture
def bench() -> Bench:
    """A machine whose clock has been right for two readings."""
    made = Bench()
    made.look()
    made.wait()
    return made


def test_guard_lets_rules_fire_when_the_clock_is_right() -> None:
    """An ordinary day says nothing and stops nothing."""
    bench = Bench()

    verdicts = [bench.wait() for _ in range(5)]

    assert verdicts == [Verdict(True)] * 5


def test_guard_stops_for_good_when_the_clock_is_a_year_ahead(bench: Bench) -> None:
    """However long the wrong clock runs evenly, no rule fires by it."""
    bench.set(YEAR)

    first, *later = [bench.wait() for _ in range(50)]

    assert not first.may_fire
    assert first.changed
    assert "365 天" in first.reason
    assert not any(verdict.may_fire or verdict.changed for verdict in later)


def test_guard_goes_on_after_two_readings_when_the_clock_comes_back(bench: Bench) -> None:
    """The first right reading is not enough, the second is."""
    bench.set(YEAR)
    bench.wait()
    bench.set(-YEAR)

    first, second, third = bench.wait(), bench.wait(), bench.wait()

    assert not first.may_fire
    assert (second.may_fire, second.changed) == (True, True)
    assert third == Verdict(True)


def test_guard_goes_on_when_a_person_trusts_the_clock(bench: Bench) -> None:
    """A machine whose clock was slow is set right, and someone says so."""
    bench.set(3 * HOUR)
    assert not bench.wait().may_fire

    bench.guard = bench.guard.trust(bench.reading(), bench.newest)

    assert bench.wait() == Verdict(True)


def test_guard_goes_on_after_two_readings_when_the_clock_was_set_back(bench: Bench) -> None:
    """A clock that is behind makes nothing too early, so it needs no person."""
    bench.set(-2 * HOUR)

    first, second, third = bench.wait(), bench.wait(), bench.wait()

    assert (first.may_fire, first.changed) == (False, True)
    assert (second.may_fire, second.changed) == (True, True)
    assert third == Verdict(True)


def test_guard_believes_the_old_time_again_when_it_was_set_back_for_a_while(bench: Bench) -> None:
    """Back two hours and forward again is a return, not a jump into the future."""
    bench.set(-2 * HOUR)
    for _ in range(4):
        bench.wait()
    bench.set(2 * HOUR)

    verdicts = [bench.wait() for _ in range(3)]

    assert verdicts[-1] == Verdict(True)


def test_guard_stops_when_a_far_time_comes_back_that_was_only_believed_for_want_of_another(bench: Bench) -> None:
    """A machine that came up a year ahead and was set right: the year ahead is no time to return to."""
    bench.set(-YEAR)
    for _ in range(4):
        bench.wait()
    bench.set(YEAR)

    verdicts = [bench.wait() for _ in range(20)]

    assert not any(verdict.may_fire for verdict in verdicts)


def test_guard_stops_when_events_lie_in_the_future(bench: Bench) -> None:
    """A wall behind what is already written is wrong, whichever of the two is."""
    bench.newest = bench.wall + 2 * HOUR

    verdict = bench.wait()

    assert not verdict.may_fire
    assert "慢了" in verdict.reason
    assert not any(bench.wait().may_fire for _ in range(10))


def test_guard_does_not_stop_when_the_newest_event_is_barely_ahead(bench: Bench) -> None:
    """Machines differ by seconds."""
    bench.newest = bench.wall + timedelta(seconds=89)

    assert bench.wait().may_fire


def test_guard_looks_only_at_newer_events_when_a_person_has_accepted_one(bench: Bench) -> None:
    """A mistaken future event does not stop the engine for a year."""
    bench.newest = bench.wall + YEAR
    bench.wait()
    bench.guard = bench.guard.trust(bench.reading(), bench.newest)
    assert bench.wait().may_fire

    bench.newest = bench.newest + timedelta(seconds=1)

    assert not bench.wait().may_fire


def test_guard_does_not_mind_when_the_machine_slept(bench: Bench) -> None:
    """The boot-time clock goes on in sleep, so waking up is no jump."""
    assert bench.wait(timedelta(hours=9)) == Verdict(True)


def test_guard_does_not_compare_clocks_when_the_machine_was_restarted(bench: Bench) -> None:
    """Another start of the machine counts from its own zero."""
    bench.boot, bench.boot_id = 12.0, "second"

    assert bench.wait() == Verdict(True)


def test_guard_stays_in_doubt_when_the_machine_restarts_meanwhile(bench: Bench) -> None:
    """A restart is no proof that the clock is right; two readings are needed still."""
    bench.newest = bench.wall + HOUR
    bench.wait()
    bench.boot, bench.boot_id, bench.newest = 12.0, "second", None

    assert not bench.wait().may_fire
    assert bench.wait().may_fire


def restarted(bench: Bench, *, after: timedelta) -> None:
    """The machine was off for *after*, as its wall clock tells."""
    bench.wall += after
    bench.boot, bench.boot_id = 12.0, "second"


@pytest.mark.parametrize("stop", [LONGEST_STOP + HOUR, YEAR], ids=["longer than believed", "a year"])
def test_guard_stops_for_good_when_the_machine_comes_back_much_later(bench: Bench, stop: timedelta) -> None:
    """A year off and a clock a year ahead look the same to a machine that was restarted: a person must say."""
    restarted(bench, after=stop)

    first, *later = [bench.wait() for _ in range(50)]

    assert (first.may_fire, first.changed) == (False, True)
    assert f"停了 {stop.days} 天" in first.reason
    assert not any(verdict.may_fire for verdict in later)
    assert bench.guard.estimate(bench.reading()) < START + HOUR


def test_guard_goes_on_when_a_person_confirms_a_long_stop(bench: Bench) -> None:
    """One word of a person, and the next restart is judged from there."""
    restarted(bench, after=YEAR)
    assert not bench.wait().may_fire

    bench.guard = bench.guard.trust(bench.reading(), bench.newest)

    assert bench.wait() == Verdict(True)
    bench.boot, bench.boot_id = 12.0, "third"
    assert bench.wait(HOUR) == Verdict(True)


def test_guard_goes_on_by_itself_when_a_restarted_machine_gets_the_right_time(bench: Bench) -> None:
    """A dead battery, and minutes later the time of the network: two readings that agree are enough."""
    restarted(bench, after=YEAR)
    assert not bench.wait().may_fire
    bench.set(-YEAR)

    first, second = bench.wait(), bench.wait()

    assert (first.may_fire, second.may_fire) == (False, True)


def test_guard_believes_a_weekend_when_the_machine_was_restarted(bench: Bench) -> None:
    """An office without power from Friday to Monday asks nobody."""
    restarted(bench, after=LONGEST_STOP - HOUR)

    assert bench.wait() == Verdict(True)


@given(steps=st.lists(st.floats(-0.5, 0.5), min_size=50, max_size=150))
def test_guard_never_stops_when_the_clock_is_slewed(steps: list[float]) -> None:
    """Half a second a reading in any direction is what time daemons do."""
    bench = Bench()

    for step in steps:
        bench.set(timedelta(seconds=step))
        assert bench.wait().may_fire


@given(jump=st.timedeltas(timedelta(minutes=2), timedelta(days=3650)), looks=st.integers(1, 60))
def test_guard_never_lets_rules_fire_early(jump: timedelta, looks: int) -> None:
    """No jump forward is ever believed by waiting."""
    bench = Bench()
    bench.look()
    bench.set(jump)

    assert not any(bench.wait().may_fire for _ in range(looks))


@pytest.mark.parametrize(
    ("since", "found"),
    [(timedelta(0), False), (PERIOD, False), (2 * PERIOD, False), (2 * PERIOD + timedelta(seconds=1), True)],
    ids=["at once", "one period", "two periods", "more than two"],
)
def test_gap_is_found_when_more_than_two_periods_passed(since: timedelta, found: bool) -> None:
    """A late tick is no outage, a missed one is."""
    gap = gap_before(START + since, last_tick=START, period=PERIOD)

    assert gap == (Gap(START, START + since) if found else None)


def test_gap_is_not_found_when_nothing_ticked_before() -> None:
    """The first start of a deployment has no outage behind it."""
    assert gap_before(START, last_tick=None, period=PERIOD) is None


def test_gap_is_not_found_when_the_clock_went_back() -> None:
    """Time that comes twice is not time without ticks."""
    assert gap_before(START - HOUR, last_tick=START, period=PERIOD) is None


def test_gap_lets_go_after_half_an_hour() -> None:
    """Nobody clicks: what waited fires by itself."""
    assert Gap(START, START + HOUR).lets_go_at == START + HOUR + timedelta(minutes=30)
