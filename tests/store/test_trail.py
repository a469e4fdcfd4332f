"""The log read backwards: every event once, newest first, page by page, on both databases."""

from datetime import UTC, datetime, timedelta

from engine.store.events import EventRecord
from engine.store.trail import Place, Trail
from engine.store.unit_of_work import UnitOfWork

FIRST = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def events() -> list[EventRecord]:
    """Matters and a system chain, several events at one instant."""
    found = []
    for n, chain in enumerate(("0199-a", "0199-b", "system/looks", "zz-9")):
        for seq in range(1, 6):
            at = FIRST + timedelta(minutes=(n * seq) // 2)
            kind = "system" if chain.startswith("system/") else "acted" if seq % 2 else "fired"
            found.append(EventRecord(chain, seq, kind, at, at, None, body=b"{}", head=bytes(32)))
    return found


def test_pages_give_every_event_once_and_newest_first(uow: UnitOfWork) -> None:
    """Whatever the length of a page, the pages together are the log in one order."""
    with uow.write() as tx:
        tx.events.append_many(events())
    for limit in (1, 3, 7, 100):
        with uow.read() as tx:
            trail, place, seen = Trail(tx.connection, tx.district), None, []
            while page := trail.back(limit=limit, after=place):
                seen += page
                place = Place(page[-1].recorded_at, page[-1].chain, page[-1].seq)

        assert len(seen) == len(events())
        assert {(one.chain, one.seq) for one in seen} == {(one.chain, one.seq) for one in events()}
        assert [one.recorded_at for one in seen] == sorted((one.recorded_at for one in seen), reverse=True)


def test_conditions_narrow_what_is_read(uow: UnitOfWork) -> None:
    """By kind, by chain, by time, and without the system's own matters."""
    with uow.write() as tx:
        tx.events.append_many(events())

    with uow.read() as tx:
        trail = Trail(tx.connection, tx.district)
        assert {one.chain for one in trail.back(limit=99, matters_only=True)} == {"0199-a", "0199-b", "zz-9"}
        assert {one.type for one in trail.back(limit=99, kinds=("fired",))} == {"fired"}
        assert len(trail.back(limit=99, chain="system/looks")) == 5
        since, until = FIRST + timedelta(minutes=1), FIRST + timedelta(minutes=3)
        assert all(since <= one.recorded_at < until for one in trail.back(limit=99, since=since, until=until))
