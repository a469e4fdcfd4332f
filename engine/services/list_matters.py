"""Lists of matters for programs: the same filters and the same sight as the pages, any length of page."""

from collections.abc import Sequence
from datetime import datetime

from engine.core.matter import Actor, Matter
from engine.core.scope import World
from engine.core.workflow.declaration import Workflow
from engine.services.sight import sight_of
from engine.services.worklist import Filters, last_seen, read_cursor, wanted_by, write_cursor
from engine.store.listing import Listing
from engine.store.unit_of_work import Transaction

MOST_ROWS = 200


def list_matters(
    tx: Transaction,
    filters: Filters,
    *,
    cursor: str,
    limit: int,
    viewer: Actor | None,
    world: World,
    flows: Sequence[Workflow],
    now: datetime,
) -> tuple[tuple[Matter, ...], str]:
    """Return the next *limit* matters after *cursor*, and the cursor of the page after them (empty: the last)."""
    sight = sight_of(viewer, world=world, flows=flows, now=now)
    wanted = wanted_by(tx, filters, sight=sight, viewer=viewer, world=world, flows=flows, now=now)
    found = Listing(tx.connection, tx.district).page(wanted, after=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    return shown, write_cursor(last_seen(shown[-1], wanted)) if len(found) > limit else ""
