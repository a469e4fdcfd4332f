"""When rules acted, as the log tells it: between two instants and as a list, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.store.events import EventRecord
from engine.store.log import Log
from engine.store.unit_of_work import UnitOfWork

FIRST = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FIRED = tuple(FIRST + timedelta(minutes=n) for n in (5, 9, 40, 90))


def event(seq: int, at: datetime, kind: str) -> EventRecord:
    """One event, of which only its kind and its instant matter here."""
    return EventRecord("m", seq, kind, at, at, f"m/{seq}" if kind == "fired" else None, body=b"{}", head=bytes(32))


@pytest.mark.parametrize("start", [0, 5, 6, 40, 95])
@pytest.mark.parametrize("end", [5, 9, 39, 41, 90, 200])
def test_stretch_is_from_the_first_to_the_last_rule_that_acted_inside(uow: UnitOfWork, start: int, end: int) -> None:
    """People's steps do not count, and neither does a rule that acted at the very border."""
    between = FIRST + timedelta(minutes=start), FIRST + timedelta(minutes=end)
    acted = [FIRST + timedelta(minutes=n) for n in (1, 7, 39, 120)]
    events = [event(n, at, "fired") for n, at in enumerate(FIRED, 1)]
    events += [event(n, at, "acted") for n, at in enumerate(acted, 9)]
    with uow.write() as tx:
        tx.events.append_many(events)

    with uow.read() as tx:
        found = Log(tx.connection, tx.district).fired_between(*between)
        listed = Log(tx.connection, tx.district).fired_at()

    inside = [at for at in FIRED if between[0] < at < between[1]]
    assert found == (inside[-1] - inside[0] if inside else timedelta(0))
    assert listed == list(FIRED)
