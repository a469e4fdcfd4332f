"""One matter as its page shows it: what, whose turn, by when, what if nobody acts, what one may do, its history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.forecast import final_by
from engine.core.history import Event, read_event
from engine.core.matter import Actor, Holder, Matter
from engine.core.offers import Offer, offers
from engine.core.scope import World, people_of
from engine.core.terms import Counter, EventType, MatterKind, Seat
from engine.core.workflow.declaration import Workflow
from engine.services.clock_card import ClockCard, clock_card, time_of
from engine.services.first_act import first_act, in_order
from engine.services.foresee import coming_to
from engine.services.identity import Known, people_masked
from engine.services.naming import (
    LevelMark,
    field_value,
    holder_name,
    level_mark,
    place_name,
    post_name,
    title_of,
    unit_name,
)
from engine.services.personal import masked
from engine.services.remember import Same
from engine.services.sight import Sight, no_such_matter, sight_in
from engine.services.taking_back import undo_filing_until
from engine.services.time_state import TimeState, time_state
from engine.services.timeline import Entry, Stage, channel_words, entries, is_for_reporter, is_reporter, stages
from engine.services.turns import duty_words, turn_of, turn_words
from engine.services.worklist import FlowOf, details_of, number_of, secret_value
from engine.store.demands import Demand
from engine.store.listing import Listing, Wanted
from engine.store.unit_of_work import Transaction

MOST_TOPICS = 50
_COUNTED = (Counter.RETURNS, Counter.REDOS, Counter.REASSIGNS, Counter.REOPENS)


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled fact."""

    label: str
    text: str


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
    events = tx.remembered(
        "events", matter.id, make=lambda: tuple(read_event(one.body) for one in tx.events.of_matter(matter.id))
    )
    coming = coming_to(matter, now=now, workflow=workflow, world=world)
    state = workflow.states[matter.state]
    turn = turn_of(matter, workflow=workflow, world=world, now=now)
    turn_post, turn_label = _post_in_turn(matter, turn, workflow=workflow, world=world, now=now)
    detail = tx.remembered("detail", matter.id, make=lambda: details_of(tx, [matter]).get(matter.id, ""))
    number = _number(tx, matter)
    offered = offers(workflow, matter, viewer, now=now, world=world) if viewer is not None else ()
    return CaseFile(
        ref=_ref(matter, number),
        id=matter.id,
        etag=matter.etag,
        number=number,
        title=title_of(detail, matter, workflow=workflow, world=world),
        detail=detail,
        place=place_name(matter.place, world.organisation),
        kind=next(kind.label for kind in MatterKind if kind.value == matter.kind),
        is_open=matter.is_open,
        state_label="随上级事项取消" if matter.outcome == "cancelled" else state.label.zh,
        level=level_mark(workflow, matter.level),
        turn=turn_words(matter, workflow=workflow, world=world, now=now),
        turn_post=turn_post,
        turn_post_label=turn_label,
        answers=_name(matter.answers, workflow=workflow, world=world),
        duty=duty_words(matter, workflow=workflow, world=world, now=now, named=sight.knows_people),
        tags=_tags(matter, workflow=workflow, catalogue=around.catalogue),
        time=time_of(matter, coming, world=world, now=now),
        stages=stages(matter, events, workflow=workflow, world=world, now=now),
        clock=clock_card(matter, coming, workflow=workflow, world=world, now=now),
        final_by=final_by(coming),
        offers=in_order(offered),
        first=_first(offered, matter, workflow),
        no_action=_no_action(matter, viewer),
        fields=_fields(matter),
        facts=(*_facts(matter, events, workflow=workflow, around=around), *_order_facts(tx, matter, world=world)),
        children=_children(tx, matter, around=around, sight=sight),
        related=_related(tx, matter, around=around, sight=sight),
        people=tx.remembered(
            "people", matter.id, sight, make=lambda: people_masked(tx, matter, workflow=workflow, sight=sight)
        ),
        may_look=sight.knows_people,
        history=_told(tx, matter, events, viewer=viewer, around=around),
    )


def _told(
    tx: Transaction, matter: Matter, events: Sequence[Event], *, viewer: Actor | None, around: Surroundings
) -> tuple[Entry, ...]:
    """The history in words; who reported does not read every word of it."""
    flow, world = around.flow_of(matter.digest), around.world
    as_reporter = viewer is not None and is_reporter(viewer.role, flow)
    readable = [event for event in events if is_for_reporter(event, flow)] if as_reporter else events

    def tell() -> tuple[Entry, ...]:
        private = _private(tx, readable, workflow=flow)
        return entries(events, workflow=flow, world=world, private=private, catalogue=around.catalogue)

    # The world was read a moment before this picture of the data: it may be an older one.
    return tx.remembered("told", matter.id, as_reporter, frozenset(around.catalogue.items()), Same(world), make=tell)


