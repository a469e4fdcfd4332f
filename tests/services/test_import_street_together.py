"""Two who confirm one upload at once, on both databases: the street comes in once."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.services.import_street import confirm_street, keep_street
from engine.store.events import SYSTEM_PREFIX
from tests.services.test_import_street import BY, NOW, prepare_database
from tests.support.street_book import street, workbook
from tests.support.town import Counted, Town, opened

__all__ = ["prepare_database"]


@pytest.fixture
def towns(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town, opened twice, as by two processes."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        yield one, replace(other, door=replace(other.door, ids=Counted("j")))


def test_street_comes_in_once_when_two_confirm_it_at_once(towns: tuple[Town, Town]) -> None:
    """One does it, the other is told that it was done; the history says so once."""
    one, _ = towns
    looked = keep_street(
        one.uow, workbook(street()), where="街道.xlsx", shelf=one.door.shelf, ids=one.door.ids, now=NOW
    )
    upload, done, gate = looked.upload, list[bool](), threading.Barrier(2)
    assert upload is not None

    def confirm(town: Town) -> None:
        gate.wait()
        done.append(confirm_street(town.uow, upload, shelf=town.door.shelf, by=BY, now=NOW))

    threads = [threading.Thread(target=confirm, args=(town,)) for town in towns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, True]
    with one.uow.read() as tx:
        events = [event.body for event in tx.events.of(f"{SYSTEM_PREFIX}organisation")]
    assert sum(b'"street_imported"' in body for body in events) == 1
