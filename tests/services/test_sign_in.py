"""Signing in: one answer for all that is wrong, slower with every failure, sessions that end when they should."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.core.history import read_event
from engine.core.terms import Office
from engine.errors import BadPassword, NotFound, SignInRefused, TooManyTries
from engine.services.accounts import close_account, open_account, reset_by_login, reset_password
from engine.services.housekeep import housekeep
from engine.services.keep_sessions import (
    IDLE,
    LONGEST,
    TOUCHED_EVERY,
    Browser,
    SessionKind,
    SignedIn,
    acting_post,
    choose_post,
    end_own,
    find,
    hash_of,
    list_sessions,
    note_use,
    own_actor,
    sign_out,
)
from engine.services.sign_in import (
    ACCOUNT,
    ADDRESS,
    FREE,
    KNOWN_FOR,
    LONGEST_WAIT,
    PAIR,
    Begun,
    Given,
    Keys,
    change_password,
    give_password_again,
    sign_in,
)
from engine.store.people import Person
from engine.store.repository import table
from tests.support.demo import CHEAP
from tests.support.pg import Prepare
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


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the small town and two accounts."""
    return settle_with_people


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, on both databases."""
    with opened(prepared_database_url) as made:
        yield made


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


def test_right_password_begins_a_session_whose_token_is_nowhere_in_the_store(town: Town) -> None:
    """Only the hash of 256 bits is kept; the account is found in any case and with blanks around."""
    begun = enter(town, "  WG-1 ")

    assert len(begun.token) >= 43
    assert known(town, begun.token).person == "p:grid_worker@zhu-1"
    assert who(town, hash_of(begun.token)) is None
    assert who(town, begun.token[:-1]) is None
    assert who(town, "") is None


@pytest.mark.parametrize(("login", "password"), [("wg-1", "wrong"), ("nobody", RIGHT), ("", ""), ("nobody", "")])
def test_refusal_has_the_same_words_whatever_was_wrong(town: Town, login: str, password: str) -> None:
    """An account that is not there, a wrong password and a closed account are one answer."""
    with pytest.raises(SignInRefused) as first:
        enter(town, login, password)
    close_account(town.uow, "p:grid_worker@zhu-1", by=own_actor(known(town, enter(town, "aud").token)), now=town.now)
    with pytest.raises(SignInRefused) as closed:
        enter(town)

    assert str(first.value) == str(closed.value)


def test_token_changes_and_the_one_before_is_dead_when_somebody_signs_in_again(town: Town) -> None:
    """A token that was planted or left behind never becomes somebody's."""
    planted = enter(town, "aud").token
    begun = enter(town, before=hash_of(planted))

    assert begun.token != planted
    assert who(town, planted) is None
    assert known(town, begun.token).login == "wg-1"


def test_token_is_dead_after_signing_out(town: Town) -> None:
    """A copy of it opens nothing."""
    token = enter(town).token
    sign_out(town.uow, known(town, token), now=town.now)

    assert who(town, token) is None


def test_two_sessions_live_at_once_and_end_apart(town: Town) -> None:
    """A desk and a phone; one is listed and ended from the other."""
    desk, phone = enter(town).token, enter(town, kind=SessionKind.PHONE).token
    with town.uow.read() as tx:
        listed = list_sessions(tx, known(town, desk), now=town.now)
    other = next(one for one in listed if not one.is_this)

    assert {one.kind for one in listed} == {"office", "phone"}
    assert end_own(town.uow, known(town, desk), other.id, now=town.now) is False
    assert who(town, phone) is None
    assert who(town, desk) is not None


def test_session_of_somebody_else_is_not_found(town: Town) -> None:
    """Nobody ends the sessions of others by their id."""
    mine, theirs = enter(town).token, enter(town, "aud").token

    with pytest.raises(NotFound):
        end_own(town.uow, known(town, mine), known(town, theirs).session, now=town.now)
    assert who(town, theirs) is not None


def test_session_at_a_desk_ends_when_nobody_used_it_for_half_an_hour(town: Town) -> None:
    """Use keeps it, at most twelve hours."""
    token, start = enter(town).token, town.now
    for _ in range(20):
        town.now += IDLE
        note_use(town.uow, known(town, token), now=town.now)
    town.now += IDLE + timedelta(seconds=1)
    assert who(town, token) is None

    town.now = start
    token = enter(town).token
    while town.now < start + LONGEST - IDLE:
        town.now += IDLE
        note_use(town.uow, known(town, token), now=town.now)
    town.now = start + LONGEST
    assert who(town, token) is None


