"""Give somebody a post, by hand: a person who is known, or one who is new."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.core.matter import Actor
from engine.core.scope import Organisation, Post
from engine.core.terms import Office
from engine.core.workflow.declaration import Workflow
from engine.errors import BadInput, NotFound
from engine.services.check_seats import free_post_id
from engine.services.check_street import KnownRole, kind_of, known_roles
from engine.services.organise import grant_posts_in
from engine.services.record import record
from engine.services.street_cells import ID_RULE, is_id
from engine.store.people import Person
from engine.store.unit_of_work import Transaction, UnitOfWork

ACCOUNTS = "accounts"
FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Seating:
    """Who is to have which post from when until when; `name` is filled in for a person who is not known yet."""

    person: str
    role: str
    unit: str
    since: datetime
    until: datetime | None = None
    name: str = ""


def roles_for(kind: str, flows: Iterable[Workflow]) -> tuple[KnownRole, ...]:
    """Return the roles that act for units of *kind*; a village has those of a community."""
    kind = "community" if kind == "village" else kind
    known = {role.id: role for role in known_roles(flows).values()}
    return tuple(role for role in known.values() if role.covers.value == kind)


def give_post(uow: UnitOfWork, given: Seating, *, flows: Iterable[Workflow], by: Actor, now: datetime) -> Post:
    """
    Give a person a post and return it.

    Raises:
        NotFound: there is no such unit.
        BadInput: the person is not known, has an office or that post already, or the role is none of the unit's.
    """
    with uow.write() as tx:
        organisation = tx.organisation.load()
        unit = organisation.units.get(given.unit)
        if unit is None:
            raise NotFound(what="单位", found=given.unit[:40])
        if given.role not in [role.id for role in roles_for(unit.kind, flows)]:
            raise BadInput(where="岗位", found=given.role[:40], expected=f"{kind_of(unit).label}的岗位")
        if given.until is not None and given.until <= given.since:
            raise BadInput(where="结束日期", found="比起始日期早", expected="不早于起始日期的日期")
        person = _person(tx, given, organisation, by=by, now=now)
        _check_free(organisation, given, person)
        post = Post(
            id=free_post_id(organisation, person.id, given.role, given.unit), role=given.role, unit=given.unit,
            person=person.id, name=person.name, since=given.since, until=given.until,
        )  # fmt: skip
        grant_posts_in(tx, (post,), by=by, now=now)
    return post


def _check_free(organisation: Organisation, given: Seating, person: Person) -> None:
    for post in organisation.posts.values():
        same = (post.person, post.role, post.unit) == (person.id, given.role, given.unit)
        if same and (post.until is None or post.until > given.since):
            raise BadInput(where="工号", found=f"{person.name}已经有这个岗位", expected="还没有这个岗位的人")


def _check_new(person: str, name: str) -> None:
    """Somebody new is named by the rules of the workbook."""
    if not is_id(person):
        raise BadInput(where="工号", found=_shown(person), expected=ID_RULE)
    if not name.isprintable() or name.startswith(FORMULA):
        raise BadInput(where="姓名", found=_shown(name), expected="没有看不见的字符、不以 = + - @ 开头的姓名")


def _shown(text: str) -> str:
    """Return *text* so that it can be shown: a dot for whatever cannot."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)[:40]


def _person(tx: Transaction, given: Seating, organisation: Organisation, *, by: Actor, now: datetime) -> Person:
    person = tx.people.get(given.person)
    if person is None:
        held = next((post for post in organisation.posts.values() if post.person == given.person), None)
        name = held.name if held is not None else given.name
        if not name:
            expected = "已有的工号；第一次来的人请把姓名也填上"
            raise BadInput(where="工号", found=given.person[:40], expected=expected)
        _check_new(given.person, name)
        person = Person(id=given.person, name=name, created_at=now)
        tx.people.add([person])
        record(tx, ACCOUNTS, action="person_added", by=by, now=now, data={"person": person.id})
    if person.office is not None:
        word = next(office.label for office in Office if office.value == person.office)
        raise BadInput(where="工号", found=f"{person.name}是{word}", expected="不担任管理员和审计员的人")
    return person
