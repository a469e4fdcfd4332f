"""Signing in: one answer for all that is wrong, sessions that end when they should."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.errors import BadPassword, NotFound, SignInRefused
from engine.services.accounts import close_account, open_account, reset_by_login, reset_password
from engine.services.keep_sessions import (
    IDLE,
    LONGEST,
    TOUCHED_EVERY,
    SessionKind,
    acting_post,
    choose_post,
    end_own,
    hash_of,
    list_sessions,
    note_use,
    own_actor,
    sign_out,
)
from engine.services.sign_in import (
    change_password,
)
from tests.support.accounts import HERE, NEW, RIGHT, actions, enter, fail, keys, known, settle_with_people, who
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
