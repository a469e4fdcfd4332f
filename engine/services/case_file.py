"""One matter as its page shows it: what, whose turn, by when, what if nobody acts, what one may do, its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.forecast import final_by
from engine.core.matter import Actor, Matter
from engine.core.offers import Offer, offers
from engine.core.scope import World
from engine.core.terms import MatterKind, Seat
from engine.services.case_lasting import Fact, Told, lasting
from engine.services.clock_card import ClockCard, clock_card, time_of
from engine.services.first_act import in_order
from engine.services.foresee import coming_to
from engine.services.identity import Known, people_masked
from engine.services.naming import LevelMark, title_of, unit_name
from engine.services.retell import history_of, told_of
from engine.services.show_file import Photos, photos_of
from engine.services.sight import Sight, no_such_matter, sight_in
from engine.services.time_state import TimeState, time_state
from engine.services.timeline import Entry, Stage, stages
from engine.services.worklist import FlowOf, details_of, number_of
from engine.store.demands import Demand
from engine.store.listing import Listing, Wanted
from engine.store.unit_of_work import Transaction

MOST_TOPICS = 50


@dataclass(frozen=True, slots=True)
class Child:
    """A task given to a unit; without a `ref` its page is not for the viewer."""

    ref: str
    unit: str
    seat: str
    state: str
    void: bool
    time: TimeState


@dataclass(frozen=True, slots=True)
class Related:
    """A matter linked to this one."""

    relation: str
    ref: str
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """Everything the page of one matter shows, in the order of the five questions."""

    ref: str
    id: str
    etag: str
    number: str
    title: str
    detail: str
    place: str
    kind: str
    is_open: bool
    state_label: str
    level: LevelMark | None
    turn: str
    turn_post: str | None
    turn_post_label: str
    answers: str
    duty: str
    tags: tuple[str, ...]
    time: TimeState
    stages: tuple[Stage, ...]
    clock: ClockCard
    final_by: datetime | None
    offers: tuple[Offer, ...]
    first: str
    no_action: str
    fields: Mapping[str, str]
    facts: tuple[Fact, ...]
    children: tuple[Child, ...]
    related: tuple[Related, ...]
    people: tuple[Known, ...]
    may_look: bool
    photos: Photos
    history: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page needs besides the store: organisation and calendars, flows by digest, the words of categories."""

    world: World
    flow_of: FlowOf
    catalogue: Mapping[str, str]
    now: datetime


