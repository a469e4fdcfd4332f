"""What a database holds, as far as it must not depend on how often somebody tried: everything but ids and salts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine.store.repository import table
from engine.store.unit_of_work import Transaction, UnitOfWork

Picture = Mapping[str, list[tuple[Any, ...]]]

_COLUMNS = {
    "matter": ("id", "seq", "snapshot"),
    "event": ("matter_id", "seq", "type", "at", "recorded_at", "timer_key"),
    "chain": ("id", "seq"),
    "timer": ("matter_id", "clock", "rule", "visit", "slot", "due_at", "fire_at", "held_until", "failed_at"),
    "outbox": ("key", "recipient_role", "recipient_unit", "kind", "urgent", "facts", "attempts", "sent_at"),
    "message": ("key", "role", "unit", "post", "text"),
    "demand": ("matter_id", "number", "category"),
    "reporter": ("matter_id", "n", "person"),
    "serial": ("series", "last"),
    "vault": ("ref", "value"),
    "idempotency": ("actor", "key", "answer"),
    "alarm": ("kind", "matter_id", "text"),
    "job": ("id", "progress", "state"),
    "workflow_version": ("id", "digest", "current"),
    "unit": ("id", "parent"),
    "post": ("id", "role", "unit", "person"),
}


def picture_of(uow: UnitOfWork) -> Picture:
    """Return what the database at *uow* holds."""
    with uow.read() as tx:
        return {name: _rows(tx, name, columns) for name, columns in _COLUMNS.items()}


def _rows(tx: Transaction, name: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    rows = table(name)
    query = select(*(rows.c[column] for column in columns)).where(rows.c.district_id == tx.district)
    return sorted((tuple(row) for row in tx.connection.execute(query)), key=repr)


def without(picture: Picture, *names: str) -> Picture:
    """Return *picture* without some tables."""
    return {name: rows for name, rows in picture.items() if name not in names}
