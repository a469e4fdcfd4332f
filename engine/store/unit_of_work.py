"""One transaction with all repositories: `with uow.write() as tx`, committed whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from engine.store.alarms import Alarms
from engine.store.answers import Answers
from engine.store.api_tokens import ApiTokens
from engine.store.database import Database
from engine.store.demands import Demands
from engine.store.digests import Digests
from engine.store.events import Events
from engine.store.facts import Facts
from engine.store.files import Files
from engine.store.jobs import Jobs
from engine.store.matters import Matters
from engine.store.messages import Messages
from engine.store.orders import Orders
from engine.store.organisation import Organisations
from engine.store.outbox import Outbox
from engine.store.people import People, Sessions, SignInTries
from engine.store.places import Places
from engine.store.proposals import Proposals
from engine.store.timers import Timers
from engine.store.vault import Vault
from engine.store.workflows import Workflows


class Transaction:
    """The repositories of one district in one transaction."""

    def __init__(self, connection: Connection, district: str) -> None:
        self.connection = connection
        self.district = district
        self.matters = Matters(connection, district)
        self.events = Events(connection, district)
        self.timers = Timers(connection, district)
        self.vault = Vault(connection, district)
        self.files = Files(connection, district)
        self.demands = Demands(connection, district)
        self.orders = Orders(connection, district)
        self.outbox = Outbox(connection, district)
        self.messages = Messages(connection, district)
        self.workflows = Workflows(connection, district)
        self.organisation = Organisations(connection, district)
        self.places = Places(connection, district)
        self.people = People(connection, district)
        self.sessions = Sessions(connection, district)
        self.api_tokens = ApiTokens(connection, district)
        self.sign_in_tries = SignInTries(connection, district)
        self.answers = Answers(connection, district)
        self.alarms = Alarms(connection, district)
        self.jobs = Jobs(connection, district)
        self.digests = Digests(connection, district)
        self.proposals = Proposals(connection, district)
        self.facts = Facts(connection, district)

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
            yield Transaction(connection, self.district)
