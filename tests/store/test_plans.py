"""What runs at every sweep and every opened list costs what it finds, not what the tables hold."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from engine.core.matter import Timer
from engine.store.changes import Changes, Mark
from engine.store.database import Database, open_database
from engine.store.listing import After, Listing, Wanted
from engine.store.log import Log
from engine.store.migrate import migrate
from engine.store.scope import Scope
from engine.store.trail import Place, Trail
from engine.store.unit_of_work import UnitOfWork

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
TIMER = Timer(matter="m", clock="state", rule="late", visit=1, due=AT, fire=AT, rank=0)
READS_ALL = re.compile(r"SCAN (timer|matter|event|t)\b(?! USING INDEX)|B-TREE FOR .*ORDER BY")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite file, whose planner needs no rows to make up its mind."""
    opened = open_database(f"sqlite:///{tmp_path / 'sanlian.db'}")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def statements(database: Database) -> list[tuple[str, Any]]:
    """Statements and parameters, as they are sent from now on."""
    sent: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        sent.append((statement, parameters[0] if many else parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    return sent


def plan_of(database: Database, statement: str, parameters: Any) -> list[str]:
    """How SQLite goes about *statement*, step by step."""
    with database.reading() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[-1]) for row in rows]


def reading_all(database: Database, statements: list[tuple[str, Any]]) -> list[str]:
    """Steps that go through a whole table, or sort what they have found."""
    asked = [one for one in statements if one[0].startswith(("SELECT", "DELETE", "UPDATE", "WITH"))]
    assert asked
    steps = [step for one in asked for step in plan_of(database, *one)]
    return [step for step in steps if READS_ALL.search(step)]


def test_sweep_searches_when_it_finds_and_consumes_timers(
    database: Database, statements: list[tuple[str, Any]]
) -> None:
    """Due timers are found, consumed and cancelled through their keys."""
    with UnitOfWork(database, district="d").write() as tx:
        tx.timers.arm_many((TIMER,))
        tx.timers.lock_ringing(AT, limit=500)
        tx.timers.consume_many((TIMER,))
        tx.timers.cancel_many((TIMER,))

    assert reading_all(database, list(statements)) == []


OPEN, PLACE, HOLDER = Wanted(), Wanted(places=("p",)), Wanted(holder=("r", "u"))
DEMANDS = ("demand",)
GRID = Wanted(kinds=DEMANDS, scope=Scope(places=frozenset({"p"})))
STREET = Wanted(kinds=DEMANDS, scope=Scope(places=frozenset({"p", "q"})))
MINE = Wanted(holder=("r", "u"), scope=Scope(places=frozenset({"p", "q"})))
TASKS = Wanted(scope=Scope(department="u"))
READERS = (OPEN, PLACE, HOLDER, GRID, STREET, MINE, TASKS)
ENDED = Wanted(ended=True)


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        *((wanted, after) for wanted in READERS for after in (None, After(None, "m"), After(AT, "m"))),
        (ENDED, None),
        (ENDED, After(AT, "m")),
    ],
)
def test_page_comes_in_order_of_the_index_when_a_list_is_opened(
    database: Database, statements: list[tuple[str, Any]], wanted: Wanted, after: After | None
) -> None:
    """No list is sorted to show one page of it."""
    with UnitOfWork(database, district="d").read() as tx:
        Listing(tx.connection, tx.district).page(wanted, after=after, limit=50)

    assert reading_all(database, list(statements)) == []


def test_scope_is_looked_up_when_one_matter_or_words_are_asked_for(
    database: Database, statements: list[tuple[str, Any]]
) -> None:
    """What a reader may see is asked of the rows found, never of all rows; words are found through their pairs."""
    scopes = (Scope(places=frozenset({"p", "q"})), Scope(department="u"), Scope(person="p"))
    with UnitOfWork(database, district="d").read() as tx:
        for scope in scopes:
            Listing(tx.connection, tx.district).in_scope(("m", "n"), scope)
            tx.vault.search("井盖松了", limit=50, scope=scope)
        tx.vault.search("井盖松了", limit=50)

    steps = [step for one in list(statements) for step in plan_of(database, *one)]
    reading = [step for step in steps if re.search(r"SCAN (matter|vault|vault_bigram|task|root|reporter)\b", step)]
    by_district = [step for step in steps if step.endswith("(district_id=?)")]
    assert (reading, by_district) == ([], [])


def test_counts_of_open_matters_read_an_index_alone(database: Database, statements: list[tuple[str, Any]]) -> None:
    """What the board and the sheet count never opens a row, whatever it is cut down to."""
    demands, here = ("demand",), frozenset({"grid1", "grid2"})
    cut = (
        Wanted(kinds=demands, late_at=AT),
        Wanted(kinds=demands, supervised=True, scope=Scope(places=here)),
        Wanted(kinds=demands, states={("three_tier", "listed")}, scope=Scope(places=here)),
        Wanted(kinds=("demand", "task"), states={("task", "doing")}, entered_before=AT, scope=Scope(places=here)),
    )
    with UnitOfWork(database, district="d").read() as tx:
        listing = Listing(tx.connection, tx.district)
        for wanted in cut:
            listing.count(wanted)
        listing.tally(Wanted(kinds=demands), "place", "level")
        listing.counts(Wanted(kinds=demands, scope=Scope(places=here)), cut[:3])
        listing.tallies(Wanted(kinds=demands), [replace(one, scope=None) for one in cut[:3]], "place", "level")

    counted = [one for one in statements if re.search(r"FROM matter\b", one[0])]
    assert len(counted) >= len(cut)
    for statement in counted:
        steps = [step for step in plan_of(database, *statement) if " matter " in step]
        assert steps == [step for step in steps if "COVERING INDEX ix_matter_open_" in step], statement[0]


