"""What is brought forward from an earlier count is what counting anew gives, whatever has happened in between."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.core.command import Act
from engine.core.history import vault_ref
from engine.core.matter import Actor, Value
from engine.core.scope import Leave, World
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.limits_edit import edit_limits
from engine.services.board import board_of, lanes_of
from engine.services.count_totals import totals_of
from engine.services.decide_proposal import approve, take_effect
from engine.services.erase import erase
from engine.services.escalating import escalating, stands_of
from engine.services.figures import Frame, frame_of, wanted_of
from engine.services.open_tally import tally_open
from engine.services.organise import record_leave
from engine.services.propose_limits import base_of, draft_limits, send_proposal
from engine.services.sweep import sweep
from engine.store.changes import MOST_EVENTS, NEVER, Changes, Mark
from engine.store.listing import Listing, Wanted
from engine.store.scope import Scope
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.wiring import Sanlian
from tests.support.demo import NOW
from tests.support.logged import settle_shipped
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Counted, Town, actor, opened

CENTRE, DISTRICT = actor("service_centre", "street"), actor("district_centre", "district")
GRIDS = ("zhu-1", "zhu-2", "jin-1")
FIGURES = ("open", "late", "due_today_demands", "supervised", "listed")
SEEN = frozenset({"zhu-1", "zhu-2", "jin-1", "zhu", "jin"})
MINUTE = timedelta(minutes=1)


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with the shipped flows."""
    return settle_shipped


