"""No page is ever stale: whatever happens, here or in another process, each page is what would be made anew."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from engine.core.command import Act
from engine.core.history import vault_ref
from engine.core.matter import Actor, Matter, Value
from engine.core.offers import offers, steady_until
from engine.core.scope import SYSTEM, Leave, Post, World
from engine.core.workflow.catalogue import Source
from engine.services import case_file, case_lasting, dispatching, retell, today, worklist
from engine.services.board import board_of, lanes_of
from engine.services.daily_sheet import Sheet, daily_sheet
from engine.services.erase import erase
from engine.services.figures import WHOLE, figure_list, frame_of
from engine.services.organise import end_post, grant_posts, record_leave, save_units
from engine.services.publish import publish
from engine.services.remember import Outcomes
from engine.services.sweep import sweep
from engine.store.unit_of_work import UnitOfWork
from engine.wiring import Sanlian
from tests.support.demo import NOW
from tests.support.logged import SHIPPED, settle_shipped, source
from tests.support.pg import Prepare
from tests.support.town import MONDAY, Town, actor, opened

WORKER, CLERK = actor("grid_worker", "zhu-1"), actor("community_clerk", "zhu")
CENTRE, HEAD = actor("service_centre", "street"), actor("district_centre", "district")
VIEWERS = (WORKER, actor("grid_worker", "zhu-2"), CLERK, CENTRE)
MINUTE = timedelta(minutes=1)
KEPT = ((worklist, "_ROWS"), (today, "_ROWS"), (dispatching, "_OFFERS"), (case_lasting, "_KEPT"), (retell, "_READ"),
        (retell, "_TOLD"))  # fmt: skip


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with the shipped flows."""
    return settle_shipped


