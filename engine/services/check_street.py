"""Check the workbook of a street against itself and the deployment: what it wants, and every fault it has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from engine.core.scope import Duty, Organisation, Post, Unit
from engine.core.terms import Covers, UnitKind
from engine.core.workflow.declaration import Workflow
from engine.services.naming import role_name
from engine.services.street_cells import id_of, login_of, phone_of
from engine.services.street_rows import PEOPLE, POSTS, UNITS, Book, Entry, nearest
from engine.store.people import Person
from engine.store.places import Building, Venue

_RANK = {
    UnitKind.DISTRICT: 0, UnitKind.STREET: 1, UnitKind.COMMUNITY: 2, UnitKind.VILLAGE: 2, UnitKind.ESTATE: 3,
    UnitKind.GRID: 4,
}  # fmt: skip
_SEPARATORS = str.maketrans("，,；;/ ", "、、、、、、")


@dataclass(frozen=True, slots=True)
class KnownRole:
    """A role somebody may be given a post of."""

    id: str
    label: str
    covers: Covers


@dataclass(frozen=True, slots=True)
class Known:
    """What the deployment has already; roles and categories by every word they may be called by."""

    organisation: Organisation
    people: Mapping[str, Person]
    venues: Mapping[str, Venue]
    buildings: Mapping[str, Building]
    roles: Mapping[str, KnownRole]
    categories: Mapping[str, str]
    zone: ZoneInfo
    now: datetime


@dataclass(slots=True)
class Asked:
    """What a workbook wants to be there, by id."""

    units: dict[str, Unit] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    venues: dict[str, Venue] = field(default_factory=dict)
    buildings: dict[str, Building] = field(default_factory=dict)
    duties: dict[tuple[str, str, str, datetime], Duty] = field(default_factory=dict)


@dataclass(slots=True)
class Checking:
    """One check: the rows, what is known, and what was asked for so far."""

    book: Book
    known: Known
    asked: Asked = field(default_factory=Asked)
    units: dict[str, Unit] = field(default_factory=dict)
    live: dict[tuple[str, str, str | None], Post] = field(default_factory=dict)
    # Words of rows that have faults of their own: whoever names them has no further fault.
    doubtful: set[str] = field(default_factory=set)
    # People with a faulty row in the sheet of posts: what their post would be is not known yet.
    doubtful_holders: set[str] = field(default_factory=set)
    _units_by_word: dict[str, list[str]] = field(default_factory=dict)

    def index_posts(self) -> None:
        """Note the posts that stand, by who holds what where; of two in one seat the earlier."""
        now = self.known.now
        for post in sorted(self.known.organisation.posts.values(), key=lambda post: (post.since, post.id)):
            if post.until is None or post.until > now:
                self.live.setdefault((post.person, post.role, post.unit), post)

    def index_units(self) -> None:
        """Note the units as they will be, and by which words they may be called."""
        self.units = {**self.known.organisation.units, **self.asked.units}
        self._units_by_word.clear()
        for unit in self.units.values():
            for word in {unit.id, unit.name}:
                self._units_by_word.setdefault(word, []).append(unit.id)

    def units_covered(self, asked: Iterable[str | None]) -> set[str | None]:
        """The units of which the workbook says everything: those it lists, else those that a sheet names (*asked*)."""
        return set(self.asked.units) if self.book.has(UNITS) else set(asked)

    def ends_post(self) -> Callable[[Post], bool]:
        """Return what says whether a post ends because the workbook no longer names it; residents keep theirs."""
        if not self.book.has(POSTS):
            return lambda post: False
        units = self.units_covered(post.unit for post in self.asked.posts.values())
        roles = {role.id for role in self.known.roles.values()}
        return lambda post: post.id not in self.asked.posts and post.unit in units and post.role in roles

    def posts_after(self) -> tuple[Post, ...]:
        """Return the posts that stand once the workbook is imported."""
        ends = self.ends_post()
        return (*self.asked.posts.values(), *(post for post in self.live.values() if not ends(post)))

    def unit_of(self, entry: Entry, heading: str = "单位") -> Unit | None:
        """Return the unit that a cell names by id or name; a fault where it names none or several."""
        text = entry.text(heading)
        found = self._units_by_word.get(text, [])
        if text in found:
            found = [text]
        if len(found) == 1:
            return self.units[found[0]]
        if found:
            entry.fault(heading, f"单位的编号，这个名称有 {len(found)} 个单位在用：{'、'.join(found[:3])}")
        elif text and text not in self.doubtful:
            entry.fault(
                heading, "已有的单位，或「单位」表里的编号、名称", meant=entry.nearest(heading, self._units_by_word)
            )
        return None

    def person_of(self, entry: Entry, heading: str = "工号") -> Person | None:
        """Return the person that a cell names."""
        text = id_of(entry, heading)
        person = self.asked.people.get(text) or self.known.people.get(text)
        if person is None and text and text not in self.doubtful:
            meant = entry.nearest(heading, (*self.asked.people, *self.known.people))
            entry.fault(heading, "「人员」表里的工号", meant=meant)
        return person

    def role_of(self, entry: Entry) -> KnownRole | None:
        """Return the role that a cell names."""
        text = entry.text("岗位")
        role = self.known.roles.get(text)
        if role is None and text:
            labels = sorted({one.label for one in self.known.roles.values()})
            entry.fault("岗位", f"流程里的岗位：{'、'.join(labels)}", meant=entry.nearest("岗位", labels))
        return role


def kind_of(unit: Unit) -> UnitKind:
    """Return the kind of a unit, with its words."""
    return next(kind for kind in UnitKind if kind.value == unit.kind)


def known_roles(flows: Iterable[Workflow]) -> dict[str, KnownRole]:
    """Return the roles of *flows* that people are given posts of, by id and by label."""
    found: dict[str, KnownRole] = {}
    for flow in flows:
        for role in flow.roles.values():
            if role.covers is Covers.OWN:
                continue
            known = found.setdefault(role.id, KnownRole(role.id, role_name(flow, role.id), role.covers))
            found.setdefault(known.label, known)
            found.setdefault(role.label.zh, known)
    return found


def known_categories(flows: Iterable[Workflow]) -> dict[str, str]:
    """Return the categories that *flows* let people choose, by id and by label."""
    found: dict[str, str] = {}
    for flow in flows:
        rule = flow.fields.get("category")
        for choice in (rule.choices or ()) if rule is not None else ():
            found[choice] = choice
            if rule is not None and choice in rule.choice_labels:
                found.setdefault(rule.choice_labels[choice].zh, choice)
    return found


def check_units(checking: Checking) -> None:
    """Read the sheet of units: kinds, the tree without holes or rings, what departments serve."""
    rows: dict[str, Entry] = {}
    for entry, again in _once(checking.book.rows(UNITS), "编号"):
        unit_id, kind = id_of(entry, "编号"), _kind_of(entry)
        if again:
            continue
        if not unit_id or kind is None:
            checking.doubtful |= {entry.text("编号"), entry.text("名称")}
        else:
            rows[unit_id] = entry
            serves = _served(entry, kind, checking.known.categories)
            checking.asked.units[unit_id] = Unit(id=unit_id, kind=kind.value, name=entry.text("名称"), serves=serves)
    checking.index_units()
    parents: dict[str, str | None] = {}
    for unit_id, entry in rows.items():
        above = checking.unit_of(entry, "上级") if entry.text("上级") else None
        parents[unit_id] = above.id if above is not None else None
    for unit_id, parent in parents.items():
        unit = checking.asked.units[unit_id]
        checking.asked.units[unit_id] = checking.units[unit_id] = msgspec.structs.replace(unit, parent=parent)
    for unit_id, entry in rows.items():
        _check_place_in_tree(checking, unit_id, entry)


def _kind_of(entry: Entry) -> UnitKind | None:
    text = entry.text("类别")
    found = next((kind for kind in UnitKind if text in (kind.value, kind.label)), None)
    if found is None and text:
        labels = [kind.label for kind in UnitKind]
        entry.fault("类别", "、".join(labels), meant=entry.nearest("类别", labels))
    return found


def _served(entry: Entry, kind: UnitKind, categories: Mapping[str, str]) -> tuple[str, ...]:
    words = [word for word in entry.text("负责类别").translate(_SEPARATORS).split("、") if word]
    if words and kind is not UnitKind.DEPARTMENT:
        entry.fault("负责类别", "空的：只有部门负责类别")
        return ()
    for word in words:
        if word not in categories:
            entry.fault("负责类别", "类别目录里的类别", found=word, meant=nearest(word, categories))
    return tuple(dict.fromkeys(categories[word] for word in words if word in categories))


def _check_place_in_tree(checking: Checking, unit_id: str, entry: Entry) -> None:
    units = checking.units
    unit, parent = units[unit_id], units[unit_id].parent
    if _is_in_ring(units, unit_id):
        entry.fault("上级", "不绕回自己的上级")
        return
    if parent is None:
        if unit.kind not in (UnitKind.DISTRICT, UnitKind.STREET) and not entry.text("上级"):
            entry.fault("上级", f"{kind_of(unit).label}的上级单位", found="空的")
        return
    above = kind_of(units[parent])
    rank = _RANK.get(kind_of(unit))
    if above is UnitKind.DEPARTMENT or (rank is not None and _RANK[above] >= rank):
        label = kind_of(unit).label
        entry.fault("上级", f"比{label}高一级的单位", found=f"{entry.text('上级')}（{above.label}）")


def _is_in_ring(units: Mapping[str, Unit], unit_id: str) -> bool:
    seen: set[str] = set()
    step = units[unit_id].parent
    while step is not None and step in units and step not in seen:
        if step == unit_id:
            return True
        seen.add(step)
        step = units[step].parent
    return False


def check_people(checking: Checking) -> None:
    """Read the sheet of people; an account's name belongs to one person."""
    known, asked = checking.known, checking.asked
    owners = {person.login: person.id for person in known.people.values() if person.login is not None}
    for entry, again in _once(checking.book.rows(PEOPLE), "工号"):
        person_id, login, phone = id_of(entry, "工号"), login_of(entry), phone_of(entry)
        if again:
            continue
        if login is not None and owners.setdefault(login, person_id) != person_id:
            entry.fault("登录名", "没有别人在用的登录名")
            checking.doubtful.add(person_id)
            continue
        if not person_id:
            continue
        before = known.people.get(person_id)
        if before is not None and before.login is not None and login is not None and login != before.login:
            entry.fault("登录名", f"原来的登录名 {before.login}；要改请找系统管理员")
        asked.people[person_id] = Person(
            id=person_id, name=entry.text("姓名"), created_at=before.created_at if before is not None else known.now,
            login=login or (before.login if before is not None else None),
            phone=phone or (before.phone if before is not None else None),
            password_hash=before.password_hash if before is not None else None,
            must_change=before.must_change if before is not None else login is not None,
            office=before.office if before is not None else None,
            disabled_at=before.disabled_at if before is not None else None,
        )  # fmt: skip


def _once(rows: Iterable[Entry], heading: str) -> Iterator[tuple[Entry, bool]]:
    """Yield the rows, and whether their id stands further up already, which is a fault."""
    seen: dict[str, int] = {}
    for entry in rows:
        text = entry.text(heading)
        if text and text in seen:
            entry.fault(heading, f"没有用过的{heading}，第 {seen[text]} 行已经用了")
        yield entry, bool(text) and text in seen
        seen.setdefault(text, entry.row)
