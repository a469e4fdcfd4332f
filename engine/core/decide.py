"""
What happens: one command on one matter at one instant gives a whole decision, or a refusal.

A person pressing a button, a timer ringing, a child ending and an imported step all come through here. Nothing is
read or written; `now`, the workflow, the organisation and the calendars are arguments.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from engine.core.admit import SPENT, Case, Values, actions_here, read_form, refusal_of, returns_to_spent
from engine.core.clocks import (
    meet_named,
    recompute_calendar,
)
from engine.core.command import (
    Act,
    Cancel,
    ChildEnded,
    Command,
    File,
    Fire,
    Join,
    Link,
    Migrate,
    Recompute,
    TopicEnded,
)
from engine.core.decision import Decision, Occurrence, Refusal
from engine.core.draft import Draft
from engine.core.facts import SIMILAR, class_of, target_of
from engine.core.firing import fire
from engine.core.matter import STATE_CLOCK, Actor, Mark, Matter, Timer
from engine.core.move import enter, move
from engine.core.press import Press, finish, prepare, seat_problem, seats_problem, tell_new_holder
from engine.core.procedures import children, settle, topics
from engine.core.repin import repin
from engine.core.scope import SYSTEM, World
from engine.core.terms import SYSTEM_ROLE, Covers, EventType, MatterKind, RefusalCode
from engine.core.timers import armed, rearmed, standing
from engine.core.workflow.declaration import Start, Workflow
from engine.core.workflow.machine import (
    BEFORE_FILING,
    CANCELLED,
    JOINED,
    LINKED,
    RECOMPUTED,
    machine_of,
    start_event,
    topic_event,
)

ENDED = Refusal(RefusalCode.ENDED, "这件事已经结束，不能再办理。")
STALE = Refusal(RefusalCode.STALE, "这件事刚刚有了变化，请看过新的情况再提交。您填的内容还在。")


def decide(
    workflow: Workflow,
    matter: Matter | None,
    command: Command,
    *,
    now: datetime,
    world: World,
    to: Workflow | None = None,
) -> Decision | Refusal:
    """
    Return what *command* does to *matter* at *now*, or why not.

    Args:
        matter: None for `File` only.
        now: aware UTC instant, not earlier than the matter's last event.
        to: the version a `Migrate` leads to.
    """
    if isinstance(command, File):
        return _file(workflow, command, now=now, world=world)
    if matter is None:
        return Refusal(RefusalCode.NOT_HERE, "没有这件事。")
    if isinstance(command, Migrate):
        return _migrate(workflow, matter, command, to=to, now=now, world=world)
    draft = Draft(matter, workflow=workflow, world=world, now=now, seq=matter.seq + 1)
    return _DECIDERS[type(command)](draft, command)


def _file(workflow: Workflow, command: File, *, now: datetime, world: World) -> Decision | Refusal:
    start = workflow.starts.get(command.start)
    if start is None:
        return Refusal(RefusalCode.NOT_HERE, "没有这种立案方式。")
    refusal = _may_not_file(workflow, command, start, world=world)
    if refusal is not None:
        return refusal
    read = read_form(workflow, command.values, require=start.require, optional=start.optional)
    if isinstance(read, Refusal):
        return read
    draft = Draft(_unfiled(workflow, command, now=now), workflow=workflow, world=world, now=now, seq=1)
    draft.fill(read)
    draft.set(forms=0)
    if command.similar_30d:
        draft.put("fields", SIMILAR, command.similar_30d)
    draft.set(klass=class_of(workflow, draft.get("fields")))
    target = target_of(start.to, facts=_filing_facts(draft), visited={})
    if target is None:
        return Refusal(RefusalCode.CONDITION, "这样的诉求没有对应的第一步。")
    problem = seat_problem(workflow.states[target], command.seats, draft)
    if problem is not None:
        return problem
    machine_of(workflow).step(BEFORE_FILING, start_event(start.id), target)
    for mark in start.marks:
        draft.put("marks", mark, Mark(seq=1, at=now))
    meet_named(draft, ["filed", *start.marks])
    enter(draft, workflow.states[target], actor=command.actor, seats=command.seats, topic=command.topic)
    if draft.get("holder") is not None:
        draft.tell(draft.get("stands_in") or draft.get("holder"), "filed")
    occurrence = Occurrence(
        type=EventType.FILED, from_=None, to=target, action=start.id, actor=command.actor, at=now, data=draft.data
    )
    return _decision(draft, occurrence)


def _may_not_file(workflow: Workflow, command: File, start: Start, *, world: World) -> Refusal | None:
    """Why this actor may not open a matter this way at this place; a child has been judged with its parent."""
    is_child = command.parent is not None or bool(command.waiting)
    if not is_child and start.by and command.actor.role not in (*start.by, SYSTEM_ROLE):
        return Refusal(RefusalCode.ROLE, "您这个岗位不能这样立案。")
    if command.place not in world.organisation.units:
        return Refusal(RefusalCode.FIELD, f"没有「{command.place}」这个地方，请重新选。", "place")
    if not is_child and command.at is None and not _lies_in_reach(workflow, command, world=world):
        return Refusal(RefusalCode.SCOPE, "这个地方不在您负责的范围里，请重新选。", "place")
    return None


def _lies_in_reach(workflow: Workflow, command: File, *, world: World) -> bool:
    """Whether the place lies at or below the unit of who files; residents and the engine may tell of any place."""
    actor, role = command.actor, workflow.roles.get(command.actor.role)
    if role is None or role.covers in (Covers.OWN, Covers.DEPARTMENT) or actor.unit is None:
        return True
    return actor.unit in world.organisation.ancestors(command.place)


def _filing_facts(draft: Draft) -> dict[str, object]:
    first = next(iter(draft.workflow.states))
    draft.set(state=first)
    return draft.facts()


def _unfiled(workflow: Workflow, command: File, *, now: datetime) -> Matter:
    return Matter(
        id=command.matter, district=command.district, kind=workflow.matter.value, workflow=workflow.id,
        version=workflow.version, digest=workflow.digest, seq=0, state=BEFORE_FILING, visit=0, filed=now,
        entered=now, at=now, place=command.place, start=command.start, root=command.root or command.matter,
        reporter=command.reporter, parent=command.parent, seat=command.seat, department=command.unit,
        given=command.given, waiting=command.waiting, external_due=command.external_due,
    )  # fmt: skip


def _act(draft: Draft, command: Act) -> Decision | Refusal:
    matter, workflow = draft.before, draft.workflow
    if command.expect is not None and command.expect != matter.etag:
        return STALE
    case = Case(workflow=workflow, matter=matter, world=draft.world, now=draft.now)
    refusal = refusal_of(case, command.action, command.actor)
    if refusal is not None:
        return refusal
    action = actions_here(case)[command.action]
    read = read_form(workflow, command.values, require=action.require, optional=action.optional)
    if isinstance(read, Refusal):
        return read
    press = Press(action, command.actor, command.seats, command.topic)
    trial = Draft(matter, workflow=workflow, world=draft.world, now=draft.now, seq=draft.seq)
    target = _tried(trial, case, press, read)
    if isinstance(target, Refusal):
        return target
    if action.settle is None:
        draft = trial
        finish(draft, press, target, event=action.id)
        _note_undone_filing(draft, command.actor)
    else:
        machine_of(workflow).step(matter.state, action.id, None)
        seats = [(seat.seat, seat.unit) for seat in command.seats]
        settle.take(draft, action.id, read, after=action.settle, actor=command.actor, seats=seats, topic=command.topic)
    occurrence = Occurrence(
        type=EventType.ACTED, from_=matter.state, to=draft.get("state"), action=action.id, actor=command.actor,
        at=draft.now, data=draft.data,
    )  # fmt: skip
    return _decision(draft, occurrence)


def _tried(draft: Draft, case: Case, press: Press, read: Values) -> str | Refusal | None:
    """Fill the form in, and return where the press leads, or why it cannot be."""
    draft.fill(read)
    target = prepare(draft, press)
    if isinstance(target, Refusal):
        return target
    if target is not None and returns_to_spent(case, target):
        return SPENT
    problem = seats_problem(draft, press, target)
    return target if problem is None else problem


def _note_undone_filing(draft: Draft, actor: Actor) -> None:
    """Record that a filing was undone, where whoever reported ends the matter within the start's `settle`."""
    start, role, matter = draft.workflow.starts.get(draft.before.start), draft.role(actor.role), draft.before
    own = role is not None and role.covers is Covers.OWN
    if start is None or start.settle is None or draft.get("outcome") is None or not own:
        return
    calendar = draft.world.calendar(draft.calendar_of(draft.workflow.states[matter.state]))
    if draft.now < calendar.due(matter.filed, start.settle).at:
        draft.data["undone"] = {"action": start.id, "seq": 1}


