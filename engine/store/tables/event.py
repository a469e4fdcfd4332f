"""The history: events as the bytes that were hashed, and the heads of the chains that are no matter's."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from engine.store.tables.row import Row


class EventRow(Row, table=True):
    """
    One entry of a chain; `matter_id` is a matter's id or `system/<topic>`.

    `hash` is the head after this event. `timer_key` names the timer that was used up by it, at most once.
    `leaf_index` stays empty until there is a Merkle log.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("district_id", "timer_key"),
        Index("ix_event_recorded", "district_id", "recorded_at", "matter_id", "seq"),
        Index("ix_event_type", "district_id", "type", "recorded_at", "matter_id", "seq"),
    )

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    type: str
    at: datetime
    recorded_at: datetime
    timer_key: str | None
    body: bytes
    hash: bytes
    leaf_index: int | None


class ChainRow(Row, table=True):
    """Head of a system chain (`system/workflows`, `system/organisation` …) after its event `seq`."""

    __tablename__ = "chain"

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    seq: int
    head: bytes


class DigestRow(Row, table=True):
    """The daily digest: one hash over all (matter, head) pairs as they stood at the end of *day*."""

    __tablename__ = "digest"

    district_id: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    hash: bytes
    count: int
    made_at: datetime
