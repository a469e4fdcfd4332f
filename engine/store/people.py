"""People, their sessions, and the counters of failed sign-ins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, func, insert, select, update

from engine.store.bulk import is_sqlite
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

PERSON = table("person")
SESSION = table("session")
TRY = table("sign_in_try")
KNOWN = table("known_place")


@dataclass(frozen=True, slots=True)
class Person:
    """A person; without `login` there is no account."""

    id: str
    name: str
    created_at: datetime
    login: str | None = None
    phone: str | None = None
    password_hash: str | None = None
    must_change: bool = False
    office: str | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    token_hash: str
    id: str
    person: str
    post: str | None
    kind: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    fresh_until: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """How often something has failed, and when last."""

    failures: int
    last_at: datetime


_PERSON = tuple(PERSON.c[one.name] for one in fields(Person))
_SESSION = tuple(SESSION.c[one.name] for one in fields(Session))
_BY_ID = Prepared(
    select(*_PERSON).where(PERSON.c.district_id == bindparam("district"), PERSON.c.id == bindparam("person"))
)
_BY_TOKEN = Prepared(
    select(*_SESSION).where(SESSION.c.district_id == bindparam("district"), SESSION.c.token_hash == bindparam("token"))
)


class People(Repository):
    """The people of a district."""

    def get(self, person_id: str) -> Person | None:
        """Return a person by id."""
        row = _BY_ID.first(self.connection, district=self.district, person=person_id)
        return None if row is None else Person(*row)

    def by_login(self, login: str) -> Person | None:
        """Return the person of an account."""
        query = select(*_PERSON).where(PERSON.c.district_id == self.district, PERSON.c.login == login)
        row = self.connection.execute(query).one_or_none()
        return None if row is None else Person(*row)

    def all(self) -> list[Person]:
        """Return everybody, by id."""
        query = select(*_PERSON).where(PERSON.c.district_id == self.district).order_by(PERSON.c.id)
        return [Person(*row) for row in self.connection.execute(query)]

    def is_empty(self) -> bool:
        """Whether nobody has an account yet."""
        query = select(func.count()).select_from(PERSON)
        query = query.where(PERSON.c.district_id == self.district, PERSON.c.login.is_not(None))
        return self.connection.execute(query).scalar_one() == 0

    def put(self, people: Iterable[Person]) -> None:
        """Keep *people*, changing those who are there already."""
        for person in people:
            row = {one.name: getattr(person, one.name) for one in fields(Person)}
            this = (PERSON.c.district_id == self.district, PERSON.c.id == person.id)
            if self.connection.execute(update(PERSON).where(*this).values(**row)).rowcount == 0:
                self.connection.execute(insert(PERSON).values(district_id=self.district, **row))

    def set_password(self, person_id: str, password_hash: str, *, must_change: bool) -> None:
        """Note a person's password, and whether it must be changed before anything else."""
        this = (PERSON.c.district_id == self.district, PERSON.c.id == person_id)
        values = {"password_hash": password_hash, "must_change": must_change}
        self.connection.execute(update(PERSON).where(*this).values(**values))

    def add(self, people: Sequence[Person]) -> None:
        """Add *people* who are not there yet."""
        rows = [
            {"district_id": self.district, **{one.name: getattr(person, one.name) for one in fields(Person)}}
            for person in people
        ]
        if rows:
            self.connection.execute(insert(PERSON), rows)


