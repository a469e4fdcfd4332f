"""Wishes to erase what a demand holds of people: who asked, on what basis, who decided."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.core.terms import ErasureReason, ErasureState
from engine.store.tables.row import Row, one_of

WAITING = text("state = 'waiting'")


class ErasureRow(Row, table=True):
    """
    A wish to erase parts of a demand for good, on its way to somebody else's decision; a demand has one at a time.

    `parts` are the words of `ErasurePart`, joined by commas. `erased` counts the values that went.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        one_of("reason", (reason.value for reason in ErasureReason)),
        one_of("state", (state.value for state in ErasureState)),
        Index(
            "ix_erasure_waiting", "district_id", "matter_id",
            unique=True, sqlite_where=WAITING, postgresql_where=WAITING,
        ),
        Index("ix_erasure_asked", "district_id", "asked_at", "id"),
    )  # fmt: skip

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    matter_id: str
    parts: str
    reason: str
    state: str
    asked_post: str
    asked_role: str
    asked_unit: str | None
    asked_person: str
    asked_at: datetime
    decided_post: str | None
    decided_person: str | None
    decided_at: datetime | None
    erased: int
