"""The letter box of the in-app channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from engine.store.bulk import BulkInsert
from engine.store.repository import Repository, table

MESSAGE = table("message")

_NAMES = ("id", "key", "post", "role", "unit", "matter_id", "kind", "urgent", "text", "at", "read_at")
_INSERT = BulkInsert(MESSAGE, ("district_id", *_NAMES), unless_there=True)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a post, or to everybody who fills a role of a unit."""

    id: str
    key: str
    post: str | None
    role: str | None
    unit: str | None
    matter: str | None
    kind: str
    urgent: bool
    text: str
    at: datetime
    read_at: datetime | None = None


class Messages(Repository):
    """The messages of a district."""

    def add_many(self, messages: Sequence[Message]) -> None:
        """Put *messages* into their letter boxes; one whose key is there already changes nothing."""
        rows = [
            (self.district, m.id, m.key, m.post, m.role, m.unit, m.matter, m.kind, m.urgent, m.text, m.at, m.read_at)
            for m in messages
        ]
        _INSERT.run(self.connection, rows)

    def for_post(
        self, post: str, *, role: str, unit: str | None, limit: int, before: tuple[datetime, str] | None = None
    ) -> list[Message]:
        """Return the newest messages of a post and of its role at its unit, *before* that instant and id."""
        # Each box has an index in this order; asked for together, both would be read to their ends and sorted.
        own = self._newest(MESSAGE.c.post == post, limit=limit, before=before)
        shared = and_(MESSAGE.c.post.is_(None), MESSAGE.c.role == role, MESSAGE.c.unit == unit)
        both = [*own, *self._newest(shared, limit=limit, before=before)]
        return sorted(both, key=lambda one: (one.at, one.id), reverse=True)[:limit]

    def _newest(self, box: ColumnElement[bool], *, limit: int, before: tuple[datetime, str] | None) -> list[Message]:
        these = [MESSAGE.c.district_id == self.district, box]
        if before is not None:
            at, last = before
            these.append(or_(MESSAGE.c.at < at, and_(MESSAGE.c.at == at, MESSAGE.c.id < last)))
        query = select(*(MESSAGE.c[name] for name in _NAMES)).where(*these)
        rows = self.connection.execute(query.order_by(MESSAGE.c.at.desc(), MESSAGE.c.id.desc()).limit(limit))
        return [Message(*row) for row in rows]

    def count(self) -> int:
        """How many messages there are."""
        query = select(func.count()).select_from(MESSAGE).where(MESSAGE.c.district_id == self.district)
        return int(self.connection.execute(query).scalar_one())
