"""Today's list: whose desk holds what, in which group it stands, what comes first."""

from datetime import datetime

import pytest

from engine.core.matter import Actor
from engine.services.today import Around, Today, group_of, groups_of, today
from engine.wiring import Sanlian
from tests.support.demo import NOW


def desk(demo: Sanlian, post: str, *, waits: bool = False, cursor: str = "", now: datetime = NOW) -> Today:
    """The list of a post."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        world = shelf.world(tx)
        held = world.organisation.posts[post]
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        around = Around(world=world, flow_of=lambda digest: shelf.workflow(tx, digest), flows=flows, now=now)
        viewer = Actor(post=held.id, role=held.role, unit=held.unit, person=held.person)
        return today(tx, viewer, waits=waits, cursor=cursor, around=around)


@pytest.mark.parametrize(
    ("now", "following", "week"),
    [
        ("2026-11-20T14:20:00+08:00", ("下个工作日", 23), "下周"),
        ("2026-11-22T09:00:00+08:00", ("明天", 23), "下周"),
        ("2026-11-23T09:00:00+08:00", ("明天", 24), "这周"),
        ("2026-09-30T09:00:00+08:00", ("下个工作日", 8), "下周"),
    ],
    ids=["Friday", "Sunday", "Monday", "before National Day"],
)
def test_groups_know_the_next_working_day(demo: Sanlian, now: str, following: tuple[str, int], week: str) -> None:
    """Tomorrow by name; over a weekend or a holiday the day itself."""
    instant = datetime.fromisoformat(now)
    with demo.uow.read() as tx:
        groups = {one.id: one for one in groups_of(demo.door.shelf.world(tx).calendar(None), instant)}

    assert groups["next"].day is not None
    assert (groups["next"].label, groups["next"].day.day) == following
    assert groups["week"].label == week


def test_due_at_midnight_belongs_to_the_day_it_ends(demo: Sanlian) -> None:
    """24:00 today is today; what has no due instant stands last."""
    with demo.uow.read() as tx:
        groups = groups_of(demo.door.shelf.world(tx).calendar(None), NOW)

    assert group_of(datetime.fromisoformat("2026-11-21T00:00:00+08:00"), groups) == "today"
    assert group_of(datetime.fromisoformat("2026-11-21T00:00:01+08:00"), groups) == "next"
    assert group_of(NOW, groups) == "late"
    assert group_of(None, groups) == "none"


def test_desk_of_a_grid_worker_holds_their_own_grid_and_no_other(demo: Sanlian) -> None:
    """What waits for a resident stands apart: it costs no time of theirs."""
    mine = desk(demo, "zhujidong-3.grid_worker.1")
    waiting = desk(demo, "zhujidong-3.grid_worker.1", waits=True)

    assert {row.state for row in mine.rows} == {"网格在办"}
    assert [row.state for row in waiting.rows] == ["等居民补充"]
    assert mine.waiting == 1
    assert mine.total == len(mine.rows)


def test_promise_that_is_due_sooner_than_the_step_comes_first(demo: Sanlian) -> None:
    """On site within half an hour comes before closing the emergency."""
    [row] = [row for row in desk(demo, "street.duty_desk.2").rows if row.state == "急办"]

    assert row.first is not None
    assert row.first.label in ("到现场", "控制住了")


def test_who_is_not_on_duty_is_told_so(demo: Sanlian) -> None:
    """The roster's other half sees the list, and may do nothing with it."""
    off = desk(demo, "street.duty_desk.1")

    assert off.off_duty
    assert all(row.first is None and row.why_none for row in off.rows)


def test_every_matter_on_a_desk_is_on_one_page_of_it_once(demo: Sanlian) -> None:
    """Page after page gives the whole, in order, nothing twice."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = desk(demo, "jingyi.community_head.1", cursor=cursor)
        seen += [row.ref for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break

    assert len(seen) == len(set(seen)) == page.total


def test_head_of_a_department_sees_its_tasks(demo: Sanlian) -> None:
    """They answer for them, though others do them."""
    head = desk(demo, "housing.department_head.1", waits=True)
    clerk = desk(demo, "housing.department.1")

    assert {row.ref for row in head.rows} == {row.ref for row in clerk.rows}
