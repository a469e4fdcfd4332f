"""Adding a year: it counts at once, every clock and timer it moves is moved, and nothing else changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.core.history import Event, read_event
from engine.core.matter import STATE_CLOCK, Matter
from engine.core.scope import SYSTEM
from engine.core.terms import EventType
from engine.core.timers import armed
from engine.errors import CalendarFaults, NotFound
from engine.services.add_calendar import Added, Recomputed, add_calendars, recompute_open
from engine.services.audit import GOOD, verify
from engine.services.sweep import sweep
from tests.support.errand import CHORE, ERRAND, flow
from tests.support.pg import Prepare
from tests.support.town import SHIPPED, Town, actor, opened, settle

RESIDENT, WORKER = actor("resident", "zhu-1"), actor("grid_worker", "zhu-1")
WEDNESDAY = datetime(2026, 12, 30, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai; the first of January is a Friday
NEW_YEAR = """\
sanlian: 1
calendar: cn_office
year: 2027
holidays: { 2027-01-01..2027-01-03: 元旦 }
"""
SLOW = (
    ERRAND.replace("due: 1h", "due: 1wd")
    .replace("at: due-30m", "at: due-1wh")
    .replace("{ at: due, do: advance", "{ at: due+1wd, do: advance")
    .replace("    due: 4h\n", "    due: 3wd\n")
)


def settle_slow_errands(url: str) -> None:
    """Bring an empty database to the town with errands that take working days."""
    settle(url, flows=(flow("chore", CHORE), flow("errand", SLOW)))


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its slow errands."""
    return settle_slow_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened on the Wednesday before New Year."""
    with opened(prepared_database_url) as found:
        found.now = WEDNESDAY
        yield found


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The table of 2027, in a file of its own."""
    path = tmp_path / "cn_office" / "2027.yaml"
    path.parent.mkdir()
    path.write_text(NEW_YEAR, encoding="utf-8")
    return path


def add(town: Town, *files: Path) -> Added:
    """Add files of one calendar."""
    (added,) = add_calendars(town.uow, files, by=SYSTEM, now=WEDNESDAY)
    return added


def recompute(town: Town, *, batch: int = 500) -> Recomputed:
    """Recompute everything that is open."""
    return recompute_open(town.uow, now=WEDNESDAY, services=town.door, batch=batch)


def in_hand(town: Town) -> Matter:
    """A matter that somebody works on until the third working day."""
    return town.act(town.file("errand", "resident", by=RESIDENT, detail="灯"), "accept", by=WORKER)


def history(town: Town, matter: Matter) -> list[Event]:
    """The events of a matter."""
    with town.uow.read() as tx:
        return [read_event(record.body) for record in tx.events.of(matter.id)]


def check_timers(town: Town) -> None:
    """Every stored timer is the one that follows from the clocks, and none is missing."""
    with town.uow.read() as tx:
        world = town.door.shelf.world(tx)
        for stored in tx.matters.all(only_open=True):
            matter = stored.matter
            expected = armed(town.door.shelf.workflow(tx, matter.digest), matter, world)
            assert {timer.key: timer for timer in tx.timers.of_many([matter.id])[matter.id]} == {
                timer.key: timer for timer in expected
            }


def local(matter: Matter) -> tuple[str, bool]:
    """When the clock of its state ends, in Shanghai, and whether that is provisional."""
    clock = matter.clocks[STATE_CLOCK]
    assert clock.due is not None
    return f"{clock.due:%Y-%m-%d %H:%M}", clock.provisional


@pytest.mark.parametrize("batch", [1, 500])
def test_provisional_due_is_recomputed_with_an_event_when_the_year_comes(town: Town, table: Path, batch: int) -> None:
    """The due instant moves behind the holidays and is no longer provisional; the history says so and verifies."""
    matters = [in_hand(town) for _ in range(3)]
    assert {local(matter) for matter in matters} == {("2027-01-04 09:30", True)}

    added = add(town, table)
    done = recompute(town, batch=batch)

    assert added.is_new
    assert (done.looked_at, done.moved) == (3, 3)
    for matter in matters:
        last = history(town, matter)[-1]
        assert (last.type, last.recorded_at) == (EventType.RECOMPUTED, WEDNESDAY)
        assert local(town.matter(matter.id)) == ("2027-01-05 09:30", False)
    check_timers(town)
    assert verify(town.uow, town.door.shelf, now=WEDNESDAY, processes=1).exit_code == GOOD


def test_nothing_changes_when_the_same_year_is_added_again(town: Town, table: Path) -> None:
    """Neither the calendar nor a matter gets a second event."""
    matter = in_hand(town)
    add(town, table)
    recompute(town)
    with town.uow.read() as tx:
        events = len(list(tx.events.all()))

    again, done = add(town, table), recompute(town)

    assert not again.is_new
    assert done == Recomputed(looked_at=1)
    assert history(town, matter)[-1].seq == town.matter(matter.id).seq == 3
    with town.uow.read() as tx:
        assert len(list(tx.events.all())) == events


def test_timer_moves_without_an_event_when_its_due_stands(town: Town, table: Path) -> None:
    """A rule one working day after a due instant that stands rings a working day later; no clock has changed."""
    matter = town.file("errand", "resident", by=RESIDENT, detail="灯")

    add(town, table)
    done = recompute(town)

    assert done == Recomputed(looked_at=1, rearmed=1)
    assert len(history(town, matter)) == 1
    with town.uow.read() as tx:
        rings = {timer.rule: timer.fire for timer in tx.timers.of_many([matter.id])[matter.id]}
    assert rings["advance"] == datetime(2027, 1, 4, 9, 30, tzinfo=UTC)
    check_timers(town)


