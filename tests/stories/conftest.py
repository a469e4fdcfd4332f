"""A street in which stories are told: people act at local times, and time passes with its rules and its messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from engine.channels.in_app import NAME, InApp
from engine.core.command import SeatAsked
from engine.core.history import read_event
from engine.core.matter import Actor, Matter, Value
from engine.services.audit import verify
from engine.services.deliver import deliver
from engine.services.sweep import sweep
from engine.store.repository import table
from tests.support.invariants import assert_invariants
from tests.support.logged import settle_shipped
from tests.support.pg import Prepare
from tests.support.town import Town, actor, opened

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROUND = timedelta(minutes=30)


@dataclass
class Street:
    """The town at its present moment; times are written as its people say them, `03-02 09:00`."""

    town: Town

    def at(self, local: str) -> None:
        """Let time pass to *local*: every rule at its instant, messages half-hourly and after each rule."""
        until = datetime.fromisoformat(f"2026-{local}").replace(tzinfo=SHANGHAI)
        while (now := self._next(until)) <= until:
            self.town.now = now
            sweep(self.town.uow, now=now, services=self.town.door)
            self.deliver()
        self.town.now = until
        self.deliver()

    def down_until(self, local: str) -> None:
        """Let time pass to *local* with the engine down, and start it again."""
        self.town.now = datetime.fromisoformat(f"2026-{local}").replace(tzinfo=SHANGHAI)
        sweep(self.town.uow, now=self.town.now, services=self.town.door)
        self.deliver()

    def _next(self, until: datetime) -> datetime:
        with self.town.uow.read() as tx:
            instants = [tx.timers.next_fire(), tx.outbox.next_attempt()]
        ahead = [max(instant, self.town.now + timedelta(seconds=1)) for instant in instants if instant is not None]
        return min(ahead, default=until + ROUND)

    def deliver(self) -> None:
        """Empty the outbox."""
        deliver(self.town.uow, self.town.door.shelf, channels={NAME: InApp(self.town.uow)}, now=self.town.now)

    def file(self, start: str, *, by: Actor, **values: Value | list[str]) -> Matter:
        """File a demand."""
        return self.town.file("three_tier", start, by=by, reporter=RESIDENT, **values)  # type: ignore[arg-type]  # form fields only

    def do(self, matter: Matter, action: str, *, by: Actor, seats: dict[str, list[str]] | None = None,
           **values: Value | list[str]) -> Matter:  # fmt: skip
        """Do what must be possible."""
        asked = [SeatAsked(seat=seat, unit=unit) for seat, units in (seats or {}).items() for unit in units]
        return self.town.act(matter, action, by=by, seats=asked, **values)  # type: ignore[arg-type]  # form fields only

    def see(self, matter: Matter) -> Matter:
        """Return a matter as it now stands."""
        return self.town.matter(matter.id)

    def children(self, matter: Matter, seat: str) -> list[Matter]:
        """The tasks in a seat."""
        return [self.town.matter(name) for name, one in self.see(matter).seats.items() if one.seat == seat]

    def history(self, matter: Matter) -> list[str]:
        """What happened, in order."""
        with self.town.uow.read() as tx:
            return [read_event(record.body).action for record in tx.events.of(matter.id)]

    def letters(self, matter: Matter, role: str | None) -> list[str]:
        """Kinds of the messages about a matter in the letter box of a role (None: the reporter's), oldest first."""
        message = table("message")
        query = select(message.c.kind).where(message.c.matter_id == matter.id, message.c.role == role)
        with self.town.uow.read() as tx:
            return list(tx.connection.execute(query.order_by(message.c.at, message.c.key)).scalars())

    def local(self, instant: datetime | None) -> str:
        """Write an instant as people here say it."""
        assert instant is not None
        return f"{instant.astimezone(SHANGHAI):%m-%d %H:%M}"

    def books_agree(self) -> None:
        """Nothing is lost, doubled or tampered with."""
        assert_invariants(self.town.uow, self.town.door.shelf, swept_at=self.town.now)
        report = verify(self.town.uow, self.town.door.shelf, now=self.town.now, processes=1)
        assert report.findings == ()


RESIDENT = actor("resident", "zhu-1")


@pytest.fixture
def prepare_database() -> Prepare:
    """Stories play in the town with the shipped flows."""
    return settle_shipped


@pytest.fixture
def street(prepared_database_url: str) -> Iterator[Street]:
    """The street on a Monday morning, told once on each database."""
    with opened(prepared_database_url) as town:
        yield Street(town)
