"""Matters for programs: file, list, show, history, forecast, children, actions, act."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import JSONResponse, Response

from api.dependencies import Asked
from api.pages.forms import KEY_PATTERN
from api.rest.access import Calling
from api.rest.answers import lacking, next_link, quoted, refused, unquoted
from api.rest.encoding import plain
from api.rest.files import unknown_photo
from api.schemas.asked import ActionPressed, MatterFiled
from engine.core.clock.instants import is_a_deadline, out_of_range
from engine.core.command import Act, File, SeatAsked
from engine.core.decision import Refusal
from engine.core.matter import Actor, Matter
from engine.core.offers import offers
from engine.core.terms import Covers, MatterKind
from engine.core.workflow.declaration import Start, Workflow
from engine.errors import BadInput, Conflict
from engine.services.advance import Done, Entry, advance
from engine.services.case_file import find
from engine.services.describe import (
    ActionFacts,
    EventFacts,
    Future,
    MatterFacts,
    actions,
    describe,
    event_facts,
    future,
)
from engine.services.list_matters import MOST_ROWS, list_matters
from engine.services.save import DemandGiven, ReporterGiven
from engine.services.worklist import Filters

router = APIRouter(prefix="/api/v1/matters", tags=["matters"])

Ref = Annotated[str, Path(max_length=80, description="编号（2611-0043）或 id")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", pattern=KEY_PATTERN, description="新的提交用新的值，重发用同一个；字母、数字、- 和 _"
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=120, description="读到时的 ETag；没有它回 428")]
NO_KEY = "请带上 Idempotency-Key（每次新的提交一个新的值，重发时用同一个）。"
NO_MATCH = "没有办。先用 GET 读这件事，把答复里的 ETag 放进 If-Match，再交。"
SHOWS = ("", "mine", "late", "supervised", "listed", "children", "ended")


@dataclass(frozen=True, slots=True)
class MatterPage:
    """One page of a list; `next` is the cursor of the next one, empty on the last."""

    items: tuple[MatterFacts, ...]
    next: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """A stretch of a history; `next` is the `after` of the next one, absent at the end."""

    items: tuple[EventFacts, ...]
    next: int | None


@router.get("", summary="列出事项", response_model=MatterPage)
def index(
    request: Request,
    asked: Calling,
    show: Annotated[str, Query(pattern=f"^({'|'.join(SHOWS)})$", description="空：在办的诉求")] = "",
    level: Annotated[str, Query(max_length=40)] = "",
    unit: Annotated[str, Query(max_length=80)] = "",
    role: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=60, description="编号或事由")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    cursor: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """List what the caller may see, what is due first on top; `Link` leads on."""
    asked.require_content()
    filters = Filters(show=show, level=level, unit=unit, role=role, text=q)
    with asked.sanlian.uow.read() as tx:
        found, following = list_matters(
            tx, filters, cursor=cursor, limit=limit, viewer=asked.actor, world=asked.world, flows=asked.flows,
            now=asked.now,
        )  # fmt: skip
        items = describe(tx, found, world=asked.world, flow_of=asked.flows_in(tx))
    return JSONResponse(plain(MatterPage(items, following)), headers=next_link(request, following))


@router.post("", status_code=201, summary="报一件诉求", response_model=MatterFacts)
def file(asked: Calling, given: MatterFiled, key: Key = None) -> Response:
    """File a demand once for each key: 201 with where it stands."""
    if not key:
        return lacking(400, NO_KEY)
    actor = asked.require_content().actor
    flow = _flow(asked, given.workflow)
    start = _start(flow, given.start, role=actor.role)
    if (problem := unknown_photo(asked, given.fields, matter=None)) is not None:
        return refused(problem)
    due = given.external.due_at if given.external is not None else None
    if due is not None and not is_a_deadline(due):
        raise out_of_range(due.isoformat())
    own = actor if flow.roles[actor.role].covers is Covers.OWN else None
    command = File(
        matter=asked.sanlian.door.ids(), district=asked.sanlian.uow.district, workflow=flow.id, start=start.id,
        actor=actor, place=given.place, values=dict(given.fields), reporter=own,
        external_due=due,
    )  # fmt: skip
    beside = _beside(given, start, reporters=_reporters(given, own=own))
    entry = Entry(command, key=key, demand=beside, pressed_at=given.pressed_at)
    outcome = _advance(asked, entry)
    if isinstance(outcome, Refusal):
        return refused(outcome)
    facts = _described(asked, outcome.matter)
    headers = {"Location": f"{router.prefix}/{outcome.number or outcome.matter.id}", "ETag": quoted(facts.etag)}
    return JSONResponse(plain(facts), status_code=201, headers=headers)


@router.get("/{ref}", summary="一件事现在怎样", response_model=MatterFacts)
def show(asked: Calling, ref: Ref) -> Response:
    """Show one matter; an act must carry its `ETag` in `If-Match`. A note changes it, a reminder of a rule does not."""
    facts = _described(asked, _seen(asked, ref))
    return JSONResponse(plain(facts), headers={"ETag": quoted(facts.etag)})


@router.get("/{ref}/actions", summary="现在能做什么", response_model=list[ActionFacts])
def offered(asked: Calling, ref: Ref) -> Response:
    """List what the caller may do now, and of the rest why not."""
    matter = _seen(asked, ref)
    workflow = _pinned(asked, matter)
    given = offers(workflow, matter, asked.actor, now=asked.now, world=asked.world) if asked.actor is not None else ()
    return JSONResponse(plain(actions(given)), headers={"ETag": quoted(matter.etag)})


@router.post("/{ref}/actions/{action}", summary="办一步", response_model=MatterFacts)
def act(
    asked: Calling,
    ref: Ref,
    action: Annotated[str, Path(max_length=60)],
    given: ActionPressed,
    key: Key = None,
    if_match: IfMatch = None,
) -> Response:
    """Do an action once for each key, only if the matter still is as it was read: 428 without, 412 when it is not."""
    if not key:
        return lacking(400, NO_KEY)
    expected = unquoted(if_match)
    if not expected:
        return lacking(428, NO_MATCH)
    actor = asked.require_content().actor
    matter = _seen(asked, ref)
    if given.topic is not None:
        asked.must_see(given.topic)
    if (problem := unknown_photo(asked, given.fields, matter=matter.id)) is not None:
        return refused(problem)
    command = Act(
        matter=matter.id, action=action, actor=actor, values=dict(given.fields), expect=expected,
        seats=tuple(SeatAsked(seat=one.seat, unit=one.unit) for one in given.seats), topic=given.topic,
    )  # fmt: skip
    outcome = _advance(asked, Entry(command, key=key, pressed_at=given.pressed_at))
    if isinstance(outcome, Refusal):
        return refused(outcome)
    facts = _described(asked, outcome.matter)
    return JSONResponse(plain(facts), headers={"ETag": quoted(facts.etag)})


@router.get("/{ref}/history", summary="办理过程", response_model=EventPage)
def history(
    asked: Calling,
    ref: Ref,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 100,
) -> Response:
    """Show the recorded events in order, each with the head of the chain after it."""
    matter = _seen(asked, ref)
    with asked.sanlian.uow.read() as tx:
        records = [record for record in tx.events.of(matter.id) if record.seq > after][: limit + 1]
    shown = records[:limit]
    page = EventPage(
        items=tuple(event_facts(record, world=asked.world) for record in shown),
        next=shown[-1].seq if len(records) > limit else None,
    )
    return JSONResponse(plain(page))


@router.get("/{ref}/forecast", summary="没人处理会怎样", response_model=Future)
def coming(asked: Calling, ref: Ref) -> Response:
    """Show every automatic event to come if nobody acts, with its rule line, and when it has ended at the latest."""
    matter = _seen(asked, ref)
    return JSONResponse(plain(future(matter, workflow=_pinned(asked, matter), world=asked.world, now=asked.now)))


@router.get("/{ref}/children", summary="派给各单位的任务和等的议题", response_model=list[MatterFacts])
def children(asked: Calling, ref: Ref) -> Response:
    """Show its tasks and the topics it waits for, as far as the caller may see them."""
    matter = _seen(asked, ref)
    with asked.sanlian.uow.read() as tx:
        ids = asked.sight.among(tx, (*matter.seats, *matter.topics))
        stored = tx.matters.read_many(ids)
        found = [stored[name].matter for name in (*matter.seats, *matter.topics) if name in stored]
        items = describe(tx, found, world=asked.world, flow_of=asked.flows_in(tx))
    return JSONResponse(plain(items))


def _advance(asked: Asked, entry: Entry) -> Done | Refusal:
    sanlian = asked.sanlian
    outcome = advance(sanlian.uow, [entry], now=asked.now, services=sanlian.door)[0]
    if isinstance(outcome, Done):
        asked.wake()
        return outcome
    if isinstance(outcome, Refusal):
        return outcome
    raise Conflict(what="这件事正由别人办理，没有办。过几秒用同一个 Idempotency-Key 再交。")


def _seen(asked: Asked, ref: str) -> Matter:
    asked.require_content()
    with asked.sanlian.uow.read() as tx:
        matter = find(tx, ref)
        asked.sight.must_see(tx, matter, asked=ref)
    return matter


def _pinned(asked: Asked, matter: Matter) -> Workflow:
    with asked.sanlian.uow.read() as tx:
        return asked.sanlian.door.shelf.workflow(tx, matter.digest)


def _described(asked: Asked, matter: Matter) -> MatterFacts:
    with asked.sanlian.uow.read() as tx:
        return describe(tx, [matter], world=asked.world, flow_of=asked.flows_in(tx))[0]


def _flow(asked: Asked, wanted: str | None) -> Workflow:
    demands = [flow for flow in asked.flows if flow.matter is MatterKind.DEMAND]
    if wanted is None:
        found = next((flow for flow in demands if flow.levels), None)
    else:
        found = next((flow for flow in demands if flow.id == wanted), None)
    if found is None:
        known = "、".join(flow.id for flow in demands) or "还没有发布诉求的流程"
        raise BadInput(where="workflow", found=wanted or "", expected=known)
    return found


def _start(flow: Workflow, wanted: str | None, *, role: str) -> Start:
    starts = {start.id: start for start in flow.starts.values() if not start.by or role in start.by}
    found = starts.get(wanted) if wanted is not None else next(iter(starts.values()), None)
    if found is None:
        raise BadInput(where="start", found=wanted or "", expected="、".join(starts) or "这个岗位不能立案")
    return found


def _beside(given: MatterFiled, start: Start, *, reporters: tuple[ReporterGiven, ...]) -> DemandGiven:
    if given.external is not None and not start.external:
        # A number of the upper platform is theirs: whoever squats on one keeps their order from coming in.
        raise BadInput(where="external", found=given.external.number, expected=f"没有它（「{start.id}」不是转来的）")
    number = given.external.number if given.external is not None else None
    return DemandGiven(channel=start.id, reporters=reporters, external_number=number)


def _reporters(given: MatterFiled, *, own: Actor | None) -> tuple[ReporterGiven, ...]:
    if own is not None:
        return (ReporterGiven(person=own.person),)
    told = given.reporter
    return (ReporterGiven(name=told.name, phone=told.phone),) if told is not None else ()
