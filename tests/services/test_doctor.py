"""The doctor calls a healthy town healthy, and finds each promise that does not hold."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.channels.in_app import NAME, InApp
from engine.core.guard import Reading
from engine.services.doctor import Health, examine
from engine.services.held import note_suspect
from engine.services.housekeep import deliver_all
from engine.services.tick import Ticker
from tests.support.logged import AFTER, living, settle_with_history
from tests.support.town import DISTRICT, Town

LATE = "m000002"


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, ticking, with its messages delivered."""
    with living(prepared_database_url) as opened:
        Ticker(opened.uow, opened.door, read_clocks=lambda: Reading(AFTER, 100.0, "first")).tick()
        deliver_all(opened.uow, opened.door.shelf, channels={NAME: InApp(opened.uow)}, now=AFTER)
        yield opened


def look(town: Town, *, later: timedelta = timedelta(0)) -> Health:
    """Let the doctor look."""
    return examine(town.uow, town.door.shelf, now=AFTER + later)


def kinds(health: Health) -> set[tuple[str, str | None]]:
    """Kinds and matters of what the doctor found."""
    return {(problem.kind, problem.matter) for problem in health.problems}


def run(town: Town, statement: str) -> None:
    """Change the store behind the engine's back."""
    with town.uow.write() as tx:
        tx.connection.execute(text(statement), {"d": DISTRICT, "m": LATE})


def test_doctor_finds_nothing_when_the_town_is_well(town: Town) -> None:
    """Every open matter has its timers, every timer is right, everything was sent."""
    health = look(town)

    assert health.problems == []
    assert (health.open, health.waiting, health.parked, health.held) == (1, 0, 0, 0)
    assert health.armed > 0
    assert health.ticked_at == AFTER


def test_doctor_finds_a_matter_without_timers(town: Town) -> None:
    """Whoever deletes its timers makes a matter wait for ever; that is what this check is for."""
    run(town, "DELETE FROM timer WHERE district_id = :d AND matter_id = :m")

    found = kinds(look(town))

    assert ("silent", LATE) in found
    assert ("timer_missing", LATE) in found


def test_doctor_finds_a_timer_that_was_moved(town: Town) -> None:
    """A stored due instant that does not follow from the facts."""
    run(town, "UPDATE timer SET due_at = fire_at, rank = rank + 1 WHERE district_id = :d AND matter_id = :m")

    assert ("timer_moved", LATE) in kinds(look(town))


def test_doctor_finds_a_timer_nobody_armed(town: Town) -> None:
    """A timer of a visit that is over."""
    run(town, "UPDATE timer SET visit = visit + 1 WHERE district_id = :d AND matter_id = :m")

    assert {("timer_stray", LATE), ("timer_missing", LATE)} <= kinds(look(town))


def test_doctor_finds_a_due_instant_that_does_not_follow(town: Town) -> None:
    """The snapshot's own clock, moved."""
    with town.uow.write() as tx:
        stored = tx.matters.get(LATE)
        assert stored is not None
        clock = stored.matter.clocks["state"]
        assert clock.due is not None
        old, new = (at.isoformat().replace("+00:00", "Z").encode() for at in (clock.due, clock.due + timedelta(days=9)))
        row = tx.connection.execute(text("SELECT snapshot FROM matter WHERE district_id = :d AND id = :m"),
                                    {"d": DISTRICT, "m": LATE}).one()  # fmt: skip
        tx.connection.execute(text("UPDATE matter SET snapshot = :x WHERE district_id = :d AND id = :m"),
                              {"x": bytes(row.snapshot).replace(old, new), "d": DISTRICT, "m": LATE})  # fmt: skip

    assert ("due_moved", LATE) in kinds(look(town))


def test_doctor_finds_that_the_engine_stands_still(town: Town) -> None:
    """No tick for minutes, and then timers that should have rung."""
    assert kinds(look(town, later=timedelta(minutes=1))) == set()

    later = kinds(look(town, later=timedelta(days=9)))

    assert ("not_ticking", None) in later
    assert ("timers_late", None) in later


def test_doctor_says_so_when_the_engine_never_ticked(town: Town) -> None:
    """A deployment whose scheduler was never started."""
    run(town, "DELETE FROM deployment WHERE district_id = :d AND key = 'ticked'")

    assert ("never_ticked", None) in kinds(look(town))


def test_doctor_finds_a_parked_timer(town: Town) -> None:
    """A rule that could not act is not forgotten."""
    with town.uow.write() as tx:
        (timer, *_) = tx.timers.of_many([LATE])[LATE]
        tx.timers.park(timer, at=AFTER, error="ValueError: x")

    health = look(town)

    assert ("timer_parked", LATE) in kinds(health)
    assert health.parked == 1


def test_doctor_finds_messages_that_do_not_go(town: Town) -> None:
    """Notices older than ten minutes that nobody sends."""
    run(town, "UPDATE outbox SET sent_at = NULL WHERE district_id = :d AND matter_id = :m")

    assert ("outbox_stuck", None) in kinds(look(town))


def test_doctor_tells_alarms_and_a_doubted_clock(town: Town) -> None:
    """What stands as an alarm is told, a clock in doubt by itself."""
    with town.uow.write() as tx:
        note_suspect(tx, "时钟向前跳了 365 天", now=AFTER, ids=town.door.ids)

    assert {("clock_suspect", None), ("alarm_clock_suspect", None)} <= kinds(look(town))
