"""Publishing: what has faults is refused, what is published can be read again exactly so, and pins its matters."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.core.history import chain_next, chain_origin, read_event
from engine.core.scope import SYSTEM, Post, Unit
from engine.core.workflow.catalogue import Source
from engine.errors import BadOrganisation, BadWorkflow, CalendarFaults, Conflict, NotFound
from engine.services.calendars import Source as CalendarSource
from engine.services.look_up import Shelf
from engine.services.organise import end_post, grant_posts, save_units
from engine.services.publish import publish, store_calendar
from tests.support.books import LOG, RESIDENT, WORKER
from tests.support.errand import ERRAND, flow, settle_errands
from tests.support.pg import Prepare
from tests.support.town import MONDAY, SHIPPED, Town, opened

CALENDAR = b"""\
sanlian: 1
calendar: always
zone: Asia/Shanghai
weekly: { mon: 00:00-24:00, tue: 00:00-24:00 }
holidays: none
"""


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def check_chain(town: Town, topic: str) -> list[str]:
    """The system chain of a topic holds, and its head is noted; return its actions."""
    chain = f"system/{topic}"
    with town.uow.write() as tx:
        records = list(tx.events.of(chain))
        head = chain_origin(LOG, chain)
        for record in records:
            head = chain_next(head, record.body)
            assert record.head == head
        assert tx.events.chain_head(chain) == (len(records), head)
        return [read_event(record.body).action for record in records]


def test_published_flow_reads_again_exactly_so(town: Town) -> None:
    """After a restart the stored texts give the flow that was published, with its catalogue and its child flows."""
    shipped = [Source(name, (SHIPPED / name).read_bytes()) for name in ("task.yaml", "topic.yaml", "three_tier.yaml")]
    grid = CalendarSource("cn_grid.yaml", (SHIPPED / "calendars" / "cn_grid.yaml").read_bytes())
    store_calendar(town.uow, grid, by=SYSTEM, now=MONDAY)
    catalogue = Source("categories.yaml", (SHIPPED / "catalogues" / "categories.yaml").read_bytes())
    limits = Source("three_tier.limits.yaml", (SHIPPED / "three_tier.limits.yaml").read_bytes())
    for one in shipped[:2]:
        publish(town.uow, one, flows=shipped, by=SYSTEM, now=MONDAY)

    published = publish(
        town.uow, shipped[2], limits=limits, catalogues=[catalogue], flows=shipped, by=SYSTEM, now=MONDAY
    )

    with town.uow.read() as tx:
        again = Shelf().current(tx, "three_tier")
    assert again == published
    assert check_chain(town, "workflows")[-1] == "published"


def test_new_version_leaves_running_matters_on_theirs(town: Town) -> None:
    """A matter goes on by the version it began with; new ones begin with the new one."""
    old = town.file("errand", "resident", by=RESIDENT, detail="灯")
    changed = ERRAND.replace("version: 1", "version: 2").replace("accept:", "take:")
    published = publish(town.uow, flow("errand", changed), by=SYSTEM, now=MONDAY)
    new = town.file("errand", "resident", by=RESIDENT, detail="灯")

    assert town.act(old, "accept", by=WORKER).version == 1
    assert town.act(new, "take", by=WORKER).digest == published.digest


def test_old_version_becomes_current_when_it_is_published_again(town: Town) -> None:
    """Publishing a known text again makes it current and adds no second row."""
    publish(town.uow, flow("errand", ERRAND.replace("version: 1", "version: 2")), by=SYSTEM, now=MONDAY)
    first = publish(town.uow, flow("errand", ERRAND), by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        assert tx.workflows.current_digests()["errand"] == first.digest
        assert len(tx.workflows.versions("errand")) == 2


@pytest.mark.parametrize(
    "broken",
    [
        ERRAND.replace("to: doing", "to: nowhere", 1),
        ERRAND.replace("workflow: chore", "workflow: missing"),
        "not a flow",
        ERRAND.replace("due: 1h", "due: 3 days"),
    ],
    ids=["unknown state", "unknown child flow", "no flow at all", "bad duration"],
)
def test_publishing_is_refused_when_the_flow_has_faults(town: Town, broken: str) -> None:
    """A flow with a fault is not published, its faults are named with their place, and nothing is written."""
    with pytest.raises(BadWorkflow) as refused:
        publish(town.uow, flow("errand", broken), by=SYSTEM, now=MONDAY)

    assert "errand.yaml:" in str(refused.value)
    with town.uow.read() as tx:
        assert len(tx.workflows.versions()) == 2


def test_publishing_is_refused_when_a_flow_holds_a_vote(town: Town) -> None:
    """Votes can be written and checked but not yet held, and publishing says so."""
    vote = (SHIPPED / "topic.yaml").read_text().replace("workflow: topic", "workflow: voting")
    vote = vote.replace(
        "    due: 20d\n",
        "    due: 20d\n    vote: { members: council, announce: 3d, window: 5d, rounds: 2, quorum: ['>= 1/2 of all'],\n"
        "      pass: ['> 1/2 of voting'], passed: { to: follow_through }, rejected: { to: no_agreement },\n"
        "      no_quorum: { to: no_agreement } }\n",
        1,
    )

    with pytest.raises(BadWorkflow, match="投票还不能执行"):
        publish(town.uow, flow("voting", vote), by=SYSTEM, now=MONDAY)


def test_publishing_is_refused_when_only_the_catalogue_changed(town: Town) -> None:
    """The same texts with another catalogue would be another flow under the same hash."""
    catalogue = (SHIPPED / "catalogues" / "categories.yaml").read_bytes()
    text = ERRAND.replace("fields:\n", "fields:\n  category: { type: choice, of: categories, label: { zh: 类别 } }\n")
    publish(town.uow, flow("errand", text), catalogues=[Source("c.yaml", catalogue)], by=SYSTEM, now=MONDAY)

    with pytest.raises(Conflict, match="version"):
        publish(town.uow, flow("errand", text), catalogues=[Source("c.yaml", catalogue + b"\n")], by=SYSTEM, now=MONDAY)


def test_calendar_is_stored_with_history_and_counts_at_once(town: Town) -> None:
    """A new calendar joins the world, the hash that events name changes, and the first one stays the default."""
    with town.uow.read() as tx:
        before = town.door.shelf.surroundings(tx)

    store_calendar(town.uow, CalendarSource("always.yaml", CALENDAR), by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        after = town.door.shelf.surroundings(tx)
    assert set(after.world.calendars) == {"always", "cn_office"}
    assert after.world.default_calendar == "cn_office"
    assert after.calendars != before.calendars
    assert check_chain(town, "calendars") == ["calendar_stored", "calendar_stored"]


def test_calendar_is_refused_when_it_has_faults(town: Town) -> None:
    """A calendar with a fault is not stored."""
    with pytest.raises(CalendarFaults):
        store_calendar(
            town.uow, CalendarSource("always.yaml", CALENDAR.replace(b"24:00", b"26:00")), by=SYSTEM, now=MONDAY
        )

    with town.uow.read() as tx:
        assert len(tx.workflows.current_calendars()) == 1


def test_flow_that_is_not_published_is_not_found(town: Town) -> None:
    """Asking for a flow nobody published names it."""
    with town.uow.read() as tx, pytest.raises(NotFound, match="nothing"):
        town.door.shelf.current(tx, "nothing")


def test_change_of_posts_counts_at_once_and_stands_in_the_history(town: Town) -> None:
    """A post that ends is no longer filled, the world is read anew, and the event does not name a person's name."""
    with town.uow.read() as tx:
        assert [post.id for post in town.door.shelf.world(tx).organisation.posts_of("grid_worker", "zhu-1", MONDAY)]

    end_post(town.uow, "grid_worker@zhu-1", until=MONDAY, by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        assert town.door.shelf.world(tx).organisation.posts_of("grid_worker", "zhu-1", MONDAY) == ()
        last = list(tx.events.of("system/organisation"))[-1]
        assert "grid_worker zhu-1" not in last.body.decode()
    assert check_chain(town, "organisation")[-1] == "post_ended"


@pytest.mark.parametrize(
    "unit",
    [
        Unit(id="x", kind="planet", name="x"),
        Unit(id="x", kind="grid", name="x", parent="nowhere"),
        Unit(id="street", kind="street", name="x", parent="zhu-1"),
    ],
    ids=["unknown kind", "unknown parent", "its own ancestor"],
)
def test_unit_is_refused_when_the_tree_would_break(town: Town, unit: Unit) -> None:
    """Units form a tree of known kinds."""
    with pytest.raises(BadOrganisation):
        save_units(town.uow, [unit], by=SYSTEM, now=MONDAY)


def test_post_is_refused_when_it_cannot_be(town: Town) -> None:
    """A post is of a unit that is there and does not end before it begins."""
    post = Post(id="x", role="grid_worker", unit="zhu-1", person="p", name="x", since=MONDAY)
    backwards = Post(id="x", role="r", unit="zhu", person="p", name="x", since=MONDAY, until=MONDAY - timedelta(days=1))
    nowhere = Post(id="x", role="grid_worker", unit="moon", person="p", name="x", since=MONDAY)

    grant_posts(town.uow, [post], by=SYSTEM, now=MONDAY)
    for bad in (backwards, nowhere):
        with pytest.raises(BadOrganisation):
            grant_posts(town.uow, [bad], by=SYSTEM, now=MONDAY)

    with town.uow.read() as tx:
        assert town.door.shelf.world(tx).organisation.posts["x"] == post
