"""Units with their posts and holders, one unit, the roster of a week, and what is not covered: for the pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from engine.core.matter import Holder
from engine.core.scope import Duty, Leave, Organisation, Post, Unit
from engine.core.terms import SUPERVISOR, Covers, LeaveReason, UnitKind, VenueKind
from engine.core.workflow.declaration import Workflow
from engine.services.check_street import KnownRole, kind_of, known_roles
from engine.services.seat_people import roles_for
from engine.store.places import Building, Venue
from engine.store.unit_of_work import Transaction

AHEAD = timedelta(days=30)
_SUPERVISOR_LABEL = "督导员"
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post with its words; `leave` and `substitute` where its holder is away now or will be."""

    post: Post
    role: str
    unit: str
    leave: Leave | None = None
    away: bool = False
    reason: str = ""
    substitute: str = ""

    @property
    def label(self) -> str:
        """The post as somebody chooses it."""
        return f"{self.unit} {self.role} {self.post.name}"


@dataclass(frozen=True, slots=True)
class UnitShown:
    """A unit in the tree: how deep, who holds its posts now, and which of its seats are empty."""

    unit: Unit
    kind: str
    depth: int
    posts: tuple[PostShown, ...]


@dataclass(frozen=True, slots=True)
class UnitPage:
    """One unit: its line of units above, posts now and to come, posts that ended, places."""

    unit: Unit
    kind: str
    above: tuple[Unit, ...]
    below: tuple[Unit, ...]
    posts: tuple[PostShown, ...]
    ended: tuple[PostShown, ...]
    roles: tuple[KnownRole, ...]
    venues: tuple[tuple[str, Venue], ...]
    buildings: tuple[tuple[Building, str], ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which nobody on the roster answers for a desk."""

    desk: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is not covered: grids without a venue, seats nobody acts for, gaps of the roster."""

    no_venue: tuple[Unit, ...]
    empty: tuple[tuple[Unit, str], ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class DeskShown:
    """A desk with a roster: its stretches in the week shown, by day."""

    role: str
    unit: str
    label: str
    posts: tuple[PostShown, ...]
    days: tuple[tuple[tuple[Duty, str], ...], ...]
    gaps: tuple[Gap, ...]

    @property
    def stretches(self) -> tuple[tuple[Duty, str], ...]:
        """The stretches of the week, each once."""
        return tuple(dict.fromkeys(one for day in self.days for one in day))


def post_shown(post: Post, *, organisation: Organisation, roles: Mapping[str, KnownRole], now: datetime) -> PostShown:
    """Return a post with its words and the leave its holder is on, or is going on."""
    coming = [one for one in organisation.leaves if one.post == post.id and (one.until is None or one.until > now)]
    leave = min(coming, key=lambda one: one.since, default=None)
    other = organisation.posts.get(leave.substitute or "") if leave is not None else None
    unit = organisation.units.get(post.unit or "")
    return PostShown(
        post=post, role=_role(post.role, roles), unit=unit.name if unit is not None else "", leave=leave,
        away=leave is not None and leave.holds(now),
        reason=next((one.label for one in LeaveReason if leave is not None and one.value == leave.reason), ""),
        substitute=_whole(other, organisation, roles) if other is not None else "",
    )  # fmt: skip


def _whole(post: Post, organisation: Organisation, roles: Mapping[str, KnownRole]) -> str:
    unit = organisation.units.get(post.unit or "")
    return f"{unit.name if unit is not None else ''} {_role(post.role, roles)} {post.name}".strip()


def _role(role: str, roles: Mapping[str, KnownRole]) -> str:
    return _SUPERVISOR_LABEL if role == SUPERVISOR else roles[role].label if role in roles else role


def unit_tree(
    organisation: Organisation, flows: Iterable[Workflow], *, text: str, now: datetime
) -> tuple[UnitShown, ...]:
    """Return the units as a tree, departments last; with *text* those it is found in, by unit, role or holder."""
    roles = known_roles(flows)
    held: dict[str, list[PostShown]] = {}
    for post in sorted(organisation.posts.values(), key=lambda one: one.id):
        if post.unit is not None and post.role in roles and post.is_held(now):
            shown = post_shown(post, organisation=organisation, roles=roles, now=now)
            held.setdefault(post.unit, []).append(shown)
    wanted = text.strip().casefold()
    found = []
    for unit, depth in _in_order(organisation):
        posts = tuple(held.get(unit.id, ()))
        by_unit = wanted in unit.name.casefold()
        if not by_unit:
            posts = tuple(one for one in posts if wanted in f"{one.role} {one.post.name} {one.post.person}".casefold())
        if by_unit or posts:
            found.append(UnitShown(unit=unit, kind=kind_of(unit).label, depth=depth, posts=posts))
    return tuple(found)


def _in_order(organisation: Organisation) -> Iterator[tuple[Unit, int]]:
    below: dict[str | None, list[Unit]] = {}
    for unit in organisation.units.values():
        below.setdefault(unit.parent if unit.parent in organisation.units else None, []).append(unit)

    def walk(parent: str | None, depth: int) -> Iterator[tuple[Unit, int]]:
        children = sorted(below.get(parent, ()), key=lambda one: (one.kind == UnitKind.DEPARTMENT, one.id))
        for unit in children:
            yield unit, depth
            yield from walk(unit.id, depth + 1)

    return walk(None, 0)


def unit_page(
    tx: Transaction, unit_id: str, *, organisation: Organisation, flows: Sequence[Workflow], now: datetime
) -> UnitPage | None:
    """Return one unit, None where there is no such unit."""
    unit = organisation.units.get(unit_id)
    if unit is None:
        return None
    roles = known_roles(flows)
    mine = [post for post in organisation.posts.values() if post.unit == unit_id and post.role in roles]
    shown = [post_shown(post, organisation=organisation, roles=roles, now=now) for post in mine]
    lives = [one for one in shown if one.post.until is None or one.post.until > now]
    ended = [one for one in shown if one not in lives]
    line = [organisation.units[one] for one in organisation.ancestors(unit_id)[1:]]
    return UnitPage(
        unit=unit, kind=kind_of(unit).label, above=tuple(reversed(line)),
        below=tuple(sorted((one for one in organisation.units.values() if one.parent == unit_id), key=lambda u: u.id)),
        posts=tuple(sorted(lives, key=lambda one: (one.role, one.post.since, one.post.id))),
        ended=tuple(sorted(ended, key=lambda one: one.post.until or now, reverse=True)[:MOST_LISTED]),
        roles=roles_for(unit.kind, flows),
        venues=tuple((_venue_kind(one), one) for one in tx.places.venues() if one.unit == unit_id),
        buildings=tuple((one, _name_of(organisation, one.worker)) for one in tx.places.buildings([unit_id])),
    )  # fmt: skip


def _venue_kind(venue: Venue) -> str:
    return next(kind.label for kind in VenueKind if kind.value == venue.kind)


def substitutes_of(
    post: Post, organisation: Organisation, flows: Iterable[Workflow], *, now: datetime
) -> tuple[tuple[str, tuple[PostShown, ...]], ...]:
    """
    Return who may act for a post, the nearest first: of its unit, of its community, of units above, of its role.

    A department is acted for by its own people only: nobody else may see its tasks, nor it the reporters of a grid.
    """
    roles = known_roles(flows)
    groups: dict[str, list[PostShown]] = {"同一单位": [], "同一社区": [], "上级单位": [], "同样的岗位": []}
    for other in sorted(organisation.posts.values(), key=lambda one: one.id):
        if other.id == post.id or other.person == post.person or other.role not in roles or not other.is_held(now):
            continue
        near = _nearness(post, other, organisation)
        if near is not None:
            groups[near].append(post_shown(other, organisation=organisation, roles=roles, now=now))
    return tuple((label, tuple(posts)) for label, posts in groups.items() if posts)


def _nearness(post: Post, other: Post, organisation: Organisation) -> str | None:
    if post.unit is None or other.unit is None:
        return None
    if post.unit == other.unit:
        return "同一单位"
    if UnitKind.DEPARTMENT in (organisation.units[post.unit].kind, organisation.units[other.unit].kind):
        return None
    communities = [organisation.unit_above(one, UnitKind.COMMUNITY) for one in (post.unit, other.unit)]
    if communities[0] is not None and communities[0] == communities[1]:
        return "同一社区"
    if other.unit in organisation.ancestors(post.unit):
        return "上级单位"
    streets = [organisation.unit_above(one, UnitKind.STREET) for one in (post.unit, other.unit)]
    return "同样的岗位" if post.role == other.role and streets[0] == streets[1] else None


def desks(organisation: Organisation, flows: Iterable[Workflow]) -> tuple[tuple[str, Unit], ...]:
    """Return the desks that have a roster: each role with one, at each unit somebody has that role."""
    rostered = {role.id for flow in flows for role in flow.roles.values() if role.roster}
    units = organisation.units
    seats = {(one.role, one.unit) for one in organisation.posts.values() if one.role in rostered and one.unit in units}
    return tuple((role, units[unit]) for role, unit in sorted(seats, key=str) if unit is not None)


def roster_week(
    organisation: Organisation, flows: Sequence[Workflow], *, days: Sequence[datetime], now: datetime
) -> tuple[DeskShown, ...]:
    """Return the desks with their stretches in the days that begin at *days*; the last one ends the week."""
    roles = known_roles(flows)
    found = []
    for role, unit in desks(organisation, flows):
        label = _desk_label(unit, role, roles)
        of_desk = sorted(
            (one for one in organisation.duties if (one.role, one.unit) == (role, unit.id)), key=lambda one: one.since
        )
        posts = [one for one in organisation.posts.values() if (one.role, one.unit) == (role, unit.id)]
        held = [one for one in posts if one.until is None or one.until > now]
        found.append(
            DeskShown(
                role=role, unit=unit.id, label=label,
                posts=tuple(post_shown(one, organisation=organisation, roles=roles, now=now) for one in held),
                days=tuple(
                    tuple((one, _name(organisation, one)) for one in of_desk if one.since < end and one.until > start)
                    for start, end in pairwise(days)
                ),
                gaps=tuple(roster_gaps(organisation, (role, unit), label=label, since=days[0], until=days[-1])),
            )
        )  # fmt: skip
    return tuple(found)


def _name(organisation: Organisation, duty: Duty) -> str:
    return _name_of(organisation, duty.post) or duty.post


def _name_of(organisation: Organisation, post: str | None) -> str:
    held = organisation.posts.get(post) if post is not None else None
    return held.name if held is not None else ""


def _desk_label(unit: Unit, role: str, roles: Mapping[str, KnownRole]) -> str:
    return f"{unit.name} {_role(role, roles)}"


def roster_gaps(
    organisation: Organisation, desk: tuple[str, Unit], *, label: str, since: datetime, until: datetime
) -> Iterator[Gap]:
    """Yield the stretches between two instants in which nobody on the roster acts for a desk."""
    role, unit = desk
    edges = {since, until}
    for duty in organisation.duties:
        if (duty.role, duty.unit) == (role, unit.id):
            edges |= {duty.since, duty.until}
    for leave in organisation.leaves:
        edges |= {leave.since, leave.until or until}
    for post in organisation.posts.values():
        if post.role == role and post.unit == unit.id:
            edges |= {post.since, post.until or until}
    began: datetime | None = None
    for edge in sorted(one for one in edges if since <= one <= until):
        there = edge < until and bool(
            organisation.acting((post.id for post in organisation.on_duty(role, unit.id, edge)), edge)
        )
        if began is not None and (there or edge == until):
            yield Gap(desk=label, since=began, until=edge)
            began = None
        elif began is None and not there and edge < until:
            began = edge


def coverage(tx: Transaction, *, organisation: Organisation, flows: Sequence[Workflow], now: datetime) -> Coverage:
    """Return what is not covered now, and in the roster of the next thirty days."""
    roles = known_roles(flows)
    with_venue = {venue.unit for venue in tx.places.venues()}
    grids = [unit for unit in organisation.units.values() if unit.kind == UnitKind.GRID]
    gaps = [
        gap
        for role, unit in desks(organisation, flows)
        for gap in roster_gaps(
            organisation, (role, unit), label=_desk_label(unit, role, roles), since=now, until=now + AHEAD
        )
    ]
    return Coverage(
        no_venue=tuple(unit for unit in grids if unit.id not in with_venue),
        empty=tuple(_empty_seats(organisation, flows, now=now)),
        gaps=tuple(gaps),
    )


def _empty_seats(organisation: Organisation, flows: Sequence[Workflow], *, now: datetime) -> Iterator[tuple[Unit, str]]:
    """Seats of roles that hold a step of some flow, of units that are there, for which nobody acts."""
    roles = known_roles(flows)
    holding = {state.held_by for flow in flows for state in flow.states.values() if state.held_by is not None}
    for role_id in sorted(holding & roles.keys()):
        covers = roles[role_id].covers
        kinds = {covers.value, *((UnitKind.VILLAGE.value,) if covers is Covers.COMMUNITY else ())}
        for unit in organisation.units.values():
            seat = Holder(role=role_id, unit=unit.id)
            if unit.kind in kinds and not organisation.post_ids_of(seat.role, seat.unit, now):
                yield unit, roles[role_id].label
