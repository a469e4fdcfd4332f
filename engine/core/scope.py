"""
Units, posts and the duty roster, and who they make responsible for a place.

A person acts only through a post: a role of a unit, from an instant to an instant. Units form a tree; departments
stand beside it and name what they are responsible for.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.matter import Actor, Frozen, Holder, Matter, receipt_post
from engine.core.terms import SYSTEM_ROLE, Covers, LeaveReason, UnitKind
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

    @property
    def key(self) -> tuple[str, str, str, datetime]:
        """What makes the stretch unique."""
        return (self.role, self.unit, self.post, self.since)


class Leave(Frozen, frozen=True, kw_only=True):
    """The holder of `post` is away from `since` until `until` (None: open); `substitute` is who acts meanwhile."""

    id: str
    post: str
    since: datetime
    until: datetime | None = None
    substitute: str | None = None
    reason: str = LeaveReason.OTHER.value

    def holds(self, at: datetime) -> bool:
        """Whether the holder is away at *at*."""
        return self.since <= at and (self.until is None or at < self.until)


class _Stretch(NamedTuple):
    """A stretch of time in which the same posts fill a seat; `ids` are those who act: substitutes for who is away."""

    since: datetime
    until: datetime
    posts: tuple[Post, ...]
    ids: tuple[str, ...]


class Organisation:
    """Units, posts, roster and leave of a deployment at one version, with the look-ups the engine needs."""

    def __init__(
        self,
        units: Iterable[Unit],
        posts: Iterable[Post] = (),
        duties: Iterable[Duty] = (),
        *,
        leaves: Iterable[Leave] = (),
    ) -> None:
        self.units: Mapping[str, Unit] = {unit.id: unit for unit in units}
        self.posts: Mapping[str, Post] = {post.id: post for post in posts}
        self.duties: tuple[Duty, ...] = tuple(duties)
        self.leaves: tuple[Leave, ...] = tuple(leaves)

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
        known = self._above.get((place, kind), "")
        if known == "":
            kinds = {kind, UnitKind.VILLAGE.value} if kind == UnitKind.COMMUNITY else {kind}
            known = next((unit for unit in self.ancestors(place) if self.units[unit].kind in kinds), None)
            self._above[place, kind] = known
        return known

    @cached_property
    def _above(self) -> dict[tuple[str, str], str | None]:
        return {}

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
            edges = [edge for post in posts for edge in self._edges(post)]
            held = tuple(post for post in posts if post.is_held(at))
            known = _Stretch(
                since=max((edge for edge in edges if edge <= at), default=_BEFORE_ALL),
                until=min((edge for edge in edges if edge > at), default=_AFTER_ALL),
                posts=held,
                ids=self.acting((post.id for post in held), at) if self.leaves else tuple(post.id for post in held),
            )
            self._stretches[role, unit] = known
        return known

    def posts_of(self, role: str, unit: str | None, at: datetime) -> tuple[Post, ...]:
        """Posts of *role* at *unit* held at *at*, in id order."""
        return self._stretch(role, unit, at).posts

    def post_ids_of(self, role: str, unit: str | None, at: datetime) -> tuple[str, ...]:
        """Ids of the posts that act for *role* of *unit* at *at*: its holders, or who stands in for one away."""
        return self._stretch(role, unit, at).ids

    @cached_property
    def _leaves_of(self) -> Mapping[str, tuple[Leave, ...]]:
        found: dict[str, list[Leave]] = {}
        for leave in self.leaves:
            found.setdefault(leave.post, []).append(leave)
        return {post: tuple(sorted(leaves, key=lambda one: (one.since, one.id))) for post, leaves in found.items()}

    def leave_of(self, post: str, at: datetime) -> Leave | None:
        """The leave its holder is on at *at*; where two overlap the one that began last."""
        return next((one for one in reversed(self._leaves_of.get(post, ())) if one.holds(at)), None)

    def acting_for(self, post: str, at: datetime) -> str | None:
        """The post that acts for *post* at *at*: itself, its substitute, or theirs; None where nobody does."""
        seen: list[str] = []
        step: str | None = post
        while step is not None and step not in seen:
            held = self.posts.get(step)
            if held is None or not held.is_held(at):
                return None
            leave = self.leave_of(step, at)
            if leave is None:
                return step
            seen.append(step)
            step = leave.substitute
        return None

    def acting(self, posts: Iterable[str], at: datetime) -> tuple[str, ...]:
        """The posts that act for *posts* at *at*, each once, in order."""
        found = (self.acting_for(post, at) for post in posts)
        return tuple(dict.fromkeys(post for post in found if post is not None))

    def absent_behind(self, post: str, at: datetime) -> tuple[Post, ...]:
        """The posts whose holders are away and for whom *post* acts at *at*, in id order."""
        if not self.leaves:
            return ()
        away = sorted(name for name in self._leaves_of if name != post and self.acting_for(name, at) == post)
        return tuple(self.posts[name] for name in away)

    def _edges(self, post: Post) -> Iterator[datetime]:
        """When something about who acts for *post* changes."""
        seen: set[str] = set()
        waiting = [post.id]
        while waiting:
            name = waiting.pop()
            one = self.posts.get(name)
            if name in seen or one is None:
                continue
            seen.add(name)
            leaves = self._leaves_of.get(name, ())
            spans = ((one.since, one.until), *((leave.since, leave.until) for leave in leaves))
            yield from (edge for span in spans for edge in span if edge is not None)
            waiting.extend(leave.substitute for leave in leaves if leave.substitute is not None)

    @cached_property
    def _changes(self) -> tuple[datetime, ...]:
        spans: list[tuple[datetime, datetime | None]] = [(one.since, one.until) for one in self.posts.values()]
        spans += [(one.since, one.until) for one in self.duties]
        spans += [(one.since, one.until) for one in self.leaves]
        return tuple(sorted({edge for span in spans for edge in span if edge is not None}))

    def next_change(self, at: datetime) -> datetime | None:
        """When, after *at*, somebody takes up or leaves a post, a duty or a leave for the first time."""
        behind = bisect_right(self._changes, at)
        return self._changes[behind] if behind < len(self._changes) else None

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
    return organisation.unit_above(place, role.covers)


def people_of(holder: Holder, *, workflow: Workflow, organisation: Organisation, at: datetime) -> tuple[str, ...]:
    """Ids of the posts that act for *holder* at *at*: the roster's where the role has one, substitutes included."""
    if holder.unit is None:
        return ()
    role = workflow.roles.get(holder.role)
    if role is not None and role.roster:
        return organisation.acting((post.id for post in organisation.on_duty(holder.role, holder.unit, at)), at)
    return organisation.post_ids_of(holder.role, holder.unit, at)


