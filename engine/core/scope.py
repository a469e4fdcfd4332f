"""
Units, posts and the duty roster, and who they make responsible for a place.

A person acts only through a post: a role of a unit, from an instant to an instant. Units form a tree; departments
stand beside it and name what they are responsible for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.matter import Actor, Frozen, Holder, Matter
from engine.core.terms import SYSTEM_ROLE, Covers, UnitKind
from engine.core.workflow.declaration import Role, Workflow

SYSTEM = Actor(post=SYSTEM_ROLE, role=SYSTEM_ROLE)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


class Unit(Frozen, frozen=True, kw_only=True):
    """A unit; `serves` holds category ids a department is responsible for."""

    id: str
    kind: str
    name: str
    parent: str | None = None
    serves: tuple[str, ...] = ()


class Post(Frozen, frozen=True, kw_only=True):
    """A person's post: role and unit, from `since` until `until` (None: still)."""

    id: str
    role: str
    unit: str | None
    person: str
    name: str
    since: datetime
    until: datetime | None = None

    def is_held(self, at: datetime) -> bool:
        """Whether the post is held at *at*."""
        return self.since <= at and (self.until is None or at < self.until)


class Duty(Frozen, frozen=True, kw_only=True):
    """A stretch of the duty roster: this post answers for the role of the unit."""

    role: str
    unit: str
    post: str
    since: datetime
    until: datetime


class _Stretch(NamedTuple):
    """A stretch of time in which the same posts fill a seat."""

    since: datetime
    until: datetime
    posts: tuple[Post, ...]
    ids: tuple[str, ...]


class Organisation:
    """Units, posts and roster of a deployment at one version, with the look-ups the engine needs."""

    def __init__(self, units: Iterable[Unit], posts: Iterable[Post] = (), duties: Iterable[Duty] = ()) -> None:
        self.units: Mapping[str, Unit] = {unit.id: unit for unit in units}
        self.posts: Mapping[str, Post] = {post.id: post for post in posts}
        self.duties: tuple[Duty, ...] = tuple(duties)

    @cached_property
    def _posts_by_seat(self) -> Mapping[tuple[str, str | None], tuple[Post, ...]]:
        seats: dict[tuple[str, str | None], list[Post]] = {}
        for post in self.posts.values():
            seats.setdefault((post.role, post.unit), []).append(post)
        return {seat: tuple(sorted(posts, key=lambda post: post.id)) for seat, posts in seats.items()}

    @cached_property
    def _ancestors(self) -> dict[str, tuple[str, ...]]:
        return {}

    def ancestors(self, unit: str) -> tuple[str, ...]:
        """The unit itself and every unit above it, nearest first."""
        known = self._ancestors.get(unit)
        if known is None:
            line: list[str] = []
            step: str | None = unit
            while step is not None and step in self.units and step not in line:
                line.append(step)
                step = self.units[step].parent
            known = self._ancestors[unit] = tuple(line)
        return known

    def unit_above(self, place: str, kind: str) -> str | None:
        """The nearest unit of *kind* at or above *place*; a village stands where a community does."""
        kinds = {kind, UnitKind.VILLAGE.value} if kind == UnitKind.COMMUNITY else {kind}
        return next((unit for unit in self.ancestors(place) if self.units[unit].kind in kinds), None)

    def department_for(self, category: str | None) -> str | None:
        """The department that serves *category*, the first in id order where several do."""
        if category is None:
            return None
        serving = (u.id for u in self.units.values() if u.kind == UnitKind.DEPARTMENT and category in u.serves)
        return min(serving, default=None)

    @cached_property
    def _stretches(self) -> dict[tuple[str, str | None], _Stretch]:
        return {}

    def _stretch(self, role: str, unit: str | None, at: datetime) -> _Stretch:
        # Every step asks who fills the new holder's seat: walking a thousand posts took a third of an import.
        known = self._stretches.get((role, unit))
        if known is None or not known.since <= at < known.until:
            posts = self._posts_by_seat.get((role, unit), ())
            edges = [edge for post in posts for edge in (post.since, post.until) if edge is not None]
            held = tuple(post for post in posts if post.is_held(at))
            known = _Stretch(
                since=max((edge for edge in edges if edge <= at), default=_BEFORE_ALL),
                until=min((edge for edge in edges if edge > at), default=_AFTER_ALL),
                posts=held,
                ids=tuple(post.id for post in held),
            )
            self._stretches[role, unit] = known
        return known

    def posts_of(self, role: str, unit: str | None, at: datetime) -> tuple[Post, ...]:
        """Posts of *role* at *unit* held at *at*, in id order."""
        return self._stretch(role, unit, at).posts

    def post_ids_of(self, role: str, unit: str | None, at: datetime) -> tuple[str, ...]:
        """Ids of the posts of *role* at *unit* held at *at*, in order."""
        return self._stretch(role, unit, at).ids

    def on_duty(self, role: str, unit: str, at: datetime) -> tuple[Post, ...]:
        """Posts on the duty roster for *role* of *unit* at *at*."""
        rostered = (d.post for d in self.duties if d.role == role and d.unit == unit and d.since <= at < d.until)
        posts = (self.posts.get(post) for post in rostered)
        return tuple(post for post in posts if post is not None and post.is_held(at))


