"""Erase what a demand holds of people: asked for from its page, decided by the security administrator."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, AskedNow, Posted, as_viewer
from api.errors import answer, problem_of
from api.rendering import draw
from engine.core.matter import Actor
from engine.core.terms import Ability, ErasurePart, ErasureReason, ErasureState
from engine.errors import BadInput, Conflict
from engine.services.ask_erasure import (
    Wish,
    agree,
    ask,
    look,
    must_be_asked,
    read_wanted,
    refuse,
    wishes,
    wishes_of,
    withdraw,
)
from engine.services.case_file import find
from engine.services.naming import place_name
from engine.services.say_erased import counted

router = APIRouter()

PATH = "/erasures"
SECTION = "erasures"
_DONE = {
    "agreed": "删去了", "refused": "没有同意，什么都没有删", "asked": "申请交上去了，等安全管理员同意",
    "withdrawn": "撤回了",
}  # fmt: skip
Done = Annotated[str, Query(max_length=20)]


@router.get(PATH)
def show_wishes(asked: AskedNow, done: Done = "") -> Response:
    """Show what waits for a decision and what was decided: which demand, what of it and why, and nothing it says."""
    asked.require(Ability.ERASURES)
    return _decisions(asked, done=_DONE.get(done, ""))


@router.post(f"{PATH}/{{wish_id}}/agree")
def press_agree(wish_id: str, asked: AskedNow, posted: Posted) -> Response:
    """Agree: what was asked for goes at once and for good."""
    by = asked.require(Ability.ERASURES).actor
    asked.require_fresh()
    sure = posted.get("sure") == "yes"
    if not sure:
        must_be_asked(asked.sanlian.uow, wish_id)
        return _decisions(asked, error="先勾上「知道删了找不回来」，再按。", target=f"sure-{wish_id}", status=422)
    try:
        agree(asked.sanlian.uow, wish_id, by=by, now=asked.now, services=asked.sanlian.door)
    except Conflict as error:
        return _decisions(asked, error=str(error), status=409)
    return RedirectResponse(f"{PATH}?done=agreed", status_code=303)


@router.post(f"{PATH}/{{wish_id}}/refuse")
def press_refuse(wish_id: str, asked: AskedNow, posted: Posted) -> Response:
    """Say no: nothing goes."""
    del posted
    by = asked.require(Ability.ERASURES).actor
    asked.require_fresh()
    try:
        refuse(asked.sanlian.uow, wish_id, by=by, now=asked.now)
    except Conflict as error:
        return _decisions(asked, error=str(error), status=409)
    return RedirectResponse(f"{PATH}?done=refused", status_code=303)


@router.get("/matters/{ref}/erase")
def show_asking(ref: str, asked: AskedNow, done: Done = "") -> Response:
    """Show what could be erased of a demand, what stays, and what was asked for before."""
    _seen(asked, ref)
    return _asking(asked, ref, done=_DONE.get(done, ""))


@router.post("/matters/{ref}/erase")
def press_ask(ref: str, asked: AskedNow, posted: Posted) -> Response:
    """Ask for an erasure; nothing goes before somebody else has agreed."""
    by = _seen(asked, ref)
    asked.require_fresh()
    chosen = [str(one) for one in posted.getlist("part")]
    try:
        wanted = read_wanted(chosen, str(posted.get("reason", "")))
    except BadInput:
        target, said = ("part", "选要删哪些。") if not chosen else ("reason", "选为什么删。")
        return _asking(asked, ref, typed=posted, error=said, target=target, status=422)
    sanlian = asked.sanlian
    try:
        ask(sanlian.uow, ref, wanted, by=by, ids=sanlian.door.ids, now=asked.now, services=sanlian.door)
    except Conflict as error:
        return _asking(asked, ref, typed=posted, error=str(error), status=409)
    return RedirectResponse(f"/matters/{quote(ref)}/erase?done=asked", status_code=303)


@router.post("/matters/{ref}/erase/withdraw")
def press_withdraw(ref: str, asked: AskedNow, posted: Posted) -> Response:
    """Take the own wish about a demand back."""
    del posted
    by = _seen(asked, ref)
    sanlian = asked.sanlian
    waiting = _waiting(wishes_of(sanlian.uow, ref, services=sanlian.door))
    if waiting is not None:
        try:
            withdraw(sanlian.uow, waiting.erasure.id, by=by, now=asked.now)
        except Conflict as error:
            return answer(asked.request, problem_of(error))
    return RedirectResponse(f"/matters/{quote(ref)}/erase?done=withdrawn", status_code=303)


def _seen(asked: Asked, ref: str) -> Actor:
    """Return who asks, once sure that they may, and that they see the demand with all that was opened for it."""
    by = asked.require(Ability.ERASE).actor
    with asked.sanlian.uow.read() as tx:
        asked.sight.must_see(tx, find(tx, find(tx, ref).root), asked=ref)
    return by


def _waiting(found: tuple[Wish, ...]) -> Wish | None:
    return next((one for one in found if one.state is ErasureState.WAITING), None)


def _decisions(asked: Asked, *, done: str = "", error: str = "", target: str = "", status: int = 200) -> Response:
    found = wishes(asked.sanlian.uow, services=asked.sanlian.door)
    context = {
        **asked.frame(SECTION), "done": done, "error": error, "target": target,
        "waiting": [_told(asked, one) for one in found if one.state is ErasureState.WAITING],
        "decided": [_told(asked, one) for one in found if one.state is not ErasureState.WAITING],
    }  # fmt: skip
    return draw("erasures/list.html", context, status=status)


def _asking(
    asked: Asked, ref: str, *, done: str = "", typed: FormData | None = None, error: str = "", target: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    sanlian = asked.sanlian
    there = look(sanlian.uow, ref, services=sanlian.door)
    found = wishes_of(sanlian.uow, ref, services=sanlian.door)
    waiting = _waiting(found)
    context = {
        **asked.frame("all"), "ref": ref, "done": done, "error": error, "target": target,
        "is_open": there.matter.is_open,
        "place": place_name(there.matter.place, asked.world.organisation),
        "parts": [
            (part.value, counted({part: there.count(part)}) or f"{part.label}（没有）", there.has((part,)))
            for part in ErasurePart
        ],
        "chosen": tuple(typed.getlist("part")) if typed is not None else tuple(part.value for part in ErasurePart),
        "reasons": tuple((one.value, one.label) for one in ErasureReason),
        "reason": str(typed.get("reason", "")) if typed is not None else "",
        "waiting": _told(asked, waiting) if waiting is not None else None,
        "is_mine": waiting is not None and asked.actor is not None
        and waiting.erasure.asked_person == asked.actor.person,
        "before": [_told(asked, one) for one in found if one.state is not ErasureState.WAITING],
        "is_left": there.has(tuple(ErasurePart)),
    }  # fmt: skip
    return draw("erasures/ask.html", context, status=status)


def _told(asked: Asked, wish: Wish) -> dict[str, Any]:
    """A wish in words; nothing of what the demand says."""
    row, organisation = wish.erasure, asked.world.organisation
    return {
        "id": row.id, "number": wish.number or row.matter, "place": place_name(wish.held.matter.place, organisation),
        "what": "、".join(part.label for part in wish.parts),
        "there": counted({part: wish.held.count(part) for part in wish.parts}), "reason": wish.reason.label,
        "state": wish.state.label, "is_open": wish.held.matter.is_open,
        "asked_by": _post(asked, row.asked_post, row.asked_role), "asked_at": row.asked_at,
        "decided_at": row.decided_at,
    }  # fmt: skip


def _post(asked: Asked, post: str, role: str) -> str:
    """A post in words: its unit and its role, an office by itself."""
    known = asked.world.organisation.posts.get(post)
    if known is None:
        return role
    return as_viewer(known, organisation=asked.world.organisation, flows=asked.flows).label
