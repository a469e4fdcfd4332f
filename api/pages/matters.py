"""The page of one matter, and the press of one of its buttons."""

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import Asked, AskedNow, Posted
from api.errors import Kept, answer, plain_problem, problem_of, words_sent
from api.pages.done import done_word
from api.pages.forms import Choices, Form, Typed, filled, form_of, kept_texts, missing, typed_in, values_of
from api.pages.queued import etag_after, lead_on, was_taken_before
from api.pages.uploads import NotKept, with_uploads
from api.rendering import draw
from engine.core.command import Act, SeatAsked
from engine.core.decision import Refusal
from engine.core.offers import Offer
from engine.core.terms import Purpose, RefusalCode, UnitKind
from engine.errors import Conflict, NotFound, SanlianError
from engine.services.advance import Done, Entry, advance
from engine.services.case_file import (
    CaseFile,
    Offered,
    Surroundings,
    case_file,
    offered_on,
    open_topics,
)

router = APIRouter()

_STATUS = {RefusalCode.STALE: 412, RefusalCode.REQUIRED: 422, RefusalCode.FIELD: 422}
_AT_FIELDS = frozenset({RefusalCode.REQUIRED, RefusalCode.FIELD})  # said where the field is
HISTORY_SHOWN = 12
LIST = "/work"
_DRAFTS = {"filed": "/matters/new:new"}  # drafts of other pages end with what is said here


