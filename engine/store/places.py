"""Venues and buildings of a district."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from engine.store.bulk import BulkDelete, BulkInsert
from engine.store.repository import Repository, table

VENUE = table("venue")
BUILDING = table("building")
MOST_LISTED = 5000

_REMOVE_VENUES = BulkDelete(VENUE, ("district_id", "id"))
_INSERT_VENUES = BulkInsert(VENUE, ("district_id", "id", "unit", "name", "kind", "address"))
_REMOVE_BUILDINGS = BulkDelete(BUILDING, ("district_id", "id"))
_INSERT_BUILDINGS = BulkInsert(BUILDING, ("district_id", "id", "unit", "name", "address", "households", "worker"))


@dataclass(frozen=True, slots=True)
class Venue:
    """A place of a unit where people talk things over."""

    id: str
    unit: str
    name: str
    kind: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Building:
    """A building of a grid or an estate; `worker` is the post that looks after it."""

    id: str
    unit: str
    name: str
    address: str = ""
    households: int = 0
    worker: str | None = None


class Places(Repository):
    """The venues and buildings of a district."""

    def venues(self) -> tuple[Venue, ...]:
        """Return all venues, in order of unit and name."""
        found = select(VENUE).where(VENUE.c.district_id == self.district).order_by(VENUE.c.unit, VENUE.c.name)
        return tuple(
            Venue(id=row.id, unit=row.unit, name=row.name, kind=row.kind, address=row.address)
            for row in self.connection.execute(found)
        )

    def buildings(self, units: Collection[str] | None = None) -> tuple[Building, ...]:
        """Return the buildings of *units* (None: of all), in order of unit and id."""
        found = select(BUILDING).where(BUILDING.c.district_id == self.district)
        if units is not None:
            found = found.where(BUILDING.c.unit.in_(units)).limit(MOST_LISTED)
        return tuple(
            Building(
                id=row.id, unit=row.unit, name=row.name, address=row.address, households=row.households,
                worker=row.worker,
            )
            for row in self.connection.execute(found.order_by(BUILDING.c.unit, BUILDING.c.id))
        )  # fmt: skip

    def building(self, id_: str) -> Building | None:
        """Return one building."""
        row = self.connection.execute(
            select(BUILDING).where(BUILDING.c.district_id == self.district, BUILDING.c.id == id_)
        ).first()
        if row is None:
            return None
        return Building(
            id=row.id, unit=row.unit, name=row.name, address=row.address, households=row.households, worker=row.worker
        )

    def count_buildings(self) -> int:
        """Return how many buildings there are."""
        counted = select(func.count()).select_from(BUILDING).where(BUILDING.c.district_id == self.district)
        return int(self.connection.execute(counted).scalar_one())

    def put_venues(self, venues: Sequence[Venue]) -> None:
        """Keep *venues* in place of what was kept under their ids."""
        _REMOVE_VENUES.run(self.connection, [(self.district, one.id) for one in venues])
        rows = [(self.district, one.id, one.unit, one.name, one.kind, one.address) for one in venues]
        _INSERT_VENUES.run(self.connection, rows)

    def remove_venues(self, ids: Sequence[str]) -> None:
        """Remove the venues of *ids*."""
        _REMOVE_VENUES.run(self.connection, [(self.district, id_) for id_ in ids])

    def put_buildings(self, buildings: Sequence[Building]) -> None:
        """Keep *buildings* in place of what was kept under their ids."""
        _REMOVE_BUILDINGS.run(self.connection, [(self.district, one.id) for one in buildings])
        rows = [
            (self.district, one.id, one.unit, one.name, one.address, one.households, one.worker) for one in buildings
        ]
        _INSERT_BUILDINGS.run(self.connection, rows)

    def remove_buildings(self, ids: Sequence[str]) -> None:
        """Remove the buildings of *ids*."""
        _REMOVE_BUILDINGS.run(self.connection, [(self.district, id_) for id_ in ids])
