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
MOST_EXPORTS = 5


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A work order that has not ended, with the row of its matter."""

    external_number: str
    due: datetime | None
    row: Row


@dataclass(frozen=True, slots=True)
class OrdersDesk:
    """What the desk of work orders shows: how many are open, how many past their due instant, the nearest, exports."""

    open: int
    late: int
    nearest: tuple[Outstanding, ...]
    exports: tuple[ExportHere, ...]


def orders_desk(
    tx: Transaction, *, sight: Sight, world: World, flow_of: Callable[[str], Workflow], now: datetime
) -> OrdersDesk:
    """Return the desk as somebody with *sight* sees it."""
    here = tx.orders.outstanding(limit=MOST_SHOWN)
    seen = sight.among(tx, [one.matter for one in here])
    shown = [one for one in here if one.matter in seen]
    stored = tx.matters.read_many([one.matter for one in shown])
    matters = [stored[one.matter].matter for one in shown]
    rows = rows_of(tx, matters, world=world, flow_of=flow_of, now=now)
    nearest = tuple(
        Outstanding(one.external_number, one.external_due, row) for one, row in zip(shown, rows, strict=True)
    )
    return OrdersDesk(
        open=tx.orders.count_outstanding(),
        late=tx.orders.count_outstanding(due_before=now),
        nearest=nearest,
        exports=tuple(tx.orders.exports(limit=MOST_EXPORTS)),
    )
