"""Two people of the small town who can sign in, and others who guess at their accounts."""

import pytest

from engine.core.history import read_event
from engine.core.terms import Office
from engine.errors import SignInRefused
from engine.services.keep_sessions import (
    Browser,
    SessionKind,
    SignedIn,
    find,
)
from engine.services.sign_in import (
    ACCOUNT,
    FREE,
    Begun,
    Given,
    Keys,
    sign_in,
)
from engine.store.people import Person
from tests.support.demo import CHEAP
from tests.support.town import MONDAY, Town, opened, settle

RIGHT, NEW = "lantern-orbit-88", "harbour-tofu-三轮车"
HERE = "192.0.2.7"


def settle_with_people(url: str) -> None:
    """The small town, and two people of it who can sign in."""
    settle(url)
    with opened(url) as town, town.uow.write() as tx:
        hashed = CHEAP.hash(RIGHT)
        worker = Person(id="p:grid_worker@zhu-1", name="甲", created_at=MONDAY, login="wg-1", password_hash=hashed)
        auditor = Person(
            id="p:aud", name="乙", created_at=MONDAY, login="aud", password_hash=hashed, office=Office.AUDITOR.value
        )
        tx.people.add([worker, auditor])


def keys(town: Town) -> Keys:
    """What signing in needs."""
    return Keys(hasher=CHEAP, ids=town.door.ids, salts=town.door.salts)


def enter(
    town: Town,
    login: str = "wg-1",
    password: str = RIGHT,
    *,
    address: str = HERE,
    kind: SessionKind = SessionKind.OFFICE,
    before: str = "",
    device: str = "",
) -> Begun:
    """Sign in now."""
    given = Given(login=login, password=password, address=address, browser=Browser(kind=kind), device=device)
    return sign_in(town.uow, given, keys=keys(town), now=town.now, before=before)


def who(town: Town, token: str) -> SignedIn | None:
    """Who a token says they are now."""
    with town.uow.read() as tx:
        return find(tx, token, now=town.now)


def known(town: Town, token: str) -> SignedIn:
    """The same, once sure."""
    signed = who(town, token)
    assert signed is not None
    return signed


def fail(town: Town, times: int, *, login: str = "wg-1", address: str = HERE, device: str = "") -> None:
    """Give the wrong password so often."""
    for _ in range(times):
        with pytest.raises(SignInRefused):
            enter(town, login, "wrong", address=address, device=device)


def attack(town: Town) -> None:
    """Let so many addresses guess at the account that it is slowed down."""
    for number in range(FREE[ACCOUNT]):
        fail(town, 1, address=f"198.51.100.{number}")


def actions(town: Town) -> list[str]:
    """What stands in the log about accounts."""
    with town.uow.read() as tx:
        return [str(read_event(one.body).action) for one in tx.events.of("system/accounts")]