@dataclass(frozen=True, slots=True)
class Notice:
    """A message at the top of the page; `kept` is what the person had written."""

    kind: str
    title: str
    text: str = ""
    kept: tuple[Kept, ...] = ()
    done: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A press that was not taken: what was typed, and why it was refused."""

    action: str
    typed: Typed
    refusal: Refusal


@router.get("/matters/{ref}")
def matter(ref: str, asked: AskedNow, do: str = "", done: str = "") -> Response:
    """Show one matter; *do* opens an action, *done* says what has just been recorded."""
    case, done = case_of(asked, ref), done_word(asked, done)
    label = next((one.label for one in case.offers if one.action == done), "")
    notices = (_done_notice(case, done, label),) if done else ()
    return _page(asked, case, notices=notices, opened=do)


@router.get("/matters/{ref}/sheet/{action}")
def sheet(ref: str, action: str, asked: AskedNow) -> Response:
    """Show the form of one action alone, to stand over a list."""
    case = case_of(asked, ref)
    form = _form(asked, case, action)
    if form is None:
        raise NotFound(what="动作", found=action[:40])
    return draw("matters/sheet.html", {**asked.frame(), "case": case, "form": form, "back": LIST})


@router.post("/matters/{ref}/do/{action}")
def act(ref: str, action: str, asked: AskedNow, posted: Posted) -> Response:
    """Do *action* on a matter, once for each key, only if the page it was pressed on still holds."""
    typed = typed_in(posted)
    if asked.actor is None:
        problem = plain_problem(403, "您现在没有岗位，办不了事。要加岗位，找安全管理员。")
        return answer(asked.request, replace(problem, kept=words_sent(asked.request)))
    if not typed.etag or not typed.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了版本号，请重新打开这件事再提交。"))
    taken = was_taken_before(asked, typed)
    try:
        case = _offered(asked, ref)
    except NotFound as error:  # it may have been given to another grid while this one was writing
        if taken:
            return lead_on(asked, f"{LIST}?done={action}&ref={ref}")
        return answer(asked.request, problem_of(error, kept=[Kept("你写的", text) for text in typed.values.values()]))
    try:
        typed = with_uploads(asked, typed, matter=case.id)
    except NotKept as stopped:
        return _refused(asked, ref, Tried(action, stopped.typed, stopped.refusal), status=stopped.status)
    lacking = None if taken else missing(_form(asked, case, action), typed)
    try:
        outcome = lacking or _press(asked, case, action=action, typed=typed)
    except SanlianError as error:
        labels = _labels(case)
        kept = [Kept(label, text) for label, text in kept_texts(typed, labels)]
        return answer(asked.request, problem_of(error, kept=kept))
    if isinstance(outcome, Refusal):
        return _refused(asked, ref, Tried(action, typed, outcome))
    back = posted.get("back") == LIST or not _sees(asked, case)
    then = f"{LIST}?done={action}&ref={case.ref}" if back else f"/matters/{case.ref}?done={action}"
    return lead_on(asked, then, etag=etag_after(outcome))


def _sees(asked: Asked, case: Offered) -> bool:
    """Whether the matter is still one of those seen here; its last action may have given it to another grid."""
    with asked.sanlian.uow.read() as tx:
        return bool(asked.sight.among(tx, (case.id,)))


def _press(asked: Asked, case: Offered, *, action: str, typed: Typed) -> Done | Refusal:
    assert asked.actor is not None  # the caller has seen it
    if typed.topic:
        asked.must_see(typed.topic)
    command = Act(
        matter=case.id, action=action, actor=asked.actor, values=values_of(typed),
        expect=typed.etag, seats=tuple(SeatAsked(seat=seat, unit=unit) for seat, unit in typed.seats),
        topic=typed.topic or None,
    )  # fmt: skip
    sanlian = asked.sanlian
    outcome = advance(
        sanlian.uow, [Entry(command, key=typed.key, pressed_at=typed.pressed_at)], now=asked.now, services=sanlian.door
    )[0]
    if isinstance(outcome, Done):
        asked.wake()
    if isinstance(outcome, Done | Refusal):
        return outcome
    raise Conflict(what="这件事正由别人办理，请刷新后再试。")


def _refused(asked: Asked, ref: str, tried: Tried, *, status: int | None = None) -> Response:
    case = case_of(asked, ref)
    status = status or _STATUS.get(tried.refusal.code, 409)
    notices = () if tried.refusal.code in _AT_FIELDS else (_refused_notice(asked, case, tried),)
    return _page(asked, case, notices=notices, opened=tried.action, tried=tried, status=status)


def _done_notice(case: CaseFile, action: str, label: str) -> Notice:
    latest = case.history[0] if case.history else None
    said = f"{latest.who} {latest.what}。" if latest is not None else ""
    title = f"「{label}」记下了" if label else "记下了"
    return Notice(
        kind="",
        title=title if action != "filed" else "报上去了，编号在上面",
        text=said,
        done=_DRAFTS.get(action, action),
    )


def _refused_notice(asked: Asked, case: CaseFile, tried: Tried) -> Notice:
    kept = tuple(Kept(f"你写的{label}", text) for label, text in kept_texts(tried.typed, _labels(case)))
    if tried.refusal.code != RefusalCode.STALE:
        return Notice(
            kind="over", title=tried.refusal.text, text="没有记下。你写的还在，没丢。" if kept else "", kept=kept
        )
    latest = case.history[0]
    words = asked.words
    return Notice(
        kind="over",
        title=f"你填的时候，{latest.who}刚刚{latest.what}（{words.past(latest.at)}）",
        text="没有记下。你写的还在，没丢。先看看现在的情况，再决定要不要提交。",
        kept=kept,
    )


def _labels(case: CaseFile | Offered) -> dict[str, str]:
    return {one.field: one.label for offer in case.offers for one in offer.asked}


def case_of(asked: Asked, ref: str) -> CaseFile:
    """Return the matter *ref* as the viewer sees it."""
    asked.require_content()
    with asked.sanlian.uow.read() as tx:
        return case_file(tx, ref, viewer=asked.actor, around=_around(asked, tx))


def _offered(asked: Asked, ref: str) -> Offered:
    asked.require_content()
    with asked.sanlian.uow.read() as tx:
        return offered_on(tx, ref, viewer=asked.actor, around=_around(asked, tx))


def _around(asked: Asked, tx: Any) -> Surroundings:
    return Surroundings(world=asked.world, flow_of=asked.flows_in(tx), catalogue={}, now=asked.now)


def _form(asked: Asked, case: CaseFile | Offered, action: str) -> Form | None:
    offer = next((one for one in case.offers if one.action == action), None)
    return _form_of(asked, case, offer, opened="", units=departments(asked)) if offer is not None else None


def _forms(asked: Asked, case: CaseFile | Offered, *, opened: str) -> tuple[Form, ...]:
    units = departments(asked)
    return tuple(_form_of(asked, case, offer, opened=opened, units=units) for offer in case.offers)


def _form_of(asked: Asked, case: CaseFile | Offered, offer: Offer, *, opened: str, units: Choices) -> Form:
    return form_of(
        offer,
        etag=case.etag,
        key=asked.sanlian.door.ids(),
        departments=units,
        topics=_topics(asked) if offer.waits_for is not None else (),
        known=case.fields,
        is_open=offer.action == opened,
    )


def departments(asked: Asked) -> Choices:
    """Return the departments a task may be given to."""
    units = asked.world.organisation.units.values()
    return tuple((unit.id, unit.name) for unit in units if unit.kind == UnitKind.DEPARTMENT)


def _topics(asked: Asked) -> Choices:
    with asked.sanlian.uow.read() as tx:
        return open_topics(tx, viewer=asked.actor, world=asked.world, flow_of=asked.flows_in(tx))


def _page(
    asked: Asked,
    case: CaseFile,
    *,
    notices: tuple[Notice, ...],
    opened: str,
    tried: Tried | None = None,
    status: int = 200,
) -> Response:
    forms = _forms(asked, case, opened=opened)
    if tried is not None:
        shown = tried.refusal if tried.refusal.code in _AT_FIELDS else None
        forms = tuple(filled(one, tried.typed, refusal=shown) if one.name == tried.action else one for one in forms)
    context: dict[str, Any] = {
        **asked.frame(), "case": case, "forms": forms, "notices": notices,
        "purposes": tuple((one.value, one.label) for one in Purpose), "look_key": asked.sanlian.door.ids(),
        "history": case.history[:HISTORY_SHOWN], "older": case.history[HISTORY_SHOWN:],
        "has_problems": any(form.problems for form in forms),
        "first_form": next((form for form in forms if form.name == case.first), None),
        "photos": case.photos,
        "viewer_label": asked.viewer.label if asked.viewer is not None else "",
    }  # fmt: skip
    return draw("matters/matter.html", context, status=status)
