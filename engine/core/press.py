"""
What a press does once nothing refuses it: its form counts, and the matter stays or moves on.

At once for most actions; when it has settled for those with `settle`, and then it is a rule that comes here.
"""

from dataclasses import dataclass

from engine.core.clocks import hold, meet_milestones, meet_named, recompute_limits, stopped_by
from engine.core.command import Join, SeatAsked
from engine.core.decision import Refusal
from engine.core.draft import Draft
from engine.core.facts import class_of, target_of
from engine.core.matter import Actor, Holder, Mark
from engine.core.move import move, take_place
from engine.core.procedures import children, extension, settle
from engine.core.scope import capacities_of
from engine.core.terms import BuiltIn, RefusalCode
from engine.core.timers import ring_again
from engine.core.workflow.declaration import Action, State
from engine.core.workflow.machine import machine_of


@dataclass(frozen=True, slots=True)
class Press:
    """An action, who pressed it, and the units and topic chosen with it."""

    action: Action
    actor: Actor
    seats: tuple[SeatAsked, ...] = ()
    topic: str | None = None


def prepare(draft: Draft, press: Press) -> str | Refusal | None:
    """Let the filled-in form count, and return where the press leads (None: it stays), or why it cannot be."""
    action = press.action
    take_form(draft, action, actor=press.actor)
    if action.place_from is not None and (refusal := take_place(draft, action.place_from)) is not None:
        return refusal
    target = target_of(action.to, facts=draft.facts(), visited=draft.before.visited) if action.to is not None else None
    if action.to is not None and target is None:
        return Refusal(RefusalCode.CONDITION, "填的内容没有对应的下一步。")
    return target


def finish(draft: Draft, press: Press, target: str | None, *, event: str) -> None:
    """Stay or move to *target* by the *event* of the machine."""
    action = press.action
    machine_of(draft.workflow).step(draft.before.state, event, target)
    if target is None:
        _stay(draft, press)
        return
    _marks_and_milestones(draft, action)
    move(draft, target, actor=press.actor, seats=press.seats, topic=press.topic)
    tell_new_holder(draft, press.actor)


def take_form(draft: Draft, action: Action, *, actor: Actor) -> None:
    """Take the constants, counts and the doer of an action; then the clocks that its classes choose."""
    if any(draft.get("fields").get(name) != value for name, value in action.set.items()):
        draft.set(fields={**draft.get("fields"), **action.set}, forms=draft.get("forms") + 1)
    if action.counts is not None:
        draft.count("counters", action.counts)
    draft.count("uses", f"{draft.get('state')}.{action.id}")
    if actor.person is not None:
        draft.put("doers", action.id, actor.person)
    klass = class_of(draft.workflow, draft.get("fields"))
    if draft.get("fields") != draft.before.fields or klass != draft.get("klass"):
        draft.set(klass=klass)
        for key in recompute_limits(draft):
            ring_again(draft, key)


def _marks_and_milestones(draft: Draft, action: Action) -> None:
    for mark in action.marks:
        if mark not in draft.get("marks"):
            draft.put("marks", mark, Mark(seq=draft.seq, at=draft.now))
    meet_named(draft, action.marks)
    meet_milestones(draft, (*action.marks, action.id))


def _stay(draft: Draft, press: Press) -> None:
    action = press.action
    _marks_and_milestones(draft, action)
    state = draft.state
    hold(draft, stopped_by(state, draft.clocks))
    if action.id == BuiltIn.NOTE or _is_holder(draft, press.actor):
        draft.set(owes=None)
    if action.id == BuiltIn.UNDO:
        settle.undo(draft)
    if state.extend is not None and action.id in (
        BuiltIn.ASK_EXTENSION,
        BuiltIn.GRANT_EXTENSION,
        BuiltIn.DENY_EXTENSION,
    ):
        extension.apply(draft, action.id, actor=press.actor, extend=state.extend)
    if action.id == BuiltIn.ASSIGN and state.children is not None:
        for seat in press.seats:
            children.open_one(draft, state.children.seats[seat.seat], unit=seat.unit, actor=press.actor)
    if state.children is not None and state.children.done_require and children.way_on(draft) is not None:
        draft.follows.append(Join(matter=draft.before.id))


def _is_holder(draft: Draft, actor: Actor) -> bool:
    holder, stands_in = draft.get("holder"), draft.get("stands_in")
    own = holder is not None and holder.unit is None and holder.role == actor.role
    others = capacities_of(
        actor, stands_in or holder, workflow=draft.workflow, place=draft.get("place"),
        organisation=draft.world.organisation, at=draft.now,
    )  # fmt: skip
    return own or any(Holder(role=one.role, unit=one.unit) in (holder, stands_in) for one in (actor, *others))


def tell_new_holder(draft: Draft, actor: Actor) -> None:
    """Tell whoever has the matter now, unless it is who acted."""
    holder = draft.get("stands_in") or draft.get("holder")
    if holder is None or (holder.role == actor.role and holder.unit == actor.unit):
        return
    draft.tell(None if holder.unit is None else holder, "moved")


def seats_problem(draft: Draft, press: Press, target: str | None) -> Refusal | None:
    """Return what is wrong with the units chosen with a press that leads to *target*, or None."""
    if target is not None:
        return seat_problem(draft.workflow.states[target], press.seats, draft)
    if press.action.id != BuiltIn.ASSIGN:
        return None
    state_children = draft.state.children
    if state_children is None or not press.seats:
        return Refusal(RefusalCode.REQUIRED, "请选要补派的单位。", "seats")
    free = children.free_seats(draft.before, state_children)
    busy = children.units_here(draft.before)
    for seat in press.seats:
        if seat.unit not in draft.world.organisation.units:
            return Refusal(RefusalCode.FIELD, f"没有「{seat.unit}」这个单位，请重新选。", "seats")
        if seat.unit in busy:
            return Refusal(RefusalCode.FIELD, "同一个单位只能占一个位置。", "seats")
        busy.add(seat.unit)
        free[seat.seat] = free.get(seat.seat, 0) - 1
    full = next((seat for seat, left in free.items() if left < 0), None)
    return None if full is None else Refusal(RefusalCode.FIELD, f"「{full}」的位置已经满了。", "seats")


def seat_problem(target: State, seats: tuple[SeatAsked, ...], draft: Draft) -> Refusal | None:
    """Return what is wrong with the units chosen for *target*, or None."""
    if target.children is None:
        return Refusal(RefusalCode.FIELD, "这一步不用选单位。", "seats") if seats else None
    organisation = draft.world.organisation
    category = draft.get("fields").get("category")
    default = organisation.department_for(category if isinstance(category, str) else None)
    problem = children.problem_with(target.children, seats, default_unit=default, known=organisation.units)
    return None if problem is None else Refusal(RefusalCode.REQUIRED, problem, "seats")
