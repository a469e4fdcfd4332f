"""The first run: one code, three people, once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.core.terms import Office
from engine.errors import CodeRefused, Conflict, TooManyTries
from engine.services.first_run import CODE_LASTS, Administrator, Fault, is_first_run, make_administrators, make_code
from engine.services.sign_in import ADDRESS, FREE, Keys
from tests.support.demo import CHEAP
from tests.support.pg import Prepare
from tests.support.town import Town, opened, settle

HERE = "192.0.2.7"
THREE = tuple(
    Administrator(office=office, login=f"a-{number}", name=name, password=f"{word}-harbour-lantern")
    for number, (office, name, word) in enumerate(zip(Office, "甲乙丙", ("plum", "tofu", "kite"), strict=True))
)


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town and nobody who can sign in."""
    return settle


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, on both databases."""
    with opened(prepared_database_url) as made:
        yield made


def code_of(town: Town) -> str:
    """A fresh code."""
    return make_code(town.uow, salts=town.door.salts, now=town.now)


def make(town: Town, code: str, three: tuple[Administrator, ...] = THREE) -> tuple[Fault, ...]:
    """Make the three now."""
    keys = Keys(hasher=CHEAP, ids=town.door.ids, salts=town.door.salts)
    return make_administrators(town.uow, code, three, address=HERE, keys=keys, now=town.now)


def offices(town: Town) -> list[str]:
    """Which offices are held."""
    with town.uow.read() as tx:
        return sorted(one.office or "" for one in tx.people.all())


def test_code_makes_three_administrators_once(town: Town) -> None:
    """The code may be typed in capitals and without its dashes; afterwards it is dead, and there is no other."""
    code = code_of(town)

    assert make(town, code.upper().replace("-", " ")) == ()
    assert offices(town) == ["auditor", "security_admin", "system_admin"]
    with pytest.raises(CodeRefused):
        make(town, code)
    with pytest.raises(Conflict, match="已经有人能登录了"):
        code_of(town)


def test_code_is_dead_after_half_an_hour(town: Town) -> None:
    """Not a second later."""
    code = code_of(town)

    town.now += CODE_LASTS
    with pytest.raises(CodeRefused):
        make(town, code)
    town.now -= timedelta(seconds=1)
    assert make(town, code) == ()


def test_code_is_dead_when_another_was_made(town: Town) -> None:
    """Starting the server again takes the old one back."""
    first, second = code_of(town), code_of(town)

    with pytest.raises(CodeRefused):
        make(town, first)
    assert make(town, second) == ()


def test_code_is_stored_as_a_hash_only(town: Town) -> None:
    """Who reads the database cannot use it."""
    code = code_of(town)

    with town.uow.read() as tx:
        assert code not in str(tx.facts.all())
        assert code.replace("-", "") not in str(tx.facts.all())


@pytest.mark.parametrize("code", ["", "0000-0000-0000", "x"])
def test_nobody_is_made_when_the_code_is_wrong(town: Town, code: str) -> None:
    """Also before any code was made."""
    with pytest.raises(CodeRefused):
        make(town, code)
    code_of(town)
    with pytest.raises(CodeRefused):
        make(town, code)
    with town.uow.read() as tx:
        assert is_first_run(tx)


def test_guessing_codes_is_stopped(town: Town) -> None:
    """The address waits."""
    code_of(town)
    for _ in range(FREE[ADDRESS]):
        with pytest.raises(CodeRefused):
            make(town, "0000-0000-0000")

    with pytest.raises(TooManyTries):
        make(town, "0000-0000-0000")


@pytest.mark.parametrize(
    ("field", "value"),
    [("login", "A-0 "), ("name", " 甲"), ("password", "plum-harbour-lantern")],
)
def test_three_are_three_different_people(town: Town, field: str, value: str) -> None:
    """The same account, name or password twice is refused, all faults at once, and nobody is made."""
    code = code_of(town)
    given = {"login": THREE[1].login, "name": THREE[1].name, "password": THREE[1].password, field: value}
    second = Administrator(office=THREE[1].office, **given)

    faults = make(town, code, (THREE[0], second, replace(THREE[2], password="short")))

    assert [(one.office, one.field) for one in faults] == [
        (THREE[1].office, field), (THREE[2].office, "password"),
    ]  # fmt: skip
    assert offices(town) == []
    assert make(town, code) == ()
