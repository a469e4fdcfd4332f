"""Units, posts, the duty roster, and who is away."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from engine.core.terms import LeaveReason, UnitKind
from engine.store.tables.row import Row, one_of


class UnitRow(Row, table=True):
    """A unit; `path` is its line of ancestors from the top, `serves` the categories of a department (JSON)."""

    __tablename__ = "unit"
    __table_args__ = (one_of("kind", UnitKind), Index("ix_unit_path", "district_id", "path"))

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    name: str
    parent: str | None
    path: str
    serves: bytes


class PostRow(Row, table=True):
    """A person's post, from `since` until `until`."""

    __tablename__ = "post"
    __table_args__ = (
        Index("ix_post_seat", "district_id", "unit", "role"),
        Index("ix_post_person", "district_id", "person"),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    role: str
    unit: str | None
    person: str
    name: str
    since: datetime
    until: datetime | None


class DutyRow(Row, table=True):
    """A stretch of the duty roster."""

    __tablename__ = "duty"

    district_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    unit: str = Field(primary_key=True)
    post: str = Field(primary_key=True)
    since: datetime = Field(primary_key=True)
    until: datetime


class LeaveRow(Row, table=True):
    """A stretch in which the holder of a post is away; `substitute` is the post that acts meanwhile."""

    __tablename__ = "leave"
    __table_args__ = (one_of("reason", LeaveReason), Index("ix_leave_post", "district_id", "post"))

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    post: str
    since: datetime
    until: datetime | None
    substitute: str | None
    reason: str
