"""What importing the workbook of a street would change: new, changed, ended, gone; nothing is written here."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from engine.core.scope import Duty, Organisation, Post, Unit
from engine.core.terms import VenueKind
from engine.services.check_seats import check_buildings, check_duties, check_posts, check_venues
from engine.services.check_street import (
    Asked,
    Checking,
    Known,
    check_people,
    check_units,
    kind_of,
    known_categories,
    known_roles,
)
from engine.services.look_up import Shelf
from engine.services.street_rows import BUILDINGS, DUTIES, PEOPLE, POSTS, UNITS, VENUES, Book, Faults, StreetFault
from engine.store.people import Person
from engine.store.places import Building, Venue
from engine.store.unit_of_work import Transaction

NEW, CHANGED, ENDED, GONE = "新增", "变更", "结束", "去掉"
_ZONE = ZoneInfo("Asia/Shanghai")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One change as a person reads it."""

    sheet: str
    kind: str
    what: str
    detail: str = ""


@dataclass(slots=True)
class Plan:
    """What would be written, and how it reads; with faults nothing is."""

    faults: Faults
    changes: list[Change] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    new_people: list[Person] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    venues: list[Venue] = field(default_factory=list)
    gone_venues: list[str] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    gone_buildings: list[str] = field(default_factory=list)
    duties: tuple[Duty, ...] | None = None
    new_accounts: int = 0

    @property
    def digest(self) -> str:
        """A hash over the changes as they read: what was confirmed is what is done."""
        return hashlib.sha256(msgspec.json.encode(self.changes)).hexdigest()

    def counts(self) -> list[tuple[str, str, int]]:
        """Return how many changes of each kind each sheet has, in the order of the sheets."""
        counted: dict[tuple[str, str], int] = {}
        for one in self.changes:
            counted[one.sheet, one.kind] = counted.get((one.sheet, one.kind), 0) + 1
        return [(sheet, kind, count) for (sheet, kind), count in counted.items()]


def plan_street(tx: Transaction, book: Book, *, shelf: Shelf, now: datetime) -> Plan:
    """Return what the workbook would change, or all its faults."""
    digests = tx.workflows.current_digests()
    flows = [shelf.workflow(tx, digest) for digest in digests.values()]
    world = shelf.world_or_empty(tx)
    known = Known(
        organisation=tx.organisation.load(),
        people={person.id: person for person in tx.people.all()},
        venues={venue.id: venue for venue in tx.places.venues()},
        buildings={building.id: building for building in tx.places.buildings()},
        roles=known_roles(flows),
        categories=known_categories(flows),
        zone=world.calendar(None).zone if world.calendars else _ZONE,
        now=now,
    )
    if not flows and (book.rows(POSTS) or book.rows(DUTIES)):
        book.faults.add(
            StreetFault(POSTS, 0, "", "", "还没有发布流程，不认得岗位", "先用 sanlian publish 发布流程再导入")
        )
        return Plan(book.faults)
    checking = Checking(book, known)
    checking.index_posts()
    for check in (check_units, check_people, check_posts, check_venues, check_buildings, check_duties):
        check(checking)
    return Plan(book.faults) if book.faults.count else _difference(checking)


def _difference(checking: Checking) -> Plan:
    known, asked, plan = checking.known, checking.asked, Plan(checking.book.faults)
    names = _Names(checking.units, {**known.people, **asked.people}, checking)
    plan.units = _put(plan, UNITS, asked.units, known.organisation.units, names.unit)
    people = _put(plan, PEOPLE, asked.people, known.people, names.person)
    plan.new_people = [one for one in people if one.id not in known.people]
    plan.people = [one for one in people if one.id in known.people]
    plan.new_accounts = sum(
        one.login is not None and (one.id not in known.people or known.people[one.id].login is None) for one in people
    )
    plan.posts = [
        *_put(plan, POSTS, asked.posts, known.organisation.posts, names.post),
        *_ended(plan, checking, names.post),
    ]
    plan.venues = _put(plan, VENUES, asked.venues, known.venues, names.venue)
    plan.gone_venues = [one.id for one in _gone(plan, checking, VENUES, asked.venues, known.venues, names.venue)]
    plan.buildings = _put(plan, BUILDINGS, asked.buildings, known.buildings, names.building)
    gone = _gone(plan, checking, BUILDINGS, asked.buildings, known.buildings, names.building)
    plan.gone_buildings = [one.id for one in gone]
    plan.duties = _roster(plan, asked, known.organisation, now=known.now, say=names.duty)
    return plan


def _put(
    plan: Plan, sheet: str, asked: Mapping[str, T], known: Mapping[str, T], say: Callable[[T], tuple[str, str]]
) -> list[T]:
    """Return what is new or changed, and note how it reads."""
    found = []
    for name, one in asked.items():
        before = known.get(name)
        if before == one:
            continue
        found.append(one)
        what, detail = say(one)
        was = say(before)[1] if before is not None else ""
        changed = f"{was} → {detail}" if before is not None and was != detail else detail
        plan.changes.append(Change(sheet, NEW if before is None else CHANGED, what, changed))
    return found


