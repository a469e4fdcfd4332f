"""
Sessions of people who signed in: begin, look up, list, end.

A session is a random token of 256 bits in the browser and its hash in the store, so a copy of the database opens none.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.core.matter import Actor
from engine.core.scope import Organisation, Post
from engine.errors import NotFound, Unavailable
from engine.services.record import record
from engine.services.save import Ids
from engine.services.seal import Salts
from engine.store.database import TryAgain
from engine.store.people import Person, Session
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "accounts"
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FRESH = timedelta(minutes=10)
TOUCHED_EVERY = timedelta(minutes=1)
AGENT_CHARACTERS = 120
OFFICE_POST = "office"
OWN_ACCOUNT = "person"


class SessionKind(StrEnum):
    """On whose desk the browser stands: sessions in an office end when nobody is there."""

    OFFICE = "office"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the session: `post` is the one chosen to act as."""

    person: str
    name: str
    login: str
    office: str | None
    must_change: bool
    session: str
    token_hash: str
    kind: str
    post: str | None
    seen_at: datetime
    fresh_until: datetime


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One of a person's sessions as its page lists it."""

    id: str
    kind: str
    agent: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session begins."""

    kind: SessionKind = SessionKind.OFFICE
    agent: str = ""


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(
    tx: Transaction, person: Person, *, browser: Browser, ids: Ids, salts: Salts, now: datetime, post: str | None = None
) -> str:
    """Begin a session of *person* and return its token."""
    token = base64.urlsafe_b64encode(salts()).decode().rstrip("=")
    tx.sessions.add(
        Session(
            token_hash=hash_of(token), id=ids(), person=person.id, post=post, kind=browser.kind.value,
            agent=browser.agent[:AGENT_CHARACTERS], created_at=now, seen_at=now, expires_at=now + LONGEST,
            fresh_until=now + FRESH,
        )
    )  # fmt: skip
    return token


def begin_again(uow: UnitOfWork, signed: SignedIn, *, ids: Ids, salts: Salts, now: datetime) -> str:
    """
    Begin a fresh session for who is signed in, acting as the same post, and return its token.

    Raises:
        NotFound: the person is gone.
    """
    with uow.write() as tx:
        person = tx.people.get(signed.person)
        if person is None:
            raise NotFound(what="账号", found=signed.login)
        browser = Browser(SessionKind(signed.kind))
        return begin(tx, person, browser=browser, ids=ids, salts=salts, now=now, post=signed.post)


def find(tx: Transaction, token: str, *, now: datetime) -> SignedIn | None:
    """Return who signed in with *token*, or None where the session is over."""
    session, person = _session_of(tx, token) if token else (None, None)
    if session is None or not is_open(session, now=now):
        return None
    if person is None or person.login is None or person.disabled_at is not None:
        return None
    return SignedIn(
        person=person.id, name=person.name, login=person.login, office=person.office, must_change=person.must_change,
        session=session.id, token_hash=session.token_hash, kind=session.kind, post=session.post,
        seen_at=session.seen_at, fresh_until=session.fresh_until,
    )  # fmt: skip


def _session_of(tx: Transaction, token: str) -> tuple[Session | None, Person | None]:
    """The session of a token and whose it is; read again as soon as anything was written."""
    token_hash = hash_of(token)

    def look() -> tuple[Session | None, Person | None]:
        session = tx.sessions.get(token_hash)
        return session, None if session is None else tx.people.get(session.person)

    return tx.remembered("session", token_hash, make=look)


def is_open(session: Session, *, now: datetime) -> bool:
    """Whether *session* still counts at *now*."""
    idle = session.kind == SessionKind.OFFICE and now - session.seen_at > IDLE
    return session.revoked_at is None and now < session.expires_at and not idle


def note_use(uow: UnitOfWork, signed: SignedIn, *, now: datetime) -> None:
    """Note that a session is used, at most once a minute; a store that cannot take it just now keeps nobody out."""
    if now - signed.seen_at < TOUCHED_EVERY:
        return
    try:
        with uow.write() as tx:
            tx.sessions.touch(signed.token_hash, at=now)
    except (TryAgain, Unavailable):
        return


def posts_held(organisation: Organisation, person: str, *, now: datetime) -> tuple[Post, ...]:
    """Return the posts that *person* holds now."""
    return tuple(post for post in organisation.posts.values() if post.person == person and post.is_held(now))


def acting_post(signed: SignedIn, organisation: Organisation, *, now: datetime) -> Post | None:
    """Return the post chosen, else the first one held; none for the holder of an office."""
    if signed.office is not None:
        return None
    held = posts_held(organisation, signed.person, now=now)
    return next((post for post in held if post.id == signed.post), held[0] if held else None)


def actor_of(signed: SignedIn, organisation: Organisation, *, now: datetime) -> Actor | None:
    """Return who acts in a session: an office by itself, else the chosen post, nobody without either."""
    if signed.office is not None:
        return Actor(post=f"{OFFICE_POST}.{signed.office}.{signed.person}", role=signed.office, person=signed.person)
    post = acting_post(signed, organisation, now=now)
    return None if post is None else Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)


def own_actor(signed: SignedIn) -> Actor:
    """Return the person of a session where it is about the account itself, not about a post."""
    return person_actor(signed.person)


def person_actor(person: str) -> Actor:
    """Return a person as the one who did something to the own account."""
    return Actor(post=f"person.{person}", role=OWN_ACCOUNT, person=person)


def choose_post(uow: UnitOfWork, signed: SignedIn, post_id: str, *, organisation: Organisation, now: datetime) -> Post:
    """
    Act as another of one's own posts from now on.

    Raises:
        NotFound: it is none of the posts held now.
    """
    held = () if signed.office is not None else posts_held(organisation, signed.person, now=now)
    post = next((one for one in held if one.id == post_id), None)
    if post is None:
        raise NotFound(what="岗位", found=post_id[:40])
    with uow.write() as tx:
        tx.sessions.act_as(signed.token_hash, post.id)
        record(tx, TOPIC, action="post_chosen", by=own_actor(signed), now=now, data={"post": post.id})
    return post


def list_sessions(tx: Transaction, signed: SignedIn, *, now: datetime) -> tuple[OwnSession, ...]:
    """Return the open sessions of who asks, latest first."""
    return tuple(
        OwnSession(
            id=one.id, kind=one.kind, agent=one.agent, created_at=one.created_at, seen_at=one.seen_at,
            is_this=one.token_hash == signed.token_hash,
        )
        for one in tx.sessions.of_person(signed.person)
        if is_open(one, now=now)
    )  # fmt: skip


def end_own(uow: UnitOfWork, signed: SignedIn, session_id: str, *, now: datetime) -> bool:
    """
    End one of one's own sessions; whether it was this very one.

    Raises:
        NotFound: there is no such session of this person.
    """
    with uow.write() as tx:
        found = next((one for one in tx.sessions.of_person(signed.person) if one.id == session_id), None)
        if found is None:
            raise NotFound(what="登录", found=session_id[:40])
        tx.sessions.revoke(found.token_hash, at=now)
        record(tx, TOPIC, action="session_ended", by=own_actor(signed), now=now, data={"session": found.id})
    return found.token_hash == signed.token_hash


def sign_out(uow: UnitOfWork, signed: SignedIn, *, now: datetime) -> None:
    """End the session that is used."""
    with uow.write() as tx:
        tx.sessions.revoke(signed.token_hash, at=now)
        record(tx, TOPIC, action="signed_out", by=own_actor(signed), now=now, data={"session": signed.session})
