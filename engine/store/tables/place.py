"""Places of a grid: venues where people meet, and buildings where they live."""

from sqlalchemy import Index
from sqlmodel import Field

from engine.core.terms import VenueKind
from engine.store.tables.row import Row, one_of


class VenueRow(Row, table=True):
    """A place to talk things over; every grid should have one."""

    __tablename__ = "venue"
    __table_args__ = (one_of("kind", VenueKind), Index("ix_venue_unit", "district_id", "unit"))

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    unit: str
    name: str
    kind: str
    address: str


class BuildingRow(Row, table=True):
    """A building of a grid or an estate; `worker` is the post that looks after it."""

    __tablename__ = "building"
    __table_args__ = (Index("ix_building_unit", "district_id", "unit"),)

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    unit: str
    name: str
    address: str
    households: int
    worker: str | None