@pytest.fixture
def towns(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town as two processes have it open."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        yield one, other


def seen(town: Town, viewer: Actor, now: datetime) -> list[str]:
    """Everything that pages compute for *viewer*."""
    shelf = town.door.shelf
    with town.uow.read() as tx:
        world = shelf.world(tx)
        flows = [shelf.workflow(tx, digest) for _, digest in sorted(tx.workflows.current_digests().items())]
        found: list[object] = []
        around = today.Around(world=world, flow_of=lambda one: shelf.workflow(tx, one), flows=flows, now=now)
        for waits in (False, True):
            found.append(today.today(tx, viewer, waits=waits, cursor="", around=around))
        for show in ("", "late", "mine", "ended"):
            found.append(
                worklist.work_page(
                    tx, worklist.Filters(show=show), cursor="", viewer=viewer, world=world,
                    flow_of=lambda one: shelf.workflow(tx, one), flows=flows, now=now,
                )
            )  # fmt: skip
        frame = frame_of(viewer, world=world, flows=flows, flow_of=lambda one: shelf.workflow(tx, one), now=now)
        found += [board_of(tx, frame), lanes_of(tx, frame, unit="")]
        found.append(figure_list(tx, "open", frame, WHOLE, cursor=""))
        found.append(daily_sheet(tx, frame, with_texts=True, categories={}))
        flow_of = frame.flow_of
        found.append(
            dispatching.waiting_table(tx, viewer, reason="", world=world, flows=flows, flow_of=flow_of, now=now)
        )
        surroundings = case_file.Surroundings(world, lambda one: shelf.workflow(tx, one), {}, now)
        for matter in sorted((one.matter for one in tx.matters.all()), key=lambda one: one.id)[:2]:
            if matter.kind == "demand" and frame.sight.sees(tx, matter):
                found.append(case_file.case_file(tx, matter.id, viewer=viewer, around=surroundings))
        return [_without_frame(one) for one in found]


def _without_frame(one: object) -> str:
    """A sheet names its frame, which holds functions of its transaction."""
    return repr(replace(one, frame=None)) if isinstance(one, Sheet) else repr(one)  # type: ignore[arg-type]  # left out


def anew(town: Town, viewer: Actor, now: datetime) -> list[str]:
    """The same by somebody who remembers nothing."""
    blank = Town(uow=UnitOfWork(town.uow.database, district=town.uow.district), door=town.door)
    with pytest.MonkeyPatch.context() as patch:
        for place, name in KEPT:
            patch.setattr(place, name, Outcomes())
        return seen(blank, viewer, now)


Happens = Callable[[Town, datetime], object]


class Street:
    """What happens in a street, at random: each thing through the town it is given."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.count = 0
        self.open: list[Matter] = []

    def file(self, town: Town, now: datetime) -> None:
        """A resident reports something."""
        place = self.dice.choice(["zhu-1", "zhu-2"])
        resident = actor("resident", place)
        self.count += 1
        town.matters = lambda: f"m{self.count:04d}"  # type: ignore[assignment]  # two towns count together
        matter = town.file(
            "three_tier", "resident", by=resident, reporter=resident, place=place, at=now, detail=f"第 {self.count} 件",
            kind="small",
        )  # fmt: skip
        self.open.append(matter)

    def press(self, town: Town, now: datetime) -> None:
        """Somebody does the first thing that can be done without a form, or makes a note."""
        if not self.open:
            return
        matter = town.matter(self.dice.choice(self.open).id)
        worker = actor("grid_worker", matter.place)
        doing: list[tuple[str, dict[str, Value | list[str]]]] = [
            ("note", {"note": "去看过"}),
            ("accept", {"category": "A1"}),
        ]
        action, values = self.dice.choice(doing)
        town.do(Act(matter=matter.id, action=action, actor=worker, values=values), at=now)

    def tick(self, town: Town, now: datetime) -> None:
        """Rules act."""
        sweep(town.uow, now=now, services=town.door)

    def erase(self, town: Town, now: datetime) -> None:
        """What was told of a matter is taken away for good."""
        if not self.open:
            return
        matter = self.open.pop(self.dice.randrange(len(self.open)))
        others = (Actor(post=f"office.{n}", role="security_admin", person=f"o{n}") for n in "12")
        erase(town.uow, [vault_ref(matter.id, 1, "detail")], basis="本人要求", by=next(others), second=next(others),
              now=now, services=town.door)  # fmt: skip

    def leave(self, town: Town, now: datetime) -> None:
        """Somebody is away for some hours, beginning soon."""
        self.count += 1
        leave = Leave(id=f"{self.count}", post=WORKER.post, since=now + 5 * MINUTE, until=now + 50 * MINUTE,
                      substitute="grid_worker@zhu-2")  # fmt: skip
        record_leave(town.uow, leave, by=SYSTEM, now=now)

    def post(self, town: Town, now: datetime) -> None:
        """A post is given to somebody from an instant to come, and another one ends then."""
        self.count += 1
        fresh = Post(id=f"new{self.count}", role="grid_leader", unit="zhu-1", person=f"p{self.count}", name="新",
                     since=now + 3 * MINUTE)  # fmt: skip
        grant_posts(town.uow, [fresh], by=SYSTEM, now=now)
        end_post(town.uow, fresh.id, until=now + 40 * MINUTE, by=SYSTEM, now=now)

    def rule(self, town: Town, now: datetime) -> None:
        """Another version of the rules is published; what is open stays under its own."""
        self.count += 1
        text = source("three_tier.yaml").data.decode().replace("version: 1", f"version: {self.count + 1}", 1)
        flows = [source("task.yaml"), source("topic.yaml")]
        catalogue = Source("categories.yaml", (SHIPPED / "catalogues" / "categories.yaml").read_bytes())
        publish(town.uow, Source("three_tier.yaml", text.encode()), limits=source("three_tier.limits.yaml"),
                catalogues=(catalogue,), flows=flows, by=SYSTEM, now=now)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_page_is_never_stale_whatever_happens_in_whichever_process(towns: tuple[Town, Town], seed: int) -> None:
    """Presses, filings, rules that fire, leave, posts, published rules and time: both processes show what is so."""
    street, dice = Street(seed), random.Random(seed)
    happens: list[Happens] = [
        street.file,
        street.press,
        street.press,
        street.tick,
        street.erase,
        street.leave,
        street.post,
        street.rule,
    ]
    now = MONDAY
    for turn in range(8):
        now += dice.choice([timedelta(0), timedelta(microseconds=1), MINUTE, 30 * MINUTE, timedelta(hours=9)])
        happening = street.file if turn < 2 else dice.choice(happens)
        viewer = dice.choice(VIEWERS)
        for town in towns:  # what was seen before is remembered
            seen(town, viewer, now)

        happening(dice.choice(towns), now)

        fresh = anew(towns[0], viewer, now)
        for town in towns:
            assert seen(town, viewer, now) == fresh, happening


def test_name_is_the_new_one_when_a_request_began_before_it_was_changed(towns: tuple[Town, Town]) -> None:
    """A request reads the units first and the matter later; one that stood between leaves nothing old behind."""
    here, other = towns
    matter = here.file("three_tier", "resident", by=actor("resident", "zhu-1"), reporter=actor("resident", "zhu-1"),
                       detail="灯", kind="small")  # fmt: skip
    old = world_of(here)
    renamed = msgspec.structs.replace(old.organisation.units["zhu-1"], name="改名后的网格")
    save_units(other.uow, [renamed], by=SYSTEM, now=MONDAY)

    before, after = (told_in(here, matter, world) for world in (old, world_of(here)))

    assert [renamed.name in page for page in before] == [False, False]
    assert [renamed.name in page for page in after] == [True, True]


def world_of(town: Town) -> World:
    """Units and calendars as they now stand."""
    with town.uow.read() as tx:
        return town.door.shelf.world(tx)


def told_in(town: Town, matter: Matter, world: World) -> list[str]:
    """The history and the board, told with the names of *world*."""
    shelf = town.door.shelf
    with town.uow.read() as tx:
        around = case_file.Surroundings(world, lambda one: shelf.workflow(tx, one), {}, MONDAY)
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        frame = frame_of(HEAD, world=world, flows=flows, flow_of=around.flow_of, now=MONDAY)
        told = case_file.case_file(tx, matter.id, viewer=CENTRE, around=around).history
        return [repr(told), repr(board_of(tx, frame))]


def test_page_changes_when_time_passes_a_due_instant(towns: tuple[Town, Town]) -> None:
    """Nobody presses and no rule has fired yet: late is late from the very instant on, for counts and rows."""
    here, _ = towns
    matter = here.file("three_tier", "resident", by=actor("resident", "zhu-1"), reporter=actor("resident", "zhu-1"),
                       detail="灯", kind="small")  # fmt: skip
    due = matter.clocks["state"].due
    assert due is not None
    undone = MONDAY + 10 * MINUTE  # until then the resident may take it back
    instants = [
        MONDAY,
        undone - timedelta(microseconds=1),
        undone,
        due - MINUTE,
        due - timedelta(microseconds=1),
        due,
        due + timedelta(microseconds=1),
        due - MINUTE,
    ]

    shown = [seen(here, WORKER, now) for now in instants]

    assert shown == [anew(here, WORKER, now) for now in instants]
    late = [today_of(here, now).groups[0].count for now in instants]
    assert late == [0, 0, 0, 0, 0, 1, 1, 0]


def today_of(town: Town, now: datetime) -> today.Today:
    """The worker's list."""
    shelf = town.door.shelf
    with town.uow.read() as tx:
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        around = today.Around(shelf.world(tx), lambda one: shelf.workflow(tx, one), flows, now)
        return today.today(tx, WORKER, waits=False, cursor="", around=around)


def test_offers_stay_as_they_are_until_they_may_change(demo: Sanlian) -> None:
    """From any instant up to the one named, at which at the earliest they are others: held over the whole demo."""
    shelf = demo.door.shelf
    dice = random.Random(5)
    with demo.uow.read() as tx:
        world = shelf.world(tx)
        cases = [(one.matter, shelf.workflow(tx, one.matter.digest)) for one in tx.matters.all(only_open=True)]
    posts = [post for post in world.organisation.posts.values() if post.role != "resident"]
    changed = 0
    for matter, flow in dice.sample(cases, 60):
        post = dice.choice([one for one in posts if matter.holder is None or one.role == matter.holder.role] or posts)
        who = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
        now = NOW - timedelta(days=5)
        for _ in range(12):
            until = steady_until(flow, matter, now=now, world=world)
            offered = offers(flow, matter, who, now=now, world=world)
            assert until is None or until > now
            ends = until - timedelta(microseconds=1) if until is not None else now + timedelta(days=4000)
            for moment in (now + (ends - now) * dice.random(), ends):
                assert offers(flow, matter, who, now=moment, world=world) == offered
            if until is None:
                break
            changed += offers(flow, matter, who, now=until, world=world) != offered
            now = until
    assert changed
