"""A tick under every clock: nothing fires by a wrong one, an outage lets go slowly, a long sweep is no outage."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from engine.core.guard import Reading
from engine.services.advance import TIMER_FAILED, Failed, park
from engine.services.audit import verify
from engine.services.held import HELD, SUSPECT, held_back, release, trust_clock
from engine.services.tick import Ticker
from tests.support.logged import file, living, settle_shipped
from tests.support.town import MONDAY, Town, actor

# Longer than in life, so that a day takes few ticks: an outage is then more than twenty minutes.
PERIOD = timedelta(minutes=10)
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
BY = actor("supervisor", "street")


class Machine:
    """The two clocks of a machine; `set` moves the wall only."""

    def __init__(self) -> None:
        self.wall = MONDAY
        self.boot = 5000.0
        self.boot_id = "first"

    def read(self) -> Reading:
        """Read both."""
        return Reading(self.wall, self.boot, self.boot_id)

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.wall += span
        self.boot += span.total_seconds()

    def set(self, by: timedelta) -> None:
        """Set the wall clock."""
        self.wall += by


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the town and its flows, and no matter."""
    return settle_shipped


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town."""
    with living(prepared_database_url) as opened:
        yield opened


@pytest.fixture
def machine() -> Machine:
    """The machine the engine runs on."""
    return Machine()


def ticker(town: Town, machine: Machine, *, first_batch: int = 500) -> Ticker:
    """Return the ticker of a fresh process."""
    return Ticker(town.uow, town.door, read_clocks=machine.read, period=PERIOD, first_batch=first_batch)


def run_for(one: Ticker, machine: Machine, span: timedelta) -> int:
    """Tick once a period for *span* and return how many rules fired."""
    fired = 0
    for _ in range(int(span / PERIOD)):
        machine.wait(PERIOD)
        outcome = one.tick()
        assert outcome is not None
        fired += outcome.swept.fired
    return fired


def states(town: Town) -> list[str]:
    """Where all matters stand, and how many events they have."""
    with town.uow.read() as tx:
        return [f"{stored.matter.state}.{stored.matter.seq}" for stored in tx.matters.all()]


def alarms(town: Town) -> list[str]:
    """Kinds of the alarms that stand."""
    with town.uow.read() as tx:
        return [alarm.kind for alarm in tx.alarms.standing()]


def actions(town: Town) -> list[str]:
    """What the clock's system chain says."""
    with town.uow.read() as tx:
        return [event.body.split(b'"action":"')[1].split(b'"')[0].decode() for event in tx.events.of("system/clock")]


def is_good(town: Town, machine: Machine) -> bool:
    """Whether the log is good after all of it."""
    report = verify(town.uow, town.door.shelf, now=machine.wall, processes=1)
    return report.findings == ()


def test_tick_fires_what_is_due_when_all_is_well(town: Town, machine: Machine) -> None:
    """A demand nobody signs is recorded late at its instant, not before."""
    file(town, "楼道灯不亮", at=MONDAY)
    one = ticker(town, machine)
    run_for(one, machine, timedelta(minutes=20))
    assert states(town) == ["take_in.1"]

    run_for(one, machine, timedelta(hours=5))
    assert states(town) == ["take_in.1"]
    fired = run_for(one, machine, timedelta(minutes=10))

    assert fired == 2
    assert states(town) == ["take_in.3"]  # late for the step, late for the promise to sign


def test_tick_fires_nothing_when_the_clock_is_set_forward_a_year(town: Town, machine: Machine) -> None:
    """A year of rules would be due; none acts, an alarm stands, and all is as before when the clock comes back."""
    file(town, "楼道灯不亮", at=MONDAY)
    one = ticker(town, machine)
    run_for(one, machine, timedelta(minutes=20))
    machine.set(YEAR)

    assert run_for(one, machine, HOUR) == 0
    assert states(town) == ["take_in.1"]
    assert alarms(town) == [SUSPECT]
    assert actions(town) == ["clock_suspect"]
    assert held_back(town.uow).clock

    machine.set(-YEAR)
    run_for(one, machine, timedelta(minutes=30))

    assert alarms(town) == []
    assert states(town) == ["take_in.1"]
    assert actions(town)[:2] == ["clock_suspect", "clock_believed"]
    assert is_good(town, machine)


def test_tick_fires_nothing_when_the_process_is_started_again_with_a_wrong_clock(town: Town, machine: Machine) -> None:
    """A restart on the same machine does not make the clock right."""
    file(town, "楼道灯不亮", at=MONDAY)
    run_for(ticker(town, machine), machine, timedelta(minutes=20))
    machine.set(YEAR)
    again = ticker(town, machine)

    assert run_for(again, machine, HOUR) == 0
    assert run_for(ticker(town, machine), machine, HOUR) == 0
    assert states(town) == ["take_in.1"]


def test_tick_fires_nothing_when_the_machine_is_started_again_with_a_clock_a_year_ahead(
    town: Town, machine: Machine
) -> None:
    """Nothing acts by the wrong year, nothing is written into it, and all goes on when the time comes right."""
    file(town, "楼道灯不亮", at=MONDAY)
    run_for(ticker(town, machine), machine, timedelta(minutes=20))
    machine.set(YEAR)
    machine.boot, machine.boot_id = 12.0, "second"

    assert run_for(ticker(town, machine), machine, HOUR) == 0
    again = ticker(town, machine)
    assert run_for(again, machine, HOUR) == 0
    assert states(town) == ["take_in.1"]
    assert alarms(town) == [SUSPECT]

    machine.set(-YEAR)
    run_for(again, machine, timedelta(minutes=30))

    assert alarms(town) == []
    assert states(town) == ["take_in.1"]
    assert is_good(town, machine)


