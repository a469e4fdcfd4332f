"""Daily digests of all chains."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from engine.store.repository import Repository, table

DIGEST = table("digest")


@dataclass(frozen=True, slots=True)
class Digest:
    """One hash over all chains as they stood at the end of a day."""

    day: str
    hash: bytes
    count: int
    made_at: datetime


class Digests(Repository):
    """The daily digests of a district."""

    def add(self, digest: Digest) -> None:
        """Keep *digest*; a day has one."""
        row = {"day": digest.day, "hash": digest.hash, "count": digest.count, "made_at": digest.made_at}
        self.connection.execute(insert(DIGEST).values(district_id=self.district, **row))

    def get(self, day: str) -> Digest | None:
        """Return the digest of *day*."""
        return next((digest for digest in self.all() if digest.day == day), None)

    def last_day(self) -> str | None:
        """Return the last day that has a digest."""
        query = select(func.max(DIGEST.c.day)).where(DIGEST.c.district_id == self.district)
        day: str | None = self.connection.execute(query).scalar()
        return day

    def all(self) -> list[Digest]:
        """Return all digests, oldest first."""
        query = select(DIGEST.c.day, DIGEST.c.hash, DIGEST.c["count"], DIGEST.c.made_at)
        rows = self.connection.execute(query.where(DIGEST.c.district_id == self.district).order_by(DIGEST.c.day))
        return [Digest(*row) for row in rows]