def superior_of(holder: Holder, *, workflow: Workflow, matter: Matter, organisation: Organisation) -> Holder | None:
    """Who stands above *holder*: the role named by `above`, at its unit for this matter."""
    return _above(holder, workflow=workflow, place=matter.place, organisation=organisation)


def _above(holder: Holder, *, workflow: Workflow, place: str, organisation: Organisation) -> Holder | None:
    role = workflow.roles.get(holder.role)
    above = workflow.roles.get(role.above) if role is not None and role.above else None
    if above is None:
        return None
    unit = unit_of_role(above, place=place, chosen=holder.unit, organisation=organisation)
    known = holder.unit if holder.unit in organisation.units else place
    return Holder(role=above.id, unit=unit or organisation.unit_above(known or place, above.covers))


def filled_above(
    holder: Holder, *, workflow: Workflow, place: str, organisation: Organisation, at: datetime
) -> Holder | None:
    """The nearest superior of *holder* whose seat somebody fills at *at*; None where nobody above does."""
    seen: list[Holder] = []
    step: Holder | None = holder
    while step is not None and step not in seen:
        seen.append(step)
        step = _above(step, workflow=workflow, place=place, organisation=organisation)
        if step is not None and people_of(step, workflow=workflow, organisation=organisation, at=at):
            return step
    return None


def filled(holder: Holder, *, workflow: Workflow, place: str, organisation: Organisation, at: datetime) -> Holder:
    """
    Return the seat that has to act for *holder* at *at*: its own, or while nobody fills it the nearest filled above.

    A seat may fall empty long after a matter was given to it, by leave or by the end of a post.
    """
    if holder.unit is None or people_of(holder, workflow=workflow, organisation=organisation, at=at):
        return holder
    above = filled_above(holder, workflow=workflow, place=place, organisation=organisation, at=at)
    return above or holder


def _leads_to(role: Role, above: str, workflow: Workflow) -> bool:
    """Whether *above* stands somewhere above *role*."""
    seen: set[str] = set()
    step = role.above
    while step is not None and step not in seen:
        if step == above:
            return True
        seen.add(step)
        step = workflow.roles[step].above if step in workflow.roles else None
    return False


def empty_below(seat: Holder, *, workflow: Workflow, organisation: Organisation, at: datetime) -> Iterator[Holder]:
    """Yield the seats below *seat* that nobody fills at *at*, and for which it is the nearest that somebody fills."""
    for role in workflow.roles.values():
        if role.covers is Covers.OWN or not _leads_to(role, seat.role, workflow):
            continue
        kinds = {role.covers.value, *((UnitKind.VILLAGE.value,) if role.covers is Covers.COMMUNITY else ())}
        for unit in organisation.units.values():
            if unit.kind not in kinds or (seat.unit is not None and seat.unit not in organisation.ancestors(unit.id)):
                continue
            below = Holder(role=role.id, unit=unit.id)
            turn = filled(below, workflow=workflow, place=unit.id, organisation=organisation, at=at)
            if below != seat and turn == seat:
                yield below


def capacities_of(
    actor: Actor, holder: Holder | None, *, workflow: Workflow, place: str, organisation: Organisation, at: datetime
) -> tuple[Actor, ...]:
    """
    Return as whom else *actor* may act at *at* on what *holder* has: for those away, and for an empty seat below.

    Each is the actor in the absent seat: its role and unit, with the actor's own post and person.
    """
    seats = [Holder(role=post.role, unit=post.unit) for post in organisation.absent_behind(actor.post, at)]
    if holder is not None and holder.unit is not None:
        turn = filled(holder, workflow=workflow, place=place, organisation=organisation, at=at)
        if turn != holder and actor.post in people_of(turn, workflow=workflow, organisation=organisation, at=at):
            seats.append(holder)
    return tuple(Actor(post=actor.post, role=seat.role, unit=seat.unit, person=actor.person) for seat in seats)


def _is_reporter(actor: Actor, reporter: Actor | None) -> bool:
    return reporter is not None and reporter.person is not None and reporter.person == actor.person


def in_scope(actor: Actor, *, role: Role, matter: Matter, organisation: Organisation) -> bool:
    """Whether *matter* is one that *actor* answers for in *role*."""
    if role.covers == Covers.OWN:
        return actor.post == receipt_post(matter.id) or _is_reporter(actor, matter.reporter)
    if role.covers == Covers.DEPARTMENT:
        seats = (seat.unit for seat in matter.seats.values() if seat.outcome is None)
        mine = matter.holder is not None and matter.holder.unit == actor.unit
        return actor.unit is not None and (mine or actor.unit in seats)
    return actor.unit is not None and actor.unit == organisation.unit_above(matter.place, role.covers.value)