def _fire(draft: Draft, command: Fire) -> Decision | Refusal:
    timer = command.timer
    if not draft.before.is_open:
        return ENDED
    found = standing(draft.workflow, draft.before, draft.world, timer)
    if found is None or found.fire > draft.now:
        return STALE
    return _decision(draft, fire(draft, found), acted=found)


def _child_ended(draft: Draft, command: ChildEnded) -> Decision | Refusal:
    matter = draft.before
    if not matter.is_open:
        return ENDED
    seat = matter.seats.get(command.child)
    if seat is None or seat.outcome is not None:
        return STALE
    children.record_end(draft, command)
    target = children.way_on(draft)
    machine_of(draft.workflow).step(matter.state, JOINED, target)
    if target is not None:
        move(draft, target, actor=SYSTEM)
        tell_new_holder(draft, SYSTEM)
    draft.data["child"] = {"id": command.child, "outcome": command.outcome}
    return _decision(draft, _by_engine(draft, EventType.CHILD_ENDED, "child_ended"))


def _join(draft: Draft, _command: Join) -> Decision | Refusal:
    matter = draft.before
    target = children.way_on(draft) if matter.is_open else None
    if target is None:
        return STALE if matter.is_open else ENDED
    machine_of(draft.workflow).step(matter.state, JOINED, target)
    move(draft, target, actor=SYSTEM)
    tell_new_holder(draft, SYSTEM)
    return _decision(draft, _by_engine(draft, EventType.CHILD_ENDED, "child_ended"))


