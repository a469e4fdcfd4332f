"""Decide every event of a history once more: what was asked is put together again from the event and its vault."""

from collections.abc import Mapping

import msgspec

from engine.core.admit import Case, actions_here
from engine.core.command import Act, Cancel, ChildEnded, Command, File, Fire, Link, Recompute, SeatAsked, TopicEnded
from engine.core.decide import decide
from engine.core.decision import Decision, Refusal
from engine.core.facts import SIMILAR
from engine.core.history import Event
from engine.core.matter import Matter, Timer, Value
from engine.core.scope import World
from engine.core.terms import EventType
from engine.core.workflow.declaration import Workflow

Given = dict[str, Value | list[str]]


def decide_again(
    event: Event, before: Matter | None, after: Matter, *, workflow: Workflow, world: World, opened: Mapping[str, bytes]
) -> Decision | Refusal:
    """
    Return what *event* decides when it is decided again on *before*.

    Args:
        opened: the private values of the event, by vault ref.
    """
    command = _command(event, before, after, workflow=workflow, world=world, opened=opened)
    return decide(workflow, before, command, now=event.at, world=world)


def _command(
    event: Event, before: Matter | None, after: Matter, *, workflow: Workflow, world: World, opened: Mapping[str, bytes]
) -> Command:
    if before is None:
        return _filing(event, after, workflow, opened)
    if event.type == EventType.ACTED:
        return _act(event, before, after, workflow=workflow, world=world, opened=opened)
    if event.type == EventType.FIRED:
        return Fire(matter=after.id, timer=_timer(event))
    if event.type == EventType.LINKED:
        return Link(matter=after.id, waiting=after.waiting[-1])
    if event.type == EventType.CANCELLED:
        return Cancel(matter=after.id, parent=after.parent or "")
    if event.type == EventType.RECOMPUTED:
        return Recompute(matter=after.id)
    if "topic" in event.data:
        told = event.data["topic"]
        return TopicEnded(matter=after.id, topic=told["id"], outcome=told["outcome"])
    told = event.data["child"]
    return ChildEnded(matter=after.id, child=told["id"], outcome=told["outcome"])


def _filing(event: Event, after: Matter, workflow: Workflow, opened: Mapping[str, bytes]) -> File:
    start = workflow.starts[event.action]
    asked = (*start.require, *start.optional)
    values = {**_opened_values(event, opened), **{name: after.fields[name] for name in asked if name in after.fields}}
    similar = after.fields.get(SIMILAR, 0)
    return File(
        matter=after.id, district=after.district, workflow=after.workflow, start=event.action, actor=event.actor,
        place=after.place, values=values, reporter=after.reporter, parent=after.parent, root=after.root,
        seat=after.seat, unit=after.department, given=after.given, external_due=after.external_due,
        seats=_seats(None, after), waiting=after.waiting, topic=_topic(None, after),
        similar_30d=similar if isinstance(similar, int) else 0,
    )  # fmt: skip


def _act(
    event: Event, before: Matter, after: Matter, *, workflow: Workflow, world: World, opened: Mapping[str, bytes]
) -> Act:
    waiting = after.settling
    if waiting is not None and waiting.seq == event.seq:
        # Nothing of it is in the matter yet: what was asked stands beside it, until it has settled.
        return Act(
            matter=after.id, action=event.action, actor=event.actor, topic=waiting.topic,
            values={**_opened_values(event, opened), **waiting.values},
            seats=tuple(SeatAsked(seat=seat, unit=unit) for seat, unit in waiting.seats),
        )  # fmt: skip
    action = actions_here(Case(workflow=workflow, matter=before, world=world, now=event.at))[event.action]
    changed = event.data["patch"].get("fields") or {}
    values = _opened_values(event, opened)
    for name in (*action.require, *action.optional):
        if name in after.fields and (name in changed or name in action.require):
            values[name] = after.fields[name]
    if not values and after.forms != before.forms:
        # The form said again what stood there already.
        values = {name: after.fields[name] for name in action.optional if name in after.fields}
    return Act(
        matter=after.id, action=event.action, actor=event.actor, values=values, seats=_seats(before, after),
        topic=_topic(before, after),
    )  # fmt: skip


def _opened_values(event: Event, opened: Mapping[str, bytes]) -> Given:
    refs = {ref: ref.rsplit("/", 1)[-1] for ref in event.private}
    return {
        name: msgspec.json.decode(opened[ref]) for ref, name in refs.items() if not name.startswith("reporter.")
    }  # fmt: skip


def _seats(before: Matter | None, after: Matter) -> tuple[SeatAsked, ...]:
    known = before.seats if before is not None else {}
    return tuple(SeatAsked(seat=s.seat, unit=s.unit) for child, s in after.seats.items() if child not in known)


def _topic(before: Matter | None, after: Matter) -> str | None:
    """The topic that was named; None where none was, and where a new one was opened, whose id begins with ours."""
    known = before.topics if before is not None else {}
    return next((t for t in after.topics if t not in known and not t.startswith(f"{after.id}.")), None)


def _timer(event: Event) -> Timer:
    matter, clock, rule, visit, slot = (event.cause or "").rsplit("/", 4)
    assert event.due_at is not None
    return Timer(
        matter=matter, clock=clock, rule=rule, visit=int(visit), slot=int(slot), due=event.due_at, fire=event.at, rank=0
    )
