"""Proposals on both databases: they read back as they were kept, and only one of two who change them at once does."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.core.terms import ProposalState
from engine.store.database import TryAgain, open_database
from engine.store.migrate import migrate
from engine.store.proposals import Proposal
from engine.store.unit_of_work import UnitOfWork

NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)
ONE = Proposal(
    id="one", flow="f", base="b" * 64, digest=None, text="时限".encode(), state="draft", running=True, reason="试",
    author_post="a", author_person="p", made_at=NOW,
)  # fmt: skip


@pytest.fixture
def uow(database_url: str) -> Iterator[UnitOfWork]:
    """An empty store."""
    database = open_database(database_url)
    migrate(database)
    yield UnitOfWork(database, district="d")
    database.close()


def test_proposal_reads_back_as_it_was_kept(uow: UnitOfWork) -> None:
    """Every column comes back, and another district sees nothing."""
    whole = replace(
        ONE, id="two", digest="d" * 64, effective_at=NOW, dry_run=b"{}", decided_post="x", decided_person="q",
        decided_at=NOW, decided_reason="好", in_effect_at=NOW, moved_at=NOW,
    )  # fmt: skip
    with uow.write() as tx:
        tx.proposals.add(ONE)
        tx.proposals.add(whole)

    with uow.read() as tx:
        assert tx.proposals.get("one") == ONE
        assert tx.proposals.get("two") == whole
        assert tx.proposals.get("none") is None
    with UnitOfWork(uow.database, district="e").read() as tx:
        assert tx.proposals.of() == []


def test_lists_hold_what_is_due_and_what_is_moving(uow: UnitOfWork) -> None:
    """Approved ones at their instant, in its order; those in effect whose matters are not all over; newest first."""
    approved, effect = ProposalState.APPROVED.value, ProposalState.IN_EFFECT.value
    rows = [
        replace(ONE, id="later", state=approved, effective_at=NOW + timedelta(seconds=1)),
        replace(ONE, id="second", state=approved, effective_at=NOW),
        replace(ONE, id="first", state=approved, effective_at=NOW - timedelta(days=1)),
        replace(ONE, id="once", state=approved, decided_at=NOW),
        replace(ONE, id="moving", state=effect, in_effect_at=NOW),
        replace(ONE, id="moved", state=effect, in_effect_at=NOW, moved_at=NOW),
        replace(ONE, id="new only", state=effect, in_effect_at=NOW, running=False),
        replace(ONE, id="newest", flow="g", made_at=NOW + timedelta(hours=1)),
    ]
    with uow.write() as tx:
        for row in rows:
            tx.proposals.add(row)

    with uow.read() as tx:
        due = [one.id for one in tx.proposals.due(NOW)]
        assert (set(due), due.index("first") < due.index("second")) == ({"first", "second", "once"}, True)
        assert [one.id for one in tx.proposals.moving()] == ["moving"]
        assert tx.proposals.of()[0].id == "newest"
        assert [one.id for one in tx.proposals.of("g")] == ["newest"]
        assert len(tx.proposals.of("f", states=(ProposalState.APPROVED,))) == 4


def test_only_one_of_many_changes_at_once_counts(uow: UnitOfWork) -> None:
    """Whoever comes second finds another state and changes nothing, also at the same instant."""
    with uow.write() as tx:
        tx.proposals.add(replace(ONE, state=ProposalState.WAITING.value))
    start, won = threading.Barrier(6), []

    def decide(name: str) -> None:
        start.wait()
        for _ in range(20):
            try:
                with uow.write() as tx:
                    values = {"state": ProposalState.APPROVED.value, "decided_person": name}
                    if tx.proposals.change("one", was=ProposalState.WAITING, **values):
                        won.append(name)
                return
            except TryAgain:
                continue

    threads = [threading.Thread(target=decide, args=(f"p{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    with uow.read() as tx:
        kept = tx.proposals.get("one")
    assert kept is not None
    assert kept.decided_person == won[0]
