"""Proposed limits: the text, who wants it and why, what the dry run showed, who decided."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from engine.core.terms import ProposalState
from engine.store.tables.row import Row, one_of


class ProposalRow(Row, table=True):
    """
    A new limits text for a flow, on its way from a draft to being in effect.

    `base` and `digest` are the content hashes of the version it was made from and of the one it makes. `dry_run` is
    JSON. `moved_at`: when the running matters had been taken over, where they are.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        one_of("state", (state.value for state in ProposalState)),
        Index("ix_proposal_state", "district_id", "state", "effective_at"),
        Index("ix_proposal_flow", "district_id", "flow", "made_at"),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    flow: str
    base: str
    digest: str | None
    text: bytes
    state: str
    running: bool
    reason: str
    author_post: str
    author_person: str | None
    made_at: datetime
    effective_at: datetime | None
    dry_run: bytes | None
    decided_post: str | None
    decided_person: str | None
    decided_at: datetime | None
    decided_reason: str | None
    in_effect_at: datetime | None
    moved_at: datetime | None