def test_tick_escalates_nothing_wrongly_when_the_clock_is_set_back_two_hours(town: Town, machine: Machine) -> None:
    """Time that comes twice makes rules late, never early, and never twice."""
    file(town, "楼道灯不亮", at=MONDAY)
    one = ticker(town, machine)
    run_for(one, machine, timedelta(hours=6))
    before = states(town)
    machine.set(-2 * HOUR)

    assert run_for(one, machine, HOUR) == 0
    assert states(town) == before

    machine.set(2 * HOUR)
    run_for(one, machine, timedelta(minutes=30))

    assert states(town) == before
    assert is_good(town, machine)


def test_tick_goes_on_when_a_person_says_the_clock_is_right(town: Town, machine: Machine) -> None:
    """A slow machine is set right by a day: somebody says so, and the rules go on as after an outage."""
    file(town, "楼道灯不亮", at=MONDAY)
    one = ticker(town, machine)
    run_for(one, machine, timedelta(minutes=20))
    machine.set(timedelta(hours=8))
    assert run_for(one, machine, timedelta(minutes=30)) == 0

    trust_clock(town.uow, by=BY, now=machine.wall)
    run_for(one, machine, timedelta(minutes=20))

    assert states(town) == ["take_in.2"]  # the first batch; the rest of the skipped stretch is held
    assert alarms(town) == [HELD]
    assert is_good(town, machine)


def test_tick_heeds_what_a_person_said_while_no_engine_ran(town: Town, machine: Machine) -> None:
    """The clock is compared, it is right, and only then is the engine started; the word counts once."""
    run_for(ticker(town, machine), machine, timedelta(minutes=20))
    machine.set(timedelta(hours=8))
    trust_clock(town.uow, by=BY, now=machine.wall)

    outcome = ticker(town, machine).tick()
    assert outcome is not None
    assert outcome.may_fire

    machine.set(timedelta(hours=8))
    outcome = ticker(town, machine).tick()
    assert outcome is not None
    assert not outcome.may_fire


def outage(town: Town, machine: Machine) -> Ticker:
    """Three demands come due while the engine is down; the first batch (one timer) has gone."""
    for n in range(3):
        file(town, f"事情 {n}", at=MONDAY + timedelta(seconds=n))
    run_for(ticker(town, machine), machine, timedelta(minutes=20))
    machine.wait(timedelta(hours=6))
    one = ticker(town, machine, first_batch=1)
    outcome = one.tick()
    assert outcome is not None
    assert outcome.held == 5
    return one


def test_tick_holds_the_rest_when_much_came_due_in_an_outage(town: Town, machine: Machine) -> None:
    """The first batch goes, the rest waits with an alarm; what comes due later is not held."""
    one = outage(town, machine)

    assert states(town) == ["take_in.2", "take_in.1", "take_in.1"]
    assert alarms(town) == [HELD]
    assert len(held_back(town.uow).held) == 5

    run_for(one, machine, timedelta(minutes=20))

    assert states(town) == ["take_in.2", "take_in.1", "take_in.1"]


def test_tick_lets_go_after_half_an_hour(town: Town, machine: Machine) -> None:
    """Nobody clicks: what waited fires by itself, once."""
    one = outage(town, machine)

    run_for(one, machine, timedelta(minutes=31))

    assert states(town) == ["take_in.3", "take_in.3", "take_in.3"]
    assert alarms(town) == []
    assert is_good(town, machine)


def test_tick_lets_go_when_released(town: Town, machine: Machine) -> None:
    """A supervisor's click lets everything go at the next tick, and is in the log."""
    one = outage(town, machine)

    released = release(town.uow, by=BY, now=machine.wall)
    run_for(one, machine, timedelta(minutes=10))

    assert released == 5
    assert states(town) == ["take_in.3", "take_in.3", "take_in.3"]
    assert alarms(town) == []
    assert "held_released" in actions(town)


def test_tick_clears_the_alarm_of_a_parked_rule_when_its_matter_has_moved_on(town: Town, machine: Machine) -> None:
    """While it is parked the alarm stands; somebody acts, and nobody need look any more."""
    filed = file(town, "楼道灯不亮", at=MONDAY).id
    with town.uow.write() as tx:
        timer, *_ = tx.timers.of_many((filed,))[filed]
        tx.timers.consume_many((timer,))
        park(tx, Failed(timer, "坏了"), now=MONDAY, ids=town.door.ids)
    one = ticker(town, machine)

    one.tick()
    assert alarms(town) == [TIMER_FAILED]

    with town.uow.write() as tx:
        tx.timers.consume_many((timer,))
    one.tick()

    assert alarms(town) == []
    with town.uow.read() as tx:
        assert tx.alarms.matters_of(TIMER_FAILED) == {filed}


def test_tick_holds_nothing_when_many_come_due_without_an_outage(town: Town, machine: Machine) -> None:
    """Every closing time is a natural rush."""
    for n in range(3):
        file(town, f"事情 {n}", at=MONDAY + timedelta(seconds=n))
    one = ticker(town, machine, first_batch=1)

    run_for(one, machine, timedelta(hours=6))

    assert states(town) == ["take_in.3", "take_in.3", "take_in.3"]
    assert actions(town) == []


def test_tick_of_two_processes_fires_everything_once(town: Town, machine: Machine) -> None:
    """Two schedulers on one store: one effect."""
    file(town, "楼道灯不亮", at=MONDAY)
    one, other = ticker(town, machine), ticker(town, machine)
    run_for(one, machine, timedelta(hours=5, minutes=20))
    machine.wait(PERIOD)

    outcomes = [one.tick(), other.tick()]

    assert [outcome.swept.fired for outcome in outcomes if outcome] == [2, 0]
    assert states(town) == ["take_in.3"]
    assert is_good(town, machine)