@pytest.fixture
def towns(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town as two processes have it open."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        other.door = replace(other.door, ids=Counted("o"))
        yield one, other


class Life:
    """What happens in a town, at random, one thing after another."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.open: list[str] = []
        self.happenings = (self.file, self.file, self.press, self.press, self.press, self.rules, self.erase, self.leave)

    def happen(self, town: Town, now: datetime) -> None:
        """Let one thing happen."""
        self.dice.choice(self.happenings)(town, now)

    def file(self, town: Town, now: datetime) -> None:
        """Somebody reports something somewhere."""
        place, start = self.dice.choice([("zhu-1", "resident"), ("zhu-2", "resident"), ("jin-1", "patrol")])
        who = actor("resident" if start == "resident" else "grid_worker", place)
        town.matters = lambda: f"m{len(self.open):04d}"  # type: ignore[assignment]  # two towns count together
        values: dict[str, Any] = {} if start == "resident" else {"category": "A1"}
        matter = town.file("three_tier", start, by=who, place=place, at=now, detail="灯", kind="small", **values)
        self.open.append(matter.id)

    def press(self, town: Town, now: datetime) -> None:
        """Somebody tries something: some of it is refused, some gives the matter to another grid."""
        if not self.open:
            return
        matter = town.matter(self.dice.choice(self.open))
        doing: list[tuple[str, str, dict[str, Value | list[str]]]] = [
            ("grid_worker", matter.place, {"action": "note", "note": "去看过"}),
            ("grid_worker", matter.place, {"action": "accept", "category": "A1"}),
            ("grid_worker", matter.place, {"action": "transfer", "to_grid": self.dice.choice(GRIDS), "note": "不在这"}),
            ("service_centre", "street", {"action": "sort", "category": "B1", "kind": "small", "note": "改"}),
            ("grid_worker", matter.place, {"action": "up", "reason": "办不了", "done_so_far": "看过"}),
            ("community_clerk", "zhu", {"action": "take"}),
            ("community_clerk", "zhu", {"action": "topic"}),
            ("resident", matter.place, {"action": "withdraw"}),
        ]
        role, unit, values = self.dice.choice(doing)
        town.do(Act(matter=matter.id, action=str(values.pop("action")), actor=actor(role, unit), values=values), at=now)

    def rules(self, town: Town, now: datetime) -> None:
        """Rules act."""
        sweep(town.uow, now=now, services=town.door)

    def erase(self, town: Town, now: datetime) -> None:
        """Words are taken away for good."""
        ref = vault_ref(self.dice.choice(self.open), 1, "detail") if self.open else ""
        with town.uow.read() as tx:
            there = [one for one in tx.vault.get_many([ref]).values() if one.erased_at is None]
        if there:
            one, two = (Actor(post=f"office.{n}", role="security_admin", person=n) for n in "ab")
            erase(town.uow, [ref], basis="本人要求", by=one, second=two, now=now, services=town.door)

    def leave(self, town: Town, now: datetime) -> None:
        """Somebody is away: no matter changes."""
        who = "grid_worker@zhu-1"
        leave = Leave(id=f"{now}", post=who, since=now, until=now + MINUTE, substitute="grid_worker@zhu-2")
        record_leave(town.uow, leave, by=CENTRE, now=now)


def frame_in(town: Town | Sanlian, tx: Transaction, viewer: Actor, now: datetime) -> Frame:
    """The frame in which *viewer* counts."""
    shelf = town.door.shelf
    flows: Sequence[Workflow] = [shelf.workflow(tx, one) for one in sorted(tx.workflows.current_digests().values())]
    world: World = shelf.world(tx)
    return frame_of(viewer, world=world, flows=flows, flow_of=lambda one: shelf.workflow(tx, one), now=now)


def counted(town: Town | Sanlian, uow: UnitOfWork, viewer: Actor, now: datetime) -> list[object]:
    """All that is told from the tally."""
    with uow.read() as tx:
        frame = frame_in(town, tx, viewer, now)
        totals = totals_of(tx, sight=frame.sight, flows=frame.flows, now=now)
        lanes = [lanes_of(tx, frame, unit=unit) for unit in ("", "zhu", "housing", "nowhere")]
        rising = escalating(tx, flow_of=frame.flow_of, now=now, until=now + timedelta(days=30))
        stands = stands_of(tx, {one for one, _, _ in tx.matters.heads()})
        return [totals, board_of(tx, frame), lanes, rising, stands]


def compare(town: Town | Sanlian, viewer: Actor, now: datetime) -> None:
    """The tally brought forward, and what pages tell from it, are those of somebody who remembers nothing."""
    blank = UnitOfWork(town.uow.database, district=town.uow.district)
    assert counted(town, town.uow, viewer, now) == counted(town, blank, viewer, now)
    with town.uow.read() as tx:
        frame = frame_in(town, tx, viewer, now)
        whole = [replace(wanted_of(tx, name, frame), scope=None) for name in FIGURES]
        for scope in (None, Scope(places=SEEN)):
            parts = [replace(part, scope=scope) for part in whole]
            told = {key: counts for key, counts in tally_open(tx, parts, now=now).items() if counts[0]}
            assert told == Listing(tx.connection, tx.district).tallies(parts[0], parts, "place", "level")


@pytest.mark.parametrize("seed", range(3))
def test_tally_is_what_counting_anew_gives_whatever_happened(towns: tuple[Town, Town], seed: int) -> None:
    """Filings, presses, rules, another grid, erasure, leave, and time, here and in another process."""
    life, dice, now = Life(seed), random.Random(seed), MONDAY
    for _ in range(30):
        for _ in range(dice.choice([0, 1, 1, 2])):
            life.happen(dice.choice(towns), now)
        now += dice.choice(
            [timedelta(0), timedelta(0), timedelta(microseconds=1), MINUTE, 30 * MINUTE, 9 * 60 * MINUTE]
        )
        compare(towns[0], dice.choice([CENTRE, DISTRICT]), now)


def test_tally_follows_what_falls_due_while_nobody_does_anything(towns: tuple[Town, Town]) -> None:
    """Before, at and after each due instant, and over midnight."""
    here, _ = towns
    life = Life(1)
    for number in range(4):
        life.file(here, MONDAY + number * MINUTE)
    matters = [here.matter(id_) for id_ in life.open]
    dues = sorted({clock.due for one in matters for clock in one.clocks.values() if clock.due is not None})
    tick = timedelta(microseconds=1)

    instants = [MONDAY + 9 * MINUTE, *(due + by for due in dues for by in (-tick, timedelta(0), tick))]

    for now in (*instants, *reversed(instants)):  # a clock may be set back
        compare(here, CENTRE, now)


def test_tally_follows_a_matter_that_is_given_to_another_grid(towns: tuple[Town, Town]) -> None:
    """It is counted where it now lies, and no longer where it lay."""
    here, other = towns
    matters = [
        here.file("three_tier", "resident", by=actor("resident", one), place=one, detail="灯", kind="small")
        for one in ("zhu-1", "zhu-1", "zhu-2")
    ]
    here.file("three_tier", "patrol", by=actor("grid_worker", "jin-1"), place="jin-1", detail="灯", kind="small",
              category="A1")  # fmt: skip
    compare(here, DISTRICT, MONDAY)

    other.act(matters[0], "transfer", by=actor("grid_worker", "zhu-1"), to_grid="zhu-2", note="不在这")

    compare(here, DISTRICT, MONDAY)


def test_only_where_something_happened_is_counted_again(demo: Sanlian, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all places of the street the one of a matter that moved; none where nothing did."""
    asked: list[Wanted] = []
    tallies = Listing.tallies

    def noting(self: Listing, whole: Wanted, parts: Sequence[Wanted], *columns: str) -> object:
        asked.append(whole)
        return tallies(self, whole, parts, *columns)

    monkeypatch.setattr(Listing, "tallies", noting)
    viewer = Actor(post="street.service_centre.1", role="service_centre", unit="street", person="x")
    with demo.uow.read() as tx:
        totals_of(tx, sight=frame_in(demo, tx, viewer, NOW).sight, flows=(), now=NOW)
        held = next(
            one.matter for one in tx.matters.all(only_open=True)
            if one.matter.kind == "demand" and one.matter.holder and one.matter.holder.role == "grid_worker"
        )  # fmt: skip
    assert [one.places for one in asked] == [None]

    press_on(demo, held.id)
    with demo.uow.read() as tx:
        totals_of(tx, sight=frame_in(demo, tx, viewer, NOW).sight, flows=(), now=NOW)
    assert [one.places for one in asked] == [None, (held.place,)]


def press_on(demo: Sanlian, matter_id: str) -> None:
    """Whoever has the matter in hand notes progress."""
    with demo.uow.read() as tx:
        stored, world = tx.matters.get(matter_id), demo.door.shelf.world(tx)
    assert stored is not None
    holder = stored.matter.holder
    assert holder is not None
    post = next(one for one in world.organisation.posts.values() if (one.role, one.unit) == (holder.role, holder.unit))
    town = Town(uow=demo.uow, door=demo.door, now=NOW)
    by = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
    town.act(stored.matter, "note", by=by, note="去看过")


@pytest.mark.parametrize("batch", [7, 10_000])
def test_tally_follows_matters_that_go_over_to_other_limits(demo: Sanlian, batch: int) -> None:
    """A few in each transaction, and all at once: more than are brought forward one by one."""
    author, second = (Actor(post=f"{n}@street", role="street_head", unit="street", person=n) for n in "ab")
    with demo.uow.read() as tx:
        base = base_of(tx, "three_tier")
    assert base.limits_text is not None
    compare(demo, DISTRICT, NOW)
    text = edit_limits(base.limits_text.decode(), {("rows", 5, "grid"): "1wd", ("rows", 5, "sign"): "1wh"})
    made = draft_limits(demo.uow, flow="three_tier", base=base.digest, text=text, by=author, now=NOW, proposal_id="one")
    send_proposal(
        demo.uow, demo.door.shelf, made.id, reason="太慢", running=True, effective_at=None, by=author, now=NOW
    )
    approve(demo.uow, made.id, by=second, now=NOW, services=demo.door)

    assert take_effect(demo.uow, now=NOW, services=demo.door, batch=batch).moved

    for after in (0, 1, 2 * 60, 30 * 60):
        compare(demo, DISTRICT, NOW + after * MINUTE)
        sweep(demo.uow, now=NOW + after * MINUTE, services=demo.door)
        compare(demo, DISTRICT, NOW + after * MINUTE)


def test_changes_are_not_told_since_a_mark_that_is_in_no_history_like_this(towns: tuple[Town, Town]) -> None:
    """Of another database, from before it was restored, or too long ago: then all is counted anew."""
    here, _ = towns
    Life(1).file(here, MONDAY)

    def since(mark: Mark) -> object:
        with here.uow.read() as tx:
            return Changes(tx.connection, tx.district).since(mark)

    with here.uow.read() as tx:
        mark = Changes(tx.connection, tx.district).newest()
    if mark is None:  # PostgreSQL does not tell
        assert not here.uow.database.is_sqlite
        assert since(NEVER) is None
        return
    assert since(mark) is not None
    assert since(replace(mark, hash=b"another")) is None
    assert since(replace(mark, row=mark.row + 1)) is None
    matter = here.matter("m0000")
    for _ in range(MOST_EVENTS + 1):
        here.act(matter, "note", by=actor("grid_worker", matter.place), note="去看过")
    assert since(mark) is None
