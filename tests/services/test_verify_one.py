"""One chain of the system: what was judged before is judged again unless every cell of it is the same."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from engine.core.history import chain_next, chain_origin
from engine.errors import NotFound
from engine.services.judge import Finding
from engine.services.record import record
from engine.services.verify_one import verify_topic
from tests.support.intruder import LOG, Intruder, intrude
from tests.support.logged import settle_shipped
from tests.support.town import MONDAY, Town, actor, opened

TOPIC, CHAIN = "accounts", "system/accounts"
BY = actor("auditor", "district")


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the town."""
    return settle_shipped


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, and somebody who has signed in six times."""
    with opened(prepared_database_url) as made:
        grow(made, 6)
        yield made


def grow(town: Town, count: int) -> None:
    """Let *count* events be added to the chain."""
    with town.uow.write() as tx:
        for number in range(count):
            record(tx, TOPIC, action="signed_in", by=BY, now=MONDAY + timedelta(minutes=number), data={"n": number})


def found(town: Town) -> tuple[int, list[Finding]]:
    """How many events the chain has, and what does not hold."""
    with town.uow.read() as tx:
        report = verify_topic(tx, TOPIC)
    return report.events, list(report.findings)


def test_chain_that_grew_is_as_good_as_before(town: Town) -> None:
    """What came is judged from where the judge stood."""
    before = found(town)
    grow(town, 3)

    assert [before, found(town), found(town)] == [(6, []), (9, []), (9, [])]


def change_body(by: Intruder) -> None:
    """Another number in an old event, as long as the one before."""
    (row,) = by.all("SELECT body FROM event WHERE district_id = :d AND matter_id = :m AND seq = 2", m=CHAIN)
    by.write(CHAIN, 2, bytes(row.body).replace(b'"n":1', b'"n":7'))


def change_column(by: Intruder) -> None:
    """A column that repeats an old body."""
    by.run("UPDATE event SET type = 'acted' WHERE district_id = :d AND matter_id = :m AND seq = 2", m=CHAIN)


def cut_the_end(by: Intruder) -> None:
    """The last event, but not the head stored apart."""
    by.run("DELETE FROM event WHERE district_id = :d AND matter_id = :m AND seq = 6", m=CHAIN)


def move_the_head(by: Intruder) -> None:
    """The head stored apart."""
    head = chain_next(chain_origin(LOG, CHAIN), b"another")
    by.run("UPDATE chain SET head = :h WHERE district_id = :d AND id = :m", h=head, m=CHAIN)


@pytest.mark.parametrize("tamper", [change_body, change_column, cut_the_end, move_the_head])
@pytest.mark.parametrize("more", [0, 2], ids=["as it was", "grown"])
def test_what_was_changed_after_it_was_judged_is_found_at_the_next_look(
    town: Town, tamper: Callable[[Intruder], None], more: int
) -> None:
    """What was judged is remembered by every cell, so that no change hides behind it; and found again each time."""
    assert found(town) == (6, [])
    if more and tamper is not cut_the_end:
        grow(town, more)

    intrude(town, tamper)

    first, again = found(town)[1], found(town)[1]
    assert first != []
    assert first == again


def test_topic_without_a_record_is_not_there(town: Town) -> None:
    """Nothing has been done yet."""
    with town.uow.read() as tx, pytest.raises(NotFound):
        verify_topic(tx, "erasure")
