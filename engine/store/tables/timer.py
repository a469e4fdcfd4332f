"""Armed timers: when what becomes due."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.store.tables.row import Row


class TimerRow(Row, table=True):
    """
    An armed timer; `fire_at` is when it acts, `due_at` the instant its rule names.

    `held_until` is set by the mass-fire breaker, `failed_at` and `error` when acting on it failed.
    """

    __tablename__ = "timer"
    __table_args__ = (
        Index(
            "ix_timer_due",
            "district_id",
            "fire_at",
            "rank",
            "matter_id",
            # Empty in all of them: without them SQLite opens every row to see that they are.
            "failed_at",
            "held_until",
            sqlite_where=text("failed_at IS NULL AND held_until IS NULL"),
            postgresql_where=text("failed_at IS NULL AND held_until IS NULL"),
        ),
        Index(
            "ix_timer_apart",
            "district_id",
            "fire_at",
            sqlite_where=text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
            postgresql_where=text("failed_at IS NOT NULL OR held_until IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    visit: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    slot: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    due_at: datetime
    fire_at: datetime
    rank: int
    provisional: bool
    held_until: datetime | None
    failed_at: datetime | None
    error: str | None
