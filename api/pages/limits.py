"""Limits: how they stand, changing a cell, what that says and would do, sending it, the second person's yes or no."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.dependencies import BY_WRITER, Asked, AskedNow, Posted, Viewer
from api.errors import Kept, answer, problem_of
from api.pages.limits_form import Typed, effective_at, typed_about
from api.pages.matters import Notice
from api.rendering import draw
from engine.core.terms import Ability, ProposalState
from engine.core.workflow.cell_words import read_cell, read_when
from engine.core.workflow.declaration import Limits, Workflow
from engine.core.workflow.findings import Finding
from engine.core.workflow.limits_edit import edit_limits
from engine.core.workflow.tree import Path
from engine.errors import BadDuration, BadInput, BadOffset, Conflict, Forbidden, NotFound, SanlianError
from engine.services.backtest import FEW, backtest
from engine.services.decide_proposal import approve, publish_approved, refuse
from engine.services.dry_run import DryRun
from engine.services.limits_view import (
    TableShown,
    VersionShown,
    cell_of,
    difference_of_texts,
    history,
    in_words,
    label_of,
    path_of,
    proposals,
    table_shown,
    who,
)
from engine.services.propose_limits import (
    Reading,
    base_of,
    draft_limits,
    find_proposal,
    fresh_dry_run,
    kept_dry_run,
    read_proposal,
    send_proposal,
    withdraw_proposal,
)

router = APIRouter()

SECTION = "limits"
_KEY = re.compile(r"[0-9a-z-]{8,60}")
_NOT_A_LENGTH = "「{}」不是时限。写成 3 工作日、4 工时、24 小时、15 分钟、7 天这样。"
_NOT_AN_INSTANT = "「{}」不是时刻。写成 到期前 1 工作日、到期时、到期后 15 分钟这样。"
_DONE = {
    "sent": ("送批了", "另一个人看过、批准以后才生效。现在的时限没有变。"),
    "withdrawn": ("撤回了", "现在的时限没有变。"),
    "approved": ("批准了", "到生效的时刻自动换上新的时限表。"),
    "refused": ("没有批", "现在的时限没有变，提的人会看到你写的意见。"),
    "in_effect": ("批准了，已经生效", "新立的事从现在起照新的时限办。"),
    "running": ("批准了，已经生效", "新立的和在办的，从现在起都照新的时限办。"),
}


@dataclass(frozen=True, slots=True)
class FlowShown:
    """The limits of one flow with their history."""

    table: TableShown
    versions: tuple[VersionShown, ...]


@dataclass(frozen=True, slots=True)
class FindingShown:
    """A finding in words, with the line it is about and the field of the form, if it is a cell."""

    finding: Finding
    text: str
    line: str
    field: str
    in_limits: bool


def _require(asked: Asked) -> Viewer:
    """Who may look: whoever proposes or approves."""
    if asked.viewer is None or not (asked.viewer.may(Ability.LIMITS) or asked.viewer.may(Ability.APPROVE)):
        raise Forbidden(what=Ability.LIMITS.label)
    return asked.viewer


@router.get("/limits")
def limits(asked: AskedNow) -> HTMLResponse:
    """Show every limits table in words, what waits for somebody, and how the tables came to be so."""
    viewer = _require(asked)
    organisation = asked.world.organisation
    with asked.sanlian.uow.read() as tx:
        waiting = proposals(tx, person=viewer.actor.person, organisation=organisation, flows=asked.flows)
        shown = tuple(
            FlowShown(
                table_shown(flow, flow.limits), history(tx, flow.id, organisation=organisation, flows=asked.flows)
            )
            for flow in asked.flows
            if flow.limits is not None
        )
    context = {**asked.frame(SECTION), "flows": shown, "waiting": waiting, "may_edit": viewer.may(Ability.LIMITS)}
    return draw("limits/list.html", context)


@router.get("/limits/{flow}/edit")
def edit(asked: AskedNow, flow: str, draft: Annotated[str, Query(alias="from", max_length=60)] = "") -> Response:
    """Show the form that changes cells, as the table now is or as a draft has it."""
    asked.require(Ability.LIMITS)
    workflow, found, base, text = _edited(asked, flow, draft)
    errors = _errors_at_cells(found) if found is not None else {}
    return _edit_page(asked, workflow, base=base, text=text, draft=draft, errors=errors, found=found)


def _errors_at_cells(found: Reading) -> dict[str, str]:
    """What is wrong with a draft, by the field of the form it is about."""
    errors: dict[str, str] = {}
    for one in found.findings:
        name = cell_of(found.text, one, found.read) if one.severity == "error" else ""
        if name:
            errors.setdefault(name, in_words(found.read, one))
    return errors


def _edited(asked: Asked, flow: str, draft: str) -> tuple[Workflow, Reading | None, str, str]:
    """The current flow, the draft that is edited further, the version it is made from, the text to be changed."""
    workflow = next((one for one in asked.flows if one.id == flow and one.limits is not None), None)
    with asked.sanlian.uow.read() as tx:
        version = base_of(tx, flow)
        found = read_proposal(tx, asked.sanlian.door.shelf, find_proposal(tx, draft)) if draft else None
    if workflow is None:
        raise NotFound(what="时限表", found=flow[:40])
    if found is not None and (found.proposal.flow != flow or found.is_stale):
        raise Conflict(what="别人刚刚发布了新的时限表，这一份是照原来的改的。请从现行的重新改。")
    text = found.text if found is not None else (version.limits_text or b"").decode("utf-8")
    return workflow, found, version.digest, text


def _edit_page(
    asked: Asked,
    flow: Workflow,
    *,
    base: str,
    text: str,
    draft: str,
    errors: Mapping[str, str],
    found: Reading | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    now = flow.limits
    assert now is not None  # flows without a table have no such page
    drafted = found.read.limits if found is not None and found.read is not None else None
    table = table_shown(flow, drafted or now, old=now, typed=typed, errors=errors)
    problems = [(cell.name, f"{cell.label}：{cell.error}") for cell in table.cells() if cell.error]
    context = {
        **asked.frame(SECTION), "table": table, "base": base, "draft": draft, "key": asked.sanlian.door.ids(),
        "text": text, "problems": problems, "readable": found is None or found.read is not None,
    }  # fmt: skip
    return draw("limits/edit.html", context, status=status)


@router.post("/limits/{flow}/edit")
def change(asked: AskedNow, flow: str, posted: Posted) -> Response:
    """Keep what was changed as a draft, and lead to what it says and would do."""
    viewer = asked.require(Ability.LIMITS)
    typed = {name: value for name, value in posted.items() if isinstance(value, str)}
    draft = typed.get("from", "")[:60]
    workflow, found, base, text = _edited(asked, flow, draft)
    errors: dict[str, str] = {}
    if "text" in typed:
        text = typed["text"].replace("\r\n", "\n")
    else:
        drafted = found.read.limits if found is not None and found.read is not None else workflow.limits
        assert drafted is not None  # flows without a table have no such page
        edits, errors = _edits(workflow, drafted, typed)
        text = edit_limits(text, edits) if not errors else text
    if errors:
        return _edit_page(
            asked, workflow, base=base, text=text, draft=draft, errors=errors, found=found, typed=typed, status=422
        )
    key = typed.get("key", "") if _KEY.fullmatch(typed.get("key", "")) else asked.sanlian.door.ids()
    try:
        made = draft_limits(
            asked.sanlian.uow, flow=flow, base=typed.get("base", ""), text=text, by=viewer.actor, now=asked.now,
            proposal_id=key,
        )  # fmt: skip
    except SanlianError as error:
        kept = [Kept("您改的时限表", text)] if "text" in typed else []
        return answer(asked.request, problem_of(error, kept=kept))
    if found is not None and found.proposal.state == ProposalState.DRAFT and found.proposal.id != made.id:
        withdraw_proposal(asked.sanlian.uow, found.proposal.id, by=viewer.actor, now=asked.now)
    return RedirectResponse(f"/limits/proposals/{made.id}", status_code=303)


def _edits(flow: Workflow, limits: Limits, typed: Mapping[str, str]) -> tuple[dict[Path, str], dict[str, str]]:
    """What the form changes in the text, and what is wrong with what was typed, by field."""
    edits: dict[Path, str] = {}
    errors: dict[str, str] = {}
    for cell in table_shown(flow, limits).cells():
        value, path = typed.get(cell.name, cell.text).strip(), path_of(cell.name)
        if path is None or "".join(value.split()) == "".join(cell.text.split()):
            continue
        try:
            edits[path] = _written(path, value)
        except BadDuration:
            errors[cell.name] = _NOT_A_LENGTH.format(value[:20])
        except BadOffset:
            errors[cell.name] = _NOT_AN_INSTANT.format(value[:20])
    return edits, errors


def _written(path: Path, value: str) -> str:
    if path[0] == "escalation":
        return str(read_when(value))
    return str(read_cell(value)) if value else ""


@router.get("/limits/proposals/{proposal_id}")
def proposal(
    asked: AskedNow,
    proposal_id: str,
    done: Annotated[str, Query(max_length=20)] = "",
    show: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show what a proposal says, what is wrong, what it would do, what may be done; *show* is a figure to list."""
    _require(asked)
    notices = (Notice(kind="", title=_DONE[done][0], text=_DONE[done][1], done=done),) if done in _DONE else ()
    return _proposal_page(asked, proposal_id, notices=notices, show=show)


