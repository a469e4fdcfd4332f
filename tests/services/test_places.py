"""Venues and buildings: kept with an event, found by unit, and a building's worker acts through whoever stands in."""

from collections.abc import Iterator

import pytest

from engine.core.scope import SYSTEM
from engine.errors import BadOrganisation
from engine.services.demo_places import demo_buildings, demo_venues
from engine.services.demo_town import COMMUNITIES, grid_id
from engine.services.places import buildings_of, save_places
from engine.store.places import Building, Venue
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, opened


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


HOUSE = Building(
    id="zhu-1.1", unit="zhu-1", name="1 号楼", address="珠路 1 号", households=54, worker="community_clerk@zhu"
)


def test_buildings_are_those_of_the_unit_and_below_when_asked(town: Town) -> None:
    """A community has the buildings of its grids, a grid its own."""
    other = Building(id="jin-1.1", unit="jin-1", name="1 号楼")
    with town.uow.write() as tx:
        save_places(tx, buildings=(HOUSE, other), by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        organisation = tx.organisation.load()
        assert buildings_of(tx, "zhu", organisation=organisation) == (HOUSE,)
        assert buildings_of(tx, "zhu-2", organisation=organisation) == ()
        assert set(buildings_of(tx, "street", organisation=organisation)) == {HOUSE, other}
        assert tx.places.building("zhu-1.1") == HOUSE


@pytest.mark.parametrize(
    "building",
    [
        Building(id="x", unit="nowhere", name="x"),
        Building(id="x", unit="water", name="x"),
        Building(id="x", unit="zhu-1", name="x", worker="nobody"),
    ],
    ids=["unit", "department", "worker"],
)
def test_building_is_refused_when_it_stands_nowhere(town: Town, building: Building) -> None:
    """A building stands in a grid or an estate and is looked after by a post; nothing is kept otherwise."""
    with pytest.raises(BadOrganisation, match=r"buildings\.x"), town.uow.write() as tx:
        save_places(tx, venues=(Venue("v", "zhu-1", "亭", "pavilion"),), buildings=(building,), by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        assert tx.places.venues() == ()


def test_demo_has_a_place_to_talk_and_buildings_in_every_grid() -> None:
    """No grid of the demo is without a venue or without buildings."""
    grids = {grid_id(community, number) for community, _, count in COMMUNITIES for number in range(1, count + 1)}

    assert grids <= {venue.unit for venue in demo_venues()}
    assert grids == {building.unit for building in demo_buildings()}