def _ended(plan: Plan, checking: Checking, say: Callable[[Post], tuple[str, str]]) -> Iterator[Post]:
    """Posts of the workbook's units that it no longer names; who only reports demands keeps theirs."""
    now, ends = checking.known.now, checking.ends_post()
    for post in checking.known.organisation.posts.values():
        if (post.until is None or post.until > now) and ends(post):
            plan.changes.append(Change(POSTS, ENDED, say(post)[0], "从导入的时刻起"))
            yield msgspec.structs.replace(post, until=max(now, post.since))


def _gone(
    plan: Plan,
    checking: Checking,
    sheet: str,
    asked: Mapping[str, T],
    known: Mapping[str, T],
    say: Callable[[T], tuple[str, str]],
) -> list[T]:
    """Return what stands in the workbook's units and no longer in the workbook."""
    if not checking.book.has(sheet):
        return []
    units = checking.units_covered(one.unit for one in asked.values())  # type: ignore[attr-defined]  # venues and buildings have units
    gone = [one for name, one in known.items() if name not in asked and one.unit in units]  # type: ignore[attr-defined]  # the same
    plan.changes.extend(Change(sheet, GONE, say(one)[0]) for one in gone)
    return gone


def _roster(
    plan: Plan, asked: Asked, organisation: Organisation, *, now: datetime, say: Callable[[Duty], tuple[str, str]]
) -> tuple[Duty, ...] | None:
    """Return the whole roster as it will be, None where it stays: what is past stays, what is to come is as written."""
    desks = {(duty.role, duty.unit) for duty in asked.duties.values()}
    before = {duty.key: duty for duty in organisation.duties}
    after = {
        key: duty
        for key, duty in before.items()
        if key in asked.duties or (duty.role, duty.unit) not in desks or duty.since < now
    }
    for key in before.keys() - after.keys():
        plan.changes.append(Change(DUTIES, GONE, *say(before[key])))
    _put(
        plan,
        DUTIES,
        {str(key): duty for key, duty in asked.duties.items()},
        {str(k): d for k, d in before.items()},
        say,
    )
    after.update(asked.duties)
    if after == before:
        return None
    plan.changes.sort(key=lambda one: list(_ORDER).index(one.sheet))
    return tuple(sorted(after.values(), key=lambda duty: (duty.since, duty.role, duty.unit, duty.post)))


_ORDER: Sequence[str] = (UNITS, PEOPLE, POSTS, VENUES, BUILDINGS, DUTIES)


@dataclass(frozen=True, slots=True)
class _Names:
    """How things read in the list of changes: what it is, and what of it may change."""

    units: Mapping[str, Unit]
    people: Mapping[str, Person]
    checking: Checking

    def _unit(self, unit: str | None) -> str:
        known = self.units.get(unit) if unit is not None else None
        return known.name if known is not None else unit or ""

    def _role(self, role: str) -> str:
        known = self.checking.known.roles.get(role)
        return known.label if known is not None else role

    def _day(self, at: datetime | None) -> str:
        return f"{at.astimezone(self.checking.known.zone):%Y-%m-%d %H:%M}" if at is not None else "一直"

    def _last_day(self, until: datetime) -> str:
        """The last day of a post: one that ends at midnight ends with the day before."""
        return self._day(until - timedelta(microseconds=1))[:10]

    def _holder(self, post_id: str | None) -> str:
        post = self.checking.asked.posts.get(post_id or "") or self.checking.known.organisation.posts.get(post_id or "")
        return f"{post.name}（{self._role(post.role)}）" if post is not None else post_id or "无"

    def unit(self, one: Unit) -> tuple[str, str]:
        serves = f"，负责 {'、'.join(one.serves)}" if one.serves else ""
        return f"{one.id} {one.name}", f"{kind_of(one).label} {one.name}，上级 {self._unit(one.parent) or '无'}{serves}"

    def person(self, one: Person) -> tuple[str, str]:
        return f"{one.id} {one.name}", f"{one.name}，登录名 {one.login or '无'}，电话 {one.phone or '无'}"

    def post(self, one: Post) -> tuple[str, str]:
        known = self.people.get(one.person)
        name = known.name if known is not None else one.name
        until = f"做到 {self._last_day(one.until)}" if one.until is not None else "一直做"
        start = "从导入时起" if one.since == self.checking.known.now else f"从 {self._day(one.since)[:10]} 起"
        return f"{self._unit(one.unit)} {self._role(one.role)}：{name}", f"{start}，{until}"

    def venue(self, one: Venue) -> tuple[str, str]:
        kind = next(kind.label for kind in VenueKind if kind.value == one.kind)
        return f"{self._unit(one.unit)} {one.name}", f"{kind}，{one.address or '没写地址'}"

    def building(self, one: Building) -> tuple[str, str]:
        return (
            f"{self._unit(one.unit)} {one.name}",
            f"{one.households} 户，包楼 {self._holder(one.worker)}，{one.address or '没写地址'}",
        )

    def duty(self, one: Duty) -> tuple[str, str]:
        post = self.checking.asked.posts.get(one.post) or self.checking.known.organisation.posts.get(one.post)
        name = post.name if post is not None else one.post
        return (
            f"{self._unit(one.unit)} {self._role(one.role)} {self._day(one.since)}：{name}",
            f"到 {self._day(one.until)}",
        )
