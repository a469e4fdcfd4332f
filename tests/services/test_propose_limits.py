"""Proposed limits: another person decides, once; what was approved takes effect once; the dry run tells what happens."""

from datetime import timedelta

import pytest

from engine.core.history import read_event
from engine.core.matter import Actor, Matter
from engine.core.terms import EventType, ProposalState
from engine.core.timers import armed
from engine.core.workflow.limits_edit import edit_limits
from engine.errors import BadText, Conflict
from engine.services.audit import verify
from engine.services.decide_proposal import approve, refuse, take_effect
from engine.services.doctor import examine
from engine.services.dry_run import DryRun
from engine.services.propose_limits import (
    Reading,
    base_of,
    draft_limits,
    find_proposal,
    fresh_dry_run,
    read_proposal,
    send_proposal,
    withdraw_proposal,
)
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.support.demo import NOW

FLOW = "three_tier"
AUTHOR = Actor(post="street_office@street", role="street_office", unit="street", person="p-author")
SECOND = Actor(post="street_head@street", role="street_head", unit="street", person="p-second")
SHORTER = {("rows", 5, "grid"): "1wd", ("rows", 5, "community"): "2wd", ("rows", 5, "sign"): "1wh"}


def text_of(sanlian: Sanlian) -> tuple[str, str]:
    """Digest and text of the limits as they now are."""
    with sanlian.uow.read() as tx:
        version = base_of(tx, FLOW)
    assert version.limits_text is not None
    return version.digest, version.limits_text.decode()


def drafted(sanlian: Sanlian, edits: dict = SHORTER, *, name: str = "one") -> str:
    """A draft with *edits*."""
    base, text = text_of(sanlian)
    return draft_limits(
        sanlian.uow, flow=FLOW, base=base, text=edit_limits(text, edits), by=AUTHOR, now=NOW, proposal_id=name
    ).id


def sent(sanlian: Sanlian, edits: dict = SHORTER, *, name: str = "one", running: bool = True, after: int = 0) -> str:
    """A proposal that waits for its second person; in effect *after* minutes, at once with 0."""
    made = drafted(sanlian, edits, name=name)
    effective_at = NOW + timedelta(minutes=after) if after else None
    send_proposal(
        sanlian.uow, sanlian.door.shelf, made, reason="太慢", running=running, effective_at=effective_at, by=AUTHOR,
        now=NOW,
    )  # fmt: skip
    return made


def reading(sanlian: Sanlian, name: str) -> Reading:
    """What a proposal says."""
    with sanlian.uow.read() as tx:
        return read_proposal(tx, sanlian.door.shelf, find_proposal(tx, name))


def tried(sanlian: Sanlian, name: str) -> DryRun:
    """Its dry run."""
    found = fresh_dry_run(sanlian.uow, sanlian.door.shelf, reading(sanlian, name), now=NOW)
    assert found is not None
    return found


def open_matters(sanlian: Sanlian) -> dict[str, Matter]:
    """Every open matter of the flow."""
    with sanlian.uow.read() as tx:
        return {one.matter.id: one.matter for one in tx.matters.all(only_open=True) if one.matter.workflow == FLOW}


def yes(sanlian: Sanlian, name: str, by: Actor = SECOND) -> None:
    """Let the second person approve."""
    approve(sanlian.uow, name, by=by, now=NOW, services=sanlian.door)


def test_approved_limits_are_published_and_running_matters_follow(demo: Sanlian) -> None:
    """After approval the new text is current, every matter in hand is pinned to it, and all that is stored agrees."""
    sweep(demo.uow, now=NOW, services=demo.door)
    before = open_matters(demo)
    name = sent(demo)
    yes(demo, name)

    done = take_effect(demo.uow, now=NOW, services=demo.door, batch=7)

    digest, text = text_of(demo)
    after = open_matters(demo)
    assert "grid: 1wd, community: 2wd" in text
    assert "version: 2" in text
    assert done.moved == len(before) > 5
    assert {matter.digest for matter in after.values()} == {digest}
    with demo.uow.read() as tx:
        world = demo.door.shelf.world(tx)
        for matter in after.values():
            stored = {timer.key: timer for timer in tx.timers.of_many([matter.id])[matter.id]}
            flow = demo.door.shelf.workflow(tx, digest)
            assert stored == {timer.key: timer for timer in armed(flow, matter, world)}
            events = [read_event(record.body) for record in tx.events.of(matter.id)]
            last = events[-1]
            assert last.type == EventType.MIGRATED
            assert (last.data["migrated"]["from"], last.workflow) == (before[matter.id].digest, digest)
    sweep(demo.uow, now=NOW, services=demo.door)
    kinds = {one.kind for one in examine(demo.uow, demo.door.shelf, now=NOW).problems}
    assert not {kind for kind in kinds if kind.startswith(("timer", "due", "silent"))}
    assert verify(demo.uow, demo.door.shelf, now=NOW, processes=1).findings == ()
