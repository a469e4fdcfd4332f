"""Publishing at the very moment of filing: what is filed keeps the rules that were current when it was committed."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import text

from engine.core.command import File
from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import Source
from engine.services.advance import Done, Entry, advance, advance_in
from engine.services.publish import publish, publish_in
from engine.store.unit_of_work import Transaction
from tests.support.books import RESIDENT
from tests.support.errand import ERRAND, settle_errands
from tests.support.invariants import assert_invariants
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, Town, opened

NEW = Source("errand.yaml", ERRAND.replace("due: 1h", "due: 2h", 1).replace("version: 1", "version: 2", 1).encode())


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def filing(name: str) -> Entry:
    """An errand to be filed."""
    command = File(
        matter=name, district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
        values={"detail": "灯"},
    )  # fmt: skip
    return Entry(command)


def is_waiting(town: Town) -> bool:
    """Whether somebody waits for a lock of this database."""
    if town.uow.database.is_sqlite:
        writers = town.uow.database._writers
        return writers is not None and writers.waiting > 0
    with town.uow.read() as tx:
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        return bool(tx.connection.execute(text(waits)).scalar())


def while_open(town: Town, first: Callable[[Transaction], object], then: Callable[[], object]) -> Future[object]:
    """Do *first* in a transaction, let *then* begin in another one, commit only when that waits; return *then*'s."""
    pause = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with town.uow.write() as tx:
            first(tx)
            second = pool.submit(then)
            for _ in range(2_000):
                if is_waiting(town) or second.done():
                    break
                pause.wait(0.005)
            assert not second.done(), "it did not wait for the other"
        second.result()
    return second


def test_publishing_waits_for_what_is_just_being_filed(town: Town) -> None:
    """So that whoever takes over the matters in hand after publishing finds every one with the old rules."""
    seen: list[set[str]] = []

    def file(tx: Transaction) -> None:
        (outcome,) = advance_in(tx, [filing("at-once")], now=MONDAY, services=town.door)
        assert isinstance(outcome, Done)

    def publish_new() -> None:
        publish(town.uow, NEW, by=SYSTEM, now=MONDAY)
        with town.uow.read() as tx:
            seen.append({one.matter.id for one in tx.matters.all(only_open=True)})

    while_open(town, file, publish_new)

    with town.uow.read() as tx:
        digest = tx.workflows.current_digests()["errand"]
    assert "at-once" in seen[0]
    assert town.matter("at-once").digest != digest
    assert_invariants(town.uow, town.door.shelf)


def test_what_is_filed_while_new_rules_are_just_being_published_is_filed_by_them(town: Town) -> None:
    """It waits a moment, and pins what is current when it is committed."""

    def publish_new(tx: Transaction) -> None:
        publish_in(tx, NEW, by=SYSTEM, now=MONDAY)

    while_open(town, publish_new, lambda: advance(town.uow, [filing("after")], now=MONDAY, services=town.door))

    with town.uow.read() as tx:
        digest = tx.workflows.current_digests()["errand"]
    assert town.matter("after").digest == digest
    assert_invariants(town.uow, town.door.shelf)
