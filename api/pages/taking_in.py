"""Take in what a caller tells: text, place, and who called, which goes into the vault apart from the matter."""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.dependencies import Asked, AskedNow, Posted, Viewer
from api.errors import Kept, answer, plain_problem, problem_of, words_sent
from api.pages.filing import demand_flow, field_in, place_field
from api.pages.forms import Field, Form, Typed, filled, kept_texts, missing, typed_in
from api.pages.guessing import GUESSED, Guess, guess, proposing
from api.pages.queued import lead_on
from api.pages.receipts import hand_over
from api.rendering import draw
from engine.core.command import File
from engine.core.decision import Refusal
from engine.core.matter import Value
from engine.core.terms import Ability, RefusalCode
from engine.core.workflow.declaration import Start, Workflow
from engine.errors import Conflict, SanlianError
from engine.services.advance import Done, Entry, advance
from engine.services.save import DemandGiven, ReporterGiven

router = APIRouter()

NAME, PHONE = "caller_name", "caller_phone"
_FORM = "call"
_MOST_NAME = 40
_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,19}")
_NOTHING = Guess()


@router.get("/dispatch/new")
def new(asked: AskedNow, filed: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the form; *filed* has just been taken in."""
    viewer = asked.require(Ability.DISPATCH)
    return _page(asked, _form(asked, viewer), filed=filed if _is_filed(asked, filed) else "")


def _is_filed(asked: Asked, number: str) -> bool:
    """Whether there is a demand with that number, among those seen here."""
    with asked.sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number) if number else None
        return demand is not None and bool(asked.sight.among(tx, (demand.matter,)))


@router.post("/dispatch/new")
def take_in(asked: AskedNow, posted: Posted) -> Response:
    """Take it in, once for each key; or only look what it is like (`look`)."""
    viewer = asked.require(Ability.DISPATCH)
    form, flow, typed = _form(asked, viewer), demand_flow(asked), typed_in(posted)
    if form.refused or flow is None:
        problem = replace(plain_problem(403, form.refused), kept=words_sent(asked.request))
        return answer(asked.request, problem)
    if "look" in posted:
        return _again(asked, flow, form, typed, guessed=posted.get(GUESSED))
    if not typed.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了编号，请重新打开「登记来电」再提交。"))
    refusal = missing(form, typed) or _bad_caller(typed)
    try:
        outcome = refusal or _take(asked, viewer, flow, form, typed)
    except SanlianError as error:
        labels = {one.name.removeprefix("f-"): one.label for one in form.fields}
        kept = [Kept(label, text) for label, text in kept_texts(typed, labels)]
        return answer(asked.request, problem_of(error, kept=kept))
    if isinstance(outcome, Refusal):
        return _again(asked, flow, form, typed, guessed=posted.get(GUESSED), refusal=outcome)
    asked.wake()
    taken = lead_on(asked, f"/dispatch/new?filed={outcome.number or outcome.matter.id}")
    # Of a call that waited for the network nobody is on the line any more, and the receipt of another would be lost.
    return taken if typed.pressed_at is not None else hand_over(asked, taken, outcome.matter)


def _bad_caller(typed: Typed) -> Refusal | None:
    phone = typed.values.get(PHONE, "").strip()
    if phone and not _PHONE.fullmatch(phone):
        return Refusal(RefusalCode.FIELD, "电话只写数字，例如 13800000000 或 010-60000000。", PHONE)
    if len(typed.values.get(NAME, "")) > _MOST_NAME:
        return Refusal(RefusalCode.FIELD, f"称呼最多 {_MOST_NAME} 字。", NAME)
    return None


def _take(asked: Asked, viewer: Viewer, flow: Workflow, form: Form, typed: Typed) -> Done | Refusal:
    values: dict[str, Value | list[str]] = {**typed.values}
    name, phone = str(values.pop(NAME, "")).strip(), str(values.pop(PHONE, "")).strip()
    place = str(values.pop("place", ""))
    sanlian = asked.sanlian
    command = File(
        matter=sanlian.door.ids(), district=sanlian.uow.district, workflow=flow.id, start=form.start,
        actor=viewer.actor, place=place, values=values,
    )  # fmt: skip
    reporters = (ReporterGiven(name=name or None, phone=phone or None),) if name or phone else ()
    demand = DemandGiven(channel=form.start, reporters=reporters)
    entry = Entry(command, key=typed.key, demand=demand, pressed_at=typed.pressed_at)
    outcome = advance(sanlian.uow, [entry], now=asked.now, services=sanlian.door)[0]
    if isinstance(outcome, Done | Refusal):
        return outcome
    raise Conflict(what="没有登记上，请再试一次。")


def _form(asked: Asked, viewer: Viewer) -> Form:
    blank = Form(name=_FORM, label="登记来电", button="登记", key=asked.sanlian.door.ids())
    flow = demand_flow(asked)
    start = _start(flow, viewer.actor.role) if flow is not None else None
    if flow is None or start is None:
        return replace(blank, refused=f"{viewer.label}不能替居民登记，网格化服务中心可以。")
    names = [*start.require, *start.optional]
    fields = [field_in(flow, name, required=name in start.require, form=_FORM) for name in names]
    caller = (
        Field(id=f"{_FORM}-name", name=f"f-{NAME}", label="怎么称呼", kind="text", required=False),
        Field(
            id=f"{_FORM}-phone", name=f"f-{PHONE}", label="回电号码", kind="phone", required=False,
            hint="单独存放，看一次记一次",
        ),
    )  # fmt: skip
    return replace(blank, start=start.id, fields=(*fields[:1], place_field(asked, form=_FORM), *caller, *fields[1:]))


def _start(flow: Workflow, role: str) -> Start | None:
    """The way in for somebody who tells it at the desk: one of *role* that brings no number of elsewhere."""
    return next((one for one in flow.starts.values() if role in one.by and not one.external), None)


def _again(
    asked: Asked, flow: Workflow, form: Form, typed: Typed, *, guessed: object, refusal: Refusal | None = None
) -> Response:
    """The page with what was written, what is wrong with it, and what it looks like."""
    found, proposed = guess(asked, typed, flow=flow, guessed_kind=guessed if isinstance(guessed, str) else "")
    shown = proposing(filled(form, proposed, refusal=refusal), found)
    return _page(asked, shown, found=found, status=422 if refusal is not None else 200)


def _page(asked: Asked, form: Form, *, found: Guess = _NOTHING, filed: str = "", status: int = 200) -> Response:
    context: dict[str, Any] = {
        **asked.frame("dispatch"), "form": form, "guess": found, "guessed_name": GUESSED, "filed": filed,
    }  # fmt: skip
    return draw("dispatch/new.html", context, status=status)
