"""What each dialect needs: sessions that lose nothing, readers that write nothing, faults in plain words."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from engine.errors import BadInput, Unavailable
from engine.store.database import Database, TryAgain, Turnstile, open_database
from engine.store.unit_of_work import Transaction, UnitOfWork
from tests.store.conftest import migrated


def put_and_fail(tx: Transaction) -> None:
    """Write something, then fail."""
    tx.facts.put("k", "v")
    raise ZeroDivisionError


def fill_up(tx: Transaction) -> None:
    """Write more than a file that may not grow can take."""
    tx.connection.exec_driver_sql("PRAGMA max_page_count=1")
    tx.facts.put("k", "v" * 1_000_000)


def write_read_only(connection: Connection) -> None:
    """Write where nothing may be written."""
    connection.exec_driver_sql("PRAGMA query_only=ON")
    connection.execute(text("DELETE FROM deployment"))


def test_no_increment_is_lost_when_many_write_at_once(uow: UnitOfWork) -> None:
    """Eight writers add fifty each to one number: the default sessions of SQLite keep some seventy of them."""
    with uow.write() as tx:
        tx.facts.put("number", "0")
    failures: list[BaseException] = []

    def add() -> None:
        try:
            for _ in range(50):
                with uow.write() as tx:
                    tx.facts.count_up("number")
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=add) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    with uow.read() as tx:
        assert tx.facts.get("number") == "400"


def test_no_increment_is_lost_when_two_processes_write(prepared_sqlite_url: str) -> None:
    """Writers that share no turnstile, as two processes do not, still lose nothing (SQLite)."""
    opened = [open_database(prepared_sqlite_url) for _ in range(2)]
    processes = [UnitOfWork(Database(one.engine, writers=Turnstile()), district="d") for one in opened]
    failures: list[BaseException] = []

    def add(uow: UnitOfWork) -> None:
        try:
            for _ in range(50):
                with uow.write() as tx:
                    tx.facts.count_up("number")
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=add, args=(uow,)) for uow in processes]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert failures == []
    with processes[0].read() as tx:
        assert tx.facts.get("number") == "100"
    for one in opened:
        one.close()


def test_reading_session_cannot_write(database: Database) -> None:
    """A reading session refuses to write, and the connection it gives back writes again."""
    insert = text("INSERT INTO deployment (district_id, key, value) VALUES ('d', 'k', 'v')")
    with pytest.raises((DBAPIError, Unavailable)), database.reading() as connection:
        connection.execute(insert)

    with database.writing() as connection:
        connection.execute(insert)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM deployment")).scalar_one() == 1


def test_reading_session_sees_one_picture_while_others_write(uow: UnitOfWork) -> None:
    """What is committed while a session reads does not enter its picture."""
    with uow.read() as reader:
        assert reader.facts.get("k") is None
        with uow.write() as writer:
            writer.facts.put("k", "v")
        assert reader.facts.get("k") is None

    with uow.read() as reader:
        assert reader.facts.get("k") == "v"


def test_exception_takes_everything_back(uow: UnitOfWork) -> None:
    """What was written before an exception is not there afterwards."""
    with pytest.raises(ZeroDivisionError), uow.write() as tx:
        put_and_fail(tx)

    with uow.read() as tx:
        assert tx.facts.get("k") is None


def test_savepoint_takes_back_only_its_own_part(uow: UnitOfWork) -> None:
    """A part that fails is undone by itself, what stands before and after it stays."""
    with uow.write() as tx:
        tx.facts.put("before", "v")
        with pytest.raises(ZeroDivisionError), tx.savepoint():
            put_and_fail(tx)
        tx.facts.put("after", "v")

    with uow.read() as tx:
        assert sorted(tx.facts.all()) == ["after", "before"]


def test_taken_key_says_try_again(uow: UnitOfWork) -> None:
    """A key that somebody else wrote first is no error of the program: the same again may pass."""
    statement = text("INSERT INTO deployment (district_id, key, value) VALUES ('d', 'k', 'v')")
    with uow.write() as tx:
        tx.connection.execute(statement)

    with pytest.raises(TryAgain), uow.write() as tx:
        tx.connection.execute(statement)


def test_deadlock_says_try_again(prepared_pg_url: str) -> None:
    """Two who wait for each other: one of them is told to try again (PostgreSQL)."""
    database = open_database(prepared_pg_url)
    uow = UnitOfWork(database, district="d")
    with uow.write() as tx:
        tx.facts.put("a", "0")
        tx.facts.put("b", "0")
    both_hold_one = threading.Barrier(2)
    told: list[str] = []

    def take(first: str, second: str) -> None:
        try:
            with uow.write() as tx:
                tx.facts.count_up(first)
                both_hold_one.wait()
                tx.facts.count_up(second)
            told.append("done")
        except TryAgain:
            told.append("again")

    people = [threading.Thread(target=take, args=names) for names in (("a", "b"), ("b", "a"))]
    for person in people:
        person.start()
    for person in people:
        person.join()
    database.close()

    assert sorted(told) == ["again", "done"]


def test_turnstile_lets_in_by_order_of_arrival() -> None:
    """Who came first goes first, however long others queue behind."""
    turnstile = Turnstile()
    order: list[int] = []
    arrived = [threading.Event() for _ in range(6)]

    def go(number: int) -> None:
        arrived[number].set()
        with turnstile.turn():
            order.append(number)

    people = []
    with turnstile.turn():
        for number in range(6):
            person = threading.Thread(target=go, args=(number,))
            person.start()
            arrived[number].wait()
            while turnstile.waiting <= number:
                pass
            people.append(person)
    for person in people:
        person.join()

    assert order == [0, 1, 2, 3, 4, 5]


def test_turnstile_is_free_after_an_exception() -> None:
    """An exception inside gives the turn back."""
    turnstile = Turnstile()
    with pytest.raises(ZeroDivisionError), turnstile.turn():
        raise ZeroDivisionError

    with turnstile.turn():
        assert turnstile.waiting == 0


def test_sqlite_is_opened_safely(tmp_path: Path) -> None:
    """Write-ahead log, full synchronisation, foreign keys, secure deletion: on every connection."""
    database = open_database(f"sqlite:///{tmp_path / 'a.db'}")

    with database.reading() as connection:
        found = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    database.close()

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_store_says_who_is_in_the_way_when_another_program_holds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file locked by another program is busy, in plain words, and nothing is half done."""
    monkeypatch.setattr("engine.store.database.SQLITE_BUSY_SECONDS", 0)
    monkeypatch.setattr("engine.store.database._PRAGMAS", ("journal_mode=WAL", "busy_timeout=0"))
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrated(url)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    database = open_database(url)
    with pytest.raises(Unavailable, match="另一个程序") as busy, database.writing():
        pass
    other.execute("ROLLBACK")
    other.close()
    with database.writing():
        pass
    database.close()

    assert busy.value.fields["retry_after_seconds"]


