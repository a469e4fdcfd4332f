"""Two streets in one district, with matters of every kind at every place of both: who may see which of them?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from engine.core.command import Act, Command, File
from engine.core.matter import Actor
from engine.core.scope import SYSTEM, Duty, Organisation, Post, Unit
from engine.services.advance import Done, Door, Entry, advance
from engine.services.calendars import calendar_sources
from engine.services.look_up import Shelf
from engine.services.organise import open_log, save_organisation
from engine.services.publish import store_calendar
from engine.services.publish_files import publish_files
from engine.services.save import DemandGiven, ReporterGiven
from engine.store.database import open_database
from engine.store.migrate import migrate
from engine.store.unit_of_work import UnitOfWork
from tests.support.town import DISTRICT, MONDAY, SHIPPED, Counted

GRID = ("grid_worker", "grid_leader", "resident")
COMMUNITY = ("community_clerk", "community_head", "council")
STREET = ("service_centre", "street_office", "street_head", "duty_desk", "supervisor")
DEPARTMENT = ("department", "department_head")
# Unit → kind, unit above, who sits there.
TREE: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "district": ("district", None, ("district_centre",)),
    "east": ("street", "district", STREET),
    "zhu": ("community", "east", COMMUNITY),
    "zhu-1": ("grid", "zhu", GRID),
    "zhu-2": ("grid", "zhu", GRID),
    "jin": ("village", "east", COMMUNITY),
    "jin-1": ("grid", "jin", GRID),
    "west": ("street", "district", STREET),
    "hua": ("community", "west", COMMUNITY),
    "hua-1": ("grid", "hua", GRID),
    "housing": ("department", "district", DEPARTMENT),
    "water": ("department", "district", DEPARTMENT),
    "parks": ("department", "west", DEPARTMENT),
}
PLACES = tuple(name for name, (kind, _, _) in TREE.items() if kind != "department")
OFFICES = ("auditor", "system_admin", "security_admin")
# A demand at each grid, by its number: who gets a task of it, and whether it has ended.
TASKS: tuple[tuple[tuple[str, bool], ...], ...] = (
    (),
    (("housing", False),),
    (("housing", True), ("water", False)),
    (("parks", False), ("water", True)),
)
SECRET = "井盖松了"  # in the words of every demand
RESIDENT_PHONE, RESIDENT_NAME = "13812340000", "张小明"


def two_streets() -> Organisation:
    """Return the organisation; posts are called `<role>@<unit>`, their holders `p:<post>`."""
    since = MONDAY - timedelta(days=400)
    units = [Unit(id=name, kind=kind, name=f"{name}单位", parent=above) for name, (kind, above, _) in TREE.items()]
    posts = [
        Post(id=f"{role}@{unit}", role=role, unit=unit, person=f"p:{role}@{unit}", name=f"{role} {unit}", since=since)
        for unit, (_, _, roles) in TREE.items()
        for role in roles
    ]
    duties = [
        Duty(role="duty_desk", unit=unit, post=f"duty_desk@{unit}", since=since, until=since + timedelta(days=4000))
        for unit in ("east", "west")
    ]
    return Organisation(units=units, posts=posts, duties=duties)


def actor_of(post_id: str) -> Actor:
    """Return who acts through a post, or as an office."""
    if post_id in OFFICES:
        return Actor(post=post_id, role=post_id, person=f"p:{post_id}")
    post = two_streets().posts[post_id]
    return Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)


def settle_two_streets(url: str) -> None:
    """Bring an empty database to the two streets with their matters."""
    database = open_database(url)
    uow, since = UnitOfWork(database, district=DISTRICT), MONDAY - timedelta(days=365)
    migrate(database)
    open_log(uow, log="log-of-the-tests")
    base, tables = calendar_sources(SHIPPED / "calendars" / "cn_office.yaml")
    store_calendar(uow, base, tables, by=SYSTEM, now=since)
    save_organisation(uow, two_streets(), by=SYSTEM, now=since)
    flows = [Path(SHIPPED / f"{name}.yaml") for name in ("task", "topic", "three_tier")]
    assert len(list(publish_files(uow, flows, by=SYSTEM, now=since))) == len(flows)
    fill(uow, door())
    database.close()


def door() -> Door:
    """Return a door with ids in order."""
    salts = Counted("")
    return Door(shelf=Shelf(), ids=Counted("i"), salts=lambda: salts().encode().rjust(32, b"0"))


def fill(uow: UnitOfWork, services: Door) -> None:
    """File the matters, end some of them, and give one demand to another grid after its tasks were given out."""
    for entries in (list(_filings()), list(_endings()), list(_moves())):
        outcomes = advance(uow, entries, now=MONDAY, services=services)
        assert all(isinstance(one, Done) for one in outcomes), outcomes


def _filings() -> Iterator[Entry]:
    for place in PLACES:
        yield _topic(place)
        for n, tasks in enumerate(TASKS):
            yield _demand(place, n)
            for unit, _ in tasks:
                yield Entry(_task(f"{place}.{n}", place, unit))


def _demand(place: str, n: int) -> Entry:
    resident = f"p:resident@{place}" if "-" in place else None
    told = (ReporterGiven(person=resident), ReporterGiven(name=RESIDENT_NAME, phone=RESIDENT_PHONE))
    command = _file(f"{place}.{n}", "three_tier", "hotline", place, by=_centre_of(place))
    command = msgspec.structs.replace(command, values={"detail": f"{place} 的{SECRET}。", "category": "A1"})
    reporter = Actor(post=f"resident@{place}", role="resident", unit=place, person=resident) if resident else None
    command = msgspec.structs.replace(command, reporter=reporter)
    return Entry(command, demand=DemandGiven(channel="hotline", reporters=told if n < 2 else told[1:]))


def _centre_of(place: str) -> str | None:
    """The service centre of the street in which *place* lies; none for the district itself."""
    if place == "district":
        return None
    return "service_centre@west" if place in ("west", "hua", "hua-1") else "service_centre@east"


def _topic(place: str) -> Entry:
    return Entry(_file(f"topic.{place}", "topic", "start", place))


def _task(demand: str, place: str, unit: str) -> File:
    task = _file(f"{demand}.{unit}", "task", "dispatch", place)
    return msgspec.structs.replace(task, root=demand, seat="lead", unit=unit, given="3wd")


def _file(matter: str, workflow: str, start: str, place: str, *, by: str | None = None) -> File:
    actor = actor_of(by) if by is not None else SYSTEM
    return File(matter=matter, district=DISTRICT, workflow=workflow, start=start, actor=actor, place=place)


def _endings() -> Iterator[Entry]:
    for place in PLACES:
        for n, tasks in enumerate(TASKS):
            for unit, has_ended in tasks:
                if has_ended:
                    values = {"basis": "不归我们", "propose": "housing"}
                    yield _act(f"{place}.{n}.{unit}", "send_back", f"department@{unit}", **values)
        centre = _centre_of(place)
        if centre is not None:
            yield _act(f"{place}.3", "refuse", centre, refuse_code="court", note="已告知")


def _moves() -> Iterator[Entry]:
    yield _act("zhu-1.1", "transfer", "grid_worker@zhu-1", to_grid="hua-1", note="在那边")


def _act(matter: str, action: str, by: str, **values: str) -> Entry:
    command: Command = Act(matter=matter, action=action, actor=actor_of(by), values=dict(values))
    return Entry(command)
