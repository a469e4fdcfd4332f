"""Tokens with which programs call: only the hash of each is kept."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from engine.store.tables.row import Row, one_of

TOKEN_SCOPES = ("read", "write")


class ApiTokenRow(Row, table=True):
    """A token acts as one post of one person, who answers for what is done with it; `label` says what it is for."""

    __tablename__ = "api_token"
    __table_args__ = (
        one_of("scope", TOKEN_SCOPES),
        Index("ix_api_token_hash", "district_id", "token_hash", unique=True),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    token_hash: str
    person: str
    post: str
    scope: str
    label: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
