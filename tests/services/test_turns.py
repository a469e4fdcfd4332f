"""Whose turn it is, in words and on desks: for who is away it says who acts, and those see what they act on."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.core.matter import Matter
from engine.core.scope import SYSTEM, Leave
from engine.errors import NotFound
from engine.services.audit import verify
from engine.services.case_file import Surroundings, case_file
from engine.services.desk_of import desk_of
from engine.services.judge import Finding
from engine.services.organise import end_post, record_leave
from engine.services.turns import duty_words, turn_words
from engine.store.desk import Desk, Desks, Stretch
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, actor, opened

RESIDENT, WORKER = actor("resident", "zhu-1"), actor("grid_worker", "zhu-1")
OTHER, LEADER = actor("grid_worker", "zhu-2"), actor("grid_leader", "zhu-1")
NOON = MONDAY + timedelta(minutes=20)


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_sqlite_url) as found:
        yield found


def errand(town: Town) -> Matter:
    return town.file("errand", "resident", by=RESIDENT, reporter=RESIDENT, detail="灯坏了")


def away(town: Town, substitute: str | None) -> None:
    leave = Leave(id="1", post="grid_worker@zhu-1", since=NOON, until=NOON + timedelta(days=1), substitute=substitute)
    record_leave(town.uow, leave, by=SYSTEM, now=MONDAY)


def words(town: Town, matter: Matter) -> str:
    with town.uow.read() as tx:
        world = town.door.shelf.world(tx)
        return turn_words(matter, workflow=town.door.shelf.workflow(tx, matter.digest), world=world, now=NOON)


def test_turn_names_who_acts_when_the_holder_is_away(town: Town) -> None:
    """Here: the holder. Away: the substitute, or the nearest above. Gone: the nearest above, for an empty seat."""
    matter = errand(town)
    assert words(town, matter) == "珠一网格 网格员"

    away(town, "grid_worker@zhu-2")
    assert words(town, matter) == "珠一网格 网格员（请假，由珠二网格 网格员代）"
    away(town, None)
    assert words(town, matter) == "珠一网格 网格员（请假，由珠一网格 网格长代）"
    end_post(town.uow, "grid_worker@zhu-1", until=NOON, by=SYSTEM, now=MONDAY)
    assert words(town, matter) == "珠一网格 网格员（没人在岗，由珠一网格 网格长代）"


def test_name_beside_the_seat_says_who_acts_for_somebody_away(town: Town) -> None:
    """Whoever may know the name reads whose it is: of who sits there, or of who stands in."""
    matter = errand(town)
    with town.uow.read() as tx:
        flow, world = town.door.shelf.workflow(tx, matter.digest), town.door.shelf.world(tx)
    here = duty_words(matter, workflow=flow, world=world, now=NOON, named=True)
    away(town, "grid_worker@zhu-2")
    with town.uow.read() as tx:
        world = town.door.shelf.world(tx)
    meanwhile = duty_words(matter, workflow=flow, world=world, now=NOON, named=True)

    assert "珠一网格 网格员（grid_worker zhu-1）" in here
    assert "珠一网格 网格员（grid_worker zhu-2代）" in meanwhile


def test_substitute_finds_and_does_it_and_the_history_holds_when_judged(town: Town) -> None:
    """Who acts for somebody away has it on the desk, sees and does it, and verify takes it; before, none of it."""
    matter = errand(town)
    with town.uow.read() as tx:
        world = town.door.shelf.world(tx)
        around = Surroundings(
            world=world, flow_of=lambda digest: town.door.shelf.workflow(tx, digest), catalogue={}, now=NOON
        )
        with pytest.raises(NotFound):
            case_file(tx, matter.id, viewer=OTHER, around=around)
    away(town, "grid_worker@zhu-2")

    with town.uow.read() as tx:
        world, shelf = town.door.shelf.world(tx), town.door.shelf
        flow = shelf.workflow(tx, matter.digest)
        around = Surroundings(world=world, flow_of=lambda digest: shelf.workflow(tx, digest), catalogue={}, now=NOON)
        page = case_file(tx, matter.id, viewer=OTHER, around=around)
        assert ("grid_worker", "zhu-1") in desk_of(OTHER, world=world, flows=[flow], now=NOON).seats
    assert page.turn_post == "grid_worker@zhu-2"
    assert [offer.action for offer in page.offers if offer.refusal is None][:1] == ["accept"]
    town.act(matter, "accept", by=OTHER, at=NOON)
    assert town.matter(matter.id).state == "doing"
    assert found_by_verify(town) == []


def test_head_has_the_desk_of_an_empty_seat_and_the_history_holds(town: Town) -> None:
    """A seat that fell empty lies on the desk of the nearest above; what they do there is in order."""
    matter = errand(town)
    end_post(town.uow, "grid_worker@zhu-1", until=NOON, by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        world, shelf = town.door.shelf.world(tx), town.door.shelf
        flow = shelf.workflow(tx, matter.digest)
        assert ("grid_worker", "zhu-1") in desk_of(LEADER, world=world, flows=[flow], now=NOON).seats
    town.act(matter, "accept", by=LEADER, at=NOON)
    assert found_by_verify(town) == []


def test_desk_is_read_when_a_thousand_seats_below_are_empty(town: Town) -> None:
    """Who stands above a whole street of empty seats still gets the list, with what lies on them."""
    matter = errand(town)
    seats = {("grid_worker", f"zhu-{number}") for number in range(1, 1200)}
    everything = Stretch()

    with town.uow.read() as tx:
        desks = Desks(tx.connection, tx.district)
        assert desks.counts(Desk(seats=seats), [everything])[0] == 1
        assert [one.id for one in desks.page(Desk(seats=seats), waits=False, after=None, limit=5)] == [matter.id]


def found_by_verify(town: Town) -> list[Finding]:
    return list(verify(town.uow, town.door.shelf, now=NOON + timedelta(minutes=1), processes=1).findings)
