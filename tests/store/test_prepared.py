"""A query that was put into words once finds the same as the query itself, on both dialects."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, event, select, text
from sqlalchemy.exc import DBAPIError

from engine.core.matter import Timer
from engine.errors import Unavailable
from engine.store.database import Database, plain_errors
from engine.store.prepared import MOST_FILLED_UP, Prepared
from engine.store.repository import table
from engine.store.unit_of_work import UnitOfWork

AT = datetime(2026, 3, 2, 1, 30, 0, 250, tzinfo=UTC)
TIMER = table("timer")
CELLS = (TIMER.c.matter_id, TIMER.c.due_at, TIMER.c.fire_at, TIMER.c.provisional, TIMER.c.held_until)
HERE = TIMER.c.district_id == bindparam("district")
AMONG = Prepared(
    select(*CELLS)
    .where(HERE, TIMER.c.clock == "state", TIMER.c.matter_id.in_(bindparam("ids", expanding=True)))
    .where(TIMER.c.fire_at <= bindparam("until"))
    .order_by(TIMER.c.matter_id)
)


def timer(matter: str, number: int) -> Timer:
    """A timer that rings *number* minutes after AT."""
    at = AT + timedelta(minutes=number)
    return Timer(
        matter=matter, clock="state", rule="late", visit=1, due=at, fire=at, rank=0, provisional=number % 2 > 0
    )


@pytest.fixture
def filled(uow: UnitOfWork) -> UnitOfWork:
    """Five armed timers."""
    with uow.write() as tx:
        tx.timers.arm_many([timer(f"m{number}", number) for number in range(5)])
    return uow


def among(uow: UnitOfWork, ids: list[str], until: datetime) -> list[tuple[Any, ...]]:
    """What the prepared query finds."""
    with uow.read() as tx:
        return AMONG.rows(tx.connection, district="d", ids=ids, until=until)


def test_rows_have_the_types_of_their_columns_when_read(filled: UnitOfWork) -> None:
    """Instants come back in UTC to the microsecond, truths as truths, nothing as nothing."""
    assert among(filled, ["m1", "m2"], AT + timedelta(minutes=1)) == [
        ("m1", AT + timedelta(minutes=1), AT + timedelta(minutes=1), True, None)
    ]


@pytest.mark.parametrize("asked", [[], ["m0"], ["m0", "m3"], ["m3", "m0", "m4"], ["m4", "x", "m1", "y", "m0"]])
def test_lists_of_every_length_find_what_they_name_when_asked_one_after_another(
    filled: UnitOfWork, asked: list[str]
) -> None:
    """A list is filled up for the wording, which changes nothing of what is found, and is empty where it is empty."""
    found = [row[0] for row in among(filled, asked, AT + timedelta(hours=1))]

    assert found == sorted(one for one in asked if one.startswith("m"))


def test_long_lists_are_asked_as_they_are_when_filling_up_would_exceed_what_a_statement_takes(
    filled: UnitOfWork,
) -> None:
    """More than a thousand names are asked as they are."""
    ids = ["m2", *(f"x{number}" for number in range(2 * MOST_FILLED_UP))]

    assert [row[0] for row in among(filled, ids, AT + timedelta(hours=1))] == ["m2"]


def test_statement_is_heard_when_somebody_listens(filled: UnitOfWork, database: Database) -> None:
    """What is sent past SQLAlchemy is still shown to those who listen to its statements."""
    heard: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: heard.append(sql))

    assert [row[0] for row in among(filled, ["m2"], AT + timedelta(hours=1))] == ["m2"]
    assert any("FROM timer" in sql for sql in heard)


def test_error_of_the_driver_is_said_in_our_words_when_a_query_fails(database: Database) -> None:
    """A query that the store cannot answer fails as one sent through SQLAlchemy does."""
    gone = Prepared(select(text("1")).select_from(text("no_such_table")))
    expected: type[Exception] = Unavailable if database.is_sqlite else DBAPIError
    with pytest.raises(expected), plain_errors(), database.reading() as connection:
        gone.rows(connection)

    with database.reading() as connection:
        assert Prepared(select(text("1"))).rows(connection) == [(1,)]