BEHIND = Place(AT, "m", 7)
WITHIN: dict[str, Any] = {"since": AT - timedelta(days=9), "until": AT + timedelta(days=1)}


@pytest.mark.parametrize("after", [None, BEHIND])
@pytest.mark.parametrize("within", [{}, WITHIN])
@pytest.mark.parametrize(
    ("asked", "found_by"),
    [
        ({}, "ix_event_recorded (district_id=?"),
        ({"matters_only": True, "without": "system/digest"}, "ix_event_recorded (district_id=?"),
        ({"kinds": ("migrated",)}, "ix_event_type (district_id=? AND type=?"),
        ({"chain": "m"}, "sqlite_autoindex_event_1 (district_id=? AND matter_id=?"),
        ({"chain": "m", "kinds": ("fired",)}, "sqlite_autoindex_event_1 (district_id=? AND matter_id=?"),
    ],
)
def test_trail_comes_in_order_of_the_index_that_fits(
    database: Database, statements: list[tuple[str, Any]], asked: dict[str, Any], found_by: str,
    within: dict[str, Any], after: Place | None,
) -> None:  # fmt: skip
    """Neither one chain nor a rare kind is looked for through the whole log, and nothing is sorted."""
    with UnitOfWork(database, district="d").read() as tx:
        Trail(tx.connection, tx.district).back(limit=60, after=after, **within, **asked)

    (step,) = plan_of(database, *statements[-1])
    assert found_by in step


def test_when_rules_acted_is_read_from_an_index_alone(database: Database, statements: list[tuple[str, Any]]) -> None:
    """Neither the list of instants nor the stretch between two of them opens a row of the log."""
    with UnitOfWork(database, district="d").read() as tx:
        log = Log(tx.connection, tx.district)
        assert log.fired_at() == []
        assert log.fired_between(AT, AT + timedelta(days=9)) == timedelta(0)

    asked = [one for one in statements if "'fired'" in one[0]]
    assert len(asked) == 3
    for statement in asked:
        assert "COVERING INDEX ix_event_type (district_id=? AND type=?" in plan_of(database, *statement)[0]


def test_counts_by_place_and_level_come_in_the_order_of_the_index(
    database: Database, statements: list[tuple[str, Any]]
) -> None:
    """Nothing is sorted for the board, and what is due in a stretch of time is looked for in that stretch."""
    demands = Wanted(kinds=("demand",))
    with UnitOfWork(database, district="d").read() as tx:
        listing = Listing(tx.connection, tx.district)
        listing.tallies(demands, [demands, replace(demands, late_at=AT)], "place", "level")
        listing.tally(replace(demands, late_at=AT), "place")

    whole, late = (plan_of(database, *one) for one in statements if one[0].startswith("SELECT"))
    assert whole == ["SEARCH matter USING COVERING INDEX ix_matter_open_place (district_id=?)"]
    assert late[0] == "SEARCH matter USING COVERING INDEX ix_matter_open_due (district_id=? AND due_at<?)"


def test_what_rings_today_is_sought_among_what_rings_today(
    database: Database, statements: list[tuple[str, Any]]
) -> None:
    """Timers of other rules are passed over in the index, and no row is opened."""
    with UnitOfWork(database, district="d").read() as tx:
        tx.timers.ringing_between(AT, AT + timedelta(hours=9), rules={"escalate", "advance"})

    (plan,) = (plan_of(database, *one) for one in statements if one[0].startswith("SELECT"))
    assert plan == ["SEARCH timer USING COVERING INDEX ix_timer_due (district_id=? AND fire_at>? AND fire_at<?)"]


def test_what_changed_is_found_without_reading_what_did_not(
    database: Database, statements: list[tuple[str, Any]]
) -> None:
    """The last rows of the history by their numbers, and what falls due in between from the index of that."""
    with UnitOfWork(database, district="d").read() as tx:
        changes = Changes(tx.connection, tx.district)
        changes.newest()
        changes.since(Mark(7, b""))
        changes.places_of({"m", "n"})
        changes.places_due(AT, AT + timedelta(hours=1))

    asked = [one for one in statements if one[0].startswith("SELECT")]
    newest, since, places, due = [plan_of(database, *one) for one in asked]
    assert newest == ["SCAN event"]  # backwards, and only the first row of it
    assert since == ["SEARCH event USING INTEGER PRIMARY KEY (rowid>?)"]
    assert "sqlite_autoindex_matter_1 (district_id=? AND id=?)" in places[0]
    assert due == ["SEARCH matter USING COVERING INDEX ix_matter_open_due (district_id=? AND due_at>? AND due_at<?)"]
