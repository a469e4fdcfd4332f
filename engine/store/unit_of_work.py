"""One transaction with all repositories: `with uow.write() as tx`, committed whole or not at all."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from engine.store.alarms import Alarms
from engine.store.answers import Answers
from engine.store.api_tokens import ApiTokens
from engine.store.database import Database
from engine.store.demands import Demands
from engine.store.digests import Digests
from engine.store.erasures import Erasures
from engine.store.events import Events
from engine.store.facts import Facts
from engine.store.files import Files
from engine.store.jobs import Jobs
from engine.store.matters import Matters
from engine.store.messages import Messages
from engine.store.orders import Orders
from engine.store.organisation import Organisations
from engine.store.outbox import Outbox
from engine.store.people import KnownPlaces, People, Sessions, SignInTries
from engine.store.places import Places
from engine.store.proposals import Proposals
from engine.store.remembered import Lasting, Memory
from engine.store.snapshot import name_of_snapshot
from engine.store.timers import Timers
from engine.store.vault import Vault
from engine.store.workflows import Workflows

R = TypeVar("R")
T = TypeVar("T")


class _Repository(Generic[R]):
    """A repository of a transaction, made when it is first asked for: no transaction needs more than a few."""

    def __init__(self, kind: Callable[[Connection, str], R]) -> None:
        self._kind = kind

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, tx: "Transaction", _owner: type) -> R:
        made = self._kind(tx.connection, tx.district)
        tx.__dict__[self._name] = made  # found there from now on
        return made


class Transaction:
    """The repositories of one district in one transaction; a reading one has a *memory* of what others have read."""

    matters = _Repository(Matters)
    events = _Repository(Events)
    timers = _Repository(Timers)
    vault = _Repository(Vault)
    files = _Repository(Files)
    demands = _Repository(Demands)
    orders = _Repository(Orders)
    outbox = _Repository(Outbox)
    messages = _Repository(Messages)
    workflows = _Repository(Workflows)
    organisation = _Repository(Organisations)
    places = _Repository(Places)
    people = _Repository(People)
    sessions = _Repository(Sessions)
    api_tokens = _Repository(ApiTokens)
    sign_in_tries = _Repository(SignInTries)
    known_places = _Repository(KnownPlaces)
    answers = _Repository(Answers)
    alarms = _Repository(Alarms)
    jobs = _Repository(Jobs)
    digests = _Repository(Digests)
    proposals = _Repository(Proposals)
    erasures = _Repository(Erasures)
    facts = _Repository(Facts)

    def __init__(self, connection: Connection, district: str, *, memory: Memory | None = None) -> None:
        self.connection = connection
        self.district = district
        self._memory = memory
        self._seen: Hashable = None

    def remembered(self, *key: Hashable, make: Callable[[], T]) -> T:
        """Return what *make* finds in the data by *key* alone; found before in the very same data, it is at hand."""
        if self._memory is None:
            return make()
        return self._memory.find(self._snapshot(), key, make)

    def remembered_while(self, *key: Hashable, now: datetime, make: Callable[[], Lasting]) -> Any:
        """Do the same with what time alone makes untrue."""
        if self._memory is None:
            return make().value
        return self._memory.find_lasting(self._snapshot(), key, make, now=now)

    def carried(self, *key: Hashable, make: Callable[[T | None], T]) -> T:
        """Return what *make* makes of what was last kept by *key*; it must judge from which data that was."""
        if self._memory is None:
            return make(None)
        return self._memory.carry((self.district, key), make)

    def _snapshot(self) -> Hashable:
        if self._seen is None:
            self._seen = (self.district, name_of_snapshot(self.connection))
        return self._seen

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that can be undone by itself: an exception inside undoes it and goes on outwards."""
        with self.connection.begin_nested():
            yield


class UnitOfWork:
    """Begins transactions of one district."""

    def __init__(self, database: Database, *, district: str) -> None:
        self.database = database
        self.district = district
        self._memory = Memory()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """
        One writing transaction.

        Raises:
            TryAgain: somebody came in between; nothing was written.
            Unavailable: the store cannot take it now; nothing was written.
        """
        with self.database.writing() as connection:
            yield Transaction(connection, self.district)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One reading transaction: a steady picture, nothing can be written."""
        with self.database.reading() as connection:
            yield Transaction(connection, self.district, memory=self._memory)
