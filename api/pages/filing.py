"""File a demand: only what happened must be told; place, category and kind are proposed or may stay empty."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.dependencies import Asked, AskedNow, Posted
from api.errors import Kept, answer, plain_problem, problem_of, words_sent
from api.pages.forms import Choices, Field, Form, Typed, field_of, filled, kept_texts, missing, typed_in, values_of
from api.pages.guessing import (
    CATEGORY,
    DETAIL,
    GUESSED,
    Guess,
    building_field,
    grids_of,
    guess,
    proposing,
    with_building,
)
from api.pages.queued import lead_on
from api.pages.receipts import PATH as RECEIPT
from api.pages.receipts import hand_over
from api.rendering import draw
from engine.core.command import File
from engine.core.decision import Refusal
from engine.core.offers import Asked as FieldAsked
from engine.core.terms import Covers, MatterKind, UnitKind
from engine.core.workflow.declaration import FieldRule, Start, Workflow
from engine.errors import Conflict, SanlianError
from engine.services.advance import Done, Entry, advance
from engine.services.save import DemandGiven, ReporterGiven

router = APIRouter()

_STARTS = {"resident": "居民提出", "patrol": "巡查发现", "council": "议事会提出", "hotline": "热线转来"}
_INTRO = "写清什么事就行，别的按你写的先选好，不对再改。"
_NUMBER = "external"
_NOTHING_GUESSED = Guess()


@router.get("/matters/new")
def new(asked: AskedNow, start: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the form of filing."""
    asked.require_content()
    return _page(asked, _form(asked, start))


@router.post("/matters/new")
def file(asked: AskedNow, posted: Posted) -> Response:
    """File the demand that was written, once for each key; or only look what it is like (`look`)."""
    written = typed_in(posted)
    chosen = posted.get("start")
    form = _form(asked, chosen if isinstance(chosen, str) else "")
    if form.refused:
        problem = replace(plain_problem(403, form.refused), kept=words_sent(asked.request))
        return answer(asked.request, problem)
    if "look" in posted:
        found, proposed = _guess(asked, written, posted.get(GUESSED))
        return _page(asked, proposing(filled(form, proposed), found), found=found)
    if not written.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了编号，请重新打开「报一件」再提交。"))
    typed = with_building(asked, written)
    refusal = missing(form, typed)
    if refusal is None:
        try:
            outcome = _file(asked, form, typed)
        except SanlianError as error:
            labels = {one.name.removeprefix("f-"): one.label for one in form.fields}
            kept = [Kept(label, text) for label, text in kept_texts(typed, labels)]
            return answer(asked.request, problem_of(error, kept=kept))
        if isinstance(outcome, Done):
            asked.wake()
            return _filed(asked, outcome, typed)
        refusal = outcome
    return _again(asked, form, written, refusal=refusal, guessed_kind=posted.get(GUESSED))


def _filed(asked: Asked, done: Done, typed: Typed) -> Response:
    """A resident goes on to the receipt; staff to the matter, with the receipt to hand over to who stands there."""
    role = asked.viewer.actor.role if asked.viewer is not None else ""
    is_resident = any(role in flow.roles and flow.roles[role].covers is Covers.OWN for flow in asked.flows)
    there = RECEIPT if is_resident else f"/matters/{done.number or done.matter.id}?done=filed"
    waited = typed.pressed_at is not None and not is_resident
    return lead_on(asked, there) if waited else hand_over(asked, lead_on(asked, there), done.matter)


def _again(asked: Asked, form: Form, written: Typed, *, refusal: Refusal, guessed_kind: object) -> Response:
    """The page with what was written, what is wrong with it, and what it looks like."""
    found, proposed = _guess(asked, written, guessed_kind)
    now_complete = missing(form, with_building(asked, proposed)) is None
    if CATEGORY not in written.values and CATEGORY in proposed.values and now_complete:
        return _page(asked, proposing(filled(form, proposed), found), found=found, look_first=True)
    return _page(asked, proposing(filled(form, proposed, refusal=refusal), found), found=found, status=422)


def _guess(asked: Asked, written: Typed, guessed_kind: object) -> tuple[Guess, Typed]:
    flow = demand_flow(asked)
    assert flow is not None  # without a flow the form is refused, and the caller has looked
    before = guessed_kind if isinstance(guessed_kind, str) else ""
    return guess(asked, written, flow=flow, guessed_kind=before)


def _file(asked: Asked, form: Form, typed: Typed) -> Done | Refusal:
    flow = demand_flow(asked)
    viewer = asked.viewer
    assert flow is not None  # without a flow or a post the form is refused, and the caller has looked
    assert viewer is not None  # the same
    values = values_of(typed)
    place = str(values.pop("place", ""))
    typed_number = str(values.pop(_NUMBER, "")) or None
    number = typed_number if flow.starts[form.start].external else None
    is_resident = flow.roles[viewer.actor.role].covers is Covers.OWN
    sanlian = asked.sanlian
    command = File(
        matter=sanlian.door.ids(), district=sanlian.uow.district, workflow=flow.id, start=form.start,
        actor=viewer.actor, place=place, values=values, reporter=viewer.actor if is_resident else None,
    )  # fmt: skip
    reporters = (ReporterGiven(person=viewer.actor.person),) if is_resident else ()
    demand = DemandGiven(channel=form.start, reporters=reporters, external_number=number)
    outcome = advance(
        sanlian.uow,
        [Entry(command, key=typed.key, demand=demand, pressed_at=typed.pressed_at)],
        now=asked.now,
        services=sanlian.door,
    )[0]
    if isinstance(outcome, Done | Refusal):
        return outcome
    raise Conflict(what="没有报上去，请再试一次。")


