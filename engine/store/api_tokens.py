"""Tokens with which programs call."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import insert, select, update

from engine.store.repository import Repository, table

TOKEN = table("api_token")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token: whose, as which post, what it may do, until when."""

    id: str
    token_hash: str
    person: str
    post: str
    scope: str
    label: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


_COLUMNS = tuple(TOKEN.c[one.name] for one in fields(ApiToken))


class ApiTokens(Repository):
    """The tokens of a district."""

    def add(self, token: ApiToken) -> None:
        """Keep a new token."""
        self.connection.execute(insert(TOKEN).values(district_id=self.district, **asdict(token)))

    def by_hash(self, token_hash: str) -> ApiToken | None:
        """Return the token with that hash."""
        query = select(*_COLUMNS).where(TOKEN.c.district_id == self.district, TOKEN.c.token_hash == token_hash)
        row = self.connection.execute(query).first()
        return ApiToken(*row) if row is not None else None

    def all(self) -> list[ApiToken]:
        """Return every token, newest first."""
        query = select(*_COLUMNS).where(TOKEN.c.district_id == self.district)
        rows = self.connection.execute(query.order_by(TOKEN.c.created_at.desc(), TOKEN.c.id))
        return [ApiToken(*row) for row in rows]

    def touch(self, token_id: str, *, at: datetime) -> None:
        """Note when a token was last used."""
        self._set(token_id, used_at=at)

    def revoke(self, token_id: str, *, at: datetime) -> int:
        """End a token; return whether (1) or not (0) there was one that still counted."""
        same = (TOKEN.c.district_id == self.district, TOKEN.c.id == token_id, TOKEN.c.revoked_at.is_(None))
        return int(self.connection.execute(update(TOKEN).where(*same).values(revoked_at=at)).rowcount)

    def _set(self, token_id: str, **values: object) -> None:
        same = (TOKEN.c.district_id == self.district, TOKEN.c.id == token_id)
        self.connection.execute(update(TOKEN).where(*same).values(**values))
