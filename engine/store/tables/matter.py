"""Matters, and what a demand has beside its matter: number, channel, reporters."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from engine.core.terms import MatterKind
from engine.store.tables.row import Row, one_of

OPEN = text("outcome IS NULL")
# `outcome` is empty in all of them: without it SQLite opens every row to see that it is.
OPEN_DUE = (
    "district_id", "due_at", "id", "kind", "level", "place", "state", "workflow", "supervised", "late", "outcome",
    "entered_at", "root",
)  # fmt: skip
OPEN_HOLDER = ("district_id", "holder_unit", "holder_role", "due_at", "id", "workflow", "state", "outcome")
OPEN_PLACE = (
    "district_id", "place", "level", "due_at", "id", "kind", "workflow", "state", "supervised", "outcome",
)  # fmt: skip
GIVEN = text("department IS NOT NULL")


class MatterRow(Row, table=True):
    """
    A matter as it stands: `snapshot` is its whole state, the other columns repeat what lists look for.

    `due_at` is the end of the state's clock, `head` the head of the matter's chain after event `seq`, `department` the
    unit a task was given to.
    """

    __tablename__ = "matter"
    __table_args__ = (
        one_of("kind", MatterKind),
        # A desk, and the counts by place and level, are read from their index alone.
        Index("ix_matter_open_holder", *OPEN_HOLDER, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_matter_open_place", *OPEN_PLACE, sqlite_where=OPEN, postgresql_where=OPEN),
        # What lists and counts filter by stands behind the order, so that only the rows shown are opened.
        Index("ix_matter_open_due", *OPEN_DUE, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_matter_filed", "district_id", "filed_at", "id"),
        Index("ix_matter_ended", "district_id", "ended_at", "id"),
        Index("ix_matter_parent", "district_id", "parent"),
        Index("ix_matter_root", "district_id", "root"),
        Index("ix_matter_department", "district_id", "department", "root", sqlite_where=GIVEN, postgresql_where=GIVEN),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    workflow: str
    version: int
    digest: str
    state: str
    level: str | None
    outcome: str | None
    holder_role: str | None
    holder_unit: str | None
    assignee: str | None
    place: str
    root: str
    parent: str | None
    klass: str
    department: str | None
    filed_at: datetime
    entered_at: datetime
    at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    late: bool
    supervised: bool
    seq: int
    head: bytes
    snapshot: bytes


class DemandRow(Row, table=True):
    """What a demand has beside its matter; the receipt code is kept only as a hash."""

    __tablename__ = "demand"
    __table_args__ = (
        ForeignKeyConstraint(["district_id", "matter_id"], ["matter.district_id", "matter.id"]),
        UniqueConstraint("district_id", "number"),
        Index("ix_demand_external", "district_id", "external_number"),
        Index("ix_demand_receipt", "district_id", "receipt_code_hash", unique=True),
        Index("ix_demand_category", "district_id", "category", "matter_id"),
    )

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    number: str
    category: str | None
    channel: str
    external_number: str | None
    external_due: datetime | None
    receipt_code_hash: bytes | None


class SerialRow(Row, table=True):
    """The last number given in a series (a district's month)."""

    __tablename__ = "serial"

    district_id: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    last: int


class ReporterRow(Row, table=True):
    """Who reported, apart from the matter; name and phone are vault rows, `n` counts the reporters from 1."""

    __tablename__ = "reporter"
    __table_args__ = (Index("ix_reporter_person", "district_id", "person"),)

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    person: str | None
    name_ref: str | None
    phone_ref: str | None
