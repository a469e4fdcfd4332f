"""The letter box of the in-app channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update

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

    def for_post(self, post: str, *, role: str, unit: str | None, limit: int) -> list[Message]:
        """Return the newest messages of a post and of its role at its unit."""
        by_role = and_(MESSAGE.c.post.is_(None), MESSAGE.c.role == role, MESSAGE.c.unit == unit)
        query = (
            select(*(MESSAGE.c[name] for name in _NAMES))
            .where(MESSAGE.c.district_id == self.district, or_(MESSAGE.c.post == post, by_role))
            .order_by(MESSAGE.c.at.desc(), MESSAGE.c.id.desc())
            .limit(limit)
        )
        return [Message(*row) for row in self.connection.execute(query)]

    def mark_read(self, message_id: str, *, at: datetime) -> None:
        """Note when a message was first read."""
        this = and_(MESSAGE.c.district_id == self.district, MESSAGE.c.id == message_id, MESSAGE.c.read_at.is_(None))
        self.connection.execute(update(MESSAGE).where(this).values(read_at=at))

    def count(self) -> int:
        """How many messages there are."""
        query = select(func.count()).select_from(MESSAGE).where(MESSAGE.c.district_id == self.district)
        return int(self.connection.execute(query).scalar_one())
