"""The page of whoever reported a matter, opened by the code of its receipt; nobody signs in here."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, PostedByAnybody
from api.errors import Kept, answer, plain_problem, problem_of
from api.pages.done import done_word
from api.pages.forms import Form, Typed, filled, form_of, kept_texts, missing, typed_in, values_of
from api.pages.matters import Notice
from api.pages.receipts import AskedByAnybody, private, seen_in
from api.rendering import draw
from api.sessions import address_of
from engine.core.abilities import cover_of
from engine.core.command import Act
from engine.core.decision import Refusal
from engine.core.matter import Matter
from engine.core.offers import Offer
from engine.core.terms import BuiltIn, Covers, RefusalCode
from engine.errors import Conflict, NotFound, SanlianError, TooManyTries
from engine.services.advance import Done, Entry, advance
from engine.services.give_receipt import grouped, matter_of, normal_code
from engine.services.look_in import RATING, LookIn, reporter_of

router = APIRouter()

NOT_SATISFIED = "not"
AGAIN = "again"
NOTE = "note"
_MOST_TYPED = 40
_WRONG = "这个码打不开任何一件事：可能抄错了，也可能换过新的或者过期了。"
_NOT_STAFF = "你现在是以「{}」登录的。这一页的按钮由提诉求的人自己按：请居民用自己的手机打开。没有记下。"
_NO_CODE = "请填 12 个字的查询码，回执上有。"
_BUTTONS = {BuiltIn.NOTE.value: "补一句", BuiltIn.UNDO.value: "撤回刚才的"}
_LABELS = {"f-note": "想说的话"}
_WITHDRAW = "withdraw"
_LAST = {BuiltIn.NOTE.value: 1, _WITHDRAW: 2}
_DONE = {
    BuiltIn.UNDO.value: "撤回了，就当没有按过。办理过程里记着这一笔",
    BuiltIn.NOTE.value: "补上了，办理的岗位看得到",
}


@router.get("/track")
def ask(asked: AskedByAnybody) -> Response:
    """Show the form that asks for the code of a receipt."""
    return _ask(asked)


@router.post("/track")
def look_up(asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Lead to the page of a code that looks like one."""
    typed = str(posted.get("code", ""))[:_MOST_TYPED]
    code = normal_code(typed)
    if code is None:
        return _ask(asked, typed=typed, error=_NO_CODE, status=422)
    return private(RedirectResponse(f"/t/{code}", status_code=303))


@router.get("/t/{code}")
def page(code: str, asked: AskedByAnybody, done: str = "") -> Response:
    """Show the matter that the code opens."""
    matter = _matter(asked, code)
    if isinstance(matter, Response):
        return matter
    seen = seen_in(asked, matter)
    done = done_word(asked, done)
    return _page(asked, code, seen, notices=(_done(seen, done),) if done else ())


