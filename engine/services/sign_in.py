"""
Sign in: the same time and the same words for an account that is not there, and slower with every failure.

A try is counted before its password is looked at, so a thousand at once are no way around the limits. Where an account
was signed in lately, by address or by browser, it is not slowed down by what others fail at elsewhere.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.core.scope import SYSTEM
from engine.errors import Busy, SignInRefused, TooManyTries, Unavailable
from engine.services.advance import in_one_transaction
from engine.services.keep_sessions import FRESH, TOPIC, Browser, SignedIn, begin, own_actor, person_actor
from engine.services.passwords import Hasher, check_new_password
from engine.services.record import record
from engine.services.save import Ids
from engine.services.seal import Salts
from engine.store.database import TryAgain
from engine.store.people import Person, Tries
from engine.store.unit_of_work import Transaction, UnitOfWork

ACCOUNT, ADDRESS, PAIR = "account", "address", "pair"
# Failures that cost nothing yet. Behind one address sits a whole office; an account under attack from many addresses
# is slowed down, never locked, and for its owner not even that.
FREE = {PAIR: 5, ACCOUNT: 20, ADDRESS: 50}
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
KNOWN_FOR = timedelta(days=90)
LONGEST_LOGIN = 64
_HASH_DIGITS = 32
ATTEMPTS = 6
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Keys:
    """What signing in needs beside the store."""

    hasher: Hasher
    ids: Ids
    salts: Salts


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gave to sign in, and from where; `device` is what the browser was given when it last signed in."""

    login: str
    password: str
    address: str
    browser: Browser = field(default_factory=Browser)
    device: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that was counted, and what stood there before."""

    scope: str
    subject: str
    before: Tries | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that began; `token` is shown to the browser once, `device` tells the browser by when it comes again."""

    token: str
    person: str
    must_change: bool
    device: str


def sign_in(uow: UnitOfWork, given: Given, *, keys: Keys, now: datetime, before: str = "") -> Begun:
    """
    Begin a session for who knows the password; the session *before* it in this browser ends.

    Raises:
        SignInRefused: no such account, another password, or an account that is closed.
        TooManyTries: too many failures lately for this account or from this address.
        Busy: too many sign in at this moment; it was not counted.
    """
    login = normal_login(given.login)
    with uow.read() as tx:
        device = given.device if _is_known(tx, _by_device(login, given.device), now=now) else ""
        subjects = _subjects(tx, login, given.address, device=device, now=now)
    counted = count_try(uow, subjects, now=now)
    with uow.read() as tx:
        person = tx.people.by_login(login) if login else None
    right = _is_right(uow, person, given.password, hasher=keys.hasher, counted=counted)
    if person is None or not right or person.disabled_at is not None:
        _note_failure(uow, person, closed=right, now=now)
        raise SignInRefused()
    anew = _hashed_anew(keys.hasher, person, given.password)
    # A browser that is not known here is given a name of ours: nobody plants one that will be.
    device = device or base64.urlsafe_b64encode(keys.salts()).decode().rstrip("=")

    def enter(tx: Transaction) -> str:
        forgive(tx, subjects)
        for place in (_by_address(login, given.address), _by_device(login, device)):
            tx.known_places.note(place, now)
        if anew is not None:
            tx.people.set_password(person.id, anew, must_change=person.must_change)
        if before:
            tx.sessions.revoke(before, at=now)
        token = begin(tx, person, browser=given.browser, ids=keys.ids, salts=keys.salts, now=now)
        record(
            tx, TOPIC, action="signed_in", by=person_actor(person.id), now=now,
            data={"kind": given.browser.kind.value},
        )  # fmt: skip
        return token

    token = in_one_transaction(uow, enter)
    return Begun(token=token, person=person.id, must_change=person.must_change, device=device)


def _hashed_anew(hasher: Hasher, person: Person, password: str) -> str | None:
    """The hash at today's cost, if the stored one was made at another; while many sign in it can wait."""
    if person.password_hash is None or not hasher.is_outdated(person.password_hash):
        return None
    try:
        return hasher.hash(password)
    except Busy:
        return None


