"""Whoever looks up a session sees it as it is now, however often it was looked up before, here or elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from engine.services.keep_sessions import Browser, begin, find, hash_of
from engine.store.people import Person
from engine.store.unit_of_work import Transaction
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, opened, settle

Change = Callable[[Transaction, str], None]
PERSON = Person(id="p", name="周婷", created_at=MONDAY, login="zhou")


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town."""
    return settle


@pytest.fixture
def processes(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town as two processes have it open."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        yield one, other


def revoked(tx: Transaction, token: str) -> None:
    """The session was ended."""
    tx.sessions.revoke(hash_of(token), at=MONDAY)


def everywhere(tx: Transaction, _token: str) -> None:
    """All sessions of the person were ended."""
    tx.sessions.revoke_all(PERSON.id, at=MONDAY)


def closed(tx: Transaction, _token: str) -> None:
    """The account was closed."""
    tx.people.put([replace(PERSON, disabled_at=MONDAY)])


@pytest.mark.parametrize("change", [revoked, everywhere, closed], ids=lambda one: one.__name__)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_session_is_over_at_once_when_it_was_looked_up_before(
    processes: tuple[Town, Town], change: Change, elsewhere: bool
) -> None:
    """The very next look finds nobody, whichever process ended it."""
    town, other = processes
    with town.uow.write() as tx:
        tx.people.add([PERSON])
        token = begin(tx, PERSON, browser=Browser(), ids=lambda: "s1", salts=lambda: b"s" * 32, now=MONDAY)
    for _ in range(3):
        with town.uow.read() as tx:
            assert find(tx, token, now=MONDAY) is not None

    with (other if elsewhere else town).uow.write() as tx:
        change(tx, token)

    with town.uow.read() as tx:
        assert find(tx, token, now=MONDAY) is None


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_post_is_the_one_chosen_last_when_it_was_looked_up_before(
    processes: tuple[Town, Town], elsewhere: bool
) -> None:
    """Whoever changes the post acts as the new one with the next request."""
    town, other = processes
    with town.uow.write() as tx:
        tx.people.add([PERSON])
        token = begin(tx, PERSON, browser=Browser(), ids=lambda: "s1", salts=lambda: b"s" * 32, now=MONDAY, post="a")
    with town.uow.read() as tx:
        found = find(tx, token, now=MONDAY)
        assert found is not None
        assert found.post == "a"

    with (other if elsewhere else town).uow.write() as tx:
        tx.sessions.act_as(hash_of(token), "b")

    with town.uow.read() as tx:
        found = find(tx, token, now=MONDAY)
        assert found is not None
        assert found.post == "b"
