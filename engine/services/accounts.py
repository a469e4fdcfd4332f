"""
Accounts of people who hold posts: open, give a new one-time password, close, end sessions.

The system administrator does this and sees no matter. The passwords of the three administrators are none of his
business: who could set one could act as another of the three; that is done where the server stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.matter import Actor
from engine.core.scope import Organisation
from engine.errors import BadInput, Conflict, Forbidden, NotFound
from engine.services.first_run import is_login
from engine.services.keep_sessions import TOPIC, is_open
from engine.services.passwords import one_time_password
from engine.services.record import record
from engine.services.sign_in import Keys, normal_login
from engine.store.people import Person
from engine.store.unit_of_work import Transaction, UnitOfWork

# Each password takes a fifth of a second to hash.
AT_A_TIME = 30
OPERATOR = Actor(post="command-line", role="operator")


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the page of accounts lists them: `posts` are ids, `sessions` how many are open."""

    person: str
    name: str
    login: str | None
    office: str | None
    posts: tuple[str, ...]
    has_password: bool
    must_change: bool
    is_closed: bool
    sessions: int


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """What somebody is handed to sign in for the first time."""

    name: str
    login: str
    password: str


def list_accounts(tx: Transaction, organisation: Organisation, *, text: str, now: datetime) -> tuple[Account, ...]:
    """Return the people whose name or account holds *text*: administrators, then who holds a post, then the others."""
    posts: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for post in organisation.posts.values():
        if post.is_held(now):
            posts.setdefault(post.person, []).append(post.id)
            names.setdefault(post.person, post.name)
    people = {person.id: person for person in tx.people.all()}
    missing = (Person(id=one, name=name, created_at=now) for one, name in names.items() if one not in people)
    open_now: dict[str, int] = {}
    for session in tx.sessions.all_open(now=now):
        open_now[session.person] = open_now.get(session.person, 0) + is_open(session, now=now)
    wanted = text.strip().casefold()
    found = [
        Account(
            person=one.id, name=one.name, login=one.login, office=one.office, posts=tuple(posts.get(one.id, ())),
            has_password=one.password_hash is not None, must_change=one.must_change,
            is_closed=one.disabled_at is not None, sessions=open_now.get(one.id, 0),
        )
        for one in (*people.values(), *missing)
        if wanted in one.name.casefold() or wanted in (one.login or "") or wanted in one.id.casefold()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.office is None, not one.posts, one.login or "~", one.person)))


def open_account(
    uow: UnitOfWork, person_id: str, login: str, *, organisation: Organisation, by: Actor, keys: Keys, now: datetime
) -> str:
    """
    Give a person an account and return the one-time password to hand over.

    Raises:
        NotFound: nobody like that is known, nor holds a post.
        BadInput: this cannot be an account.
        Conflict: the account is somebody else's, or the person has one.
    """
    wanted = normal_login(login)
    if not is_login(wanted):
        raise BadInput(where="工号", found=login[:40], expected="2 到 32 个字母、数字、点、横线")
    password = one_time_password(keys.salts())
    hashed = keys.hasher.hash(password)
    with uow.write() as tx:
        person = tx.people.get(person_id) or _holder(organisation, person_id, now=now)
        if person is None:
            raise NotFound(what="人", found=person_id[:40])
        if person.login is not None:
            raise Conflict(what=f"已经有账号了：{person.login}。要新密码，用「重设密码」。")
        if tx.people.by_login(wanted) is not None:
            raise Conflict(what=f"工号「{wanted}」已经有人用了，换一个。")
        tx.people.put([replace(person, login=wanted, password_hash=hashed, must_change=True)])
        record(tx, TOPIC, action="account_opened", by=by, now=now, data={"person": person_id})
    return password


def reset_password(uow: UnitOfWork, person_id: str, *, by: Actor, keys: Keys, now: datetime) -> str:
    """
    Give a person a new one-time password, end their sessions, and return it.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is one of the three administrators, and this is not the operator.
    """
    password = one_time_password(keys.salts())
    hashed = keys.hasher.hash(password)
    with uow.write() as tx:
        person = _account(tx, person_id, by=by)
        tx.people.set_password(person.id, hashed, must_change=True)
        ended = tx.sessions.revoke_all(person.id, at=now)
        data = {"person": person.id, "sessions_ended": ended}
        record(tx, TOPIC, action="password_reset", by=by, now=now, data=data)
    return password