@router.post("/t/{code}/do/{action}")
def act(code: str, action: str, asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Do *action* as the reporter."""
    matter = _reporters_matter(asked, code)
    return matter if isinstance(matter, Response) else _act(asked, code, matter, action=action, typed=typed_in(posted))


@router.post("/t/{code}/rate")
def rate(code: str, asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Rate what was done; who is not satisfied may have it done again."""
    matter = _reporters_matter(asked, code)
    if isinstance(matter, Response):
        return matter
    typed = typed_in(posted)
    action = _rating_action(seen_in(asked, matter), matter, typed)
    if isinstance(action, Refusal):
        return _refused(asked, code, action="rate", typed=typed, refusal=action)
    grade, note = typed.values[RATING], typed.values.get(NOTE, "")
    with_note = grade == NOT_SATISFIED and typed.values.get(AGAIN) == "yes" and note
    values = {RATING: grade, **({NOTE: note} if with_note else {})}
    return _act(asked, code, matter, action=action, typed=replace(typed, values=values), shown_as="rate")


def _rating_action(seen: LookIn, matter: Matter, typed: Typed) -> str | Refusal:
    """The action that takes this rating; while one settles it is that one, so that a double press is one rating."""
    grade = typed.values.get(RATING, "")
    if not grade:
        return Refusal(RefusalCode.REQUIRED, "请选一个评价。", RATING)
    if seen.rating is None and matter.settling is not None:
        return matter.settling.action
    wants_again = grade == NOT_SATISFIED and typed.values.get(AGAIN) == "yes"
    rating = seen.rating
    action = None if rating is None else (rating.again if wants_again else None) or rating.agree or rating.again
    return action or Refusal(RefusalCode.NOT_HERE, f"这件事现在是「{seen.state}」，不用评价。")


def _matter(asked: Asked, code: str) -> Matter | Response:
    """The matter that a code opens, or the one answer to every code that opens nothing."""
    sanlian = asked.sanlian
    try:
        return matter_of(sanlian.uow, code, address=address_of(asked.request), now=asked.now, ids=sanlian.door.ids)
    except NotFound:
        return _ask(asked, typed=code[:_MOST_TYPED], error=_WRONG, status=404)
    except TooManyTries as error:
        return _ask(asked, typed=code[:_MOST_TYPED], error=str(error), status=429)


def _reporters_matter(asked: Asked, code: str) -> Matter | Response:
    """The same, but not for colleagues: who hands a receipt over could else rate the own work with it."""
    viewer = asked.viewer
    if viewer is not None and cover_of(viewer.actor.role, asked.flows) is not Covers.OWN:
        return private(answer(asked.request, plain_problem(403, _NOT_STAFF.format(viewer.label))))
    return _matter(asked, code)


def _ask(asked: Asked, *, typed: str = "", error: str = "", status: int = 200) -> Response:
    context = {**asked.frame(), "here": "/track", "typed": typed, "error": error}
    return private(draw("track/ask.html", context, status=status))


def _act(
    asked: Asked, code: str, matter: Matter, *, action: str, typed: Typed, shown_as: str | None = None
) -> Response:
    if not typed.etag or not typed.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了版本号，请重新打开再提交。"))
    seen = seen_in(asked, matter)
    form = next((one for one in _forms(asked, seen) if one.name == action), None)
    refusal = missing(form, typed)
    if refusal is None:
        try:
            refusal = _press(asked, matter, action=action, typed=typed)
        except SanlianError as error:
            kept = [Kept(label, text) for label, text in kept_texts(typed, _labels(seen))]
            return answer(asked.request, problem_of(error, kept=kept))
    if refusal is None:
        asked.wake()
        return private(RedirectResponse(f"/t/{normal_code(code)}?done={action}", status_code=303))
    return _refused(asked, code, action=shown_as or action, typed=typed, refusal=refusal)


def _press(asked: Asked, matter: Matter, *, action: str, typed: Typed) -> Refusal | None:
    sanlian = asked.sanlian
    with sanlian.uow.read() as tx:
        actor = reporter_of(matter, sanlian.door.shelf.workflow(tx, matter.digest))
    command = Act(matter=matter.id, action=action, actor=actor, values=values_of(typed), expect=typed.etag)
    outcome = advance(sanlian.uow, [Entry(command, key=typed.key)], now=asked.now, services=sanlian.door)[0]
    if isinstance(outcome, Done):
        return None
    if isinstance(outcome, Refusal):
        return outcome
    raise Conflict(what="这件事正由别人办理，请刷新后再试。")


def _refused(asked: Asked, code: str, *, action: str, typed: Typed, refusal: Refusal) -> Response:
    matter = _matter(asked, code)
    if isinstance(matter, Response):
        return matter
    seen = seen_in(asked, matter)
    status = {RefusalCode.REQUIRED: 422, RefusalCode.FIELD: 422, RefusalCode.STALE: 412}.get(refusal.code, 409)
    kept = tuple(Kept(f"你写的{label}", text) for label, text in kept_texts(typed, _labels(seen)) if label)
    notice = Notice(kind="over", title=refusal.text, text="没有记下。" if status != 422 else "", kept=kept)
    return _page(asked, code, seen, notices=(notice,), opened=action, typed=typed, refusal=refusal, status=status)


def _labels(seen: LookIn) -> dict[str, str]:
    asked_for = {one.field: one.label for offer in seen.offers for one in offer.asked}
    return {RATING: "", AGAIN: "", NOTE: "话", **asked_for}


def _done(seen: LookIn, action: str) -> Notice:
    latest = seen.told[0] if seen.told else None
    said = f"{latest.who}：{latest.what}。" if latest is not None and latest.is_own else ""
    return Notice(kind="", title=_DONE.get(action, "收到了"), text=said, done=action)


def _forms(asked: Asked, seen: LookIn, *, opened: str = "") -> tuple[Form, ...]:
    offers: tuple[Offer, ...] = (*seen.offers, *((seen.undo,) if seen.undo is not None else ()))
    made = (
        form_of(
            offer, etag=seen.etag, key=asked.sanlian.door.ids(), departments=(), topics=(), known={},
            is_open=offer.action == opened,
        )
        for offer in offers
    )  # fmt: skip
    return tuple(sorted((_for_residents(one) for one in made), key=lambda one: _LAST.get(one.name, 0)))


def _for_residents(form: Form) -> Form:
    """The same form in words for whoever is no colleague."""
    fields = tuple(replace(one, label=_LABELS.get(one.name, one.label)) for one in form.fields)
    label = _BUTTONS.get(form.name, form.label)
    return replace(form, label=label, button=label, fields=fields)


def _page(
    asked: Asked,
    code: str,
    seen: LookIn,
    *,
    notices: tuple[Notice, ...] = (),
    opened: str = "",
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> Response:
    forms = _forms(asked, seen, opened=opened)
    known = normal_code(code) or ""
    if typed is not None:
        shown = refusal if status == 422 else None
        forms = tuple(filled(one, typed, refusal=shown) if one.name == opened else one for one in forms)
    context: dict[str, Any] = {
        **asked.frame(), "here": f"/t/{known}", "path": f"/t/{known}", "code": grouped(known), "seen": seen,
        "forms": tuple(one for one in forms if one.name != BuiltIn.UNDO),
        "undo": next((one for one in forms if one.name == BuiltIn.UNDO), None),
        "notices": notices, "typed": typed.values if typed is not None and opened == "rate" else {},
        "rate_error": refusal.text if refusal is not None and opened == "rate" and status == 422 else "",
        "key": asked.sanlian.door.ids(), "has_problems": status == 422,
    }  # fmt: skip
    return private(draw("track/page.html", context, status=status))