def _is_right(
    uow: UnitOfWork, person: Person | None, password: str, *, hasher: Hasher, counted: Iterable[Counted]
) -> bool:
    """Whether it is the password; a try that nobody could look at was none."""
    try:
        return hasher.verify(person.password_hash if person is not None else None, password)
    except Busy:
        with uow.write() as tx:
            _take_back(tx, counted)
        raise


def give_password_again(
    uow: UnitOfWork, signed: SignedIn, password: str, *, address: str, keys: Keys, now: datetime
) -> None:
    """
    Make the session fresh for some minutes.

    Raises:
        SignInRefused: it is another password.
        TooManyTries: too many failures lately.
        Busy: too many passwords are looked at right now.
    """
    person = _verified(uow, signed, password, address=address, keys=keys, now=now)
    with uow.write() as tx:
        tx.sessions.refresh(signed.token_hash, until=now + FRESH)
        record(tx, TOPIC, action="password_given_again", by=person_actor(person.id), now=now, data={})


def change_password(
    uow: UnitOfWork, signed: SignedIn, old: str, new: str, *, address: str, keys: Keys, now: datetime
) -> int:
    """
    Change one's own password, end all other sessions, and return how many those were.

    Raises:
        BadPassword: the new one is easy to guess, or is the old one.
        SignInRefused: the old one is another.
        TooManyTries: too many failures lately.
        Busy: too many passwords are looked at right now.
    """
    check_new_password(new, login=signed.login, name=signed.name, old=old)
    person = _verified(uow, signed, old, address=address, keys=keys, now=now)
    hashed = keys.hasher.hash(new)
    with uow.write() as tx:
        tx.people.set_password(person.id, hashed, must_change=False)
        ended = tx.sessions.revoke_all(person.id, at=now, but=signed.token_hash)
        record(tx, TOPIC, action="password_changed", by=own_actor(signed), now=now, data={"sessions_ended": ended})
    return ended


def _verified(uow: UnitOfWork, signed: SignedIn, password: str, *, address: str, keys: Keys, now: datetime) -> Person:
    # Whoever has a session has shown to be the owner; the session is slowed down like an address, not the account.
    places = (_by_address(signed.login, address), _short(f"{signed.login}\nsession\n{signed.token_hash}"))
    subjects = ((ADDRESS, _short(address)), *((PAIR, one) for one in sorted(places)))
    counted = count_try(uow, subjects, now=now)
    with uow.read() as tx:
        person = tx.people.get(signed.person)
    if not _is_right(uow, person, password, hasher=keys.hasher, counted=counted) or person is None:
        _note_failure(uow, person, closed=False, now=now)
        raise SignInRefused()
    with uow.write() as tx:
        forgive(tx, subjects)
    return person


def normal_login(text: str) -> str:
    """Return an account's name as it is stored: without blanks around it, in small letters."""
    return text.strip().casefold()[:LONGEST_LOGIN]


def count_address(uow: UnitOfWork, address: str, *, now: datetime) -> None:
    """
    Count a try that names no account.

    Raises:
        TooManyTries: too many from this address.
    """
    count_try(uow, ((ADDRESS, _short(address)),), now=now)