@router.get("/limits/proposals/{proposal_id}/backtest")
def past(asked: AskedNow, proposal_id: str) -> Response:
    """Show what a proposal would have made of the last months, as recorded."""
    _require(asked)
    sanlian = asked.sanlian
    with sanlian.uow.read() as tx:
        reading = read_proposal(tx, sanlian.door.shelf, find_proposal(tx, proposal_id))
        if reading.new is None:
            raise Conflict(what="校验有错，改好才能拿过去三个月试算。")
        found = backtest(tx, sanlian.door.shelf, new=reading.new, now=asked.now, zone=asked.zone)
    context = {**asked.frame(SECTION), "proposal": reading.proposal, "reading": reading, "found": found, "few": FEW}
    return draw("limits/backtest.html", context)


def _proposal_page(
    asked: Asked,
    proposal_id: str,
    *,
    notices: tuple[Notice, ...] = (),
    typed: Typed = Typed(),
    show: str = "",
    status: int = 200,
) -> Response:
    viewer = _require(asked)
    sanlian = asked.sanlian
    with sanlian.uow.read() as tx:
        reading = read_proposal(tx, sanlian.door.shelf, find_proposal(tx, proposal_id))
    found = reading.proposal
    tried = _dry_run(asked, reading)
    new, old = reading.read, reading.old
    changed = None
    if new is not None and new.limits is not None and old.limits is not None:
        changed = table_shown(new, new.limits, old=old.limits)
    mine = found.author_person is not None and found.author_person == viewer.actor.person
    context: dict[str, Any] = {
        **asked.frame(SECTION), "proposal": found, "reading": reading, "tried": tried, "changed": changed, "show": show,
        "touched": [one for one in tried.touched if one.is_among(show)] if tried is not None else [],
        "notices": notices, "typed": typed, "mine": mine,
        "state_label": label_of(found.state, ProposalState),
        "diff": difference_of_texts(reading.old_text, reading.text), "findings": _findings(reading),
        "author": who(found.author_post, organisation=asked.world.organisation, flows=asked.flows),
        "decided_by": who(found.decided_post, organisation=asked.world.organisation, flows=asked.flows),
        "fit": reading.new is not None and not reading.is_stale and tried is not None and not tried.holds_up,
        "may_send": found.state == ProposalState.DRAFT and mine and viewer.may(Ability.LIMITS),
        "may_decide": found.state == ProposalState.WAITING and viewer.may(Ability.APPROVE) and not mine,
        "errors": sum(one.severity == "error" for one in reading.findings),
    }  # fmt: skip
    return draw("limits/proposal.html", context, status=status)


