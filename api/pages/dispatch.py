"""Take-in and dispatch: what waits for the centre's decision, a form in each row, several rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, AskedNow, Posted, Viewer
from api.errors import answer, plain_problem
from api.pages.forms import Choices, Form, Typed, field_of, filled, key_in, missing, typed_in
from api.pages.posted import text_of
from api.pages.pressing import Press, press, press_together
from api.rendering import draw
from engine.core.decision import Refusal
from engine.core.matter import Matter
from engine.core.offers import SeatOffered
from engine.core.terms import Ability, RefusalCode, UnitKind
from engine.core.workflow.declaration import Workflow
from engine.services.advance import Done
from engine.services.dispatching import REASONS, Table, Waiting, waiting_table
from engine.services.naming import unit_name

router = APIRouter()

_STATUS = {RefusalCode.STALE: 412, RefusalCode.REQUIRED: 422, RefusalCode.FIELD: 422}
_PICK, _ETAG = "pick", "etag-"
_MOST_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class SeatChoice:
    """The unit to choose in a row: the proposed ones with the digit that chooses each, then all others."""

    name: str
    label: str
    proposed: tuple[tuple[int, str, str], ...]
    others: Choices
    chosen: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as it is drawn; `said` is what happened to it just now."""

    waiting: Waiting
    reason: str
    form: Form | None
    seat: SeatChoice | None
    said: str
    focus: bool

    @property
    def is_plain(self) -> bool:
        """Whether its form needs nothing to be written."""
        return self.form is not None and not self.form.fields


@dataclass(frozen=True, slots=True)
class Tried:
    """A press that was not taken."""

    matter: str
    typed: Typed
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says first, and whether it is good news."""

    title: str
    ref: str = ""
    lines: tuple[str, ...] = ()
    is_bad: bool = False


@router.get("/dispatch")
def dispatch(
    asked: AskedNow,
    why: Annotated[str, Query(max_length=20)] = "",
    at: Annotated[str, Query(max_length=80)] = "",
    done: Annotated[str, Query(max_length=80)] = "",
    do: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Show the table; *at* takes the focus, *done* is the number of what an action (*do*) has just sent on."""
    viewer = asked.require(Ability.DISPATCH)
    return _page(asked, viewer, why=why, focus=at, told=_told(asked, done, action=do) if done else None)


def _told(asked: Asked, number: str, *, action: str) -> Told | None:
    """Where the demand with that number has gone, as it now stands; nothing of one that is not seen here."""
    with asked.sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        stored = tx.matters.get(demand.matter) if demand is not None else None
        if stored is None or not asked.sight.among(tx, (stored.matter.id,)):
            return None
        flow = asked.flows_in(tx)(stored.matter.digest)
    return Told(title=f"{number} {_went_to(asked, stored.matter, flow, action=action)}", ref=number)


@router.post("/dispatch/{matter}/do/{action}")
def do(matter: str, action: str, asked: AskedNow, posted: Posted) -> Response:
    """Do *action* from the row of *matter*, then go on to the next row."""
    viewer = asked.require(Ability.DISPATCH)
    typed, why = typed_in(posted), _text(posted, "why")
    if not typed.etag or not typed.key:
        return answer(asked.request, plain_problem(428, "这个页面缺了版本号，请重新打开「受理派单」再提交。"))
    refusal = missing(_form_pressed(asked, viewer, matter, why=why, action=action), typed)
    outcome: Done | Refusal = refusal or press(
        asked, viewer.actor, Press(matter=matter, action=action, etag=typed.etag, key=typed.key), typed=typed
    )
    if isinstance(outcome, Done):
        given = {"why": why, "at": _text(posted, "next"), "done": _text(posted, "ref"), "do": action}
        query = urlencode({name: value for name, value in given.items() if value})
        return RedirectResponse(f"/dispatch?{query}#r-{given['at']}", status_code=303)
    status = _STATUS.get(outcome.code, 409)
    return _page(asked, viewer, why=why, focus=matter, tried=Tried(matter, typed, outcome), status=status)


@router.post("/dispatch/together")
def together(asked: AskedNow, posted: Posted) -> Response:
    """Do one action on every row that is ticked; each by itself, and what could not be done says why."""
    viewer = asked.require(Ability.DISPATCH)
    why, action, key = _text(posted, "why"), _text(posted, "action"), key_in(posted)
    picked = [one for one in posted.getlist(_PICK) if isinstance(one, str)][:_MOST_TOGETHER]
    if not key:
        return answer(asked.request, plain_problem(428, "这个页面缺了版本号，请重新打开「受理派单」再提交。"))
    if not picked or not action:
        return _page(asked, viewer, why=why, told=Told(title="先勾选要一起办的，再选怎么办。", is_bad=True), status=422)
    rows = {one.id: one for one in _table(asked, viewer, why="").rows}
    able = [one for one in picked if one in rows and action in rows[one].at_once]
    wanted = [Press(one, action, _text(posted, f"{_ETAG}{one}"), f"{key}-{one}") for one in able]
    outcomes = dict(zip(able, press_together(asked, viewer.actor, wanted), strict=True)) if wanted else {}
    lines = tuple(_line(one, rows.get(one), outcomes.get(one)) for one in picked)
    done = sum(isinstance(one, Done) for one in outcomes.values())
    told = Told(title=f"一起办：{done} 件办好了，{len(picked) - done} 件没有", lines=lines, is_bad=done < len(picked))
    return _page(asked, viewer, why=why, told=told)


