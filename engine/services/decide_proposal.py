"""
Decide on proposed limits, and let what was approved take effect: once, also after a crash in between.

The second person is another person, not another post. Publishing and the mark that it was done are one transaction;
the matters in hand follow in batches, and what was stopped goes on with the next tick.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from engine.core.command import Migrate
from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.core.terms import ProposalState
from engine.errors import BadWorkflow, Conflict
from engine.services.advance import Done, Door, Entry, advance_in, in_one_transaction
from engine.services.propose_limits import (
    LONGEST_REASON,
    STALE,
    check_reason,
    find_proposal,
    fresh_dry_run,
    note,
    read_proposal,
    refuse_unfit,
    sources_of,
)
from engine.services.publish import publish_in
from engine.services.rearm import apart_of, rearm
from engine.store.proposals import Proposal
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH = 200

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """How many matters in hand went over to the new limits, and how many could not."""

    moved: int = 0
    left: int = 0


def approve(
    uow: UnitOfWork, proposal_id: str, *, reason: str = "", by: Actor, now: datetime, services: Door
) -> Proposal:
    """
    Approve a proposal; it takes effect with the next `take_effect` at or after its instant.

    Raises:
        Conflict: the same person wrote it, it is not fit (any more), another one is on its way, or it was decided.
    """
    with uow.read() as tx:
        proposal = find_proposal(tx, proposal_id)
        reading = read_proposal(tx, services.shelf, proposal)
    _refuse_author(proposal, by)
    if proposal.state == ProposalState.WAITING:
        refuse_unfit(reading, fresh_dry_run(uow, services.shelf, reading, now=now))
    return _decide(uow, proposal_id, ProposalState.APPROVED, reason=reason, by=by, now=now)


def refuse(uow: UnitOfWork, proposal_id: str, *, reason: str, by: Actor, now: datetime) -> Proposal:
    """
    Refuse a proposal, with a reason.

    Raises:
        BadText: there is no reason.
        Conflict: the same person wrote it, or it was decided.
    """
    check_reason(reason, "为什么不批")
    with uow.read() as tx:
        _refuse_author(find_proposal(tx, proposal_id), by)
    return _decide(uow, proposal_id, ProposalState.REFUSED, reason=reason, by=by, now=now)


def _refuse_author(proposal: Proposal, by: Actor) -> None:
    """A person is known by who they are, whatever post they act from; without that nobody can be told apart."""
    if by.person is None or proposal.author_person is None:
        raise Conflict(what="不知道是谁在批，换一个有人担任的岗位再批。")
    if by.person == proposal.author_person:
        raise Conflict(what="自己改的要由另一个人来批，换岗位也不行。")


def _decide(
    uow: UnitOfWork, proposal_id: str, state: ProposalState, *, reason: str, by: Actor, now: datetime
) -> Proposal:
    if reason.strip():
        check_reason(reason, "意见")

    def work(tx: Transaction) -> Proposal:
        if state is ProposalState.APPROVED:
            tx.workflows.change_alone()  # two at once, each of another proposal, would not see each other
        proposal = find_proposal(tx, proposal_id)
        if state is ProposalState.APPROVED:
            _refuse_overtaken(tx, proposal)
        decided = tx.proposals.change(
            proposal_id, was=ProposalState.WAITING, state=state.value, decided_post=by.post, decided_person=by.person,
            decided_at=now, decided_reason=reason.strip(),
        )  # fmt: skip
        if not decided:
            raise Conflict(what="别人刚刚批过这一份，或者提的人已经撤回。看一看现在的情况。")
        action = "limits_approved" if state is ProposalState.APPROVED else "limits_refused"
        note(tx, proposal, action, by=by, now=now, digest=proposal.digest)
        return find_proposal(tx, proposal_id)

    return in_one_transaction(uow, work)


def _refuse_overtaken(tx: Transaction, proposal: Proposal) -> None:
    if tx.workflows.current_digests().get(proposal.flow) != proposal.base:
        raise Conflict(what=STALE)
    others = tx.proposals.of(proposal.flow, states=(ProposalState.APPROVED,))
    if any(one.id != proposal.id for one in others):
        raise Conflict(what="同一个流程已有一份批准了还没生效，等它生效以后再批。")


def take_effect(uow: UnitOfWork, *, now: datetime, services: Door, batch: int = BATCH) -> TakenOver:
    """
    Publish every approved text whose instant has come, then take over the matters in hand where that was asked.

    Harmless when repeated, and goes on where it was stopped.
    """
    publish_approved(uow, now=now)
    with uow.read() as tx:
        moving = tx.proposals.moving()
    done = TakenOver()
    for proposal in moving:
        part = _take_over(uow, proposal, now=now, services=services, batch=batch)
        done = TakenOver(done.moved + part.moved, done.left + part.left)
    return done


def publish_approved(uow: UnitOfWork, *, now: datetime) -> None:
    """Publish every approved text whose instant has come."""
    with uow.read() as tx:
        due = [one.id for one in tx.proposals.due(now)]
    for proposal_id in due:
        in_one_transaction(uow, partial(_publish, proposal_id=proposal_id, now=now))


def _publish(tx: Transaction, *, proposal_id: str, now: datetime) -> None:
    tx.workflows.change_alone()
    proposal = find_proposal(tx, proposal_id)
    first = tx.proposals.change(
        proposal_id, was=ProposalState.APPROVED, state=ProposalState.IN_EFFECT.value, in_effect_at=now
    )
    if not first:
        return  # another process was first
    if tx.workflows.current_digests().get(proposal.flow) != proposal.base:
        _lapse(tx, proposal, STALE, now=now)
        return
    version = tx.workflows.get(proposal.base)
    assert version is not None  # versions are never deleted
    flow, limits, catalogues = sources_of(version, proposal.text)
    by = Actor(post=proposal.author_post, role="", person=proposal.author_person)
    try:
        workflow = publish_in(tx, flow, limits=limits, catalogues=catalogues, by=by, now=now)
    except (BadWorkflow, Conflict) as error:  # another flow or a calendar it names has changed since
        _lapse(tx, proposal, str(error)[:LONGEST_REASON], now=now)
        return
    note(tx, proposal, "limits_in_effect", by=SYSTEM, now=now, digest=workflow.digest, running=proposal.running)


def _lapse(tx: Transaction, proposal: Proposal, why: str, *, now: datetime) -> None:
    tx.proposals.change(
        proposal.id, was=ProposalState.IN_EFFECT, state=ProposalState.LAPSED.value, in_effect_at=None,
        decided_reason=why,
    )  # fmt: skip
    note(tx, proposal, "limits_lapsed", by=SYSTEM, now=now, digest=proposal.digest)
    logger.warning("limits_lapsed", proposal=proposal.id, flow=proposal.flow)


def _take_over(uow: UnitOfWork, proposal: Proposal, *, now: datetime, services: Door, batch: int) -> TakenOver:
    with uow.read() as tx:
        ids = [one.matter.id for one in tx.matters.all(only_open=True) if one.matter.digest == proposal.base]
    done = TakenOver()
    for start in range(0, len(ids), batch):
        some = ids[start : start + batch]
        moved = in_one_transaction(uow, partial(_go_over, proposal=proposal, ids=some, now=now, services=services))
        done = TakenOver(done.moved + moved, done.left + len(some) - moved)
    with uow.write() as tx:
        tx.proposals.change(proposal.id, was=ProposalState.IN_EFFECT, moved_at=now)
        note(
            tx, proposal, "limits_taken_over", by=SYSTEM, now=now, digest=proposal.digest, moved=done.moved,
            left=done.left,
        )  # fmt: skip
    return done


def _go_over(tx: Transaction, *, proposal: Proposal, ids: list[str], now: datetime, services: Door) -> int:
    assert proposal.digest is not None  # it is in effect
    entries = [Entry(Migrate(matter=name, to=proposal.digest)) for name in ids]
    apart = apart_of(tx, ids)
    outcomes = advance_in(tx, entries, now=now, services=services)
    rearm(tx, ids, apart=apart, now=now, services=services)
    return sum(isinstance(outcome, Done) for outcome in outcomes)
