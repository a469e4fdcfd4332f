"""Whose desk holds what: the seats somebody fills, and the steps they share with those seats."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from engine.core.matter import Actor, Holder
from engine.core.scope import World, empty_below
from engine.core.terms import Covers
from engine.core.workflow.declaration import State, Workflow
from engine.services.sight import places_below
from engine.store.desk import Desk

# Those who work close to the place share the steps of their level; above, a step lies on one desk.
_CLOSE = {Covers.OWN: 0, Covers.GRID: 0, Covers.ESTATE: 0, Covers.COMMUNITY: 1, Covers.STREET: 2, Covers.DISTRICT: 3}
_SHARING = frozenset({Covers.GRID, Covers.ESTATE, Covers.COMMUNITY})


def desk_of(viewer: Actor, *, world: World, flows: Sequence[Workflow], now: datetime) -> Desk:
    """Return the desk of *viewer*: their own seat, seats they stand in for, and steps they may move at their places."""
    behind = world.organisation.absent_behind(viewer.post, now)
    seats = {(viewer.role, viewer.unit), *((post.role, post.unit) for post in behind)}
    own = Holder(role=viewer.role, unit=viewer.unit)
    for flow in flows:
        # A seat that fell empty after a matter was given to it: the nearest above acts for it.
        empty = empty_below(own, workflow=flow, organisation=world.organisation, at=now)
        seats |= {(seat.role, seat.unit) for seat in empty}
    roles = {role for role, _ in seats}
    shared = frozenset(_shared(viewer.role, flows))
    places = places_below(world.organisation, viewer.unit) if shared and viewer.unit is not None else frozenset()
    if _covers(viewer.role, flows) is Covers.DEPARTMENT and viewer.unit is not None:
        # The head of a department looks after its tasks: they answer for them when one is late.
        seats |= {
            (role, viewer.unit) for flow in flows for role, one in flow.roles.items() if one.covers is Covers.DEPARTMENT
        }
    return Desk(seats=frozenset(seats), places=places, states=shared, waiting=frozenset(_waiting(roles, flows)))


def _covers(role: str, flows: Iterable[Workflow]) -> Covers | None:
    return next((flow.roles[role].covers for flow in flows if role in flow.roles), None)


def _shared(role: str, flows: Iterable[Workflow]) -> Iterator[tuple[str, str]]:
    """Steps that *role* may move or mark, held by its own or a wider desk."""
    for flow in flows:
        declared = flow.roles.get(role)
        if declared is None or declared.covers not in _SHARING:
            continue
        for state in flow.states.values():
            holder = flow.roles.get(state.held_by) if state.held_by is not None else None
            wide = holder is not None and _CLOSE.get(holder.covers, 0) >= _CLOSE[declared.covers]
            reached = wide or (holder is not None and holder.covers is Covers.OWN)
            if reached and _acts(role, flow, state):
                yield flow.id, state.id


def _acts(role: str, flow: Workflow, state: State) -> bool:
    actions = flow.actions_of(state.id).values()
    return any(role in action.by and (action.to is not None or action.marks) for action in actions)


def _waiting(roles: Iterable[str], flows: Iterable[Workflow]) -> Iterator[tuple[str, str]]:
    """Steps in which somebody else must act first: paused, on the books, or without anything for these roles to do."""
    wanted = tuple(roles)
    for flow in flows:
        for state in flow.states.values():
            idle = not any(_acts(role, flow, state) for role in wanted)
            if state.final is None and (state.pause or state.review is not None or idle):
                yield flow.id, state.id