class Sessions(Repository):
    """The sessions of a district."""

    def get(self, token_hash: str) -> Session | None:
        """Return the session of a token, also one that is over."""
        row = _BY_TOKEN.first(self.connection, district=self.district, token=token_hash)
        return None if row is None else Session(*row)

    def add(self, session: Session) -> None:
        """Begin a session."""
        row = {one.name: getattr(session, one.name) for one in fields(Session)}
        self.connection.execute(insert(SESSION).values(district_id=self.district, **row))

    def of_person(self, person: str) -> list[Session]:
        """Return the sessions of a person that were not revoked, latest first."""
        query = select(*_SESSION).where(
            SESSION.c.district_id == self.district, SESSION.c.person == person, SESSION.c.revoked_at.is_(None)
        )
        return [Session(*row) for row in self.connection.execute(query.order_by(SESSION.c.seen_at.desc()))]

    def all_open(self, *, now: datetime) -> list[Session]:
        """Return all sessions that were neither revoked nor are too old."""
        query = select(*_SESSION).where(
            SESSION.c.district_id == self.district, SESSION.c.revoked_at.is_(None), SESSION.c.expires_at > now
        )
        return [Session(*row) for row in self.connection.execute(query)]

    def touch(self, token_hash: str, *, at: datetime) -> None:
        """Note that a session was used."""
        self._change(SESSION.c.token_hash == token_hash, seen_at=at)

    def refresh(self, token_hash: str, *, until: datetime) -> None:
        """Note until when the password counts as just given."""
        self._change(SESSION.c.token_hash == token_hash, fresh_until=until)

    def act_as(self, token_hash: str, post: str) -> None:
        """Note the post a session acts as."""
        self._change(SESSION.c.token_hash == token_hash, post=post)

    def revoke(self, token_hash: str, *, at: datetime) -> None:
        """End one session."""
        self._change(SESSION.c.token_hash == token_hash, SESSION.c.revoked_at.is_(None), revoked_at=at)

    def revoke_all(self, person: str, *, at: datetime, but: str | None = None) -> int:
        """End the sessions of a person except the one named *but*, and return how many."""
        kept = (SESSION.c.token_hash != but,) if but is not None else ()
        return self._change(SESSION.c.person == person, SESSION.c.revoked_at.is_(None), *kept, revoked_at=at)

    def forget(self, *, ended_before: datetime) -> int:
        """Remove sessions that ended long ago, and return how many."""
        gone = delete(SESSION).where(SESSION.c.district_id == self.district, SESSION.c.expires_at < ended_before)
        return self.connection.execute(gone).rowcount

    def _change(self, *found: ColumnElement[bool], **values: datetime | str) -> int:
        query = update(SESSION).where(SESSION.c.district_id == self.district, *found).values(**values)
        return self.connection.execute(query).rowcount


class SignInTries(Repository):
    """How often signing in has failed lately."""

    def get(self, scope: str, subject: str) -> Tries | None:
        """Return the failures of a subject, without locking them."""
        return self._read(select(TRY.c.failures, TRY.c.last_at).where(*self._this(scope, subject)))

    def lock(self, scope: str, subject: str) -> Tries | None:
        """Do the same; nobody else counts them before this writing transaction ends."""
        query = select(TRY.c.failures, TRY.c.last_at).where(*self._this(scope, subject))
        return self._read(query if is_sqlite(self.connection) else query.with_for_update())

    def _read(self, query: Select[Any]) -> Tries | None:
        row = self.connection.execute(query).one_or_none()
        return None if row is None else Tries(*row)

    def put(self, scope: str, subject: str, tries: Tries) -> None:
        """Note the failures of a subject."""
        values = {"failures": tries.failures, "last_at": tries.last_at}
        if self.connection.execute(update(TRY).where(*self._this(scope, subject)).values(**values)).rowcount == 0:
            row = {"district_id": self.district, "scope": scope, "subject": subject, **values}
            self.connection.execute(insert(TRY).values(**row))

    def clear(self, scope: str, subject: str) -> None:
        """Forget the failures of a subject."""
        self.connection.execute(delete(TRY).where(*self._this(scope, subject)))

    def forget(self, *, before: datetime) -> int:
        """Remove counters that nothing was added to since *before*, and return how many."""
        gone = delete(TRY).where(TRY.c.district_id == self.district, TRY.c.last_at < before)
        return self.connection.execute(gone).rowcount

    def _this(self, scope: str, subject: str) -> tuple[ColumnElement[bool], ...]:
        return (TRY.c.district_id == self.district, TRY.c.scope == scope, TRY.c.subject == subject)


class KnownPlaces(Repository):
    """Where accounts were signed in lately."""

    def seen_at(self, subject: str) -> datetime | None:
        """Return when somebody last signed in there."""
        found: datetime | None = self.connection.execute(select(KNOWN.c.seen_at).where(*self._this(subject))).scalar()
        return found

    def note(self, subject: str, at: datetime) -> None:
        """Note that somebody signed in there."""
        if self.connection.execute(update(KNOWN).where(*self._this(subject)).values(seen_at=at)).rowcount == 0:
            self.connection.execute(insert(KNOWN).values(district_id=self.district, subject=subject, seen_at=at))

    def forget(self, *, before: datetime) -> int:
        """Remove places where nobody signed in since *before*, and return how many."""
        gone = delete(KNOWN).where(KNOWN.c.district_id == self.district, KNOWN.c.seen_at < before)
        return self.connection.execute(gone).rowcount

    def _this(self, subject: str) -> tuple[ColumnElement[bool], ...]:
        return (KNOWN.c.district_id == self.district, KNOWN.c.subject == subject)
