"""Counts read together are the counts read one by one."""

from dataclasses import replace
from datetime import timedelta

from engine.store.listing import Listing, Wanted
from engine.store.scope import Scope
from engine.wiring import Sanlian
from tests.support.demo import NOW

OPEN = Wanted(kinds=("demand",))
PARTS = (
    OPEN,
    replace(OPEN, late_at=NOW),
    replace(OPEN, due_in=(NOW, NOW + timedelta(days=1))),
    replace(OPEN, supervised=True),
    replace(OPEN, states=frozenset({("three_tier", "listed"), ("three_tier", "street_work")})),
    replace(OPEN, level="grid", entered_before=NOW),
)


def test_counts_read_together_equal_those_read_one_by_one(demo: Sanlian) -> None:
    """Whatever part of a list is asked for, within any scope, one reading of the whole gives the same counts."""
    with demo.uow.read() as tx:
        listing = Listing(tx.connection, tx.district)
        some = frozenset(unit for unit in tx.organisation.load().units if unit.startswith("zhujidong"))
        for scope in (None, Scope(places=some), Scope(department="housing"), Scope()):
            parts = [replace(part, scope=scope) for part in PARTS]
            assert listing.counts(parts[0], parts) == tuple(listing.count(part) for part in parts)


def test_tallies_read_together_equal_those_read_one_by_one(demo: Sanlian) -> None:
    """The same by place and level; what a part has none of is counted as none."""
    with demo.uow.read() as tx:
        listing = Listing(tx.connection, tx.district)
        together = listing.tallies(OPEN, PARTS, "place", "level")
        for number, part in enumerate(PARTS):
            counted = {key: counts[number] for key, counts in together.items() if counts[number]}
            assert counted == listing.tally(part, "place", "level")
    assert sum(counts[1] for counts in together.values()) > 0
