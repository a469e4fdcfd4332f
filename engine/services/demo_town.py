"""The town of the demo: one street, five communities, their grids, departments, posts and duty roster."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.core.scope import Duty, Organisation, Post, Unit
from engine.core.terms import SUPERVISOR
from engine.core.workflow.catalogue import Catalogue

DISTRICT_UNIT = "district"
STREET = "street"
DUTY_WEEKS_BACK = 9
DUTY_WEEKS_AHEAD = 60

_NUMERALS = "一二三四"
# (id, name, number of grids); the grids keep the community's short name.
COMMUNITIES = (
    ("zhujidong", "珠玑东", 3),
    ("wangtan", "望坛新苑", 3),
    ("jinyi", "金邑水岸", 3),
    ("jingyi", "景翼", 4),
    ("yongshun", "永顺东里", 2),
)
# What the catalogue's kinds of units are called here; those it calls grid, community and street are in the tree.
DEPARTMENTS = {
    "property": "物业服务中心", "repair": "维修服务队", "owner": "产权单位联络处", "owners_committee": "业委会联络处",
    "volunteers": "志愿服务队", "mediation": "人民调解委员会", "housing": "区住房建设局", "market": "区市场监管局",
    "water": "区自来水公司", "power": "区供电公司", "gas": "区燃气公司", "heating": "区供热公司",
    "drainage": "区排水管理处", "telecom": "通信运营单位", "sanitation": "区环卫中心",
    "city_management": "区城市管理局", "parks": "区园林绿化局", "roads": "区市政工程处",
    "ecology": "区生态环境局", "health": "区卫生健康委",
    "police": "区公安分局", "fire": "区消防救援大队", "education": "区教育局", "social_insurance": "区人力社保局",
    "medical_insurance": "区医保局", "civil_affairs": "区民政局",
}  # fmt: skip


def grid_id(community: str, number: int) -> str:
    """Return the id of a community's grid, counted from 1."""
    return f"{community}-{number}"


def demo_town(now: datetime, *, catalogue: Catalogue) -> Organisation:
    """Return the organisation of the demo; posts and roster cover the past weeks that are played."""
    since = now - timedelta(weeks=DUTY_WEEKS_BACK)
    return Organisation(units=_units(catalogue), posts=_posts(since), duties=_duties(since))


def _units(catalogue: Catalogue) -> Iterable[Unit]:
    yield Unit(id=DISTRICT_UNIT, kind="district", name="演示区")
    yield Unit(id=STREET, kind="street", name="演示街道", parent=DISTRICT_UNIT)
    for community, name, grids in COMMUNITIES:
        yield Unit(id=community, kind="community", name=f"{name}社区", parent=STREET)
        for number in range(1, grids + 1):
            unit = grid_id(community, number)
            yield Unit(id=unit, kind="grid", name=f"{name}{_NUMERALS[number - 1]}网格", parent=community)
    serves = _served(catalogue)
    for department, name in DEPARTMENTS.items():
        yield Unit(
            id=department, kind="department", name=name, parent=DISTRICT_UNIT, serves=tuple(serves.get(department, ()))
        )


def _served(catalogue: Catalogue) -> dict[str, list[str]]:
    """The categories of each department: of those a category names, the first that is one."""
    served: dict[str, list[str]] = {}
    for category in catalogue.entries.values():
        first = next((unit for unit in category.units if unit in DEPARTMENTS), None)
        if first is not None:
            served.setdefault(first, []).append(category.id)
    return served


def _posts(since: datetime) -> Iterable[Post]:
    seats: list[tuple[str, str]] = [("district_centre", DISTRICT_UNIT)]
    seats += [(role, STREET) for role in ("service_centre", "street_office", "street_head", "duty_desk", "duty_desk")]
    for community, _, grids in COMMUNITIES:
        seats += [(role, community) for role in ("community_clerk", "community_head", "council")]
        for number in range(1, grids + 1):
            seats += [(role, grid_id(community, number)) for role in ("grid_worker", "grid_leader", "resident")]
    for department in DEPARTMENTS:
        seats += [(role, department) for role in ("department", "department_head")]
    seats.append((SUPERVISOR, STREET))
    taken: dict[tuple[str, str], int] = {}
    for number, (role, unit) in enumerate(seats, start=1):
        taken[role, unit] = taken.get((role, unit), 0) + 1
        yield Post(
            id=f"{unit}.{role}.{taken[role, unit]}", role=role, unit=unit, person=f"demo-{number:03d}",
            name=f"演示 {number:03d} 号", since=since,
        )  # fmt: skip


def _duties(since: datetime) -> Iterable[Duty]:
    for week in range(DUTY_WEEKS_BACK + DUTY_WEEKS_AHEAD):
        start = since + timedelta(weeks=week)
        yield Duty(
            role="duty_desk", unit=STREET, post=f"{STREET}.duty_desk.{week % 2 + 1}", since=start,
            until=start + timedelta(weeks=1),
        )  # fmt: skip