def find(tx: Transaction, ref: str) -> Matter:
    """
    Return the matter with that number or id.

    Raises:
        NotFound: there is none.
    """

    def look() -> Matter:
        demand = tx.demands.by_number(ref)
        stored = tx.matters.get(demand.matter if demand is not None else ref)
        if stored is None:
            raise no_such_matter(ref)
        return stored.matter

    return tx.remembered("matter", ref, make=look)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a press needs of the page it was made on: the actions and their forms, without what the page tells."""

    ref: str
    id: str
    etag: str
    offers: tuple[Offer, ...]
    fields: Mapping[str, str]


def offered_on(tx: Transaction, ref: str, *, viewer: Actor | None, around: Surroundings) -> Offered:
    """
    Return what *viewer* may do with the matter *ref*.

    Raises:
        NotFound: as for `case_file`.
    """
    matter = find(tx, ref)
    sight = sight_in(tx, viewer, world=around.world, flow_of=around.flow_of, now=around.now)
    sight.must_see(tx, matter, asked=ref)
    workflow = around.flow_of(matter.digest)
    offered = offers(workflow, matter, viewer, now=around.now, world=around.world) if viewer is not None else ()
    return Offered(
        ref=_ref(matter, _number(tx, matter)), id=matter.id, etag=matter.etag, offers=in_order(offered),
        fields=_fields(matter),
    )  # fmt: skip


def _ref(matter: Matter, number: str) -> str:
    return number if number.replace("-", "").isdigit() else matter.id


def _fields(matter: Matter) -> dict[str, str]:
    return {name: str(value) for name, value in matter.fields.items()}


def case_file(tx: Transaction, ref: str, *, viewer: Actor | None, around: Surroundings) -> CaseFile:
    """
    Return the page of the matter *ref* as *viewer* sees it.

    Raises:
        NotFound: there is no such matter, or none that *viewer* may see.
    """
    matter = find(tx, ref)
    sight = sight_in(tx, viewer, world=around.world, flow_of=around.flow_of, now=around.now)
    sight.must_see(tx, matter, asked=ref)
    workflow, world, now = around.flow_of(matter.digest), around.world, around.now
    events = history_of(tx, matter, now=now)
    coming = coming_to(matter, now=now, workflow=workflow, world=world)
    detail = tx.remembered("detail", matter.id, make=lambda: details_of(tx, [matter]).get(matter.id, ""))
    number = _number(tx, matter)
    told = Told(detail, _demands(tx, matter).get(matter.id), events, viewer, sight.knows_people, around.catalogue)
    same = lasting(matter, told, workflow=workflow, world=world, now=now)
    return CaseFile(
        ref=_ref(matter, number),
        id=matter.id,
        etag=matter.etag,
        number=number,
        title=same.title,
        detail=detail,
        place=same.place,
        kind=same.kind,
        is_open=matter.is_open,
        state_label=same.state_label,
        level=same.level,
        turn=same.turn,
        turn_post=same.turn_post,
        turn_post_label=same.turn_post_label,
        answers=same.answers,
        duty=same.duty,
        tags=same.tags,
        time=time_of(matter, coming, world=world, now=now),
        stages=stages(matter, events, workflow=workflow, world=world, now=now),
        clock=clock_card(matter, coming, workflow=workflow, world=world, now=now),
        final_by=final_by(coming),
        offers=same.offers,
        first=same.first,
        no_action=same.no_action,
        fields=_fields(matter),
        facts=same.facts,
        children=_children(tx, matter, around=around, sight=sight),
        related=_related(tx, matter, around=around, sight=sight),
        people=tx.remembered(
            "people", matter.id, sight, make=lambda: people_masked(tx, matter, workflow=workflow, sight=sight)
        ),
        may_look=sight.knows_people,
        photos=photos_of(tx, matter.id, workflow=workflow, sight=sight),
        history=told_of(
            tx, matter, events, viewer=viewer, workflow=workflow, world=world, catalogue=around.catalogue, now=now
        ),
    )


def _number(tx: Transaction, matter: Matter) -> str:
    demands = _demands(tx, matter)
    return number_of(matter, {id_: demand.number for id_, demand in demands.items()})


def _demands(tx: Transaction, matter: Matter) -> Mapping[str, Demand]:
    """What stands beside the matter and the demand it belongs to."""
    return tx.remembered("demands", matter.id, make=lambda: tx.demands.get_many({matter.id, matter.root}))


def _children(tx: Transaction, matter: Matter, *, around: Surroundings, sight: Sight) -> tuple[Child, ...]:
    stored = tx.remembered("children", matter.id, make=lambda: tx.matters.read_many(matter.seats))
    seen = sight.among(tx, stored.keys())
    found = []
    for child_id, seat in matter.seats.items():
        child = stored.get(child_id)
        if child is None:
            continue
        flow = around.flow_of(child.matter.digest)
        label = "随诉求取消" if child.matter.outcome == "cancelled" else flow.states[child.matter.state].label.zh
        found.append(
            Child(
                ref=child_id if child_id in seen else "",
                unit=unit_name(seat.unit, around.world.organisation),
                seat=next((word.label for word in Seat if word.value == seat.seat), seat.seat),
                state=label,
                void=seat.void,
                time=time_state(child.matter, world=around.world, now=around.now),
            )
        )
    return tuple(found)


def _related(tx: Transaction, matter: Matter, *, around: Surroundings, sight: Sight) -> tuple[Related, ...]:
    links = [(topic, "议题") for topic in matter.topics]
    links += [(waiting, "等它的诉求") for waiting in matter.waiting]
    if matter.parent is not None:
        links.append((matter.parent, "属于"))
    stored = tx.matters.read_many(sight.among(tx, {other for other, _ in links}))
    told = details_of(tx, [one.matter for one in stored.values()])
    found = []
    for other, relation in links:
        if other not in stored:
            continue
        linked = stored[other].matter
        flow = around.flow_of(linked.digest)
        title = title_of(told.get(other), linked, workflow=flow, world=around.world)
        found.append(Related(relation=relation, ref=other, title=title, state=flow.states[linked.state].label.zh))
    return tuple(found)


def open_topics(tx: Transaction, *, viewer: Actor | None, world: World, flow_of: FlowOf) -> tuple[tuple[str, str], ...]:
    """Return the topics that are still open and that *viewer* may see, with their titles."""
    sight = sight_in(tx, viewer, world=world, flow_of=flow_of)
    wanted = sight.narrow(Wanted(kinds=(MatterKind.TOPIC.value,)))
    topics = Listing(tx.connection, tx.district).page(wanted, after=None, limit=MOST_TOPICS)
    told = details_of(tx, topics)
    return tuple(
        (topic.id, title_of(told.get(topic.id), topic, workflow=flow_of(topic.digest), world=world)) for topic in topics
    )