def test_session_on_a_phone_lives_twelve_hours_unused(town: Town) -> None:
    """And not a second more."""
    token, start = enter(town, kind=SessionKind.PHONE).token, town.now

    town.now = start + LONGEST - timedelta(seconds=1)
    assert who(town, token) is not None
    town.now = start + LONGEST
    assert who(town, token) is None


def test_use_is_written_once_a_minute(town: Town) -> None:
    """A busy page does not write on every request."""
    token = enter(town).token
    begun = known(town, token).seen_at

    town.now += TOUCHED_EVERY - timedelta(seconds=1)
    note_use(town.uow, known(town, token), now=town.now)
    assert known(town, token).seen_at == begun
    town.now += timedelta(seconds=1)
    note_use(town.uow, known(town, token), now=town.now)
    assert known(town, token).seen_at == town.now


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
    enter(town)


def test_changing_the_password_ends_every_other_session(town: Town) -> None:
    """The old one opens nothing any more; this session goes on."""
    here, there = enter(town).token, enter(town).token

    assert change_password(
        town.uow, known(town, here), RIGHT, NEW, address=HERE, keys=keys(town), now=town.now
    ) == 1  # fmt: skip
    assert who(town, here) is not None
    assert who(town, there) is None
    fail(town, 1)
    with pytest.raises(SignInRefused):
        enter(town)
    enter(town, password=NEW)


@pytest.mark.parametrize("new", ["short", RIGHT], ids=["short", "the old one"])
def test_password_stays_when_the_new_one_is_bad(town: Town, new: str) -> None:
    """Nothing changes, no session ends."""
    here, there = enter(town).token, enter(town).token

    with pytest.raises(BadPassword):
        change_password(town.uow, known(town, here), RIGHT, new, address=HERE, keys=keys(town), now=town.now)
    assert who(town, there) is not None


def test_one_time_password_must_be_changed_and_ends_sessions(town: Town) -> None:
    """The operator may reset anybody, the system administrator none of the three."""
    token = enter(town, "aud").token
    password = reset_by_login(town.uow, "aud", keys=keys(town), now=town.now)

    assert who(town, token) is None
    assert enter(town, "aud", password).must_change
    with pytest.raises(Exception, match="动管理员的账号"):
        reset_password(town.uow, "p:aud", by=own_actor(known(town, enter(town).token)), keys=keys(town), now=town.now)


def test_account_is_opened_for_the_holder_of_a_post(town: Town) -> None:
    """The person comes from the post; the account is given once."""
    with town.uow.read() as tx:
        organisation = tx.organisation.load()
    person = "p:community_head@zhu"
    by = own_actor(known(town, enter(town, "aud").token))

    password = open_account(town.uow, person, "SJ-zhu", organisation=organisation, by=by, keys=keys(town), now=town.now)
    signed = known(town, enter(town, "sj-zhu", password).token)

    assert signed.must_change
    post = acting_post(signed, organisation, now=town.now)
    assert post is not None
    assert post.id == "community_head@zhu"
    with pytest.raises(Exception, match="已经有人用了"):
        open_account(
            town.uow, "p:council@zhu", "sj-zhu", organisation=organisation, by=by, keys=keys(town), now=town.now
        )


def test_only_own_posts_are_chosen(town: Town) -> None:
    """A post of somebody else is not found, and an office has none."""
    with town.uow.read() as tx:
        organisation = tx.organisation.load()
    signed = known(town, enter(town).token)

    with pytest.raises(NotFound):
        choose_post(town.uow, signed, "grid_leader@zhu-1", organisation=organisation, now=town.now)
    auditor = known(town, enter(town, "aud").token)
    with pytest.raises(NotFound):
        choose_post(town.uow, auditor, "grid_worker@zhu-1", organisation=organisation, now=town.now)
    assert acting_post(replace(auditor, post="grid_worker@zhu-1"), organisation, now=town.now) is None


def test_everything_stands_in_the_log_and_nothing_typed_does(town: Town) -> None:
    """Coming, failing, going: each is an event. A login that is not there costs the same and is not told: it may be
    a password."""
    fail(town, 1)
    fail(town, 1, login="my-secret-password")
    sign_out(town.uow, known(town, enter(town).token), now=town.now)

    assert actions(town) == ["sign_in_failed", "sign_in_failed", "signed_in", "signed_out"]
    with town.uow.read() as tx:
        bodies = b"".join(one.body for one in tx.events.of("system/accounts"))
    assert b"secret" not in bodies
    assert HERE.encode() not in bodies
