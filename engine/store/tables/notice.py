"""Notices on their way out, and the in-app channel's letter box."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from engine.store.tables.row import Row

WAITING = text("sent_at IS NULL AND dead_at IS NULL")


class OutboxRow(Row, table=True):
    """
    A notice prescribed by event `seq` of a matter; `key` is what the receiver tells repeats by.

    To a post, or to whoever fills a role of a unit, or (all three empty) to the reporters.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("district_id", "key"),
        Index(
            "ix_outbox_waiting",
            "district_id",
            "next_attempt_at",
            "id",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_outbox_matter", "district_id", "matter_id", "seq"),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    key: str
    matter_id: str
    seq: int
    n: int
    recipient_role: str | None
    recipient_unit: str | None
    recipient_post: str | None
    channel: str
    kind: str
    urgent: bool
    facts: bytes
    made_at: datetime
    not_before: datetime | None
    attempts: int
    next_attempt_at: datetime
    lease_until: datetime | None
    sent_at: datetime | None
    dead_at: datetime | None
    error: str | None


class MessageRow(Row, table=True):
    """A message in the letter box of a post, or of everybody who fills a role of a unit."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("district_id", "key"),
        Index("ix_message_post", "district_id", "post", "at"),
        Index("ix_message_role", "district_id", "unit", "role", "at"),
        Index("ix_message_matter", "district_id", "matter_id", "at"),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    key: str
    post: str | None
    role: str | None
    unit: str | None
    matter_id: str | None
    kind: str
    urgent: bool
    text: str
    at: datetime
    read_at: datetime | None