def count_try(uow: UnitOfWork, subjects: Iterable[tuple[str, str]], *, now: datetime) -> tuple[Counted, ...]:
    """
    Count a try as failed until it is forgiven, and return what was counted.

    Raises:
        TooManyTries: one of the *subjects* (scope, whose) must wait; nothing was counted.
    """
    for _ in range(ATTEMPTS):
        try:
            counted = _count(uow, subjects, now=now)
        except TryAgain:  # the first two tries of a subject, at once
            continue
        if isinstance(counted, datetime):
            minutes = -(-int((counted - now).total_seconds()) // 60)
            raise TooManyTries(minutes=max(minutes, 1), until=counted)
        return counted
    raise Unavailable(what="登录的人太多", retry_after_seconds=RETRY_SECONDS)


def _count(uow: UnitOfWork, subjects: Iterable[tuple[str, str]], *, now: datetime) -> tuple[Counted, ...] | datetime:
    """Count a try, or return until when to wait and count nothing."""
    with uow.write() as tx:
        counted = tuple(Counted(*one, tx.sign_in_tries.lock(*one)) for one in subjects)
        waits = [waits_until(one.before, free=FREE[one.scope], now=now) for one in counted]
        blocked = max((until for until in waits if until is not None), default=None)
        if blocked is not None:
            return blocked
        for one in counted:
            failures = 1 if one.before is None or is_forgotten(one.before, now=now) else one.before.failures + 1
            tx.sign_in_tries.put(one.scope, one.subject, Tries(failures=failures, last_at=now))
            if failures == FREE[one.scope]:
                record(tx, TOPIC, action="sign_in_slowed", by=SYSTEM, now=now, data={"scope": one.scope})
    return counted


def _take_back(tx: Transaction, counted: Iterable[Counted]) -> None:
    """Let a try not have been, as far as no other came after it."""
    for one in counted:
        tries = tx.sign_in_tries.lock(one.scope, one.subject)
        if tries is None:
            continue
        is_last = one.before is None or tries.failures == one.before.failures + 1
        last_at = one.before.last_at if one.before is not None and is_last else tries.last_at
        left = Tries(failures=max(tries.failures - 1, 0), last_at=last_at)
        tx.sign_in_tries.put(one.scope, one.subject, left)


def waits_until(tries: Tries | None, *, free: int, now: datetime) -> datetime | None:
    """Return until when nobody may try again, None where one may try now."""
    if tries is None or tries.failures < free or is_forgotten(tries, now=now):
        return None
    doubled = FIRST_WAIT * (1 << min(tries.failures - free, 6))
    until = tries.last_at + min(doubled, LONGEST_WAIT)
    return until if now < until else None


def is_forgotten(tries: Tries, *, now: datetime) -> bool:
    """Whether failures are so old that they no longer count."""
    return now - tries.last_at > FORGOTTEN_AFTER


def forgive(tx: Transaction, subjects: Iterable[tuple[str, str]]) -> None:
    """Take a try back that was right; of the address only this one, for others sit behind it too."""
    for scope, subject in subjects:
        if scope != ADDRESS:
            tx.sign_in_tries.clear(scope, subject)
            continue
        tries = tx.sign_in_tries.lock(scope, subject)
        if tries is not None:
            tx.sign_in_tries.put(scope, subject, Tries(failures=max(tries.failures - 1, 0), last_at=tries.last_at))


def _subjects(tx: Transaction, login: str, address: str, *, device: str, now: datetime) -> tuple[tuple[str, str], ...]:
    """
    What a try is counted under: hashed, for people type passwords where the account belongs.

    Not under the account where it was signed in lately, by address or by *device*; then under the account and this
    device, so that a device that was copied guesses no faster than an address.
    """
    here = _by_address(login, address)
    is_known = bool(device) or _is_known(tx, here, now=now)
    account = () if is_known else ((ACCOUNT, _short(login)),)
    by_device = ((PAIR, _by_device(login, device)),) if device else ()
    return tuple(sorted((*account, (ADDRESS, _short(address)), (PAIR, here), *by_device)))


def _is_known(tx: Transaction, place: str, *, now: datetime) -> bool:
    seen_at = tx.known_places.seen_at(place)
    return seen_at is not None and now - seen_at < KNOWN_FOR


def _by_address(login: str, address: str) -> str:
    return _short(f"{login}\n{address}")


def _by_device(login: str, device: str) -> str:
    return _short(f"{login}\ndevice\n{device}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def _note_failure(uow: UnitOfWork, person: Person | None, *, closed: bool, now: datetime) -> None:
    """Note a failure; one on no account too, which else would be told by its time. What was typed stands nowhere."""
    with uow.write() as tx:
        data = {"person": person.id if person is not None else None, "closed": closed}
        record(tx, TOPIC, action="sign_in_failed", by=SYSTEM, now=now, data=data)
