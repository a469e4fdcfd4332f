"""What the page of a matter tells that stays so until the matter changes, or time opens or closes something."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.history import Event
from engine.core.matter import Actor, Holder, Matter
from engine.core.offers import Offer, offers, steady_until
from engine.core.scope import World, people_of
from engine.core.terms import Counter, EventType, MatterKind
from engine.core.workflow.declaration import Workflow
from engine.services.first_act import first_act, in_order
from engine.services.naming import LevelMark, field_value, holder_name, level_mark, place_name, post_name, title_of
from engine.services.remember import Basis, Outcomes, soonest
from engine.services.taking_back import undo_filing_until
from engine.services.timeline import channel_words
from engine.services.turns import duty_words, turn_of, turn_words
from engine.store.demands import Demand

_COUNTED = (Counter.RETURNS, Counter.REDOS, Counter.REASSIGNS, Counter.REOPENS)


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled fact."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a matter is told from, beside the instant: its words, its history, and who is told."""

    detail: str
    demand: Demand | None
    events: tuple[Event, ...]
    viewer: Actor | None
    named: bool
    catalogue: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lasting:
    """That part of the page, its names those of `CaseFile`."""

    title: str
    place: str
    kind: str
    state_label: str
    level: LevelMark | None
    turn: str
    turn_post: str | None
    turn_post_label: str
    answers: str
    duty: str
    tags: tuple[str, ...]
    offers: tuple[Offer, ...]
    first: str
    no_action: str
    facts: tuple[Fact, ...]


_KEPT = Outcomes(1_024)


def lasting(matter: Matter, told: Told, *, workflow: Workflow, world: World, now: datetime) -> Lasting:
    """Return that part of the page of *matter* at *now*."""

    def work_out() -> tuple[Lasting, datetime | None]:
        until = soonest(
            steady_until(workflow, matter, now=now, world=world),
            undo_filing_until(matter, workflow=workflow, world=world, now=now),
        )
        return _work_out(matter, told, workflow=workflow, world=world, now=now), until

    basis = Basis(
        matter, (told.detail, told.demand, told.viewer, told.named, told.catalogue), (told.events, workflow, world)
    )
    key = (matter.id, told.viewer.post if told.viewer is not None else None)
    return _KEPT.of(key, basis, now=now, work_out=work_out)


def _work_out(matter: Matter, told: Told, *, workflow: Workflow, world: World, now: datetime) -> Lasting:
    viewer = told.viewer
    turn = turn_of(matter, workflow=workflow, world=world, now=now)
    turn_post, turn_label = _post_in_turn(matter, turn, workflow=workflow, world=world, now=now)
    offered = in_order(offers(workflow, matter, viewer, now=now, world=world)) if viewer is not None else ()
    first = first_act(offered, matter, flow=workflow)
    state = workflow.states[matter.state]
    return Lasting(
        title=title_of(told.detail, matter, workflow=workflow, world=world),
        place=place_name(matter.place, world.organisation),
        kind=next(kind.label for kind in MatterKind if kind.value == matter.kind),
        state_label="随上级事项取消" if matter.outcome == "cancelled" else state.label.zh,
        level=level_mark(workflow, matter.level),
        turn=turn_words(matter, workflow=workflow, world=world, now=now),
        turn_post=turn_post,
        turn_post_label=turn_label,
        answers=_name(matter.answers, workflow=workflow, world=world),
        duty=duty_words(matter, workflow=workflow, world=world, now=now, named=told.named),
        tags=_tags(matter, workflow=workflow, catalogue=told.catalogue),
        offers=offered,
        first=first.action if first is not None else "",
        no_action=_no_action(matter, viewer),
        facts=(*_facts(matter, told, workflow=workflow, world=world, now=now), *_order_facts(matter, told, world)),
    )


def _no_action(matter: Matter, viewer: Actor | None) -> str:
    if not matter.is_open:
        return "这件事已经结束，没有要办的了。"
    return "这一步没有要人办的动作。" if viewer is not None else "先选一个身份，才知道能做什么。"


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


def _facts(matter: Matter, told: Told, *, workflow: Workflow, world: World, now: datetime) -> tuple[Fact, ...]:
    organisation, events = world.organisation, told.events
    facts = [Fact("在哪", place_name(matter.place, organisation)), Fact("现在", workflow.states[matter.state].label.zh)]
    if matter.kind == MatterKind.DEMAND:
        facts.append(Fact("来源", channel_words(matter.start, events, workflow=workflow)))
    until = undo_filing_until(matter, workflow=workflow, world=world, now=now)
    if until is not None:
        facts.append(Fact("刚报的", f"居民 {world.calendar(None).local(until):%H:%M} 前可以撤回，时限照走"))
    for name, value in matter.fields.items():
        rule = workflow.fields.get(name)
        if rule is not None:
            facts.append(Fact(rule.label.zh, field_value(rule, value, catalogue=told.catalogue)))
    if matter.answers is not None:
        facts.append(Fact("督办", _name(matter.answers, workflow=workflow, world=world)))
    if matter.kept:
        kept = "、".join(_name(one, workflow=workflow, world=world) for one in matter.kept)
        facts.append(Fact("协助", kept))
    counted = [f"{word.label} {matter.counters[word.value]}" for word in _COUNTED if matter.counters.get(word.value)]
    if counted:
        facts.append(Fact("来回", "，".join(counted)))
    since = "办理中换过" if any(one.type == EventType.MIGRATED for one in events) else "立案时锁定"
    limits = f"，时限表 v{workflow.limits.version}" if workflow.limits is not None else ""
    facts.append(Fact("规则", f"{workflow.label.zh} v{workflow.version}{limits}（{since}）"))
    return tuple(facts)


def _order_facts(matter: Matter, told: Told, world: World) -> tuple[Fact, ...]:
    """What an upper platform sent with its work order: its number, and by when it wants it."""
    demand = told.demand
    facts = []
    if demand is not None and demand.external_number is not None:
        facts.append(Fact("来单编号", demand.external_number))
    if matter.external_due is not None:
        local = world.calendar(None).local(matter.external_due)
        facts.append(Fact("来单时限", f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"))
    return tuple(facts)
