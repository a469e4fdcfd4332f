"""
A matter in words and numbers for programs: as it stands, what comes, what one may do, what happened.

Everything is plain values with the local time of the deployment, so a reader needs neither the flow nor the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.core.forecast import Coming, final_by, forecast
from engine.core.history import PRESSED_AT, read_event
from engine.core.matter import STATE_CLOCK, Actor, Clock, Holder, Matter
from engine.core.offers import Offer
from engine.core.scope import World
from engine.core.workflow.declaration import Workflow
from engine.services.clock_card import event_words
from engine.services.naming import holder_name, level_mark, place_name, title_of
from engine.services.worklist import FlowOf, details_of, number_of
from engine.store.events import EventRecord
from engine.store.unit_of_work import Transaction

_PERSONS = frozenset({"reporter", "doers", "settling"})


@dataclass(frozen=True, slots=True)
class Named:
    """An id with its Chinese words."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A post that holds or answers: role of a unit; `label` says it in Chinese."""

    role: str
    unit: str | None
    label: str


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """A clock: `limit` as written (`3wd`), `due` its end (absent while held), `met_at` when a named one was met."""

    key: str
    limit: str
    started_at: datetime
    due_at: datetime | None
    is_provisional: bool
    is_held: bool
    late_at: datetime | None
    met_at: datetime | None


@dataclass(frozen=True, slots=True)
class External:
    """What the sender of a work order calls it, and the sender's own due date."""

    number: str | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the flow a matter is pinned to."""

    id: str
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class MatterFacts:
    """
    A matter as it stands.

    `due_at` is the end of the state's clock. `fields` holds what may stand in the history; private texts are not in it
    except `detail`, what was told. `etag` is what `If-Match` must carry to move it.
    """

    id: str
    number: str
    kind: str
    title: str
    detail: str
    state: Named
    level: Named | None
    place: Named
    holder: Desk | None
    answers: Desk | None
    is_open: bool
    outcome: str | None
    is_late: bool
    filed_at: datetime
    entered_at: datetime
    changed_at: datetime
    due_at: datetime | None
    clocks: tuple[ClockFacts, ...]
    fields: dict[str, str | int | bool]
    external: External | None
    parent: str | None
    workflow: Version
    etag: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule behind an automatic event: its id, what it does, and the line it stands on."""

    id: str
    do: str
    version: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ComingEvent:
    """One automatic event if nobody acts; `every` repeats it, `moves` says that it takes the matter elsewhere."""

    at: datetime
    due_at: datetime
    kind: str
    text: str
    state: Named
    level: str | None
    moves: bool
    ends: str | None
    who: Desk | None
    every: str | None
    is_provisional: bool
    rule: Rule


@dataclass(frozen=True, slots=True)
class Future:
    """Every coming automatic event in order; `final_by` is when it has ended at the latest, if it ever ends so."""

    events: tuple[ComingEvent, ...]
    final_by: datetime | None


@dataclass(frozen=True, slots=True)
class FieldAsked:
    """A field of an action."""

    name: str
    label: str
    type: str
    required: bool
    minimum: int | None
    maximum: int | None
    choices: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class SeatAsked:
    """A seat for units that an action fills: how many at least and at most, and who is proposed."""

    seat: str
    minimum: int
    maximum: int
    proposed: str | None


@dataclass(frozen=True, slots=True)
class Why:
    """Why an action is refused now."""

    code: str
    text: str
    field: str | None


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """What one may do now, or (`refused`) why not; `effect` says what it does to the clocks."""

    name: str
    label: str
    fields: tuple[FieldAsked, ...]
    seats: tuple[SeatAsked, ...]
    leads_to: tuple[str, ...]
    effect: str
    refused: Why | None


@dataclass(frozen=True, slots=True)
class Who:
    """The post that acted; persons are not named."""

    post: str
    role: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """
    One event as recorded: `private` maps vault rows to commitments, `changes` is the merge patch of the matter.

    `head` is the hex SHA-256 of the chain after it. `pressed_at` is when a device says it was pressed, where it was
    sent later.
    """

    seq: int
    type: str
    action: str
    from_state: str | None
    to_state: str
    actor: Who
    at: datetime
    recorded_at: datetime
    due_at: datetime | None
    fired_at: datetime | None
    cause: str | None
    pressed_at: datetime | None
    workflow_digest: str
    calendar_digest: str
    private: dict[str, str]
    facts: dict[str, Any]
    changes: dict[str, Any]
    head: str


def describe(tx: Transaction, matters: Sequence[Matter], *, world: World, flow_of: FlowOf) -> tuple[MatterFacts, ...]:
    """Return *matters* as they stand, in their order."""
    roots = {matter.id for matter in matters} | {matter.root for matter in matters}
    demands = tx.demands.get_many(roots)
    numbers = {name: demand.number for name, demand in demands.items()}
    told = details_of(tx, matters)
    found = []
    for matter in matters:
        demand = demands.get(matter.id)
        external = External(demand.external_number, demand.external_due) if demand is not None else None
        found.append(
            _facts(
                matter, number=number_of(matter, numbers), detail=told.get(matter.id, ""), external=external,
                workflow=flow_of(matter.digest), world=world,
            )
        )  # fmt: skip
    return tuple(found)


