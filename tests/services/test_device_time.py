"""The time of a device beside that of the engine: kept where it tells something, never counted from."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from engine.core.command import Act
from engine.core.history import Event, event_bytes, read_event
from engine.services.advance import Done, Entry, advance, was_taken
from engine.services.audit import verify
from engine.services.case_file import Surroundings, case_file
from engine.services.device_time import LEAST_APART, OLDEST, read_pressed_at, worth_keeping
from tests.support.books import RESIDENT, WORKER, check_books, file_errand
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, opened

NOW = MONDAY + timedelta(minutes=40)
PRESSED = MONDAY + timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def press(town: Town, matter: str, pressed_at: datetime | None, *, key: str = "k1") -> Done:
    """Accept *matter* now, as a device says it was pressed then."""
    entry = Entry(Act(matter=matter, action="accept", actor=WORKER), key=key, pressed_at=pressed_at)
    outcome = advance(town.uow, [entry], now=NOW, services=town.door)[0]
    assert isinstance(outcome, Done)
    return outcome


def event_of(town: Town, done: Done) -> Event:
    """The event of a press."""
    with town.uow.read() as tx:
        body = next(record.body for record in tx.events.of(done.matter.id) if record.seq == done.seq)
    event = read_event(body)
    assert event_bytes(event) == body
    return event


def test_device_time_stands_in_the_event_and_nothing_counts_from_it(town: Town) -> None:
    """It counts when it was taken; the device's time is a fact beside it, in bytes that verify."""
    done = press(town, file_errand(town).id, PRESSED.astimezone(timezone(timedelta(hours=8))))

    event = event_of(town, done)
    assert (event.at, event.recorded_at) == (NOW, NOW)
    assert event.data["pressed_at"] == "2026-03-02T01:05:00+00:00"
    assert done.matter.clocks["state"].started == NOW
    check_books(town, done.matter.id)
    assert verify(town.uow, town.door.shelf, now=NOW, processes=1).findings == ()


def test_history_says_when_it_was_pressed_and_when_it_came(town: Town) -> None:
    """In the words of the page, in local time."""
    done = press(town, file_errand(town).id, PRESSED)

    with town.uow.read() as tx:
        shelf = town.door.shelf
        around = Surroundings(
            world=shelf.world_or_empty(tx), flow_of=lambda digest: shelf.workflow(tx, digest), catalogue={}, now=NOW
        )
        case = case_file(tx, done.matter.id, viewer=WORKER, around=around)
    assert "手机上 3月2日 09:05 按的，09:40 收到" in case.history[0].notes
    assert case.history[1].notes == ()


@pytest.mark.parametrize(
    "pressed_at",
    [
        None,
        NOW,
        NOW - LEAST_APART + SECOND,
        NOW + timedelta(days=1),
        NOW - OLDEST - SECOND,
        datetime(2026, 3, 2, 9, 5),  # noqa: DTZ001 (a device that does not say where it is)
    ],
    ids=["none", "now", "just before", "ahead", "too old", "without a zone"],
)
def test_device_time_is_left_out_when_it_tells_nothing_or_cannot_be(town: Town, pressed_at: datetime | None) -> None:
    """The press is taken all the same, and its event is as it always was."""
    done = press(town, file_errand(town).id, pressed_at)

    assert set(event_of(town, done).data) == {"patch"}


def test_device_time_at_its_bounds_is_kept() -> None:
    """Five minutes and seven days are still in; fractions of a second are not."""
    assert worth_keeping(NOW - LEAST_APART, now=NOW) == NOW - LEAST_APART
    assert worth_keeping(NOW - OLDEST, now=NOW) == NOW - OLDEST
    assert worth_keeping(PRESSED + timedelta(milliseconds=900), now=NOW) == PRESSED


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-02T01:05:00Z", PRESSED),
        ("2026-03-02T09:05:00+08:00", PRESSED),
        ("2026-03-02T01:05:00.000Z", PRESSED),
        ("2026-03-02T01:05:00", None),
        ("", None),
        ("昨天", None),
        ("99999-01-01T00:00:00Z", None),
    ],
)
def test_device_time_is_read_from_a_form(text: str, found: datetime | None) -> None:
    """RFC 3339 with an offset, or nothing."""
    assert read_pressed_at(text) == found


def test_repeat_is_the_same_request_when_only_the_device_time_differs(town: Town) -> None:
    """A first try without it was taken and its answer lost: the second, with it, does nothing more."""
    matter = file_errand(town)
    first = press(town, matter.id, None)

    again = press(town, matter.id, PRESSED)

    assert (again.repeated, again.seq) == (True, first.seq)
    with town.uow.read() as tx:
        assert was_taken(tx, WORKER, "k1")
        assert not was_taken(tx, RESIDENT, "k1")
        assert not was_taken(tx, WORKER, "k2")