def test_parked_timer_stays_parked_when_it_moves(town: Town, table: Path) -> None:
    """A rule that could not act waits for a person, on its new day too."""
    matter = town.file("errand", "resident", by=RESIDENT, detail="灯")
    with town.uow.write() as tx:
        parked = next(timer for timer in tx.timers.of_many([matter.id])[matter.id] if timer.rule == "advance")
        tx.timers.park(parked, at=WEDNESDAY, error="坏了")

    add(town, table)
    recompute(town)

    with town.uow.read() as tx:
        (apart,) = tx.timers.apart()
    assert (apart.timer.key, apart.error, apart.failed_at) == (parked.key, "坏了", WEDNESDAY)
    assert apart.timer.due > parked.due


@pytest.mark.parametrize(("days", "held"), [(7, {"advance", "late", "remind"}), (4, {"late", "remind"})])
def test_held_timer_stays_held_when_it_moves_inside_the_outage(
    town: Town, table: Path, days: int, held: set[str]
) -> None:
    """What would ring by now waits for the click as before; what moved behind the outage rings on its new day."""
    for matter in (town.file("errand", "resident", by=RESIDENT, detail="灯"), in_hand(town)):
        with town.uow.read() as tx:
            assert tx.timers.of_many([matter.id])[matter.id]
    now = WEDNESDAY + timedelta(days=days)
    with town.uow.write() as tx:
        assert tx.timers.hold_between(WEDNESDAY, now, held_until=now + timedelta(minutes=30))

    add(town, table)
    recompute_open(town.uow, now=now, services=town.door)

    check_timers(town)
    with town.uow.read() as tx:
        apart = list(tx.timers.apart())
        open_ids = [stored.matter.id for stored in tx.matters.all(only_open=True)]
        everything = [timer for timers in tx.timers.of_many(open_ids).values() for timer in timers]
    assert {one.timer.key for one in apart} == {timer.key for timer in everything if timer.fire <= now}
    assert {one.timer.rule for one in apart} == held
    assert {one.held_until for one in apart} == {now + timedelta(minutes=30)}


def test_rules_act_on_the_new_days_when_the_year_was_added(town: Town, table: Path) -> None:
    """On the old day nothing happens, on the new one the rule acts."""
    matter = in_hand(town)
    add(town, table)
    recompute(town)

    sweep(town.uow, now=datetime(2027, 1, 4, 9, 30, tzinfo=UTC), services=town.door)
    before = town.matter(matter.id).clocks[STATE_CLOCK].late_at
    sweep(town.uow, now=datetime(2027, 1, 5, 9, 30, tzinfo=UTC), services=town.door)

    assert before is None
    assert town.matter(matter.id).clocks[STATE_CLOCK].late_at == datetime(2027, 1, 5, 9, 30, tzinfo=UTC)


def test_open_matters_follow_when_an_addition_was_stopped_halfway(town: Town, table: Path) -> None:
    """The calendar was stored and then the machine went down: the same command does the rest."""
    in_hand(town)
    add(town, table)

    again, done = add(town, table), recompute(town)

    assert (again.is_new, done.moved) == (False, 1)


def test_years_stay_when_a_base_file_is_added(town: Town, table: Path) -> None:
    """The shipped files hold no 2027; adding them again does not take it away."""
    add(town, table)

    added = add(town, SHIPPED / "calendars" / "cn_office.yaml")

    assert not added.is_new
    assert set(added.calendar.rules.tables) == {2024, 2025, 2026, 2027}


def test_table_takes_the_place_of_its_year_when_it_is_corrected(town: Town, table: Path) -> None:
    """A corrected table replaces the one of its year, and no other."""
    matter = in_hand(town)
    add(town, table)
    recompute(town)
    table.write_text(NEW_YEAR.replace("2027-01-03", "2027-01-05"), encoding="utf-8")

    added, done = add(town, table), recompute(town)

    assert added.is_new
    assert done.moved == 1
    assert local(town.matter(matter.id)) == ("2027-01-07 09:30", False)
    check_timers(town)


def test_calendar_is_added_whole_when_it_is_new(town: Town) -> None:
    """A base file with an id nobody has stored makes a new calendar."""
    added = add(town, SHIPPED / "calendars" / "cn_grid.yaml")

    assert (added.calendar.id, added.is_new) == ("cn_grid", True)
    with town.uow.read() as tx:
        assert set(town.door.shelf.world(tx).calendars) == {"cn_grid", "cn_office"}


def test_addition_is_refused_when_a_file_has_faults(town: Town, table: Path) -> None:
    """Every fault of every file is named, and none of the calendars is written."""
    table.write_text(NEW_YEAR.replace("01-03", "01-33"), encoding="utf-8")
    other = table.with_name("2028.yaml")
    other.write_text(NEW_YEAR.replace("2027", "2028").replace("year: 2028", "year: soon"), encoding="utf-8")

    with pytest.raises(CalendarFaults, match=r"(?s)2027\.yaml:4:.*2028\.yaml:3:"):
        add(town, table, other, SHIPPED / "calendars" / "cn_grid.yaml")

    with town.uow.read() as tx:
        assert set(tx.workflows.current_calendar_digests()) == {"cn_office"}
        assert set(town.door.shelf.world(tx).calendars["cn_office"].rules.tables) == {2024, 2025, 2026}


def test_addition_is_refused_when_nobody_knows_the_calendar(town: Town, table: Path) -> None:
    """The table of a year needs its calendar first; a file that is not there is named."""
    table.write_text(NEW_YEAR.replace("cn_office", "nowhere"), encoding="utf-8")

    with pytest.raises(NotFound, match="nowhere"):
        add(town, table)
    with pytest.raises(NotFound, match=r"missing\.yaml"):
        add(town, table.with_name("missing.yaml"))
