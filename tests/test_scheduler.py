"""The scheduler rings by itself: at start, at the next due instant, by its watchdog; and keeps house."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import STATE_PAUSED, STATE_STOPPED

from engine.core.guard import Reading
from engine.scheduler import Once, Scheduler, clocks_of
from engine.services.tick import last_tick
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.clock import FixedClock
from tests.support.logged import settle_shipped
from tests.support.town import DISTRICT, MONDAY, Town, actor

PATIENCE = 20.0


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the town and its flows, and no matter."""
    return settle_shipped


@pytest.fixture
def clock() -> FixedClock:
    """The wall clock."""
    return FixedClock(MONDAY)


@pytest.fixture
def sanlian(prepared_sqlite_url: str, clock: FixedClock) -> Iterator[Sanlian]:
    """A wired deployment with a clock of its own."""
    made = wire(Settings(database_url=prepared_sqlite_url, district=DISTRICT))
    yield replace(made, clock=clock)
    made.close()


def late_matter(sanlian: Sanlian, clock: FixedClock) -> str:
    """File a demand that becomes late two minutes from now, and return its id."""
    resident = actor("resident", "zhu-1")
    town = Town(sanlian.uow, sanlian.door)
    matter = town.file(
        "three_tier", "resident", by=resident, reporter=resident, at=clock.now(), detail="楼道灯不亮", kind="small"
    )
    clock.advance(timedelta(hours=5, minutes=30))
    return matter.id


def events(sanlian: Sanlian, matter: str) -> int:
    """How many events a matter has."""
    with sanlian.uow.read() as tx:
        return sum(1 for _ in tx.events.of(matter))


def wait_until(holds: Callable[[], bool]) -> bool:
    """Wait for threads of the scheduler, not for a fixed time; False after a long while."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def steady(clock: FixedClock) -> Callable[[], Reading]:
    """Return clocks that agree with each other."""
    return lambda: Reading(clock.now(), (clock.now() - MONDAY).total_seconds(), "first")


def test_tick_fires_and_keep_house_delivers(sanlian: Sanlian, clock: FixedClock) -> None:
    """Called by hand, a tick fires what is due, and housekeeping delivers the messages of it."""
    matter = late_matter(sanlian, clock)
    scheduler = Scheduler(sanlian, read_clocks=steady(clock))

    outcome = scheduler.tick()
    scheduler.keep_house()

    assert outcome is not None
    assert outcome.swept.fired == 2
    assert events(sanlian, matter) == 3
    with sanlian.uow.read() as tx:
        assert tx.outbox.count_waiting() == 0
        assert tx.messages.count() > 0
        assert last_tick(tx) == clock.now()


def test_housekeeping_makes_no_digest_by_a_clock_in_doubt(sanlian: Sanlian, clock: FixedClock) -> None:
    """A year ahead, a digest of each of its days would be contradicted by those days."""
    scheduler = Scheduler(sanlian, read_clocks=lambda: Reading(clock.now(), 1.0, "first"))
    scheduler.keep_house()
    clock.advance(timedelta(days=365))

    scheduler.keep_house()

    with sanlian.uow.read() as tx:
        assert (tx.digests.last_day() or "") < "2026-03-02"


def test_scheduler_ticks_at_start(sanlian: Sanlian, clock: FixedClock) -> None:
    """What is due when the process starts fires without waiting for the poll."""
    matter = late_matter(sanlian, clock)
    scheduler = Scheduler(sanlian, read_clocks=steady(clock))

    scheduler.start()
    try:
        assert wait_until(lambda: events(sanlian, matter) == 3)
    finally:
        scheduler.stop()


def test_scheduler_looks_again_when_woken(sanlian: Sanlian, clock: FixedClock) -> None:
    """Something filed just now need not wait for the poll."""
    readings = list[Reading]()

    def read() -> Reading:
        readings.append(steady(clock)())
        return readings[-1]

    scheduler = Scheduler(sanlian, read_clocks=read)
    scheduler.start()
    try:
        # The first tick has looked at the clock when it ended: were it to see hours pass, it was long, and no outage.
        assert wait_until(lambda: len(readings) >= 2)
        matter = late_matter(sanlian, clock)
        scheduler.wake()

        # Hours without a tick are an outage: the first batch goes, here the first rule of the matter.
        assert wait_until(lambda: events(sanlian, matter) == 2)
    finally:
        scheduler.stop()


def test_scheduler_misses_no_wake_and_ticks_once_for_many(sanlian: Sanlian, clock: FixedClock) -> None:
    """A hundred presses at once are a few ticks; one that comes while it looks is looked at again."""
    scheduler = Scheduler(sanlian, read_clocks=steady(clock))
    ticks, going_on = [], threading.Event()
    whole = scheduler.tick

    def slowly() -> object:
        ticks.append(time.monotonic())
        going_on.wait(PATIENCE)
        return whole()

    scheduler.start()
    try:
        assert wait_until(lambda: ticked(sanlian) == MONDAY)
        scheduler.tick = slowly  # type: ignore[method-assign, assignment]  # counts, and holds it as a long sweep would
        for _ in range(100):
            scheduler.wake()
        assert wait_until(lambda: len(ticks) == 1)
        scheduler.wake()
        going_on.set()

        assert wait_until(lambda: len(ticks) == 2)
        assert wait_until(lambda: not scheduler._looking)
        assert len(ticks) == 2
    finally:
        going_on.set()
        scheduler.stop()


def test_watchdog_ticks_when_the_jobs_do_not(sanlian: Sanlian, clock: FixedClock) -> None:
    """APScheduler sleeps on a clock set back; the watchdog goes by the monotonic one."""
    matter = late_matter(sanlian, clock)
    scheduler = Scheduler(sanlian, read_clocks=steady(clock), period=timedelta(milliseconds=200))
    scheduler._jobs.add_job = lambda *_, **__: None

    scheduler.start()
    try:
        assert wait_until(lambda: events(sanlian, matter) == 3)
    finally:
        scheduler.stop()


def ticked(sanlian: Sanlian) -> datetime | None:
    """When the engine last ticked."""
    with sanlian.uow.read() as tx:
        return last_tick(tx)


def test_clocks_of_a_machine_go_forward(sanlian: Sanlian) -> None:
    """The boot clock counts up, and its start has a name."""
    read = clocks_of(sanlian)

    first, second = read(), read()

    assert first.boot > 0
    assert second.boot >= first.boot
    assert first.boot_id == second.boot_id != ""


def test_alarm_that_rings_while_the_scheduler_is_stopped_ends_quietly() -> None:
    """The package's thread may be at a round just then: it finds the job that it has let ring, and does not die."""
    jobs = BackgroundScheduler(timezone=UTC)
    rung = threading.Event()
    jobs.start(paused=True)
    jobs.add_job(rung.set, Once(), id="alarm")

    jobs.state = STATE_STOPPED  # as `shutdown` leaves it for a moment, before it waits for the round to end
    jobs._process_jobs()

    jobs.state = STATE_PAUSED
    left = jobs.get_job("alarm")
    jobs.shutdown()
    assert rung.wait(PATIENCE)
    assert left.next_run_time > datetime.now(UTC) + timedelta(days=1000)