def _dry_run(asked: Asked, reading: Reading) -> DryRun | None:
    """A fresh one while it may still be sent or approved; afterwards the one it was decided by."""
    from_store = reading.proposal.state not in (ProposalState.DRAFT, ProposalState.WAITING) or reading.is_stale
    if from_store:
        return kept_dry_run(reading.proposal)
    return fresh_dry_run(asked.sanlian.uow, asked.sanlian.door.shelf, reading, now=asked.now)


def _findings(reading: Reading) -> tuple[FindingShown, ...]:
    lines = reading.text.splitlines()
    limits_file = reading.old.limits.file if reading.old.limits is not None else ""
    shown = []
    for one in reading.findings:
        here = one.file == limits_file
        line = lines[one.line - 1] if here and 0 < one.line <= len(lines) else ""
        field = cell_of(reading.text, one, reading.read)
        shown.append(FindingShown(one, in_words(reading.read, one), line, field, here))
    return tuple(shown)


@router.post("/limits/proposals/{proposal_id}/send")
def send(asked: AskedNow, proposal_id: str, posted: Posted) -> Response:
    """Send a draft to whoever approves."""
    viewer = asked.require(Ability.LIMITS)
    typed = typed_about(posted)
    try:
        send_proposal(
            asked.sanlian.uow, asked.sanlian.door.shelf, proposal_id, reason=typed.reason,
            running=typed.scope == "running", effective_at=effective_at(asked, typed), by=viewer.actor, now=asked.now,
        )  # fmt: skip
    except (Conflict, BadInput) as error:
        return _not_taken(asked, proposal_id, error, typed, done={ProposalState.WAITING.value: "sent"})
    return _led_to(proposal_id, "sent")


