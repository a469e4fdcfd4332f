"""When rules acted, as the log tells it: between two instants and as a list, on both databases."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import text

from engine.errors import Unavailable
from engine.store.database import open_database
from engine.store.events import EventRecord
from engine.store.log import Log
from engine.store.unit_of_work import UnitOfWork

FIRST = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIRED = tuple(FIRST + timedelta(minutes=n) for n in (5, 9, 40, 90))


def event(seq: int, at: datetime, kind: str) -> EventRecord:
    """One event, of which only its kind and its instant matter here."""
    return EventRecord("m", seq, kind, at, at, f"m/{seq}" if kind == "fired" else None, body=b"{}", head=bytes(32))


def test_stretch_is_from_the_first_to_the_last_rule_that_acted_inside(uow: UnitOfWork) -> None:
    """People's steps do not count, and neither does a rule that acted at the very border."""
    acted = [FIRST + timedelta(minutes=n) for n in (1, 7, 39, 120)]
    events = [event(n, at, "fired") for n, at in enumerate(FIRED, 1)]
    events += [event(n, at, "acted") for n, at in enumerate(acted, 9)]
    with uow.write() as tx:
        tx.events.append_many(events)

    for first, last in product((0, 5, 6, 40, 95), (5, 9, 39, 41, 90, 200)):
        start, end = FIRST + timedelta(minutes=first), FIRST + timedelta(minutes=last)
        inside = [at for at in FIRED if start < at < end]
        with uow.read() as tx:
            log = Log(tx.connection, tx.district)
            assert log.fired_between(start, end) == (inside[-1] - inside[0] if inside else timedelta(0)), (first, last)
            assert log.fired_at() == list(FIRED)


def test_parts_hold_as_many_events_and_every_chain_once(uow: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain longer than a part is not torn, however the borders fall; a short log is left whole."""
    lengths = {"a": 1, "b": 40, "c": 3, "d": 3, "system/x": 13}
    events = [
        EventRecord(chain, seq, "acted", FIRST, FIRST, None, body=b"{}", head=bytes(32))
        for chain, length in lengths.items()
        for seq in range(1, length + 1)
    ]
    with uow.write() as tx:
        tx.events.append_many(events)
    with uow.read() as tx:
        log = Log(tx.connection, tx.district)
        assert len(log.parts(4)) == 1
        monkeypatch.setattr("engine.store.log.WORTH_A_PROCESS", 1)
        parts = log.parts(4)
        found = [
            (chain, len(rows))
            for part in parts
            for stretch in log.stretches(part, matter_columns=("seq",))
            for chain, rows in stretch.events.items()
        ]

    assert len(parts) == 4
    assert sorted(found) == sorted(lengths.items())


def test_store_that_fails_under_a_reader_is_told_in_our_words(prepared_sqlite_url: str) -> None:
    """What the driver raises while it is read row by row is no other error than elsewhere."""
    database = open_database(prepared_sqlite_url)
    uow = UnitOfWork(database, district="d")
    with uow.write() as tx:
        tx.connection.execute(text("DROP TABLE file"))

    with pytest.raises(Unavailable), uow.read() as tx:
        list(Log(tx.connection, tx.district).files("m"))
    database.close()
