"""Who looked at who reported a matter, for those who watch over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, and_, func, insert, or_, select

from engine.store.repository import Repository, table

LOOK = table("look")


@dataclass(frozen=True, slots=True)
class Look:
    """*person*, acting as *post*, looked at *fields* of who reported *matter*, for *purpose*."""

    id: str
    matter: str
    person: str
    post: str
    fields: tuple[str, ...]
    purpose: str
    at: datetime


class Looks(Repository):
    """The looks of a district."""

    def add(self, look: Look) -> None:
        """Keep *look*."""
        row = {
            "id": look.id, "matter_id": look.matter, "person": look.person, "post": look.post,
            "fields": msgspec.json.encode(look.fields).decode(), "purpose": look.purpose, "at": look.at,
        }  # fmt: skip
        self.connection.execute(insert(LOOK).values(district_id=self.district, **row))

    def get(self, look_id: str) -> Look | None:
        """Return one look."""
        found = self._those(LOOK.c.id == look_id)
        return found[0] if found else None

    def of_matter(self, matter_id: str) -> list[Look]:
        """Return the looks at one matter, newest first."""
        return self._those(LOOK.c.matter_id == matter_id)

    def between(
        self, since: datetime, until: datetime, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[Look]:
        """Return *limit* looks from *since* to before *until*, newest first, those behind *after*."""
        these = [LOOK.c.at >= since, LOOK.c.at < until]
        if after is not None:
            at, last = after
            these.append(or_(LOOK.c.at < at, and_(LOOK.c.at == at, LOOK.c.id < last)))
        return self._those(*these, limit=limit)

    def count_of(self, person: str, *, since: datetime) -> int:
        """Return how often *person* has looked from *since* on."""
        these = (LOOK.c.district_id == self.district, LOOK.c.person == person, LOOK.c.at >= since)
        return int(self.connection.execute(select(func.count()).select_from(LOOK).where(*these)).scalar_one())

    def _those(self, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Look]:
        columns: Sequence[str] = ("id", "matter_id", "person", "post", "fields", "purpose", "at")
        query = select(*(LOOK.c[name] for name in columns)).where(LOOK.c.district_id == self.district, *conditions)
        rows = self.connection.execute(query.order_by(LOOK.c.at.desc(), LOOK.c.id.desc()).limit(limit))
        return [
            Look(id=id_, matter=matter, person=person, post=post, purpose=purpose, at=at,
                 fields=msgspec.json.decode(fields, type=tuple[str, ...]))
            for id_, matter, person, post, fields, purpose, at in rows
        ]  # fmt: skip