def _led_to(proposal_id: str, done: str) -> Response:
    return RedirectResponse(f"/limits/proposals/{proposal_id}?done={done}", status_code=303)


def _not_taken(asked: Asked, proposal_id: str, error: Exception, typed: Typed, *, done: Mapping[str, str]) -> Response:
    """Why it was not taken, with what was written; a second press of the same person leads to what the first did."""
    viewer = _require(asked)
    with asked.sanlian.uow.read() as tx:
        found = find_proposal(tx, proposal_id)
    person = found.author_person if found.state == ProposalState.WAITING else found.decided_person
    if found.state in done and person == viewer.actor.person:
        return _led_to(proposal_id, done[found.state])
    notice = Notice(kind="over", title=str(error), text="没有记下。你写的还在。" if typed.reason else "没有记下。")
    status = 409 if isinstance(error, Conflict) else 422
    return _proposal_page(asked, proposal_id, notices=(notice,), typed=typed, status=status)


@router.post("/limits/proposals/{proposal_id}/withdraw", dependencies=BY_WRITER)
def withdraw(asked: AskedNow, proposal_id: str) -> Response:
    """Take back one's own proposal."""
    viewer = asked.require(Ability.LIMITS)
    try:
        withdraw_proposal(asked.sanlian.uow, proposal_id, by=viewer.actor, now=asked.now)
    except Conflict as error:
        return _not_taken(asked, proposal_id, error, Typed(), done={})
    return _led_to(proposal_id, "withdrawn")


@router.post("/limits/proposals/{proposal_id}/approve")
def say_yes(asked: AskedNow, proposal_id: str, posted: Posted) -> Response:
    """Approve; what is to take effect at once does."""
    viewer = asked.require(Ability.APPROVE)
    asked.require_fresh()
    typed, sanlian = typed_about(posted), asked.sanlian
    try:
        found = approve(
            sanlian.uow, proposal_id, reason=typed.reason, by=viewer.actor, now=asked.now, services=sanlian.door
        )
    except (Conflict, BadInput) as error:
        done = {ProposalState.APPROVED: "approved", ProposalState.IN_EFFECT: "in_effect"}
        return _not_taken(asked, proposal_id, error, typed, done={one.value: word for one, word in done.items()})
    if found.effective_at is None:
        publish_approved(sanlian.uow, now=asked.now)
    asked.wake()
    at_once = "running" if found.running else "in_effect"
    return _led_to(proposal_id, "approved" if found.effective_at is not None else at_once)


@router.post("/limits/proposals/{proposal_id}/refuse")
def say_no(asked: AskedNow, proposal_id: str, posted: Posted) -> Response:
    """Refuse, with a reason."""
    viewer = asked.require(Ability.APPROVE)
    typed = typed_about(posted)
    try:
        refuse(asked.sanlian.uow, proposal_id, reason=typed.reason, by=viewer.actor, now=asked.now)
    except (Conflict, BadInput) as error:
        return _not_taken(asked, proposal_id, error, typed, done={ProposalState.REFUSED.value: "refused"})
    return _led_to(proposal_id, "refused")