def test_store_says_that_it_is_full_when_the_file_may_not_grow(tmp_path: Path) -> None:
    """A full disk is said plainly and takes the whole transaction back."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrated(url)
    database = open_database(url)
    uow = UnitOfWork(database, district="d")

    with pytest.raises(Unavailable, match="磁盘已满"), uow.write() as tx:
        fill_up(tx)

    with uow.read() as tx:
        assert tx.facts.all() == {}
    database.close()


def test_store_says_that_it_is_read_only_when_nothing_may_be_written(tmp_path: Path) -> None:
    """A file that may only be read is named as such."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrated(url)
    database = open_database(url)

    with pytest.raises(Unavailable, match="只能读"), database.writing() as connection:
        write_read_only(connection)
    database.close()


def test_store_says_that_the_file_is_broken_when_it_is_no_database(tmp_path: Path) -> None:
    """A file that is something else is not written over."""
    path = tmp_path / "a.db"
    path.write_bytes(b"no database" * 500)

    with pytest.raises(Unavailable, match="损坏"):
        migrated(f"sqlite:///{path}")

    assert path.read_bytes() == b"no database" * 500


def test_store_says_that_nobody_answers_when_the_server_is_gone() -> None:
    """A PostgreSQL that cannot be reached is said plainly."""
    database = open_database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")

    with pytest.raises(Unavailable, match="数据库连不上"), database.writing():
        pass
    database.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "sqlite:///:memory:"])
def test_address_is_refused_when_it_cannot_be_a_store(url: str) -> None:
    """Another kind of database, no address at all, or a database that would be gone with the process."""
    with pytest.raises(BadInput, match="SANLIAN_DATABASE_URL"):
        open_database(url)
