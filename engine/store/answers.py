"""Answers kept for repeated requests: one key, one effect, the same answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, tuple_, update

from engine.store.bulk import BulkInsert
from engine.store.repository import Repository, table

ANSWER = table("idempotency")
_INSERT_ANSWERS = BulkInsert(ANSWER, ("district_id", "actor", "key", "request_hash", "answer", "at"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with this key by this actor."""

    actor: str
    key: str
    request_hash: bytes
    answer: bytes
    at: datetime


class Answers(Repository):
    """The answers kept for repeats."""

    def get_many(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Answer]:
        """Return the answers to those (actor, key) pairs that were answered before."""
        if not keys:
            return {}
        query = select(ANSWER.c.actor, ANSWER.c.key, ANSWER.c.request_hash, ANSWER.c.answer, ANSWER.c.at)
        query = query.where(
            ANSWER.c.district_id == self.district, tuple_(ANSWER.c.actor, ANSWER.c.key).in_(sorted(keys))
        )
        return {(row.actor, row.key): Answer(*row) for row in self.connection.execute(query)}

    def add_many(self, answers: Sequence[Answer]) -> None:
        """Keep *answers*."""
        rows = [(self.district, a.actor, a.key, a.request_hash, a.answer, a.at) for a in answers]
        _INSERT_ANSWERS.run(self.connection, rows)

    def forget_requests(self, keys: Collection[tuple[str, str]]) -> None:
        """Keep no longer what those (actor, key) pairs asked for: a repeat is refused, and has no second effect."""
        if keys:
            these = (ANSWER.c.district_id == self.district, tuple_(ANSWER.c.actor, ANSWER.c.key).in_(sorted(keys)))
            self.connection.execute(update(ANSWER).where(*these).values(request_hash=b""))

    def forget_before(self, instant: datetime) -> int:
        """Remove answers older than *instant* and return how many."""
        old = delete(ANSWER).where(ANSWER.c.district_id == self.district, ANSWER.c.at < instant)
        return int(self.connection.execute(old).rowcount)
