"""Free text, personal data and files: kept apart from the history, correctable and erasable."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from engine.store.tables.row import Row


class VaultRow(Row, table=True):
    """
    A private value and the salt of its commitment; both are gone once `erased_at` is set.

    `restricted` hides it from everyone but the legal role. `key_id` is left for later encryption.
    """

    __tablename__ = "vault"
    __table_args__ = (
        Index("ix_vault_matter", "district_id", "matter_id", "seq"),
        Index("ix_vault_subject", "district_id", "subject"),
        Index("ix_vault_keep_until", "district_id", "keep_until"),
    )

    district_id: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    matter_id: str
    seq: int
    field: str
    subject: str | None
    salt: bytes | None
    value: bytes | None
    purpose: str
    keep_until: datetime | None
    key_id: str | None
    restricted: bool
    erased_at: datetime | None


class VaultBigramRow(Row, table=True):
    """Pairs of neighbouring characters of a vault value, for search; they go with the value."""

    __tablename__ = "vault_bigram"
    __table_args__ = (
        ForeignKeyConstraint(["district_id", "ref"], ["vault.district_id", "vault.ref"], ondelete="CASCADE"),
        Index("ix_vault_bigram_ref", "district_id", "ref"),
        {"sqlite_with_rowid": False},
    )

    district_id: str = Field(primary_key=True)
    gram: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)


class FileRow(Row, table=True):
    """A file given with a matter; its name is a vault row. Nothing is left of one that was erased."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_matter", "district_id", "matter_id"),)

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    matter_id: str | None
    sha256: str
    media_type: str
    size: int
    name_ref: str | None
    at: datetime
    bytes: bytes | None


class LookRow(Row, table=True):
    """Somebody looked at who reported a matter: as which post, at which values (JSON), and what for."""

    __tablename__ = "look"
    __table_args__ = (
        Index("ix_look_at", "district_id", "at", "id"),
        Index("ix_look_person", "district_id", "person", "at"),
        Index("ix_look_matter", "district_id", "matter_id", "at"),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    matter_id: str
    person: str
    post: str
    fields: str
    purpose: str
    at: datetime