@dataclass(frozen=True)
class World:
    """What surrounds a decision: the organisation and the calendars, each as of one version."""

    organisation: Organisation
    calendars: Mapping[str, WorkingCalendar]
    default_calendar: str

    def calendar(self, calendar_id: str | None) -> WorkingCalendar:
        """The calendar of that id, else the deployment's own."""
        return self.calendars[calendar_id or self.default_calendar]


def unit_of_role(role: Role, *, place: str, chosen: str | None, organisation: Organisation) -> str | None:
    """The unit that holds *role* for a matter at *place*; a department only by choice."""
    if role.covers == Covers.OWN:
        return None
    if role.covers == Covers.DEPARTMENT:
        return chosen
    return organisation.unit_above(place, role.covers.value)


def people_of(holder: Holder, *, workflow: Workflow, organisation: Organisation, at: datetime) -> tuple[str, ...]:
    """Ids of the posts that fill *holder* at *at*: the roster's where the role has one."""
    if holder.unit is None:
        return ()
    role = workflow.roles.get(holder.role)
    if role is not None and role.roster:
        return tuple(post.id for post in organisation.on_duty(holder.role, holder.unit, at))
    return organisation.post_ids_of(holder.role, holder.unit, at)


def superior_of(holder: Holder, *, workflow: Workflow, matter: Matter, organisation: Organisation) -> Holder | None:
    """Who stands above *holder*: the role named by `above`, at its unit for this matter."""
    role = workflow.roles.get(holder.role)
    above = workflow.roles.get(role.above) if role is not None and role.above else None
    if above is None:
        return None
    place = holder.unit if holder.unit in organisation.units else matter.place
    unit = unit_of_role(above, place=matter.place, chosen=holder.unit, organisation=organisation)
    return Holder(role=above.id, unit=unit or organisation.unit_above(place or matter.place, above.covers.value))


def in_scope(actor: Actor, *, role: Role, matter: Matter, organisation: Organisation) -> bool:
    """Whether *matter* is one that *actor* answers for in *role*."""
    if role.covers == Covers.OWN:
        return matter.reporter is not None and matter.reporter.person == actor.person
    if role.covers == Covers.DEPARTMENT:
        seats = (seat.unit for seat in matter.seats.values() if seat.outcome is None)
        mine = matter.holder is not None and matter.holder.unit == actor.unit
        return actor.unit is not None and (mine or actor.unit in seats)
    return actor.unit is not None and actor.unit == organisation.unit_above(matter.place, role.covers.value)