def _facts(
    matter: Matter, *, number: str, detail: str, external: External | None, workflow: Workflow, world: World
) -> MatterFacts:
    zone = world.calendar(None).zone
    level = level_mark(workflow, matter.level)
    clock = matter.clocks.get(STATE_CLOCK)
    holder = matter.stands_in or matter.holder
    return MatterFacts(
        id=matter.id,
        number=number,
        kind=matter.kind,
        title=title_of(detail or None, matter, workflow=workflow, world=world),
        detail=detail,
        state=Named(matter.state, workflow.states[matter.state].label.zh),
        level=Named(level.id, level.label) if level is not None else None,
        place=Named(matter.place, place_name(matter.place, world.organisation)),
        holder=_desk(holder, workflow=workflow, world=world) if matter.is_open else None,
        answers=_desk(matter.answers, workflow=workflow, world=world),
        is_open=matter.is_open,
        outcome=matter.outcome,
        is_late=any(one.late_at is not None for one in matter.clocks.values()),
        filed_at=matter.filed.astimezone(zone),
        entered_at=matter.entered.astimezone(zone),
        changed_at=matter.at.astimezone(zone),
        due_at=clock.due.astimezone(zone) if clock is not None and clock.due is not None else None,
        clocks=tuple(_clock(key, one, world=world) for key, one in matter.clocks.items()),
        fields=dict(matter.fields),
        external=external if external is not None and (external.number or external.due_at) else None,
        parent=matter.parent,
        workflow=Version(matter.workflow, matter.version, matter.digest),
        etag=matter.etag,
    )


def _clock(key: str, clock: Clock, *, world: World) -> ClockFacts:
    zone = world.calendar(None).zone

    def local(instant: datetime | None) -> datetime | None:
        return instant.astimezone(zone) if instant is not None else None

    return ClockFacts(
        key=key, limit=clock.limit, started_at=clock.started.astimezone(zone), due_at=local(clock.due),
        is_provisional=clock.provisional, is_held=clock.is_held, late_at=local(clock.late_at),
        met_at=local(clock.ended),
    )  # fmt: skip


def _desk(holder: Holder | None, *, workflow: Workflow, world: World) -> Desk | None:
    if holder is None:
        return None
    label = holder_name(holder, workflow=workflow, organisation=world.organisation)
    return Desk(role=holder.role, unit=holder.unit, label=label)


def future(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> Future:
    """Return what comes if nobody acts."""
    coming = forecast(matter, now=now, workflow=workflow, world=world) if matter.is_open else ()
    zone, last = world.calendar(None).zone, final_by(coming)
    return Future(
        events=tuple(_coming(one, workflow=workflow, world=world) for one in coming),
        final_by=last.astimezone(zone) if last is not None else None,
    )


def _coming(one: Coming, *, workflow: Workflow, world: World) -> ComingEvent:
    zone = world.calendar(None).zone
    return ComingEvent(
        at=one.at.astimezone(zone),
        due_at=one.due.astimezone(zone),
        kind=one.do.value,
        text=event_words(one, workflow=workflow, world=world, you=()),
        state=Named(one.state, workflow.states[one.state].label.zh),
        level=one.level,
        moves=one.moves,
        ends=one.ends,
        who=_desk(one.who, workflow=workflow, world=world),
        every=str(one.period) if one.period is not None else None,
        is_provisional=one.provisional,
        rule=Rule(id=one.rule, do=one.do.value, version=one.version, file=one.file, line=one.line),
    )


def actions(offered: Iterable[Offer]) -> tuple[ActionFacts, ...]:
    """Return what is offered."""
    return tuple(
        ActionFacts(
            name=offer.action,
            label=offer.label,
            fields=tuple(
                FieldAsked(
                    name=one.field, label=one.label, type=one.type.value, required=one.required, minimum=one.minimum,
                    maximum=one.maximum, choices=tuple(Named(*choice) for choice in one.choices),
                )
                for one in offer.asked
            ),
            seats=tuple(SeatAsked(one.seat, one.minimum, one.maximum, one.default) for one in offer.seats),
            leads_to=offer.to,
            effect=offer.effect,
            refused=Why(offer.refusal.code.value, offer.refusal.text, offer.refusal.field) if offer.refusal else None,
        )
        for offer in offered
    )  # fmt: skip


def event_facts(record: EventRecord, *, world: World) -> EventFacts:
    """Return one event as it was recorded."""
    event, zone = read_event(record.body), world.calendar(None).zone
    facts = {name: value for name, value in event.data.items() if name not in ("patch", PRESSED_AT)}
    pressed_at = event.data.get(PRESSED_AT)
    return EventFacts(
        seq=event.seq,
        type=event.type,
        action=event.action,
        from_state=event.from_,
        to_state=event.to,
        actor=_who(event.actor),
        at=event.at.astimezone(zone),
        recorded_at=event.recorded_at.astimezone(zone),
        due_at=event.due_at.astimezone(zone) if event.due_at is not None else None,
        fired_at=event.fired_at.astimezone(zone) if event.fired_at is not None else None,
        cause=event.cause,
        pressed_at=datetime.fromisoformat(pressed_at).astimezone(zone) if pressed_at is not None else None,
        workflow_digest=event.workflow,
        calendar_digest=event.calendar,
        private=dict(event.private),
        facts=facts,
        changes=_without_people(event.data.get("patch", {})),
        head=record.head.hex(),
    )


def _who(actor: Actor) -> Who:
    return Who(post=actor.post, role=actor.role, unit=actor.unit)


def _without_people(patch: Mapping[str, Any]) -> dict[str, Any]:
    """The changes without who the persons are: a program gets posts, like a page does."""
    return {name: value for name, value in patch.items() if name not in _PERSONS}
