"""Keep venues and buildings, and say which of them a unit has."""

from collections.abc import Sequence
from datetime import datetime

from engine.core.matter import Actor
from engine.core.scope import Organisation
from engine.core.terms import UnitKind
from engine.errors import BadOrganisation
from engine.services.record import record
from engine.store.places import Building, Venue
from engine.store.unit_of_work import Transaction

TOPIC = "places"
HOME_KINDS = frozenset({UnitKind.GRID.value, UnitKind.ESTATE.value})


def buildings_of(tx: Transaction, unit: str, *, organisation: Organisation) -> tuple[Building, ...]:
    """Return the buildings of *unit* and of every unit below it."""
    return tx.places.buildings([one for one in organisation.units if unit in organisation.ancestors(one)])


def save_places(
    tx: Transaction, *, venues: Sequence[Venue] = (), buildings: Sequence[Building] = (), by: Actor, now: datetime
) -> None:
    """
    Add or change venues and buildings.

    Raises:
        BadOrganisation: one stands in a unit that is not there, or a building in a unit nobody lives in.
    """
    organisation = tx.organisation.load()
    for venue in venues:
        if venue.unit not in organisation.units:
            raise BadOrganisation(where=f"venues.{venue.id}.unit", found=venue.unit, expected="已有的单位")
    for building in buildings:
        unit = organisation.units.get(building.unit)
        if unit is None or unit.kind not in HOME_KINDS:
            raise BadOrganisation(where=f"buildings.{building.id}.unit", found=building.unit, expected="网格或小区")
        if building.worker is not None and building.worker not in organisation.posts:
            raise BadOrganisation(where=f"buildings.{building.id}.worker", found=building.worker, expected="已有的岗位")
    tx.places.put_venues(venues)
    tx.places.put_buildings(buildings)
    data = {
        "venues": [{"id": one.id, "unit": one.unit, "kind": one.kind} for one in venues],
        "buildings": [
            {"id": one.id, "unit": one.unit, "households": one.households, "worker": one.worker} for one in buildings
        ],
    }
    record(tx, TOPIC, action="places_saved", by=by, now=now, data=data)


def remove_places(
    tx: Transaction, *, venues: Sequence[str] = (), buildings: Sequence[str] = (), by: Actor, now: datetime
) -> None:
    """Remove venues and buildings that are no longer there."""
    tx.places.remove_venues(venues)
    tx.places.remove_buildings(buildings)
    record(
        tx, TOPIC, action="places_removed", by=by, now=now,
        data={"venues": list(venues), "buildings": list(buildings)},
    )  # fmt: skip
