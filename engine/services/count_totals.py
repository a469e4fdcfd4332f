"""How many demands are open, late, supervised and on the books: what stands above every list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.terms import MatterKind
from engine.core.workflow.declaration import Workflow
from engine.services.open_tally import may_be_tallied, tally_open
from engine.services.sight import Sight
from engine.store.listing import Listing, Wanted
from engine.store.remembered import Lasting
from engine.store.turning_points import TurningPoints
from engine.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Totals:
    """How many demands are open, late, supervised, on the books."""

    open: int
    late: int
    supervised: int
    listed: int


def totals_of(tx: Transaction, *, sight: Sight, flows: Sequence[Workflow], now: datetime) -> Totals:
    """Return how many demands in *sight* are open, late, supervised and on the books at *now*."""
    demands = sight.narrow(Wanted(kinds=(MatterKind.DEMAND.value,)))
    listed = on_the_books(flows)

    def count() -> Lasting:
        parts = (
            demands,
            replace(demands, late_at=now),
            replace(demands, supervised=True),
            replace(demands, states=listed),
        )
        return Lasting(Totals(*_counts(tx, parts, now=now)), until=TurningPoints(tx.connection, tx.district).due(now))

    found: Totals = tx.remembered_while("totals", demands, listed, now=now, make=count)
    return found


def _counts(tx: Transaction, parts: Sequence[Wanted], *, now: datetime) -> tuple[int, ...]:
    if not may_be_tallied(tx, parts[0]):
        return Listing(tx.connection, tx.district).counts(parts[0], parts)
    tally = tally_open(tx, parts, now=now).values()
    return tuple(sum(counts) for counts in zip(*tally, strict=True)) or (0,) * len(parts)


def on_the_books(flows: Sequence[Workflow]) -> frozenset[tuple[str, str]]:
    """Return the steps, by workflow and state, in which a matter is on the books."""
    states = {(flow.id, state.id) for flow in flows for state in flow.states.values() if state.review is not None}
    return frozenset(states or {("", "")})
