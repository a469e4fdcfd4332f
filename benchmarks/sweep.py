"""
A sweep of many due timers against bare set-based SQL that writes the same rows.

    python -m benchmarks.sweep [--timers 100000] [--database sqlite] [--database postgres]

Each demand is late and has one timer due: supervision, which tells the superior and the holder and leaves the others
armed.
Bare SQL replays the rows that the sweep wrote, into an empty twin of the database, in batches of 500, each in one
transaction: delete the timers, insert the events, update the matters, insert the messages, each with the fastest
statement known for the database (executemany on SQLite, arrays in binary on PostgreSQL). No decision, no hashing.
"""

import argparse
import time
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, text

from benchmarks.deployment import BATCH, FILED, databases, deployed
from engine.services.sweep import sweep
from engine.store.bulk import BulkDelete, BulkInsert, BulkUpdate
from engine.store.database import Database
from engine.store.events import EVENT
from engine.store.matters import MATTER
from engine.store.outbox import OUTBOX
from engine.store.timers import TIMER

LATE = FILED + timedelta(hours=5, minutes=30)  # 14:30: four working hours after nine
DUE = LATE + timedelta(days=1)
SUPERVISED = 4  # filed, late in its state, late to be signed for, supervised

KEY = ("matter_id", "clock", "rule", "visit", "slot")
FIXED = ("district_id", "id", "kind", "root", "parent", "filed_at")
CHANGING = tuple(column.name for column in MATTER.columns if column.name not in FIXED)
TIMERS = BulkDelete(TIMER, ("district_id", *KEY))
EVENTS, MESSAGES = BulkInsert(EVENT), BulkInsert(OUTBOX)
MATTERS = BulkUpdate(MATTER, CHANGING, key=("district_id", "id"), expect="seq")

Rows = list[dict[str, Any]]


def main() -> None:
    """Measure on each database and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timers", type=int, default=100_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite", "postgres"))) as urls:
        for name, url in urls.items():
            engine_rate, bare_rate = measure(url, given.timers)
            print(
                f"{name}: {given.timers} timers, sweep {engine_rate:,.0f}/s, "
                f"bare SQL {bare_rate:,.0f}/s, ratio {engine_rate / bare_rate:.2f}"
            )


def measure(url: str, number: int) -> tuple[float, float]:
    """Return timers a second of the sweep and of bare SQL writing the same rows."""
    with deployed(url) as town:
        town.file(number)
        sweep(town.uow, now=LATE, services=town.door, max_batches=10**6)
        before = {table.name: _rows(town.database, table) for table in (TIMER, MATTER)}
        began = time.perf_counter()
        report = sweep(town.uow, now=DUE, services=town.door, max_batches=10**6)
        took = time.perf_counter() - began
        assert report.fired == number, report
        after = {table.name: _rows(town.database, table) for table in (TIMER, MATTER, EVENT, OUTBOX)}
        bare = _replay(town.database, before, after)
    return number / took, number / bare


def _rows(database: Database, table: Table) -> Rows:
    with database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]


def _replay(database: Database, before: dict[str, Rows], after: dict[str, Rows]) -> float:
    """Put the rows back as they were, then write what the sweep wrote with bare statements; seconds of the latter."""
    left = {tuple(row[name] for name in KEY) for row in after["timer"]}
    gone = [row for row in before["timer"] if tuple(row[name] for name in KEY) not in left]
    events = {row["matter_id"]: row for row in after["event"] if row["seq"] == SUPERVISED}
    messages: dict[str, Rows] = {}
    for row in after["outbox"]:
        if row["seq"] == SUPERVISED:
            messages.setdefault(row["matter_id"], []).append(row)
    matters = {row["id"]: row for row in after["matter"]}
    with database.writing() as connection:
        _undo(connection, gone)
        MATTERS.run(connection, [_change(row, stands_at=matters[row["id"]]["seq"]) for row in before["matter"]])
    was = {row["id"]: row["seq"] for row in before["matter"]}
    took = 0.0
    for first in range(0, len(gone), BATCH):
        batch = gone[first : first + BATCH]
        ids = [row["matter_id"] for row in batch]
        keys = [tuple(row[name] for name in ("district_id", *KEY)) for row in batch]
        happened = [tuple(events[name].values()) for name in ids]
        changed = [_change(matters[name], stands_at=was[name]) for name in ids]
        told = [tuple(message.values()) for name in ids for message in messages.get(name, [])]
        began = time.perf_counter()
        with database.writing() as connection:
            TIMERS.run(connection, keys)
            EVENTS.run(connection, happened)
            MATTERS.run(connection, changed)
            MESSAGES.run(connection, told)
        took += time.perf_counter() - began
    return took


def _change(row: dict[str, Any], *, stands_at: int) -> tuple[Any, ...]:
    return (*(row[name] for name in CHANGING), row["district_id"], row["id"], stands_at)


def _undo(connection: Connection, gone: Rows) -> None:
    for statement in _without_guards(connection):
        connection.execute(text(statement))
    connection.execute(delete(EVENT).where(EVENT.c.seq == SUPERVISED))
    connection.execute(delete(OUTBOX).where(OUTBOX.c.seq == SUPERVISED))
    connection.execute(insert(TIMER), gone)


def _without_guards(connection: Connection) -> list[str]:
    """Statements that drop the triggers which keep events from being deleted."""
    if connection.dialect.name == "sqlite":
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        return [f'DROP TRIGGER "{name}"' for name in names]
    return ["ALTER TABLE event DISABLE TRIGGER ALL"]


if __name__ == "__main__":
    main()
