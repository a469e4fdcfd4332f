"""People of the demo: one for every post and the three administrators, all with one password that everybody knows."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.abilities import office_of
from engine.core.scope import SYSTEM, Organisation, Post
from engine.core.terms import Office
from engine.services.keep_sessions import TOPIC
from engine.services.passwords import Hasher
from engine.services.record import record
from engine.store.people import Person
from engine.store.unit_of_work import Transaction, UnitOfWork

PASSWORD = "yanshi-2026-jiedao"  # noqa: S105 (known to everybody on purpose; only the demo takes it)
DEMO_FACT = "demo"
# Short for what the post is called in Chinese, and said before the place.
_SHORT = {
    "grid_worker": "wg",
    "grid_leader": "wgz",
    "resident": "jm",
    "community_clerk": "zg",
    "community_head": "sj",
    "council": "ys",
    "department": "bm",
    "department_head": "bmz",
}
_DESKS = {
    "service_centre": "centre",
    "street_office": "office",
    "street_head": "head",
    "duty_desk": "duty",
    "district_centre": "district",
    "supervisor": "supervisor",
}
_OFFICES = (
    (Office.SYSTEM_ADMIN, "sysadmin"),
    (Office.SECURITY_ADMIN, "secadmin"),
    (Office.AUDITOR, "auditor"),
)
# Whom a visitor of the demo should try first.
SHOWN = (
    "wg-zhujidong-1", "zg-zhujidong", "sj-zhujidong", "centre", "office", "head", "supervisor", "bm-housing",
    "jm-zhujidong-1", "auditor", "secadmin", "sysadmin",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can sign in to the demo; `post` is None for an office."""

    login: str
    post: str | None
    office: Office | None


def login_of(post: Post) -> str:
    """Return the account of the holder of a post: `wg-zhujidong-1`, `centre`, `duty-2`."""
    number = post.id.rpartition(".")[2]
    word = _SHORT.get(post.role)
    if word is not None:
        return f"{word}-{post.unit}" if number == "1" else f"{word}-{post.unit}-{number}"
    desk = _DESKS.get(post.role, post.role.replace("_", "-"))
    return desk if number == "1" else f"{desk}-{number}"


def make_demo_people(uow: UnitOfWork, *, hasher: Hasher, now: datetime) -> None:
    """Let somebody in for every post of the demo, and the three administrators; who is there stays."""
    hashed = hasher.hash(PASSWORD)  # one hash for all: it is the same password, and a hundred would take half a minute
    with uow.write() as tx:
        tx.facts.put(DEMO_FACT, "yes")
        if not tx.people.is_empty():
            return
        people = [*_holders(tx.organisation.load(), hashed, now), *_administrators(hashed, now)]
        tx.people.add(people)
        record(tx, TOPIC, action="demo_people_made", by=SYSTEM, now=now, data={"people": len(people)})


def _holders(organisation: Organisation, hashed: str, now: datetime) -> list[Person]:
    people: dict[str, Person] = {}
    for post in organisation.posts.values():
        person = Person(id=post.person, name=post.name, created_at=now, login=login_of(post), password_hash=hashed)
        people.setdefault(post.person, person)
    return list(people.values())


def _administrators(hashed: str, now: datetime) -> list[Person]:
    return [
        Person(
            id=f"demo-{login}", name=f"演示{office.label}", created_at=now, login=login, password_hash=hashed,
            office=office.value,
        )
        for office, login in _OFFICES
    ]  # fmt: skip


def is_demo(tx: Transaction) -> bool:
    """Whether this deployment is a demo."""
    return tx.facts.get(DEMO_FACT) == "yes"


def shown_people(tx: Transaction, organisation: Organisation, *, now: datetime) -> tuple[DemoPerson, ...]:
    """Return whom to try, in the order of `SHOWN`, with the post each holds."""
    held = {post.person: post.id for post in organisation.posts.values() if post.is_held(now)}
    found = (tx.people.by_login(login) for login in SHOWN)
    return tuple(
        DemoPerson(login=one.login or "", post=held.get(one.id), office=office_of(one.office or ""))
        for one in found
        if one is not None
    )
