"""A press after the due instant that no sweep has seen yet: late is a fact all the same."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.core.command import Act
from engine.core.history import read_event
from engine.services.advance import Done
from engine.services.audit import verify
from engine.services.digest import make_digests
from engine.services.sweep import sweep
from tests.support.books import RESIDENT, WORKER, check_books, file_errand
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, opened


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def _history(town: Town, matter: str) -> list[tuple[str, str]]:
    with town.uow.read() as tx:
        return [(e.type, e.action) for e in (read_event(record.body) for record in tx.events.of(matter))]


def test_lateness_is_recorded_before_a_press_that_the_sweep_has_not_overtaken(town: Town) -> None:
    """Who finishes an hour late is late in the history, though no sweep ran in between; the timer is used up."""
    matter = file_errand(town)
    town.act(matter, "accept", by=WORKER, at=MONDAY + timedelta(minutes=1))

    done = town.act(matter, "finish", by=WORKER, at=MONDAY + timedelta(hours=6), note="好了")

    assert done.outcome is not None
    assert _history(town, matter.id)[-2:] == [("fired", "late"), ("acted", "finish")]
    check_books(town, matter.id)
    assert sweep(town.uow, now=MONDAY + timedelta(days=9), services=town.door).fired == 0


def test_press_at_the_very_due_instant_is_not_late(town: Town) -> None:
    """At one instant the person who committed first wins."""
    matter = file_errand(town)
    accepted = town.act(matter, "accept", by=WORKER, at=MONDAY + timedelta(minutes=1))
    due = accepted.clocks["state"].due
    assert due is not None

    town.act(matter, "finish", by=WORKER, at=due, note="好了")

    assert ("fired", "late") not in _history(town, matter.id)


def test_refused_press_records_nothing(town: Town) -> None:
    """A press that is refused leaves no row, the lateness is left to the sweep."""
    matter = file_errand(town)
    town.act(matter, "accept", by=WORKER, at=MONDAY + timedelta(minutes=1))

    (refused,) = town.do(Act(matter=matter.id, action="finish", actor=RESIDENT), at=MONDAY + timedelta(hours=6))

    assert not isinstance(refused, Done)
    assert len(_history(town, matter.id)) == 2


def test_clock_set_back_over_midnight_writes_nothing_into_a_day_that_has_its_digest(town: Town) -> None:
    """A press after the digest, by a clock two hours slow, is recorded in the new day, so the digest stays true."""
    matter = file_errand(town)
    next_day = MONDAY.replace(hour=16) + timedelta(hours=1)  # 01:00 in Shanghai
    *_, digest = make_digests(town.uow, town.door.shelf, now=next_day)

    late = town.act(matter, "accept", by=WORKER, at=next_day - timedelta(hours=2))

    assert late.at == next_day - timedelta(hours=1)
    report = verify(town.uow, town.door.shelf, now=next_day + timedelta(hours=1), processes=1)
    assert report.digests >= 1
    assert [finding for finding in report.findings if finding.layer == "digest"] == []
    assert digest.day == "2026-03-02"
