"""Two reading transactions of one name see the very same data, on both databases."""

from collections.abc import Hashable, Iterator

import pytest

from engine.store.database import Database, open_database
from engine.store.snapshot import name_of_snapshot
from engine.store.unit_of_work import UnitOfWork


@pytest.fixture
def other(database: Database, prepared_database_url: str) -> Iterator[Database]:
    """The same database opened once more, as another process has it."""
    opened = open_database(prepared_database_url)
    yield opened
    opened.close()


def put(database: Database, value: str) -> None:
    """Change something that no event tells of."""
    with UnitOfWork(database, district="d").write() as tx:
        tx.facts.put("seen", value)


def seen(database: Database) -> tuple[Hashable, str | None]:
    """The name of what a reading transaction sees, and something that it sees."""
    with database.reading() as connection:
        name = name_of_snapshot(connection)
    with UnitOfWork(database, district="d").read() as tx:
        return name, tx.facts.get("seen")


def test_snapshot_keeps_its_name_while_nobody_writes(database: Database, other: Database) -> None:
    """Reading changes nothing, whoever reads. A server also writes for itself, so one try out of many must show it."""
    put(database, "1")

    def keeps_its_name() -> bool:
        first, _ = seen(database)
        seen(other)
        return seen(database)[0] == first

    assert any(keeps_its_name() for _ in range(50))


@pytest.mark.parametrize("writer", ["itself", "another"])
def test_snapshot_has_another_name_when_somebody_wrote(database: Database, other: Database, writer: str) -> None:
    """Be it through the same connection or in another process."""
    put(database, "1")
    names = {seen(database)[0]}

    for number in range(5):
        put(database if writer == "itself" else other, f"{number}")
        name, value = seen(database)
        assert value == f"{number}"
        assert name not in names
        names.add(name)


def test_snapshot_keeps_its_name_when_somebody_writes_meanwhile(database: Database, other: Database) -> None:
    """A picture that was taken before stays the same picture; the next one is another."""
    put(database, "1")

    with UnitOfWork(database, district="d").read() as tx:
        assert tx.facts.get("seen") == "1"
        name = name_of_snapshot(tx.connection)
        put(other, "2")
        assert name_of_snapshot(tx.connection) == name
        assert tx.facts.get("seen") == "1"

    assert seen(database)[0] != name


def test_nothing_remembered_is_told_to_who_sees_other_data(database: Database, other: Database) -> None:
    """What is found twice in the same data is sought once; after any write, here or elsewhere, it is sought again."""
    here, there = UnitOfWork(database, district="d"), UnitOfWork(other, district="d")
    sought: list[tuple[UnitOfWork, Hashable]] = []

    def value(uow: UnitOfWork) -> str | None:
        with uow.read() as tx:

            def seek() -> str | None:
                sought.append((uow, name_of_snapshot(tx.connection)))
                return tx.facts.get("seen")

            return tx.remembered("seen", make=seek)

    for number in range(3):
        before = len(sought)
        put(other if number % 2 else database, f"{number}")
        assert [value(here), value(there), value(here), value(there)] == [f"{number}"] * 4
        assert {uow for uow, _ in sought[before:]} == {here, there}

    assert len(sought) == len(set(sought))


def test_nothing_is_remembered_while_writing(database: Database) -> None:
    """A writing transaction sees what it has just written."""
    uow = UnitOfWork(database, district="d")
    with uow.read() as tx:
        assert tx.remembered("seen", make=lambda: tx.facts.get("seen")) is None

    with uow.write() as tx:
        tx.facts.put("seen", "1")
        assert tx.remembered("seen", make=lambda: tx.facts.get("seen")) == "1"
        tx.facts.put("seen", "2")
        assert tx.remembered("seen", make=lambda: tx.facts.get("seen")) == "2"


def test_districts_remember_apart(database: Database) -> None:
    """One memory, two districts of one database: each is told its own."""
    uow = UnitOfWork(database, district="d")
    put(database, "of d")
    with uow.read() as tx:
        assert tx.remembered("seen", make=lambda: tx.facts.get("seen")) == "of d"

    uow.district = "e"

    with uow.read() as tx:
        assert tx.remembered("seen", make=lambda: tx.facts.get("seen")) is None