def _line(matter: str, row: Waiting | None, outcome: Done | Refusal | None) -> str:
    number = row.row.number if row is not None else matter
    if isinstance(outcome, Done):
        return f"{number}：办好了。"
    if isinstance(outcome, Refusal):
        return f"{number}：{outcome.text}"
    return f"{number}：这一件不能这样一起办，请单独打开。" if row is not None else f"{number}：刚刚已经不在这张表上了。"


def _went_to(asked: Asked, matter: Matter, flow: Workflow, *, action: str) -> str:
    """Where it went, in words: the unit of a new task, another grid, else the step."""
    fresh = [seat.unit for seat in matter.seats.values() if seat.outcome is None]
    if fresh:
        return f"派给了{unit_name(fresh[-1], asked.world.organisation)}"
    moved = flow.actions_of(matter.state).get(action)
    if moved is not None and moved.place_from is not None:
        return f"派到了{unit_name(matter.place, asked.world.organisation)}"
    return f"到了「{flow.states[matter.state].label.zh}」"


def _text(posted: Posted, name: str) -> str:
    return text_of(posted, name)[:200]


def _table(asked: Asked, viewer: Viewer, *, why: str) -> Table:
    with asked.sanlian.uow.read() as tx:
        return waiting_table(
            tx, viewer.actor, reason=why, world=asked.world, flows=asked.flows,
            flow_of=asked.flows_in(tx), now=asked.now,
        )  # fmt: skip


def _form_pressed(asked: Asked, viewer: Viewer, matter: str, *, why: str, action: str) -> Form | None:
    row = next((one for one in _table(asked, viewer, why=why).rows if one.id == matter), None)
    form = _form(row, asked) if row is not None else None
    return form if form is not None and form.name == action else None


def _form(row: Waiting, asked: Asked) -> Form | None:
    """The form that settles a row: its fields, its unit apart."""
    if row.form is None:
        return None
    # Each row has its own ids, so that a label leads to its own field.
    fields = tuple(field_of(one, form=f"r-{row.id}", units=()) for one in row.form.asked if one.required)
    return Form(
        name=row.form.action, label=row.form.label, button=row.form.label, etag=row.etag,
        key=asked.sanlian.door.ids(), fields=fields,
    )  # fmt: skip


def _seat(row: Waiting, asked: Asked, typed: Typed | None) -> SeatChoice | None:
    if row.form is None or not row.form.seats:
        return None
    seat: SeatOffered = row.form.seats[0]
    known = {unit for unit, _ in row.suggested}
    units = asked.world.organisation.units.values()
    typed_unit = next((unit for name, unit in typed.seats if name == seat.seat), "") if typed is not None else ""
    return SeatChoice(
        name=f"seat-{seat.seat}", label="给哪个单位",
        proposed=tuple((n, unit, name) for n, (unit, name) in enumerate(row.suggested, start=1)),
        others=tuple((u.id, u.name) for u in units if u.kind == UnitKind.DEPARTMENT and u.id not in known),
        chosen=typed_unit or seat.default or "",
    )  # fmt: skip


def _rows(asked: Asked, table: Table, *, focus: str, tried: Tried | None) -> list[RowView]:
    words: Mapping[str, str] = dict(REASONS)
    ids = [row.id for row in table.rows]
    wanted = focus if focus in ids else (ids[0] if ids and focus else "")
    return [_row(asked, row, words[row.reason], focus=row.id == wanted, tried=tried) for row in table.rows]


def _row(asked: Asked, row: Waiting, reason: str, *, focus: bool, tried: Tried | None) -> RowView:
    mine = tried if tried is not None and tried.matter == row.id else None
    form = _form(row, asked)
    if form is not None and mine is not None:
        form = filled(
            form, mine.typed, refusal=mine.refusal if mine.refusal.field or "\n" in mine.refusal.text else None
        )
    return RowView(
        waiting=row, reason=reason, form=form, seat=_seat(row, asked, mine.typed if mine is not None else None),
        said=f"没有办成：{mine.refusal.text}" if mine is not None else "", focus=focus,
    )  # fmt: skip


def _actions_together(rows: Sequence[Waiting]) -> Choices:
    found: dict[str, str] = {}
    for row in rows:
        for one in row.offers:
            if one.action in row.at_once:
                found[one.action] = f"{one.label}（按建议的单位）" if one.seats else one.label
    return tuple(found.items())


def _page(
    asked: Asked, viewer: Viewer, *, why: str, focus: str = "", told: Told | None = None, tried: Tried | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    known = why if why in dict(REASONS) else ""
    table = _table(asked, viewer, why=known)
    rows = _rows(asked, table, focus=focus, tried=tried)
    if tried is not None and all(row.waiting.id != tried.matter for row in rows):
        told = Told(title=f"没有办成：{tried.refusal.text}这一件刚刚已经不在这张表上了。", is_bad=True)
    context: dict[str, Any] = {
        **asked.frame("dispatch"), "rows": rows, "table": table, "why": known, "told": told,
        "following": _following([row.waiting.id for row in rows]),
        "actions": _actions_together(table.rows), "key": asked.sanlian.door.ids(), "tried": tried,
    }  # fmt: skip
    return draw("dispatch/table.html", context, status=status)


def _following(ids: Sequence[str]) -> dict[str, str]:
    """Which row has the focus once a row has gone: the next, else the one before."""
    return {one: ids[n + 1] if n + 1 < len(ids) else ids[max(0, n - 1)] for n, one in enumerate(ids)}
