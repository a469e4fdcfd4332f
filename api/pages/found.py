"""Found on patrol and fixed on the spot: a photo, what it was, done."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.dependencies import Asked, AskedNow, Posted
from api.errors import Kept, answer, plain_problem, problem_of, words_sent
from api.pages.filing import demand_flow, field_in, place_field
from api.pages.forms import Form, Typed, filled, kept_texts, missing, typed_in, values_of
from api.pages.guessing import CATEGORY, DETAIL, KIND, PLACE, Guess, building_field, guess, proposing, with_building
from api.pages.queued import lead_on
from api.pages.uploads import NotKept, with_uploads
from api.rendering import draw
from engine.core.decision import Refusal
from engine.core.terms import Ability
from engine.core.workflow.declaration import Workflow
from engine.errors import SanlianError
from engine.services.found import Way, file_found, way_of

router = APIRouter()

FOUND = "/work/found"
NOTE = "note"
DONE_WORDS = "当场办好了。"


@router.get(FOUND)
def found(asked: AskedNow) -> Response:
    """Show the form."""
    asked.require(Ability.FILE)
    flow, way = _way(asked)
    return _page(asked, _form(asked, flow, way))


@router.post(FOUND)
def hand_in(asked: AskedNow, posted: Posted) -> Response:
    """File and hand in what was found, once for each key; or only look what it is like (`look`)."""
    asked.require(Ability.FILE)
    flow, way = _way(asked)
    form = _form(asked, flow, way)
    if flow is None or way is None:
        problem = replace(plain_problem(403, form.refused), kept=words_sent(asked.request))
        return answer(asked.request, problem)
    typed = typed_in(posted)
    if "look" in posted:
        return _again(asked, flow, form, typed)
    if not typed.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了编号，请重新打开「边巡边办」再提交。"))
    try:
        typed = with_uploads(asked, typed, matter=None)
    except NotKept as stopped:
        return _again(asked, flow, form, stopped.typed, refusal=stopped.refusal, status=stopped.status)
    whole = with_building(asked, typed)
    lacking = missing(form, whole)
    if lacking is not None:
        return _again(asked, flow, form, typed, refusal=lacking)
    try:
        outcome = _take(asked, flow, way, whole)
    except SanlianError as error:
        labels = {one.name.removeprefix("f-"): one.label for one in form.fields}
        kept = [Kept(label, text) for label, text in kept_texts(typed, labels)]
        return answer(asked.request, problem_of(error, kept=kept))
    if isinstance(outcome, Refusal):
        return _again(asked, flow, form, typed, refusal=outcome)
    return lead_on(asked, f"/work?done=found&ref={outcome}")


def _take(asked: Asked, flow: Workflow, way: Way, typed: Typed) -> str | Refusal:
    actor = asked.actor
    assert actor is not None  # somebody with the ability to file
    values = values_of(typed)
    place = str(values.pop(PLACE, ""))
    sanlian = asked.sanlian
    done = file_found(
        sanlian.uow, flow, way, actor=actor, place=place, values=values, key=typed.key, now=asked.now,
        services=sanlian.door, pressed_at=typed.pressed_at,
    )  # fmt: skip
    if isinstance(done, Refusal):
        return done
    asked.wake()
    return done.number or done.matter.id


def _way(asked: Asked) -> tuple[Workflow | None, Way | None]:
    flow = demand_flow(asked)
    way = way_of(flow, asked.actor.role) if flow is not None and asked.actor is not None else None
    return flow, way


def may_find(asked: Asked) -> bool:
    """Whether the viewer's post has a way to file what it fixed itself."""
    return _way(asked)[1] is not None


def _form(asked: Asked, flow: Workflow | None, way: Way | None) -> Form:
    blank = Form(name="found", label="边巡边办", button="办好了，交上去", key=asked.sanlian.door.ids())
    if flow is None or way is None:
        return replace(blank, refused="边巡边办是网格员用的，你可以用「报一件」。")
    fields = [field_in(flow, name, required=True, form="found") for name in way.fields]
    fields = [replace(one, value=DONE_WORDS) if one.name == f"f-{NOTE}" else one for one in fields]
    photos = [replace(one, capture=True, label="拍一张") for one in fields if one.kind == "file"]
    words = [one for one in fields if one.kind != "file"]
    building = building_field(asked, form="found")
    place = place_field(asked, form="found")
    where = [building] if building is not None else []
    return replace(blank, start=way.start.id, fields=(*photos, *words[:1], place, *where, *words[1:]))


def _again(
    asked: Asked, flow: Workflow, form: Form, typed: Typed, *, refusal: Refusal | None = None, status: int = 422
) -> Response:
    """The page with what was written, what is wrong with it, and what it looks like."""
    looks_like, proposed = guess(asked, typed, flow=flow, guessed_kind="")
    proposed = replace(proposed, values={name: value for name, value in proposed.values.items() if name != KIND})
    guessed_now = CATEGORY in proposed.values and CATEGORY not in typed.values
    if refusal is not None and guessed_now and missing(form, with_building(asked, proposed)) is None:
        return _page(asked, proposing(filled(form, proposed), looks_like), found=looks_like, look_first=True)
    shown = proposing(filled(form, proposed, refusal=refusal), looks_like)
    return _page(asked, shown, found=looks_like, status=200 if refusal is None else status)


_NOTHING = Guess()


def _page(
    asked: Asked, form: Form, *, found: Guess = _NOTHING, look_first: bool = False, status: int = 200
) -> Response:
    one_place = next((one for one in form.fields if one.name == f"f-{PLACE}" and len(one.values) == 1), None)
    context: dict[str, Any] = {
        **asked.frame("work"), "form": form, "guess": found, "look_first": look_first,
        "detail": f"f-{DETAIL}", "category": f"f-{CATEGORY}", "place": f"f-{PLACE}",
        "hide_place": one_place is not None,
    }  # fmt: skip
    return draw("work/found.html", context, status=status)
