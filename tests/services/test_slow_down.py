"""Guessing at accounts: every failure makes it slower, for who guesses and not for the owner."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.errors import SignInRefused, TooManyTries
from engine.services.housekeep import housekeep
from engine.services.sign_in import (
    ADDRESS,
    FREE,
    KNOWN_FOR,
    LONGEST_WAIT,
    PAIR,
    give_password_again,
)
from engine.store.repository import table
from tests.support.accounts import HERE, RIGHT, attack, enter, fail, keys, known, settle_with_people
from tests.support.pg import Prepare
from tests.support.town import Town, opened


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town and two accounts."""
    return settle_with_people


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, on both databases."""
    with opened(prepared_database_url) as made:
        yield made


def test_account_waits_longer_with_every_failure_from_one_address(town: Town) -> None:
    """Five are free, then one minute, two, four; never more than a quarter of an hour; the right one waits too."""
    fail(town, FREE[PAIR])
    waits = []
    for _ in range(6):
        with pytest.raises(TooManyTries) as stopped:
            enter(town)
        waits.append(stopped.value.until - town.now)
        town.now = stopped.value.until
        fail(town, 1)

    assert waits == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15, 15)]
    assert waits[-1] == LONGEST_WAIT


def test_waiting_costs_nothing_and_the_right_password_clears_it(town: Town) -> None:
    """Pressing again while waiting makes it no longer; after signing in the counting begins anew."""
    fail(town, FREE[PAIR])
    with pytest.raises(TooManyTries) as first:
        enter(town)
    with pytest.raises(TooManyTries) as again:
        enter(town)
    assert first.value.until == again.value.until

    town.now = first.value.until
    enter(town)
    fail(town, FREE[PAIR] - 1)
    enter(town)


def test_somebody_elsewhere_signs_in_while_one_address_waits(town: Town) -> None:
    """Guessing at an account locks nobody out of it."""
    fail(town, FREE[PAIR])

    assert enter(town, address="198.51.100.9").person == "p:grid_worker@zhu-1"


def test_account_is_slowed_when_many_addresses_guess_at_it(town: Town) -> None:
    """Twenty failures from as many addresses, and the next address waits a minute; other accounts do not."""
    attack(town)

    with pytest.raises(TooManyTries) as stopped:
        enter(town, address="203.0.113.1")
    assert stopped.value.until == town.now + timedelta(minutes=1)
    enter(town, "aud", address="203.0.113.1")


@pytest.mark.parametrize("address", [HERE, "203.0.113.77"], ids=["same address", "same browser elsewhere"])
def test_owner_signs_in_from_where_he_did_before_while_others_guess_at_the_account(town: Town, address: str) -> None:
    """At his desk, or with his phone wherever he is; the others stay slowed down, also once he has come in."""
    device = enter(town).device
    attack(town)

    begun = enter(town, address=address, device=device if address != HERE else "")
    fail(town, 1, address=address, device=begun.device)
    assert enter(town, address=address, device=begun.device).person == "p:grid_worker@zhu-1"
    with pytest.raises(TooManyTries):
        enter(town, address="203.0.113.1")


def test_known_place_is_slowed_down_by_its_own_failures(town: Town) -> None:
    """Having signed in there once is no pass for guessing; and a guess there does not slow the account elsewhere."""
    enter(town)
    fail(town, FREE[PAIR])

    with pytest.raises(TooManyTries):
        enter(town)
    for _ in range(4):
        town.now += timedelta(minutes=15)
        fail(town, 1)
    fail(town, 1, address="203.0.113.1")
    enter(town, address="203.0.113.1")


def test_device_that_was_copied_guesses_no_faster_than_an_address(town: Town) -> None:
    """From as many addresses as one likes."""
    device = enter(town).device
    for number in range(FREE[PAIR]):
        fail(town, 1, address=f"198.51.100.{number}", device=device)

    with pytest.raises(TooManyTries):
        enter(town, address="203.0.113.1", device=device)


def test_device_is_one_that_was_given_for_this_account(town: Town) -> None:
    """What somebody made up, or brought from another account, is replaced; what was given here stays."""
    theirs = enter(town, "aud").device
    planted = enter(town, device="planted").device
    mine = enter(town, device=theirs).device
    attack(town)

    assert len({theirs, planted, mine, "planted"}) == 4
    for device in ("planted", theirs):
        with pytest.raises(TooManyTries):
            enter(town, address="203.0.113.1", device=device)
    assert enter(town, address="203.0.113.1", device=mine).device == mine


def test_place_is_forgotten_when_nobody_signed_in_there_for_long(town: Town) -> None:
    """Ninety days; then nothing of it is stored either."""
    device = enter(town).device
    town.now += KNOWN_FOR
    attack(town)

    with pytest.raises(TooManyTries):
        enter(town, device=device)
    housekeep(town.uow, town.door.shelf, now=town.now + timedelta(seconds=1))
    with town.uow.read() as tx:
        assert tx.connection.execute(select(func.count()).select_from(table("known_place"))).scalar() == 0


def test_password_is_taken_again_from_who_has_signed_in_while_others_guess(town: Town) -> None:
    """The session is as good as a known place, wherever it is now; but guessing with it is slowed down."""
    signed = known(town, enter(town).token)
    attack(town)

    def again(password: str, number: int) -> None:
        address = f"203.0.113.{number}"
        give_password_again(town.uow, signed, password, address=address, keys=keys(town), now=town.now)

    again(RIGHT, 0)
    for number in range(FREE[PAIR]):
        with pytest.raises(SignInRefused):
            again("wrong", number)
    with pytest.raises(TooManyTries):
        again(RIGHT, 99)


def test_address_waits_when_it_guesses_at_many_accounts(town: Town) -> None:
    """Fifty accounts once each, and the address waits, also with a right password."""
    for number in range(FREE[ADDRESS]):
        fail(town, 1, login=f"nobody-{number}")

    with pytest.raises(TooManyTries):
        enter(town)
    enter(town, address="203.0.113.1")


def test_failures_are_forgotten_after_an_hour(town: Town) -> None:
    """Yesterday's typing errors count for nothing."""
    fail(town, FREE[PAIR] - 1)
    town.now += timedelta(hours=1, seconds=1)

    fail(town, FREE[PAIR] - 1)
    assert enter(town).person == "p:grid_worker@zhu-1"
