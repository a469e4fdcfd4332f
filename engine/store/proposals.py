"""Proposed limits: one row each, moved on by compare-and-set so that two who decide at once cannot both."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update

from engine.core.terms import ProposalState
from engine.store.repository import Repository, table

PROPOSAL = table("proposal")
_NAMES = (
    "id",
    "flow",
    "base",
    "digest",
    "text",
    "state",
    "running",
    "reason",
    "author_post",
    "author_person",
    "made_at",
    "effective_at",
    "dry_run",
    "decided_post",
    "decided_person",
    "decided_at",
    "decided_reason",
    "in_effect_at",
    "moved_at",
)
_COLUMNS = tuple(PROPOSAL.c[name] for name in _NAMES)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed limits text as it is stored."""

    id: str
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
    effective_at: datetime | None = None
    dry_run: bytes | None = None
    decided_post: str | None = None
    decided_person: str | None = None
    decided_at: datetime | None = None
    decided_reason: str | None = None
    in_effect_at: datetime | None = None
    moved_at: datetime | None = None


class Proposals(Repository):
    """The proposals of a district."""

    def add(self, proposal: Proposal) -> None:
        """Keep a new one."""
        row = {name: getattr(proposal, name) for name in _NAMES}
        self.connection.execute(insert(PROPOSAL).values(district_id=self.district, **row))

    def get(self, proposal_id: str) -> Proposal | None:
        """Return one."""
        query = select(*_COLUMNS).where(PROPOSAL.c.district_id == self.district, PROPOSAL.c.id == proposal_id)
        row = self.connection.execute(query).one_or_none()
        return Proposal(*row) if row else None

    def change(self, proposal_id: str, *, was: str, **values: Any) -> bool:
        """Change one that is still in state *was*; False where it no longer is, and nothing is changed."""
        here = (
            PROPOSAL.c.district_id == self.district,
            PROPOSAL.c.id == proposal_id,
            PROPOSAL.c.state == str(was),
        )
        return self.connection.execute(update(PROPOSAL).where(*here).values(**values)).rowcount == 1

    def of(self, flow: str | None = None, *, states: Collection[ProposalState] | None = None) -> list[Proposal]:
        """Return those of a flow (all), newest first."""
        query = select(*_COLUMNS).where(PROPOSAL.c.district_id == self.district)
        if flow is not None:
            query = query.where(PROPOSAL.c.flow == flow)
        if states is not None:
            query = query.where(PROPOSAL.c.state.in_([state.value for state in states]))
        rows = self.connection.execute(query.order_by(PROPOSAL.c.made_at.desc(), PROPOSAL.c.id.desc()))
        return [Proposal(*row) for row in rows]

    def due(self, now: datetime) -> list[Proposal]:
        """Return those approved whose instant has come, in that order."""
        query = select(*_COLUMNS).where(
            PROPOSAL.c.district_id == self.district,
            PROPOSAL.c.state == ProposalState.APPROVED.value,
            or_(PROPOSAL.c.effective_at.is_(None), PROPOSAL.c.effective_at <= now),
        )
        rows = self.connection.execute(query.order_by(PROPOSAL.c.effective_at, PROPOSAL.c.decided_at, PROPOSAL.c.id))
        return [Proposal(*row) for row in rows]

    def moving(self) -> list[Proposal]:
        """Return those in effect whose running matters have not all been taken over, oldest first."""
        query = select(*_COLUMNS).where(
            PROPOSAL.c.district_id == self.district,
            PROPOSAL.c.state == ProposalState.IN_EFFECT.value,
            PROPOSAL.c.running,
            PROPOSAL.c.moved_at.is_(None),
        )
        return [Proposal(*row) for row in self.connection.execute(query.order_by(PROPOSAL.c.in_effect_at))]