def _topic_ended(draft: Draft, command: TopicEnded) -> Decision | Refusal:
    matter = draft.before
    if not matter.is_open:
        return ENDED
    state = draft.state
    if state.waits_for is None or matter.topics.get(command.topic) != "":
        return STALE
    draft.put("topics", command.topic, command.outcome)
    draft.set(forms=draft.get("forms") + 1)
    if command.outcome not in state.waits_for.outcomes:
        draft.alarms.append(f"topic_without_way:{command.outcome}")
        draft.tell(draft.get("holder"), "topic_ended")
    joined = topics.next_state(draft, state.waits_for)
    outcome, target = joined if joined is not None else (command.outcome, None)
    if outcome in state.waits_for.outcomes:
        machine_of(draft.workflow).step(matter.state, topic_event(outcome), target)
    if target is not None:
        move(draft, target, actor=SYSTEM)
        tell_new_holder(draft, SYSTEM)
    draft.data["topic"] = {"id": command.topic, "outcome": command.outcome}
    return _decision(draft, _by_engine(draft, EventType.CHILD_ENDED, "topic_ended"))


def _link(draft: Draft, command: Link) -> Decision | Refusal:
    if not draft.before.is_open or draft.before.kind != MatterKind.TOPIC:
        return Refusal(RefusalCode.FIELD, "这个议题已经结束或不是议题，请另选一个。", "topic")
    if command.workflow is not None and command.workflow != draft.before.workflow:
        return Refusal(RefusalCode.FIELD, "这一步等的不是这种议题，请另选一个。", "topic")
    machine_of(draft.workflow).step(draft.before.state, LINKED, None)
    if command.waiting not in draft.before.waiting:
        draft.set(waiting=(*draft.before.waiting, command.waiting))
    return _decision(draft, _by_engine(draft, EventType.LINKED, "linked"))


def _cancel(draft: Draft, command: Cancel) -> Decision | Refusal:
    if not draft.before.is_open or draft.before.parent != command.parent:
        return ENDED
    machine_of(draft.workflow).step(draft.before.state, CANCELLED, None)
    children.close_open(draft)
    draft.tell(draft.before.holder, "cancelled")
    draft.set(
        outcome="cancelled", holder=None, stands_in=None, assignee=None, suspended=(), extension=None, settling=None
    )
    return _decision(draft, _by_engine(draft, EventType.CANCELLED, "cancelled"))


def _recompute(draft: Draft, command: Recompute) -> Decision | Refusal:
    if not draft.before.is_open:
        return ENDED
    any_moved = recompute_calendar(draft)
    fresh = armed(draft.workflow, draft.matter(), draft.world)
    stored = command.stored if command.stored is not None else armed(draft.workflow, draft.before, draft.world)
    if not any_moved and set(stored) == set(fresh):
        return STALE
    machine_of(draft.workflow).step(draft.before.state, RECOMPUTED, None)
    clock = draft.clocks.get(STATE_CLOCK)
    if clock is not None and clock.due is not None:
        draft.tell(draft.before.holder, "recomputed", due=clock.due.isoformat())
    return msgspec.structs.replace(
        _decision(draft, _by_engine(draft, EventType.RECOMPUTED, "recomputed")),
        arm=tuple(timer for timer in fresh if command.stored is None or timer not in stored),
        cancel=tuple(timer for timer in stored if command.stored is None or timer not in fresh),
    )


def _migrate(
    workflow: Workflow, matter: Matter, command: Migrate, *, to: Workflow | None, now: datetime, world: World
) -> Decision | Refusal:
    if not matter.is_open:
        return ENDED
    if to is None or to.digest != command.to or matter.digest == command.to:
        return STALE
    return repin(Draft(matter, workflow=to, world=world, now=now, seq=matter.seq + 1), workflow)


def _by_engine(draft: Draft, kind: EventType, action: str) -> Occurrence:
    return Occurrence(
        type=kind, from_=draft.before.state, to=draft.get("state"), action=action, actor=SYSTEM, at=draft.now,
        data=draft.data,
    )  # fmt: skip


def _decision(draft: Draft, occurrence: Occurrence, *, acted: Timer | None = None) -> Decision:
    after = draft.matter()
    old = draft.before if draft.before.seq else None
    arm, cancel = rearmed(draft.workflow, old, after, draft.world, acted=acted)
    return Decision(
        before=old, after=after, occurrence=occurrence, private=draft.private, arm=arm, cancel=cancel,
        opens=tuple(draft.opens), follows=tuple(draft.follows), notices=tuple(draft.notices),
        alarms=tuple(draft.alarms),
    )  # fmt: skip


_DECIDERS: Mapping[type[Command], Callable[[Draft, Any], Decision | Refusal]] = MappingProxyType(
    {
        Act: _act,
        Fire: _fire,
        ChildEnded: _child_ended,
        Join: _join,
        TopicEnded: _topic_ended,
        Link: _link,
        Cancel: _cancel,
        Recompute: _recompute,
    }
)
