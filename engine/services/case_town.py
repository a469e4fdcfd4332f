"""The small town in which case files play: two communities, three grids, and a department for every kind of unit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.core.matter import Actor
from engine.core.scope import Duty, Organisation, Post, Unit
from engine.core.terms import Covers, UnitKind
from engine.core.workflow.catalogue import Catalogue
from engine.core.workflow.declaration import Role, Workflow

DISTRICT = "district1"
STREET = "street1"
HOME = {
    Covers.GRID: "grid1",
    Covers.ESTATE: "estate1",
    Covers.COMMUNITY: "community1",
    Covers.STREET: STREET,
    Covers.DISTRICT: DISTRICT,
}
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
NEVER = datetime(2200, 1, 1, tzinfo=UTC)
PLACES = (
    Unit(id=DISTRICT, kind=UnitKind.DISTRICT, name="示例区"),
    Unit(id=STREET, kind=UnitKind.STREET, name="示例街道", parent=DISTRICT),
    Unit(id="community1", kind=UnitKind.COMMUNITY, name="一社区", parent=STREET),
    Unit(id="community2", kind=UnitKind.COMMUNITY, name="二社区", parent=STREET),
    Unit(id="estate1", kind=UnitKind.ESTATE, name="一小区", parent="community1"),
    Unit(id="grid1", kind=UnitKind.GRID, name="一网格", parent="estate1"),
    Unit(id="grid2", kind=UnitKind.GRID, name="二网格", parent="estate1"),
    Unit(id="grid3", kind=UnitKind.GRID, name="三网格", parent="community2"),
)


@dataclass(frozen=True, slots=True)
class CaseTown:
    """The organisation of a case, and its people by their names in the file."""

    organisation: Organisation
    people: Mapping[str, Actor]


def departments(catalogue: Catalogue | None) -> tuple[Unit, ...]:
    """Return a department for every kind of unit of the catalogue; the first named of a category serves it."""
    serves: dict[str, list[str]] = {unit: [] for unit in (catalogue.units if catalogue is not None else {})}
    for category in catalogue.entries.values() if catalogue is not None else ():
        if category.units:
            serves[category.units[0]].append(category.id)
    names = catalogue.units if catalogue is not None else {}
    return tuple(
        Unit(id=unit, kind=UnitKind.DEPARTMENT, name=names[unit].zh, parent=DISTRICT, serves=tuple(categories))
        for unit, categories in serves.items()
    )


def build_town(
    people: Mapping[str, str],
    *,
    workflows: Iterable[Workflow],
    catalogue: Catalogue | None,
    vacant: frozenset[str] = frozenset(),
) -> CaseTown:
    """
    Return the town with *people* (`name: role` or `name: role@unit`) in their posts.

    Every other role of *workflows* is filled at every unit it may cover, except the *vacant* ones, so that a case
    names only those who act.
    """
    units = (*PLACES, *departments(catalogue))
    roles = {role.id: role for workflow in workflows for role in workflow.roles.values()}
    posts = {name: _post(name, written, roles) for name, written in people.items()}
    taken = {(post.role, post.unit) for post in posts.values()}
    others = [
        Post(id=f"{role.id}@{unit.id}", role=role.id, unit=unit.id, person=f"{role.id}@{unit.id}",
             name=role.label.zh, since=ALWAYS)
        for role in roles.values()
        for unit in units
        if role.id not in vacant and unit.kind == role.covers.value and (role.id, unit.id) not in taken
    ]  # fmt: skip
    everybody = [*posts.values(), *others]
    rostered = {role.id for role in roles.values() if role.roster}
    duties = [
        Duty(role=post.role, unit=post.unit, post=post.id, since=ALWAYS, until=NEVER)
        for post in everybody
        if post.role in rostered and post.unit is not None
    ]
    actors = {
        name: Actor(post=post.id, role=post.role, unit=post.unit, person=post.person) for name, post in posts.items()
    }
    return CaseTown(organisation=Organisation(units, everybody, duties), people=actors)


def _post(name: str, written: str, roles: Mapping[str, Role]) -> Post:
    role_id, _, unit = written.partition("@")
    role = roles.get(role_id)
    home = unit or (HOME.get(role.covers) if role is not None else None)
    return Post(id=name, role=role_id, unit=home, person=name, name=name, since=ALWAYS)
