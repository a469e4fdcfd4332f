"""A small town for the tests: one street, two communities with grids, two departments, somebody in every seat."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from engine.core.command import Act, File, SeatAsked
from engine.core.matter import Actor, Matter, Value
from engine.core.scope import SYSTEM, Duty, Organisation, Post, Unit
from engine.core.workflow.catalogue import Source
from engine.services.advance import Done, Door, Entry, Outcome, advance
from engine.services.calendars import calendar_sources
from engine.services.look_up import Shelf
from engine.services.organise import open_log, save_organisation
from engine.services.publish import publish, store_calendar
from engine.store.database import open_database
from engine.store.migrate import migrate
from engine.store.unit_of_work import UnitOfWork

DISTRICT = "110101"
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai, an ordinary working day
SHIPPED = Path(__file__).parents[2] / "workflows"
SEATS = {
    "zhu-1": ("grid_worker", "grid_leader", "resident"),
    "zhu-2": ("grid_worker", "grid_leader", "resident"),
    "jin-1": ("grid_worker", "grid_leader", "resident"),
    "zhu": ("community_clerk", "community_head", "council"),
    "jin": ("community_clerk", "community_head", "council"),
    "street": ("service_centre", "street_office", "street_head", "duty_desk", "supervisor"),
    "district": ("district_centre",),
    "housing": ("department", "department_head"),
    "water": ("department", "department_head"),
}


def small_town(since: datetime = MONDAY - timedelta(days=400)) -> Organisation:
    """Return the organisation of the town; posts are called `<role>@<unit>`, their holders `p:<post>`."""
    units = [
        Unit(id="district", kind="district", name="测试区"),
        Unit(id="street", kind="street", name="测试街道", parent="district"),
        Unit(id="zhu", kind="community", name="珠社区", parent="street"),
        Unit(id="jin", kind="community", name="金社区", parent="street"),
        Unit(id="zhu-1", kind="grid", name="珠一网格", parent="zhu"),
        Unit(id="zhu-2", kind="grid", name="珠二网格", parent="zhu"),
        Unit(id="jin-1", kind="grid", name="金一网格", parent="jin"),
        Unit(id="housing", kind="department", name="房管", parent="district", serves=("heating",)),
        Unit(id="water", kind="department", name="水务", parent="district", serves=("water_supply",)),
    ]
    posts = [
        Post(id=f"{role}@{unit}", role=role, unit=unit, person=f"p:{role}@{unit}", name=f"{role} {unit}", since=since)
        for unit, roles in SEATS.items()
        for role in roles
    ]
    duty = Duty(
        role="duty_desk",
        unit="street",
        post="duty_desk@street",
        since=since,
        until=since + timedelta(days=4000),
    )
    return Organisation(units=units, posts=posts, duties=[duty])


def actor(role: str, unit: str) -> Actor:
    """Return who acts for *role* at *unit*."""
    return Actor(post=f"{role}@{unit}", role=role, unit=unit, person=f"p:{role}@{unit}")


class Counted:
    """Makes ids in order, the same in every run."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = count(1)

    def __call__(self) -> str:
        """Return the next id."""
        return f"{self._prefix}{next(self._numbers):06d}"


@dataclass
class Town:
    """A deployment with the small town and its flows in it, and short ways to do things there."""

    uow: UnitOfWork
    door: Door
    now: datetime = MONDAY
    matters: Counted = field(default_factory=lambda: Counted("m"))

    def do(self, *commands: File | Act, key: str | None = None, at: datetime | None = None) -> list[Outcome]:
        """Let commands through the door."""
        entries = [Entry(command, key=key) for command in commands]
        return advance(self.uow, entries, now=at or self.now, services=self.door)

    def file(
        self,
        workflow: str,
        start: str,
        *,
        by: Actor,
        place: str = "zhu-1",
        reporter: Actor | None = None,
        at: datetime | None = None,
        **values: Value | list[str],
    ) -> Matter:
        """File a matter that must be taken, and return it."""
        command = File(
            matter=self.matters(),
            district=self.uow.district,
            workflow=workflow,
            start=start,
            actor=by,
            place=place,
            reporter=reporter,
            values=values,
        )
        return _must_be_done(self.do(command, at=at))

    def act(
        self,
        matter: Matter,
        action: str,
        *,
        by: Actor,
        at: datetime | None = None,
        seats: Iterable[SeatAsked] = (),
        **values: Value | list[str],
    ) -> Matter:
        """Do an action that must be taken, and return the matter after it."""
        command = Act(matter=matter.id, action=action, actor=by, values=values, seats=tuple(seats))
        return _must_be_done(self.do(command, at=at))

    def matter(self, matter_id: str) -> Matter:
        """Return a matter as it stands."""
        with self.uow.read() as tx:
            stored = tx.matters.get(matter_id)
        assert stored is not None, matter_id
        return stored.matter


def _must_be_done(outcomes: list[Outcome]) -> Matter:
    (outcome,) = outcomes
    assert isinstance(outcome, Done), outcome
    return outcome.matter


def settle(url: str, *, flows: Iterable[Source] = (), limits: Iterable[tuple[str, Source]] = ()) -> None:
    """Bring an empty database to the newest schema, with the town, its calendar and *flows* in it."""
    database = open_database(url)
    uow = UnitOfWork(database, district=DISTRICT)
    since = MONDAY - timedelta(days=365)
    migrate(database)
    open_log(uow, log="log-of-the-tests")
    base, tables = calendar_sources(SHIPPED / "calendars" / "cn_office.yaml")
    store_calendar(uow, base, tables, by=SYSTEM, now=since)
    save_organisation(uow, small_town(), by=SYSTEM, now=since)
    of_flow = dict(limits)
    for flow in flows:
        publish(uow, flow, limits=of_flow.get(Path(flow.file).stem), by=SYSTEM, now=since)
    database.close()


@contextmanager
def opened(url: str) -> Iterator[Town]:
    """Open a settled database."""
    database = open_database(url)
    uow = UnitOfWork(database, district=DISTRICT)
    salts = count(1)
    door = Door(shelf=Shelf(), ids=Counted("i"), salts=lambda: next(salts).to_bytes(32, "big"))
    yield Town(uow=uow, door=door)
    database.close()
