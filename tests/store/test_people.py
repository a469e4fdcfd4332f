"""People: an office and a post are never one person's, whichever comes first, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from engine.core.scope import Post
from engine.core.terms import Office
from engine.store.database import TryAgain
from engine.store.people import Person
from engine.store.unit_of_work import UnitOfWork

AT = datetime(2026, 3, 2, tzinfo=UTC)
ADA = Person(id="ada", name="甲", created_at=AT, login="ada")
WORKER = Post(id="w", role="grid_worker", unit="g", person="ada", name="甲", since=AT)


def test_office_is_refused_when_the_person_holds_a_post(uow: UnitOfWork) -> None:
    """Nobody who handles matters becomes one of the three, by insert or by update."""
    with uow.write() as tx:
        tx.organisation.put_posts([WORKER])
        tx.people.add([replace(ADA, id="bo", login="bo")])

    with pytest.raises(DBAPIError, match="not held by one person"), uow.write() as tx:
        tx.people.add([replace(ADA, office=Office.AUDITOR.value)])
    with uow.write() as tx:
        tx.people.add([ADA])
    with pytest.raises(DBAPIError, match="not held by one person"), uow.write() as tx:
        tx.people.put([replace(ADA, office=Office.AUDITOR.value)])


def test_post_is_refused_when_the_person_holds_an_office(uow: UnitOfWork) -> None:
    """None of the three is given a post."""
    with uow.write() as tx:
        tx.people.add([replace(ADA, office=Office.SYSTEM_ADMIN.value)])

    with pytest.raises(DBAPIError, match="not held by one person"), uow.write() as tx:
        tx.organisation.put_posts([WORKER])
    with uow.read() as tx:
        assert dict(tx.organisation.load().posts) == {}


@pytest.mark.parametrize("office", list(Office))
def test_post_is_refused_when_its_role_is_an_office(uow: UnitOfWork, office: Office) -> None:
    """A person may hold several posts, so an office must not be one."""
    post = Post(id="o", role=office.value, unit="g", person="bo", name="乙", since=AT)

    with pytest.raises(DBAPIError, match="an office is no post"), uow.write() as tx:
        tx.organisation.put_posts([post])


def test_office_is_refused_when_it_is_none_of_the_three(uow: UnitOfWork) -> None:
    """The column holds one word of a closed set, so one person holds at most one office."""
    with pytest.raises(DBAPIError), uow.write() as tx:
        tx.people.add([replace(ADA, office="system_admin,auditor")])


def test_account_is_refused_when_somebody_has_it(uow: UnitOfWork) -> None:
    """Accounts are unique; people without one are many."""
    with uow.write() as tx:
        tx.people.add([ADA, replace(ADA, id="bo", login=None), replace(ADA, id="cy", login=None)])

    with pytest.raises(TryAgain), uow.write() as tx:
        tx.people.add([replace(ADA, id="di")])