def _first(offered: Iterable[Offer], matter: Matter, workflow: Workflow) -> str:
    first = first_act(in_order(offered), matter, flow=workflow)
    return first.action if first is not None else ""


def _no_action(matter: Matter, viewer: Actor | None) -> str:
    if not matter.is_open:
        return "这件事已经结束，没有要办的了。"
    return "这一步没有要人办的动作。" if viewer is not None else "先选一个身份，才知道能做什么。"


def _private(tx: Transaction, events: Sequence[Event], *, workflow: Workflow) -> dict[str, object]:
    """What the vault holds for *events*, as everybody may see it."""
    refs = {ref for event in events for ref in event.private}
    found: dict[str, object] = {}
    for ref, secret in tx.vault.get_many(refs).items():
        value = None if secret.restricted else secret_value(secret.value)
        rule = workflow.fields.get(secret.field)
        found[ref] = masked(rule.type, value) if rule is not None and isinstance(value, str) else value
    return found


def _number(tx: Transaction, matter: Matter) -> str:
    demands = _demands(tx, matter)
    return number_of(matter, {id_: demand.number for id_, demand in demands.items()})


def _demands(tx: Transaction, matter: Matter) -> Mapping[str, Demand]:
    """What stands beside the matter and the demand it belongs to."""
    return tx.remembered("demands", matter.id, make=lambda: tx.demands.get_many({matter.id, matter.root}))


def _name(holder: Holder | None, *, workflow: Workflow, world: World) -> str:
    return "" if holder is None else holder_name(holder, workflow=workflow, organisation=world.organisation)


def _post_in_turn(
    matter: Matter, holder: Holder | None, *, workflow: Workflow, world: World, now: datetime
) -> tuple[str | None, str]:
    """The post that may act now, for those who choose whom to act as."""
    organisation = world.organisation
    if holder is None or not matter.is_open:
        return None, ""
    if holder.unit is None:
        person = matter.reporter.person if matter.reporter is not None else None
        posts = tuple(p.id for p in organisation.posts.values() if person is not None and p.person == person)
    else:
        posts = people_of(holder, workflow=workflow, organisation=organisation, at=now)
    if not posts:
        return None, ""
    return posts[0], post_name(organisation.posts[posts[0]], workflow=workflow, organisation=organisation)


def _tags(matter: Matter, *, workflow: Workflow, catalogue: Mapping[str, str]) -> tuple[str, ...]:
    shown = ("category", "kind")
    return tuple(
        field_value(workflow.fields[name], matter.fields[name], catalogue=catalogue)
        for name in shown
        if name in workflow.fields and name in matter.fields
    )


def _facts(matter: Matter, events: Sequence[Event], *, workflow: Workflow, around: Surroundings) -> tuple[Fact, ...]:
    organisation = around.world.organisation
    facts = [Fact("在哪", place_name(matter.place, organisation)), Fact("现在", workflow.states[matter.state].label.zh)]
    if matter.kind == MatterKind.DEMAND:
        facts.append(Fact("来源", channel_words(matter.start, events, workflow=workflow)))
    until = undo_filing_until(matter, workflow=workflow, world=around.world, now=around.now)
    if until is not None:
        facts.append(Fact("刚报的", f"居民 {around.world.calendar(None).local(until):%H:%M} 前可以撤回，时限照走"))
    for name, value in matter.fields.items():
        rule = workflow.fields.get(name)
        if rule is not None:
            facts.append(Fact(rule.label.zh, field_value(rule, value, catalogue=around.catalogue)))
    if matter.answers is not None:
        facts.append(Fact("督办", _name(matter.answers, workflow=workflow, world=around.world)))
    if matter.kept:
        kept = "、".join(_name(one, workflow=workflow, world=around.world) for one in matter.kept)
        facts.append(Fact("协助", kept))
    counted = [f"{word.label} {matter.counters[word.value]}" for word in _COUNTED if matter.counters.get(word.value)]
    if counted:
        facts.append(Fact("来回", "，".join(counted)))
    since = "办理中换过" if any(one.type == EventType.MIGRATED for one in events) else "立案时锁定"
    limits = f"，时限表 v{workflow.limits.version}" if workflow.limits is not None else ""
    facts.append(Fact("规则", f"{workflow.label.zh} v{workflow.version}{limits}（{since}）"))
    return tuple(facts)


def _order_facts(tx: Transaction, matter: Matter, *, world: World) -> tuple[Fact, ...]:
    """What an upper platform sent with its work order: its number, and by when it wants it."""
    demand = _demands(tx, matter).get(matter.id)
    facts = []
    if demand is not None and demand.external_number is not None:
        facts.append(Fact("来单编号", demand.external_number))
    if matter.external_due is not None:
        local = world.calendar(None).local(matter.external_due)
        facts.append(Fact("来单时限", f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"))
    return tuple(facts)


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
