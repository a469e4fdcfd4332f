"""Leaving a state and entering another: clocks, holder, children, topics and the end, in one place."""

from collections.abc import Iterable

from engine.core.clocks import (
    begin_level,
    begin_state_clocks,
    end_state_clocks,
    hold,
    meet_named,
    release,
    stopped_by,
)
from engine.core.command import ChildEnded, SeatAsked, TopicEnded
from engine.core.decision import Refusal
from engine.core.draft import Draft
from engine.core.matter import Actor, Holder, Suspended
from engine.core.procedures import children, pause, settle, topics
from engine.core.scope import filled_above, people_of, superior_of, unit_of_role
from engine.core.terms import Covers, MatterKind, RefusalCode, UnitKind
from engine.core.workflow.declaration import State


def move(
    draft: Draft, target_id: str, *, actor: Actor, seats: Iterable[SeatAsked] = (), topic: str | None = None
) -> None:
    """Leave the present state for *target_id* and enter it."""
    target = draft.workflow.states[target_id]
    kept = pause.goes_on(draft, target)
    leave(draft, target)
    if kept is not None:
        _go_on(draft, target, kept)
    else:
        enter(draft, target, actor=actor, seats=seats, topic=topic)


def leave(draft: Draft, target: State) -> None:
    """Put down what belongs to the present state: its clocks, children, extension, supervision."""
    state = draft.state
    settle.put_down(draft)
    children.close_open(draft)
    release(draft, stopped_by(state, draft.clocks))
    if target.pause:
        pause.suspend(draft, target)
    else:
        end_state_clocks(draft)
        if draft.get("suspended") and pause.goes_on(draft, target) is None:
            draft.set(suspended=())


def _go_on(draft: Draft, target: State, kept: Suspended) -> None:
    draft.set(state=target.id, level=target.level)
    draft.put("visited", target.id, draft.seq)
    meet_named(draft, [target.id, *([f"level.{target.level}"] if target.level else [])])
    if kept.holder is None:
        give_to_role(draft, target)
    else:
        give(draft, kept.holder)
    hold(draft, stopped_by(target, draft.clocks))
    pause.take_up(draft, kept)
    children.miss_seats(draft, target)


def enter(
    draft: Draft, target: State, *, actor: Actor, seats: Iterable[SeatAsked] = (), topic: str | None = None
) -> None:
    """Begin a visit of *target*: its clocks, holder, children and topic; or end there."""
    draft.set(
        state=target.id, level=target.level, visit=draft.seq, entered=draft.now, answers=None, extension=None,
        extended=0, owes=None,
    )  # fmt: skip
    draft.put("visited", target.id, draft.seq)
    happened = [target.id]
    if target.level is not None:
        begin_level(draft, target.level)
        happened.append(f"level.{target.level}")
    if target.final is not None:
        end(draft, target.final)
        return
    meet_named(draft, happened)
    give_to_role(draft, target)
    begin_state_clocks(draft, target)
    hold(draft, stopped_by(target, draft.clocks))
    children.open_all(draft, target, asked=seats, actor=actor)
    topics.link(draft, target, topic=topic, actor=actor)


def end(draft: Draft, outcome: str) -> None:
    """End the matter, tell its parent, those who wait for it, and the reporter."""
    level = draft.get("level")
    meet_named(draft, [draft.get("state"), *([f"level.{level}"] if level else []), "final"])
    draft.set(outcome=outcome, holder=None, stands_in=None, assignee=None, suspended=(), extension=None)
    matter_id = draft.before.id
    if draft.get("parent") is not None:
        draft.follows.append(ChildEnded(matter=draft.get("parent"), child=matter_id, outcome=outcome))
    for waiting in draft.get("waiting"):
        draft.follows.append(TopicEnded(matter=waiting, topic=matter_id, outcome=outcome))
    if draft.get("kind") == MatterKind.DEMAND:
        draft.tell(None, "ended", outcome=outcome)


def give_to_role(draft: Draft, state: State) -> None:
    """Give the matter to the role that holds *state*."""
    if state.held_by is None:
        draft.set(holder=None, stands_in=None, assignee=None)
        return
    role = draft.workflow.roles[state.held_by]
    organisation = draft.world.organisation
    unit = unit_of_role(role, place=draft.get("place"), chosen=draft.get("department"), organisation=organisation)
    give(draft, Holder(role=role.id, unit=unit))


def give(draft: Draft, holder: Holder) -> None:
    """Give the matter to *holder*; where nobody fills that seat, the superior stands in and an alarm is raised."""
    draft.set(holder=holder, stands_in=None, assignee=None)
    role = draft.workflow.roles.get(holder.role)
    if role is None or role.covers is Covers.OWN:
        return
    organisation, workflow = draft.world.organisation, draft.workflow
    people = people_of(holder, workflow=workflow, organisation=organisation, at=draft.now)
    if len(people) == 1:
        draft.set(assignee=people[0])
    if people:
        return
    draft.alarms.append(f"nobody:{holder.role}@{holder.unit or '-'}")
    draft.set(stands_in=stand_in(draft, holder))


def who_answers(draft: Draft, holder: Holder | None) -> Holder:
    """Return the superior who answers for *holder*; where nobody fills that seat the next above, with an alarm."""
    if holder is None:
        return _supervisor(draft)
    organisation, workflow = draft.world.organisation, draft.workflow
    superior = superior_of(holder, workflow=workflow, matter=draft.before, organisation=organisation)
    if superior is None:
        draft.alarms.append(f"nobody:superior@{holder.unit or '-'}")
        return _supervisor(draft)
    if people_of(superior, workflow=workflow, organisation=organisation, at=draft.now):
        return superior
    draft.alarms.append(f"nobody:{superior.role}@{superior.unit or '-'}")
    return stand_in(draft, superior)


def stand_in(draft: Draft, holder: Holder) -> Holder:
    """Return the nearest superior whose seat somebody fills, else the supervisor."""
    above = filled_above(
        holder, workflow=draft.workflow, place=draft.get("place"), organisation=draft.world.organisation, at=draft.now
    )
    return above or _supervisor(draft)


def _supervisor(draft: Draft) -> Holder:
    return Holder(role="supervisor", unit=draft.world.organisation.unit_above(draft.get("place"), "street"))


def take_place(draft: Draft, field: str) -> Refusal | None:
    """Move the matter to the grid given in *field*, and to whoever holds its state there; or say why not."""
    place = str(draft.get("fields").get(field, ""))
    unit = draft.world.organisation.units.get(place)
    if unit is None or unit.kind != UnitKind.GRID:
        return Refusal(RefusalCode.FIELD, "没有这个网格，请重新选。", field)
    if place == draft.before.place:
        return Refusal(RefusalCode.FIELD, "这件事就在这个网格，请选别的网格。", field)
    draft.set(place=place)
    give_to_role(draft, draft.state)
    return None
