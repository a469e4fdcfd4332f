"""A desk is read page after page: each matter once, in order, and none that lies elsewhere."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from engine.core.matter import STATE_CLOCK, Actor, Matter
from engine.services.desk_of import desk_of
from engine.store.desk import Desk, Desks, Stretch
from engine.store.listing import After
from engine.wiring import Sanlian
from tests.support.demo import NOW

LAST = datetime.max.replace(tzinfo=UTC)


def due_of(matter: Matter) -> datetime | None:
    """When the step of *matter* is due."""
    clock = matter.clocks.get(STATE_CLOCK)
    return clock.due if clock is not None else None


def lying_on(desk: Desk, matters: Sequence[Matter], *, waits: bool) -> list[str]:
    """The same read row by row from all that is open."""
    found = []
    for matter in matters:
        holder, step = matter.stands_in or matter.holder, (matter.workflow, matter.state)
        is_held = holder is not None and (holder.role, holder.unit) in desk.seats
        if (is_held or (matter.place in desk.places and step in desk.states)) and (step in desk.waiting) == waits:
            found.append((due_of(matter) or LAST, matter.id))
    return [id_ for _, id_ in sorted(found)]


@pytest.mark.parametrize("limit", [1, 7])
def test_pages_of_a_desk_are_all_that_lies_on_it_in_order(demo: Sanlian, limit: int) -> None:
    """For every post of the demo, both halves of the desk, whether rows have an instant or not."""
    seen = 0
    with demo.uow.read() as tx:
        world = demo.door.shelf.world(tx)
        flows = [demo.door.shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        desks = Desks(tx.connection, tx.district)
        matters = [one.matter for one in tx.matters.all(only_open=True)]
        for post in world.organisation.posts.values():
            viewer = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
            desk = desk_of(viewer, world=world, flows=flows, now=NOW)
            for waits in (False, True):
                expected = lying_on(desk, matters, waits=waits)
                found: list[str] = []
                after: After | None = None
                while page := desks.page(desk, waits=waits, after=after, limit=limit):
                    found += [matter.id for matter in page]
                    after = After(due_of(page[-1]), page[-1].id)
                assert found == expected, post.id
                seen += len(found)
            *mine, waiting = desks.counts(desk, [Stretch(), Stretch(dated=False)])
            assert (sum(mine), waiting) == tuple(len(lying_on(desk, matters, waits=waits)) for waits in (False, True))
    assert seen > 100
