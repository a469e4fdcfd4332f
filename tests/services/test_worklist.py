"""Lists of matters over the played demo."""

from datetime import UTC, datetime

import pytest

from engine.core.matter import Actor
from engine.services.worklist import PAGE_ROWS, Filters, WorkPage, places_under, read_cursor, work_page, write_cursor
from engine.store.listing import After
from engine.wiring import Sanlian
from tests.support.demo import NOW

CENTRE = Actor(post="street.service_centre.1", role="service_centre", unit="street", person="demo-centre")


def page_of(demo: Sanlian, filters: Filters, *, cursor: str = "", viewer: Actor = CENTRE) -> WorkPage:
    """One page as the list shows it."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        return work_page(
            tx,
            filters,
            cursor=cursor,
            viewer=viewer,
            world=shelf.world(tx),
            flow_of=lambda digest: shelf.workflow(tx, digest),
            flows=flows,
            now=NOW,
        )


def test_list_is_in_order_of_what_is_due_next(demo: Sanlian) -> None:
    """Late ones first, what has no deadline of its own last."""
    first = page_of(demo, Filters())
    dues = [row.time.due for row in first.rows if row.time.due is not None]

    assert len(first.rows) == PAGE_ROWS
    assert dues == sorted(dues)
    assert first.rows[0].time.word == "over"


def test_row_names_a_post_and_where_it_goes(demo: Sanlian) -> None:
    """Whose hands, and the next automatic move with its instant."""
    [row] = page_of(demo, Filters(text="2611-0031")).rows

    assert row.holder == "望坛新苑一网格 网格员"
    assert row.supervised
    assert row.next is not None
    assert row.next.label == "升级到社区"
    assert row.next.at > NOW


def test_nothing_moved_since_the_last_press_of_a_person(demo: Sanlian) -> None:
    """Rules that fire are no sign of life."""
    [row] = page_of(demo, Filters(text="2611-0031")).rows

    assert row.moved_at == datetime(2026, 11, 13, 2, 25, tzinfo=UTC)


def test_resident_finds_what_they_reported(demo: Sanlian) -> None:
    """Mine, for somebody who covers their own, is what they told."""
    with demo.uow.read() as tx:
        post = demo.door.shelf.world(tx).organisation.posts["wangtan-1.resident.1"]
    viewer = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
    rows = page_of(demo, Filters(show="mine"), viewer=viewer).rows

    assert {"2611-0031"} <= {row.number for row in rows}
    assert all(
        "望坛新苑一网格" in row.holder or row.holder.startswith(("提出", "演示街道", "望坛新苑社区")) for row in rows
    )


def test_places_under_a_community_are_its_grids_and_itself(demo: Sanlian) -> None:
    """A filter by community takes the whole branch."""
    with demo.uow.read() as tx:
        organisation = demo.door.shelf.world(tx).organisation

    assert set(places_under("yongshun", organisation)) == {"yongshun", "yongshun-1", "yongshun-2"}


@pytest.mark.parametrize("after", [After(at=NOW, id="a"), After(at=None, id="b-c")])
def test_cursor_is_read_as_it_was_written(after: After) -> None:
    """Also for rows without a due instant."""
    assert read_cursor(write_cursor(after)) == after


@pytest.mark.parametrize("text", ["", "x", "WyIyMDI2LTExLTIwVDA2OjIwOjAwIiwgImEiXQ", "e30"])
def test_cursor_that_cannot_be_read_begins_anew(text: str) -> None:
    """Broken, naive or foreign: the first page."""
    assert read_cursor(text) is None