def demand_flow(asked: Asked) -> Workflow | None:
    """Return the flow that demands take."""
    return next((flow for flow in asked.flows if flow.matter == MatterKind.DEMAND and flow.levels), None)


def _starts(flow: Workflow, role: str) -> tuple[Start, ...]:
    return tuple(start for start in flow.starts.values() if not start.by or role in start.by)


def _form(asked: Asked, chosen: str) -> Form:
    blank = Form(name="new", label="报一件", button="报上去", key=asked.sanlian.door.ids())
    flow, viewer = demand_flow(asked), asked.viewer
    if flow is None:
        return replace(blank, refused="还没有发布诉求的流程。")
    if viewer is None:
        return replace(blank, refused="您现在没有岗位，报不了。要加岗位，找安全管理员。")
    starts = _starts(flow, viewer.actor.role)
    if not starts:
        return replace(blank, refused=f"{viewer.label}不能报诉求，居民、网格员、社区专干和服务中心可以。")
    start = next((one for one in starts if one.id == chosen), starts[0])
    return replace(blank, start=start.id, fields=_fields(asked, flow, start, starts))


def _fields(asked: Asked, flow: Workflow, start: Start, starts: tuple[Start, ...]) -> tuple[Field, ...]:
    fields = []
    if len(starts) > 1:
        choices = tuple((one.id, _STARTS.get(one.id, one.id)) for one in starts)
        fields.append(
            Field(
                id="new-start",
                name="start",
                label="怎么来的",
                kind="radio",
                required=True,
                values=(start.id,),
                choices=choices,
            )
        )
    asked_for = [field_in(flow, name, required=name in start.require) for name in (*start.require, *start.optional)]
    first = [one for one in asked_for if one.name == f"f-{DETAIL}"]
    building = building_field(asked, form="new")
    fields = [*first, *fields, place_field(asked), *([building] if building is not None else [])]
    fields += [one for one in asked_for if one not in first]
    if start.external:
        fields.append(Field(id="new-external", name=f"f-{_NUMBER}", label="来单编号", kind="text", required=False))
    return tuple(fields)


def field_in(flow: Workflow, name: str, *, required: bool, form: str = "new") -> Field:
    """Return the field *name* of *flow* as the form asks for it, with its default."""
    rule = flow.fields[name]
    field = field_of(_asked_of(rule, required=required), form=form, units=())
    return replace(field, values=(str(rule.default),), value=str(rule.default)) if rule.default else field


def _asked_of(rule: FieldRule, *, required: bool) -> FieldAsked:
    choices = tuple(
        (one, rule.choice_labels[one].zh if one in rule.choice_labels else one) for one in rule.choices or ()
    )
    return FieldAsked(
        field=rule.id, label=rule.label.zh, type=rule.type, required=required, minimum=rule.minimum,
        maximum=rule.maximum, choices=choices,
    )  # fmt: skip


def place_field(asked: Asked, *, form: str = "new") -> Field:
    """Return the field of the place: the grids the viewer may report for, by community."""
    organisation = asked.world.organisation
    groups: dict[str, list[tuple[str, str]]] = {}
    every = grids_of(asked)
    for grid in every:
        community = organisation.unit_above(grid, UnitKind.COMMUNITY.value)
        name = organisation.units[community].name if community is not None else ""
        groups.setdefault(name, []).append((grid, organisation.units[grid].name))
    choices: tuple[tuple[str, Choices], ...] = tuple((name, tuple(grids)) for name, grids in groups.items())
    only = (every[0],) if len(every) == 1 else ()
    return Field(
        id=f"{form}-place",
        name="f-place",
        label="在哪个网格",
        kind="select",
        required=True,
        groups=choices,
        values=only,
    )


def _page(
    asked: Asked, form: Form, *, found: Guess = _NOTHING_GUESSED, look_first: bool = False, status: int = 200
) -> Response:
    context: dict[str, Any] = {
        **asked.frame("new"), "form": form, "intro": _INTRO, "after": _after(asked, form), "guess": found,
        "look_first": look_first, "guessed_name": GUESSED,
    }  # fmt: skip
    return draw("matters/new.html", context, status=status)


def _after(asked: Asked, form: Form) -> str:
    flow = demand_flow(asked)
    if flow is None or form.start not in flow.starts:
        return ""
    first = next(iter(flow.starts[form.start].to.states[::-1]))
    state = flow.states[first]
    holder = flow.roles[state.held_by].label.zh if state.held_by is not None else "办理的岗位"
    return f"先到「{state.label.zh}」，轮到{holder}。编号马上就有，随时可以看到哪一步了。"
