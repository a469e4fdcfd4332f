"""Wishes to erase: one row each, moved on by compare-and-set so that two who decide at once cannot both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.core.terms import ErasureState
from engine.store.repository import Repository, table

ERASURE = table("erasure")
_NAMES = (
    "id", "matter_id", "parts", "reason", "state", "asked_post", "asked_role", "asked_unit", "asked_person",
    "asked_at", "decided_post", "decided_person", "decided_at", "erased",
)  # fmt: skip
_COLUMNS = tuple(ERASURE.c[name] for name in _NAMES)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A wish to erase as it is stored; `parts` are joined by commas."""

    id: str
    matter: str
    parts: str
    reason: str
    state: str
    asked_post: str
    asked_role: str
    asked_unit: str | None
    asked_person: str
    asked_at: datetime
    decided_post: str | None = None
    decided_person: str | None = None
    decided_at: datetime | None = None
    erased: int = 0


class Erasures(Repository):
    """The wishes to erase of a district."""

    def add(self, wish: Erasure) -> bool:
        """Keep a new one; False where another of the same matter is waiting."""
        row = {name: getattr(wish, "matter" if name == "matter_id" else name) for name in _NAMES}
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(ERASURE).values(district_id=self.district, **row))
        except IntegrityError:
            return False
        return True

    def get(self, wish_id: str) -> Erasure | None:
        """Return one."""
        found = self._read(ERASURE.c.id == wish_id, limit=1)
        return found[0] if found else None

    def decide(self, wish_id: str, **values: Any) -> bool:
        """Change one that is still waiting; False where it no longer is, and nothing is changed."""
        here = (
            ERASURE.c.district_id == self.district, ERASURE.c.id == wish_id,
            ERASURE.c.state == ErasureState.WAITING.value,
        )  # fmt: skip
        return self.connection.execute(update(ERASURE).where(*here).values(**values)).rowcount == 1

    def of(self, matter_id: str) -> list[Erasure]:
        """Return those of a matter, newest first."""
        return self._read(ERASURE.c.matter_id == matter_id)

    def latest(self, *states: ErasureState, limit: int) -> list[Erasure]:
        """Return those in *states*, newest first."""
        return self._read(ERASURE.c.state.in_([state.value for state in states]), limit=limit)

    def _read(self, condition: Any, *, limit: int | None = None) -> list[Erasure]:
        query = select(*_COLUMNS).where(ERASURE.c.district_id == self.district, condition)
        rows: Sequence[Any] = self.connection.execute(
            query.order_by(ERASURE.c.asked_at.desc(), ERASURE.c.id.desc()).limit(limit)
        ).all()
        return [Erasure(*row) for row in rows]
