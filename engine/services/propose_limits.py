"""
Propose other limits for a flow: a draft, what it says, what is wrong with it, what it would do, and sending it.

Nothing here puts anything into effect: that takes a second person (`decide_proposal`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from engine.core.matter import Actor
from engine.core.terms import ProposalState
from engine.core.workflow.catalogue import Source
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.difference import Change, differences
from engine.core.workflow.encoding import LARGEST_FILE_BYTES
from engine.core.workflow.findings import Finding
from engine.core.workflow.limits_edit import edit_limits
from engine.errors import BadInput, BadText, Conflict, KeyReused, NotFound
from engine.services.dry_run import DryRun, dry_run
from engine.services.look_up import Beside, Shelf
from engine.services.publish import WORKFLOWS, examine_in
from engine.services.record import record
from engine.store.proposals import Proposal
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.workflows import WorkflowVersion

# A dry run says how things stood then; who approves must not go by an older one.
FRESH_FOR = timedelta(hours=1)
LONGEST_REASON = 500
FARTHEST = timedelta(days=366)
STALE = "别人刚刚发布了新的时限表，这一份是照原来的改的。请从现行的重新改。"


@dataclass(frozen=True, slots=True)
class Reading:
    """
    What a proposal says.

    `new` is None when it has errors, `read` only where it cannot even be read. `is_stale`: the version it was made
    from is no longer the current one.
    """

    proposal: Proposal
    old: Workflow
    new: Workflow | None
    read: Workflow | None
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    old_text: str
    is_stale: bool

    @property
    def text(self) -> str:
        """The proposed text."""
        return self.proposal.text.decode("utf-8")


def base_of(tx: Transaction, flow: str) -> WorkflowVersion:
    """
    Return the current version of *flow*.

    Raises:
        NotFound: it was not published, or has no limits table.
    """
    version = tx.workflows.get(tx.workflows.current_digests().get(flow, ""))
    if version is None or version.limits_text is None:
        raise NotFound(what="时限表", found=flow[:40])
    return version


def draft_limits(
    uow: UnitOfWork, *, flow: str, base: str, text: str, by: Actor, now: datetime, proposal_id: str
) -> Proposal:
    """
    Keep a draft made from the version *base* and return it; its version number is one more. Asked again: the same.

    Raises:
        KeyReused: somebody else's proposal has that id.
        Conflict: *base* is no longer the current version, or the text is the same as now.
        BadText: the text is too long, or its version number cannot be written.
    """
    if len(text.encode("utf-8")) > LARGEST_FILE_BYTES:
        raise BadText(where="时限表", found=f"{len(text)} 个字", expected="256 KiB 以内的文字")
    with uow.write() as tx:
        known = tx.proposals.get(proposal_id)
        if known is not None:
            if (known.author_person, known.author_post) != (by.person, by.post):
                raise KeyReused(key=proposal_id)
            return known
        version = base_of(tx, flow)
        if version.digest != base:
            raise Conflict(what=STALE)
        if text.encode("utf-8") == version.limits_text:
            raise Conflict(what="还没有改什么。改一格再看。")
        numbered = _numbered(text, (version.limits_version or 0) + 1)
        proposal = Proposal(
            id=proposal_id, flow=flow, base=base, digest=None, text=numbered.encode("utf-8"),
            state=ProposalState.DRAFT.value, running=False, reason="", author_post=by.post, author_person=by.person,
            made_at=now,
        )  # fmt: skip
        tx.proposals.add(proposal)
        return proposal


def _numbered(text: str, number: int) -> str:
    """Return *text* with the version number it will have; where that cannot be written, as it is: check tells why."""
    try:
        return edit_limits(text, {("version",): str(number)})
    except BadInput:
        return text


def find_proposal(tx: Transaction, proposal_id: str) -> Proposal:
    """
    Return one.

    Raises:
        NotFound: there is none.
    """
    proposal = tx.proposals.get(proposal_id)
    if proposal is None:
        raise NotFound(what="时限改动", found=proposal_id[:40])
    return proposal


def sources_of(version: WorkflowVersion, text: bytes) -> tuple[Source, Source, list[Source]]:
    """Return the flow of a version, *text* as its limits table, and the catalogues it was read with."""
    beside = msgspec.json.decode(version.beside, type=Beside)
    catalogues = [Source(kept.file, kept.text.encode("utf-8")) for kept in beside.catalogues]
    return Source(beside.file, version.flow_text), Source(beside.limits_file or "", text), catalogues


def read_proposal(tx: Transaction, shelf: Shelf, proposal: Proposal) -> Reading:
    """Read a proposal as it would be published now."""
    version = tx.workflows.get(proposal.base)
    assert version is not None  # versions are never deleted
    flow, limits, catalogues = sources_of(version, proposal.text)
    read, findings = _examined(tx, proposal, (flow, limits, catalogues))
    old = shelf.workflow(tx, proposal.base)
    new = read if not any(one.severity == "error" for one in findings) else None
    return Reading(
        proposal=proposal, old=old, new=new, read=read, findings=findings,
        changes=differences(old, read) if read is not None else (),
        old_text=(version.limits_text or b"").decode("utf-8"),
        is_stale=tx.workflows.current_digests().get(proposal.flow) != proposal.base,
    )  # fmt: skip


def _examined(
    tx: Transaction, proposal: Proposal, sources: tuple[Source, Source, list[Source]]
) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """Read and check it, once for the same texts among the same flows and calendars: a check takes half a second."""
    beside = (*sorted(tx.workflows.current_digests().items()), *sorted(tx.workflows.current_calendar_digests().items()))
    key = (proposal.base, proposal.text, beside)
    known = _EXAMINED.get(key)
    if known is None:
        if len(_EXAMINED) >= MOST_KEPT:
            _EXAMINED.clear()
        flow, limits, catalogues = sources
        known = _EXAMINED[key] = examine_in(tx, flow, limits=limits, catalogues=catalogues)
    return known


MOST_KEPT = 32
_EXAMINED: dict[tuple[str, bytes, tuple[tuple[str, str], ...]], tuple[Workflow | None, tuple[Finding, ...]]] = {}


def kept_dry_run(proposal: Proposal) -> DryRun | None:
    """Return the dry run kept with a proposal."""
    return msgspec.json.decode(proposal.dry_run, type=DryRun) if proposal.dry_run is not None else None


def fresh_dry_run(uow: UnitOfWork, shelf: Shelf, reading: Reading, *, now: datetime) -> DryRun | None:
    """Return a dry run not older than an hour, made and kept now if need be; None while the proposal has errors."""
    kept = kept_dry_run(reading.proposal)
    if reading.new is None:
        return None
    if kept is not None and kept.digest == reading.new.digest and timedelta(0) <= now - kept.at <= FRESH_FOR:
        return kept
    with uow.read() as tx:
        made = dry_run(tx, shelf, base=reading.old, new=reading.new, now=now)
    with uow.write() as tx:
        tx.proposals.change(reading.proposal.id, was=reading.proposal.state, dry_run=msgspec.json.encode(made))
    return made


def refuse_unfit(reading: Reading, tried: DryRun | None) -> None:
    """
    Let through only what may be sent or approved.

    Raises:
        Conflict: it has errors, it was made from an older version, or it would strand matters.
    """
    if reading.is_stale:
        raise Conflict(what=STALE)
    errors = sum(one.severity == "error" for one in reading.findings)
    if reading.new is None or tried is None:
        raise Conflict(what=f"校验有 {errors} 处要改，改好才能送批。")
    if tried.holds_up:
        raise Conflict(what=f"照这样改，有 {tried.holds_up} 件在办的会停住，再也没有到点的规则。请先补上时限。")


def send_proposal(
    uow: UnitOfWork,
    shelf: Shelf,
    proposal_id: str,
    *,
    reason: str,
    running: bool,
    effective_at: datetime | None,
    by: Actor,
    now: datetime,
) -> None:
    """
    Send a draft for approval; *running*: the matters in hand go over too; *effective_at* None: at once.

    Raises:
        BadText: there is no reason, or the instant has passed or lies more than a year ahead.
        Conflict: it is not fit, or no longer a draft of this person.
    """
    check_reason(reason, "为什么改")
    if effective_at is not None and not now < effective_at <= now + FARTHEST:
        raise BadText(where="什么时候生效", found="过去或太远的时刻", expected="往后一年以内的时刻")
    with uow.read() as tx:
        reading = read_proposal(tx, shelf, find_proposal(tx, proposal_id))
    refuse_others(reading.proposal, by)
    refuse_unfit(reading, fresh_dry_run(uow, shelf, reading, now=now))
    assert reading.new is not None  # else it was refused
    with uow.write() as tx:
        sent = tx.proposals.change(
            proposal_id, was=ProposalState.DRAFT, state=ProposalState.WAITING.value, reason=reason.strip(),
            running=running, effective_at=effective_at, digest=reading.new.digest, made_at=now,
        )  # fmt: skip
        if not sent:
            raise Conflict(what="这一份已经送出去了，不用再送。")
        note(tx, reading.proposal, "limits_proposed", by=by, now=now, digest=reading.new.digest, running=running)


def check_reason(reason: str, where: str) -> None:
    """
    Let through a sentence that can be kept.

    Raises:
        BadText: there is none, it is too long, or it holds a NUL.
    """
    found = "没写" if not reason.strip() else "太长" if len(reason) > LONGEST_REASON else ""
    found = "看不见的空字符" if "\x00" in reason else found
    if found:
        raise BadText(where=where, found=found, expected="一句话，最多 500 字")


def refuse_others(proposal: Proposal, by: Actor) -> None:
    """
    Let only the author through.

    Raises:
        Conflict: somebody else asks.
    """
    if (proposal.author_post, proposal.author_person) != (by.post, by.person):
        raise Conflict(what="这一份是别人的草稿，请自己从现行的时限表改起。")


def withdraw_proposal(uow: UnitOfWork, proposal_id: str, *, by: Actor, now: datetime) -> None:
    """
    Take back a proposal that nobody has decided on; a draft is thrown away.

    Raises:
        Conflict: it was decided, or is somebody else's.
    """
    with uow.write() as tx:
        proposal = find_proposal(tx, proposal_id)
        refuse_others(proposal, by)
        for state in (ProposalState.WAITING, ProposalState.DRAFT):
            if tx.proposals.change(proposal_id, was=state, state=ProposalState.WITHDRAWN.value):
                if state is ProposalState.WAITING:
                    note(tx, proposal, "limits_withdrawn", by=by, now=now, digest=proposal.digest)
                return
    raise Conflict(what="已经有人批过这一份，撤不回来了。")


def note(tx: Transaction, proposal: Proposal, action: str, *, by: Actor, now: datetime, **facts: object) -> None:
    """Write a step of a proposal into the history of the rules; the reason is free text and stays out."""
    data = {"proposal": proposal.id, "workflow": proposal.flow, "base": proposal.base, **facts}
    record(tx, WORKFLOWS, action=action, by=by, now=now, data=data)
