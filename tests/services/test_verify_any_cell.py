"""Whatever a hand leaves in any cell that is audited, of whatever type: `verify` names it, and never fails on it."""

import os
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from engine.services.audit import verify
from engine.services.erase import erase
from engine.services.look_up import Shelf
from tests.support.intruder import LATE
from tests.support.logged import living, settle_with_history
from tests.support.town import Town, actor

# Every column that says again what the history says, or that the history promises.
AUDITED = {
    "event": ("matter_id", "seq", "type", "at", "recorded_at", "timer_key", "body", "hash"),
    "matter": (
        "id", "kind", "workflow", "version", "digest", "state", "level", "outcome", "holder_role", "holder_unit",
        "assignee", "place", "root", "parent", "klass", "department", "filed_at", "entered_at", "at", "due_at",
        "ended_at", "late", "supervised", "seq", "head", "snapshot",
    ),
    "vault": ("ref", "matter_id", "seq", "field", "salt", "value", "erased_at"),
    "file": ("id", "matter_id", "sha256", "bytes"),
    "chain": ("id", "seq", "head"),
    "digest": ("day", "hash", "count"),
    "workflow_version": ("digest", "flow_text", "limits_text"),
    "calendar_version": ("digest", "texts"),
    "unit": ("id", "kind", "parent", "serves"),
    "post": ("id", "role", "unit", "person", "since", "until"),
}  # fmt: skip
# As SQL: every type that a cell of SQLite may have, a text that is no UTF-8, and the same value as another type.
CELLS = (
    "NULL", "7", "7.5", "'x'", "''", "x'00ff'", "CAST(x'ff41' AS TEXT)", "9223372036854775807",
    "'2026-13-45 99:00:00.000000'", "CAST({c} AS BLOB)", "CAST({c} AS TEXT)", "CAST({c} AS REAL)",
)  # fmt: skip
# Every third pair in a normal run, all of them when asked: a look at the whole log is behind each.
STRIDE = 1 if os.environ.get("SANLIAN_ALL_POINTS") else 3
# A list of words is compared by what it says, and as text it says the same.
SAME_MEANING = {("serves", "CAST({c} AS TEXT)")}


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test here begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town at the end of its history, one value of it erased, in a file whose tables refuse nothing any more."""
    with living(prepared_sqlite_url) as opened:
        erase(
            opened.uow, [f"{LATE}/1/detail"], basis="本人要求", by=actor("supervisor", "street"),
            second=actor("auditor", "district"), now=opened.now, services=opened.door,
        )  # fmt: skip
        raw = connected(opened)
        raw.execute("PRAGMA foreign_keys=OFF")
        for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {trigger}")
        for table in AUDITED:
            names = ", ".join(f'"{row[1]}"' for row in raw.execute(f"PRAGMA table_info({table})"))
            raw.execute(f"CREATE TABLE bare ({names})")  # without types: what is written stays what it is
            raw.execute(f"INSERT INTO bare SELECT {names} FROM {table}")
            raw.execute(f"DROP TABLE {table}")
            raw.execute(f"ALTER TABLE bare RENAME TO {table}")
        yield opened


def connected(town: Town) -> Any:
    """Return a connection of the driver to the town's file."""
    return town.uow.database.engine.raw_connection().driver_connection


def cell_of(raw: Any, table: str, column: str, row: int) -> tuple[str, str]:
    """Return type and bytes of a cell."""
    found: tuple[str, str] = raw.execute(
        f"SELECT typeof({column}), hex({column}) FROM {table} WHERE rowid = ?", (row,)
    ).fetchone()
    return found


@pytest.mark.parametrize("table", AUDITED)
def test_verify_names_what_a_hand_left_in_a_cell(town: Town, table: str) -> None:
    """Any audited cell, changed to any type, is a finding with its kind, matter and seq, and the outcome is 1."""
    assert verify(town.uow, town.door.shelf, now=town.now, processes=1).findings == ()
    raw = connected(town)
    raw.execute(f"CREATE TABLE kept AS SELECT rowid AS kept_row, * FROM {table}")
    rows = [row for (row,) in raw.execute("SELECT kept_row FROM kept ORDER BY kept_row")]
    missed, tried = [], 0
    for (place, column), (number, cell) in product(enumerate(AUDITED[table]), enumerate(CELLS)):
        if (place + number) % STRIDE:
            continue
        row = rows[(7 * place + 3 * number) % len(rows)]
        before = cell_of(raw, table, column, row)
        raw.execute(f"UPDATE {table} SET {column} = {cell.format(c=column)} WHERE rowid = ?", (row,))
        after = cell_of(raw, table, column, row)
        if after != before:
            tried += 1
            report = verify(town.uow, Shelf(), now=town.now, processes=1)
            if report.exit_code != 1 or not all(type(one.seq) is int for one in report.findings):
                missed.append((column, before, cell))
        raw.execute(
            f"UPDATE {table} SET {column} = (SELECT {column} FROM kept WHERE kept_row = {table}.rowid) WHERE rowid = ?",
            (row,),
        )

    assert [one for one in missed if one[::2] not in SAME_MEANING] == []
    assert tried > 2 * len(AUDITED[table])
    assert verify(town.uow, Shelf(), now=town.now, processes=1).findings == ()
