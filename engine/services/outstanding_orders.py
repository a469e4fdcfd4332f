"""Work orders of an upper platform that have not ended, the sender's nearest due instant first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.core.scope import World
from engine.core.workflow.declaration import Workflow
from engine.services.sight import Sight
from engine.services.worklist import Row, rows_of
from engine.store.orders import ExportHere
from engine.store.unit_of_work import Transaction

MOST_SHOWN = 50
MOST_COUNTED = 2_000
MOST_EXPORTS = 5


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A work order that has not ended, with the row of its matter."""

    external_number: str
    due: datetime | None
    row: Row


@dataclass(frozen=True, slots=True)
class OrdersDesk:
    """
    What the desk of work orders shows: how many are open, how many past their due instant, the nearest, exports.

    The counts end at `MOST_COUNTED`; `is_all` tells whether they are the whole.
    """

    open: int
    late: int
    is_all: bool
    nearest: tuple[Outstanding, ...]
    exports: tuple[ExportHere, ...]


def _is_theirs(tx: Transaction, export: str, sight: Sight) -> bool:
    matters = {one.matter for one in tx.orders.export(export)}
    return sight.among(tx, matters) == matters


def orders_desk(
    tx: Transaction, *, sight: Sight, world: World, flow_of: Callable[[str], Workflow], now: datetime
) -> OrdersDesk:
    """Return the desk as somebody with *sight* sees it."""
    here = tx.orders.outstanding(limit=MOST_COUNTED)
    seen = sight.among(tx, [one.matter for one in here])
    theirs = [one for one in here if one.matter in seen]
    shown = theirs[:MOST_SHOWN]
    stored = tx.matters.read_many([one.matter for one in shown])
    matters = [stored[one.matter].matter for one in shown]
    rows = rows_of(tx, matters, world=world, flow_of=flow_of, now=now)
    nearest = tuple(
        Outstanding(one.external_number, one.external_due, row) for one, row in zip(shown, rows, strict=True)
    )
    return OrdersDesk(
        open=len(theirs),
        late=sum(1 for one in theirs if one.external_due is not None and one.external_due <= now),
        is_all=len(here) < MOST_COUNTED,
        nearest=nearest,
        exports=tuple(one for one in tx.orders.exports(limit=MOST_EXPORTS) if _is_theirs(tx, one.id, sight)),
    )