def without_password(tx: Transaction) -> tuple[Person, ...]:
    """Return who has an account that nobody ever gave a password: those a workbook brought, by account."""
    return tuple(
        person
        for person in everybody(tx)
        if person.password_hash is None and person.office is None and person.disabled_at is None
    )


def first_passwords(uow: UnitOfWork, *, by: Actor, keys: Keys, now: datetime) -> tuple[FirstPassword, ...]:
    """Give the next `AT_A_TIME` people without a password their first one-time password, and return them."""
    with uow.read() as tx:
        waiting = without_password(tx)[:AT_A_TIME]
    made = {person.id: one_time_password(keys.salts()) for person in waiting}
    hashed = {person: keys.hasher.hash(password) for person, password in made.items()}
    handed = []
    with uow.write() as tx:
        still = {person.id for person in without_password(tx)}  # somebody else may have been at it
        for person in (one for one in waiting if one.id in still):
            tx.people.set_password(person.id, hashed[person.id], must_change=True)
            record(tx, TOPIC, action="password_given", by=by, now=now, data={"person": person.id})
            handed.append(FirstPassword(name=person.name, login=person.login or "", password=made[person.id]))
    return tuple(handed)


def reset_by_login(uow: UnitOfWork, login: str, *, keys: Keys, now: datetime) -> str:
    """
    Do the same where the server stands, for anybody.

    Raises:
        NotFound: there is no such account.
    """
    with uow.read() as tx:
        person = tx.people.by_login(normal_login(login))
    if person is None:
        raise NotFound(what="账号", found=login[:40])
    return reset_password(uow, person.id, by=OPERATOR, keys=keys, now=now)


def close_account(uow: UnitOfWork, person_id: str, *, by: Actor, now: datetime) -> None:
    """
    Let a person no longer sign in, and end their sessions.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is one of the three administrators.
    """
    with uow.write() as tx:
        person = _account(tx, person_id, by=by)
        if person.disabled_at is None:
            tx.people.put([replace(person, disabled_at=now)])
            tx.sessions.revoke_all(person.id, at=now)
            record(tx, TOPIC, action="account_closed", by=by, now=now, data={"person": person.id})


def reopen_account(uow: UnitOfWork, person_id: str, *, by: Actor, now: datetime) -> None:
    """
    Let a person sign in again.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is one of the three administrators.
    """
    with uow.write() as tx:
        person = _account(tx, person_id, by=by)
        if person.disabled_at is not None:
            tx.people.put([replace(person, disabled_at=None)])
            record(tx, TOPIC, action="account_reopened", by=by, now=now, data={"person": person.id})


def end_sessions(uow: UnitOfWork, person_id: str, *, by: Actor, now: datetime) -> int:
    """
    End all sessions of a person and return how many.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is one of the three administrators.
    """
    with uow.write() as tx:
        person = _account(tx, person_id, by=by)
        ended = tx.sessions.revoke_all(person.id, at=now)
        data = {"person": person.id, "sessions_ended": ended}
        record(tx, TOPIC, action="sessions_ended", by=by, now=now, data=data)
    return ended


def everybody(tx: Transaction) -> Sequence[Person]:
    """Return all who have an account, by account."""
    return sorted((one for one in tx.people.all() if one.login is not None), key=lambda one: one.login or "")


def _account(tx: Transaction, person_id: str, *, by: Actor) -> Person:
    person = tx.people.get(person_id)
    if person is None or person.login is None:
        raise NotFound(what="账号", found=person_id[:40])
    if person.office is not None and by != OPERATOR:
        raise Forbidden(what="动管理员的账号")
    return person


def _holder(organisation: Organisation, person_id: str, *, now: datetime) -> Person | None:
    held = (post for post in organisation.posts.values() if post.person == person_id and post.is_held(now))
    post = next(held, None)
    return Person(id=post.person, name=post.name, created_at=now) if post is not None else None
