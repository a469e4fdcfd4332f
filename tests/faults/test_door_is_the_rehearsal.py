"""The door does what the rehearsal says: random lives played in memory and on both databases at the same time."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.channels.in_app import NAME, InApp
from engine.core.command import Command, Fire
from engine.core.decision import Decision, Refusal
from engine.core.matter import Matter, Timer, Value, encode
from engine.core.offers import Asked
from engine.core.rehearse import Rehearsal
from engine.core.scope import SYSTEM, World
from engine.core.terms import FieldType
from engine.core.workflow.catalogue import Source
from engine.core.workflow.declaration import Workflow
from engine.services.advance import Door, Entry, advance
from engine.services.audit import verify
from engine.services.calendars import calendar_sources
from engine.services.case_town import build_town
from engine.services.housekeep import deliver_all
from engine.services.look_up import Shelf
from engine.services.organise import open_log, save_organisation
from engine.services.publish import choose_default_calendar, publish, store_calendar
from engine.services.sweep import sweep
from engine.store.database import open_database
from engine.store.migrate import migrate
from engine.store.unit_of_work import UnitOfWork
from engine.wiring import IdMaker, draw_salt
from tests.faults.conftest import Copies
from tests.faults.market import JOINING, LEFT, MORNING, RUSH, SHARED, WAITING, settle_market
from tests.support.invariants import assert_invariants
from tests.support.lives import FIRST, Life, Recorder
from tests.support.pg import PgServer, Prepare
from tests.support.shipped import FOLDER, STARTS, shipped_catalogue, shipped_flows, shipped_world
from tests.support.town import DISTRICT as TOWN

DISTRICT = "d"
SHELF = Shelf()
STEPS, EVERY = 60, 10
FIELDS = Matter.__struct_fields__
PHOTO = b"\x89PNG a picture"


def settle(url: str) -> None:
    """Bring an empty database to the deployment in which the lives play."""
    database = open_database(url)
    migrate(database)
    uow = UnitOfWork(database, district=DISTRICT)
    open_log(uow, log="log-of-the-lives")
    for path in sorted((FOLDER / "calendars").glob("*.yaml")):
        base, tables = calendar_sources(path)
        store_calendar(uow, base, tables, by=SYSTEM, now=FIRST)
    choose_default_calendar(uow, "cn_office", by=SYSTEM, now=FIRST)
    town = build_town({}, workflows=shipped_flows().values(), catalogue=shipped_catalogue())
    save_organisation(uow, town.organisation, by=SYSTEM, now=FIRST)
    sources = {name: _source(FOLDER / f"{name}.yaml") for name in STARTS}
    for name, flow in sources.items():
        limits = FOLDER / f"{name}.limits.yaml"
        publish(
            uow, flow, limits=_source(limits) if limits.exists() else None,
            catalogues=(_source(FOLDER / "catalogues" / "categories.yaml"),), flows=tuple(sources.values()),
            by=SYSTEM, now=FIRST,
        )  # fmt: skip
    database.close()


def _source(path: Path) -> Source:
    return Source(path.name, path.read_bytes())


class Twin:
    """The door of one database, given the same commands at the same instants."""

    def __init__(self, url: str, *, district: str = DISTRICT) -> None:
        self.database = open_database(url)
        self.uow = UnitOfWork(self.database, district=district)
        self.door = Door(shelf=SHELF, ids=IdMaker(), salts=draw_salt)

    def do(self, command: Command, now: datetime) -> Refusal | None:
        """Let a command through and return its refusal."""
        (outcome,) = advance(self.uow, [Entry(command)], now=now, services=self.door)
        return outcome if isinstance(outcome, Refusal) else None

    def sweep(self, now: datetime) -> None:
        """Let everything due act."""
        report = sweep(self.uow, now=now, services=self.door)
        assert report.failed == 0
        assert report.drained

    def differences(self, rehearsal: Rehearsal) -> Iterator[str]:
        """Yield where what is stored is not what the rehearsal holds."""
        with self.uow.read() as tx:
            stored = {one.matter.id: one.matter for one in tx.matters.all()}
            there = {timer.key: timer for timers in tx.timers.of_many(list(stored)).values() for timer in timers}
        for name in stored.keys() ^ rehearsal.matters.keys():
            yield f"{name}: only in {'the store' if name in stored else 'the rehearsal'}"
        for name in sorted(stored.keys() & rehearsal.matters.keys()):
            if encode(stored[name]) != encode(rehearsal.matters[name]):
                pairs = {f: (getattr(stored[name], f), getattr(rehearsal.matters[name], f)) for f in FIELDS}
                yield f"{name}: { ({f: pair for f, pair in pairs.items() if pair[0] != pair[1]}) }"
        here = {timer.key: timer for timer in rehearsal.timers()}
        for key in sorted(k for k in there.keys() | here.keys() if there.get(k) != here.get(k)):
            yield f"{key}: stored {there.get(key)}, rehearsed {here.get(key)}"


class PlayedTwice(Recorder):
    """A rehearsal whose every step also goes through doors; timers ring there when it has let them all ring."""

    def __init__(self, flows: dict[str, Workflow], world: World, twins: list[Twin]) -> None:
        super().__init__(flows, world)
        self.twins = twins
        self.asked = 0

    def do(self, command: Command, now: datetime) -> list[Decision] | Refusal:
        """Do it here and there; a refusal must be the same."""
        answer = super().do(command, now)
        if isinstance(command, Fire):
            return answer
        refusal = answer if isinstance(answer, Refusal) else None
        self.asked += 1
        # Refused buttons are many: every tenth goes through the doors too.
        if refusal is None or self.asked % 10 == 0:
            for twin in self.twins:
                told = twin.do(command, now)
                assert told == refusal, f"{twin.database.engine.dialect.name}: {command}: {told}, rehearsed {refusal}"
        return answer

    def fire(self, timer: Timer, now: datetime) -> list[Decision] | Refusal:
        """Ring here, and there once nothing more rings at this instant."""
        answer = super().fire(timer, now)
        left = self.timers()
        if not left or left[0].fire > now:
            for twin in self.twins:
                twin.sweep(now)
        return answer


class TwinLife(Life):
    """A random life in memory and on databases, with a photo that is really there."""

    def __init__(self, flow: str, *, seed: int, twins: list[Twin]) -> None:
        super().__init__(flow, flows=shipped_flows(), world=shipped_world(), seed=seed)
        self.twins = twins
        self.engine = PlayedTwice(shipped_flows(), self.world, twins)
        self.photos = 0

    def _value(self, asked: Asked) -> Value | list[str]:
        if asked.type is not FieldType.FILES:
            return super()._value(asked)
        self.photos += 1
        for twin in self.twins:
            with twin.uow.write() as tx:
                name = tx.files.add(
                    f"f{self.photos}", PHOTO, media_type="image/png", name_ref=None, at=self.now
                )  # fmt: skip
        return [name]


@pytest.mark.parametrize(("flow", "seed"), [("three_tier", 5), ("three_tier", 50), ("three_tier", 56), ("topic", 3)])
def test_matters_and_timers_are_the_same_after_every_step_when_a_life_is_played_twice(
    flow: str, seed: int, pg_server: PgServer, sqlite_templates: Callable[[Prepare], Path], tmp_path: Path
) -> None:
    """Everything a life leaves in the databases is what it leaves in memory, and the books can be verified."""
    shutil.copyfile(sqlite_templates(settle), tmp_path / "sanlian.db")
    with ExitStack() as stack:
        name = pg_server.create_prepared(settle)
        stack.callback(pg_server.drop, name)
        twins = [Twin(f"sqlite:///{tmp_path / 'sanlian.db'}"), Twin(pg_server.url_of(name))]
        for twin in twins:
            stack.callback(twin.database.close)
        life = TwinLife(flow, seed=seed, twins=twins)

        for step in range(1, STEPS + 1):
            life.step()
            if step % EVERY == 0:
                for twin in twins:
                    found = list(twin.differences(life.engine))
                    assert not found, f"{twin.database.engine.dialect.name}, step {step}:\n" + "\n".join(found)
                    assert_invariants(twin.uow, SHELF)

        assert len(life.engine.log) > 20
        for twin in twins:
            twin.sweep(life.now)
            noon = (life.now + timedelta(days=1)).replace(hour=4)  # the morning after, in Shanghai no quiet hour
            assert deliver_all(twin.uow, SHELF, channels={NAME: InApp(twin.uow)}, now=noon) > 0
            with twin.uow.read() as tx:
                assert tx.outbox.count_waiting() == 0, "L1: the outbox does not empty"
            assert_invariants(twin.uow, SHELF, swept_at=life.now)
            report = verify(twin.uow, SHELF, now=life.now, processes=1)
            assert report.findings == ()


def test_rush_leaves_the_same_when_a_state_a_child_and_a_topic_end_at_once(copies: Copies) -> None:
    """Children, parents and those who wait for a topic are told in memory as they are at the door."""
    with copies(settle_market) as url:
        twin = Twin(url, district=TOWN)
        with twin.uow.read() as tx:
            flows = {name: SHELF.current(tx, name) for name in ("errand", "chore", "gather", "chat")}
            rehearsal = Rehearsal((), flows=flows, world=SHELF.world(tx))
        for at, commands in MORNING:
            for command in commands:
                assert not isinstance(rehearsal.do(command, at), Refusal)
        ring(rehearsal, RUSH - timedelta(minutes=1))
        assert list(twin.differences(rehearsal)) == []

        ring(rehearsal, RUSH)
        twin.sweep(RUSH)

        assert list(twin.differences(rehearsal)) == []
        states = {name: rehearsal.matters[name].state for name in (LEFT, SHARED, WAITING, JOINING)}
        assert states == {LEFT: "urgent", SHARED: "doing", WAITING: "alone", JOINING: "alone"}
        twin.database.close()


def ring(rehearsal: Rehearsal, until: datetime) -> None:
    """Let everything due by *until* act then, as one sweep does."""
    while (timers := rehearsal.timers()) and timers[0].fire <= until:
        assert not isinstance(rehearsal.fire(timers[0], until), Refusal)
