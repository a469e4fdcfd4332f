"""People who may sign in, their sessions, and the counters that slow down guessing."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from engine.core.terms import Office
from engine.store.tables.row import Row, one_of

SESSION_KINDS = ("office", "phone")
TRY_SCOPES = ("account", "address", "pair")


class PersonRow(Row, table=True):
    """
    A person; without `login` there is no account, and `office` has room for one.

    Triggers keep the offices apart from the work: who holds an office holds no post, and no post is an office.
    """

    __tablename__ = "person"
    __table_args__ = (one_of("office", Office), Index("ix_person_login", "district_id", "login", unique=True))

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    login: str | None
    name: str
    phone: str | None
    password_hash: str | None
    must_change: bool
    office: str | None
    disabled_at: datetime | None
    created_at: datetime


class SessionRow(Row, table=True):
    """A signed-in browser: only the hash of its token is kept; `id` names it on the page of one's sessions."""

    __tablename__ = "session"
    __table_args__ = (one_of("kind", SESSION_KINDS), Index("ix_session_person", "district_id", "person"))

    district_id: str = Field(primary_key=True)
    token_hash: str = Field(primary_key=True)
    id: str
    person: str
    post: str | None
    kind: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    fresh_until: datetime
    revoked_at: datetime | None


class SignInTryRow(Row, table=True):
    """How often signing in has failed lately, by hashed account, by address, and by both together."""

    __tablename__ = "sign_in_try"
    __table_args__ = (one_of("scope", TRY_SCOPES),)

    district_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    failures: int
    last_at: datetime


class KnownPlaceRow(Row, table=True):
    """Where an account was signed in lately, by its name and address or device, hashed: it is not slowed down there."""

    __tablename__ = "known_place"

    district_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    seen_at: datetime
