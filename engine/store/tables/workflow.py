"""Published workflows and calendars: the texts themselves, found by their content hash."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from engine.store.tables.row import Row

CURRENT = text("current")


class WorkflowVersionRow(Row, table=True):
    """
    One published version of a flow with its limits; of each id one is current.

    `beside` is JSON: the names of the files, and what of other files the flow was read with.
    """

    __tablename__ = "workflow_version"
    __table_args__ = (
        UniqueConstraint("district_id", "id", "version", "digest"),
        Index(
            "ix_workflow_version_current",
            "district_id",
            "id",
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
    )

    district_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    id: str
    version: int
    flow_text: bytes
    limits_text: bytes | None
    limits_version: int | None
    beside: bytes
    published_at: datetime
    published_by: str
    current: bool


class CalendarVersionRow(Row, table=True):
    """One version of a calendar: `texts` is the JSON from which the calendar is read again."""

    __tablename__ = "calendar_version"
    __table_args__ = (
        Index(
            "ix_calendar_version_current",
            "district_id",
            "id",
            unique=True,
            sqlite_where=CURRENT,
            postgresql_where=CURRENT,
        ),
    )

    district_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    id: str
    texts: bytes
    stored_at: datetime
    current: bool
