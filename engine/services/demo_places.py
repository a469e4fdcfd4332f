"""The venues and buildings of the demo street: a place to talk and a few buildings in every grid."""

from collections.abc import Iterator

from engine.core.terms import VenueKind
from engine.services.demo_town import COMMUNITIES, grid_id
from engine.store.places import Building, Venue

BUILDINGS_A_GRID = 6
_HOUSEHOLDS = (54, 72, 48, 96, 60, 84)
_KINDS = (VenueKind.PAVILION, VenueKind.ROOM, VenueKind.YARD)
_WORKER = "community_clerk"


def demo_venues() -> Iterator[Venue]:
    """Yield a hall for every community and a place to talk for every grid."""
    for community, name, grids in COMMUNITIES:
        hall = VenueKind.HALL
        yield Venue(id=f"{community}.hall", unit=community, name=f"{name}{hall.label}", kind=hall, address="服务站二层")
        for number in range(1, grids + 1):
            kind = _KINDS[(number - 1) % len(_KINDS)]
            first = _first_building(number)
            yield Venue(
                id=f"{grid_id(community, number)}.venue", unit=grid_id(community, number), name=kind.label, kind=kind,
                address=f"{first} 号楼旁",
            )  # fmt: skip


def demo_buildings() -> Iterator[Building]:
    """Yield the buildings, numbered through each community; its clerk looks after them."""
    for community, _, grids in COMMUNITIES:
        for grid in range(1, grids + 1):
            for place in range(BUILDINGS_A_GRID):
                number = _first_building(grid) + place
                yield Building(
                    id=f"{community}.{number:02d}", unit=grid_id(community, grid), name=f"{number} 号楼",
                    households=_HOUSEHOLDS[place], worker=f"{community}.{_WORKER}.1",
                )  # fmt: skip


def _first_building(grid: int) -> int:
    return (grid - 1) * BUILDINGS_A_GRID + 1
