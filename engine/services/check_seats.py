"""Check who sits where in the workbook of a street: posts, the roster, venues and buildings."""

from collections.abc import Iterator, Mapping, Sequence

from engine.core.scope import Duty, Organisation, Post, Unit
from engine.core.terms import Office, UnitKind, VenueKind
from engine.services.check_street import Checking, KnownRole, kind_of
from engine.services.street_cells import day_of, end_of, households_of, instant_of, start_of
from engine.services.street_rows import BUILDINGS, DUTIES, POSTS, VENUES, Entry
from engine.store.places import Building, Venue

_HOMES = (UnitKind.GRID, UnitKind.ESTATE)


def check_posts(checking: Checking) -> None:
    """Read the sheet of posts: who is what where, from when until when; nobody with an office gets one."""
    known, rows = checking.known, dict[str, int]()
    for entry in checking.book.rows(POSTS):
        before_this_row = checking.book.faults.count
        person, role, unit = checking.person_of(entry), checking.role_of(entry), checking.unit_of(entry)
        since, until = day_of(entry, "起始日期"), day_of(entry, "结束日期")
        if since is not None and until is not None and until < since:
            entry.fault("结束日期", f"不早于起始日期（{since.isoformat()}）的日期")
        if person is not None and person.office is not None:
            word = next(office.label for office in Office if office.value == person.office)
            entry.fault("工号", f"不担任{word}的人：{word}不能再有岗位", found=f"{person.id}（{word}）")
        fits = role is not None and unit is not None and _fits(entry, role, unit)
        if checking.book.faults.count > before_this_row:
            checking.doubtful_holders.add(person.id if person is not None else _meant(checking, entry))
        if person is None or role is None or unit is None or not fits:
            continue
        before = checking.live.get((person.id, role.id, unit.id))
        post_id = before.id if before is not None else free_post_id(known.organisation, person.id, role.id, unit.id)
        if post_id in rows:
            entry.fault("工号", f"只写一次：第 {rows[post_id]} 行已经有这个人的这个岗位")
            continue
        rows[post_id] = entry.row
        started = (
            start_of(since, known.zone) if since is not None else before.since if before is not None else known.now
        )
        checking.asked.posts[post_id] = Post(
            id=post_id, role=role.id, unit=unit.id, person=person.id, name=person.name, since=started,
            until=end_of(until, known.zone) if until is not None else None,
        )  # fmt: skip


def _meant(checking: Checking, entry: Entry) -> str:
    """The person that a row probably means by what it calls them."""
    return entry.nearest("工号", (*checking.asked.people, *checking.known.people))


def _fits(entry: Entry, role: KnownRole, unit: Unit) -> bool:
    """Whether the unit is of the kind the role acts for; a village stands where a community does."""
    kind = UnitKind.COMMUNITY.value if unit.kind == UnitKind.VILLAGE else unit.kind
    if role.covers.value == kind:
        return True
    wanted = role.covers.label
    found = f"{entry.text('单位')}（{kind_of(unit).label}）"
    entry.fault("单位", f"{wanted}：「{role.label}」是{wanted}的岗位", found=found)
    return False


def free_post_id(organisation: Organisation, person: str, role: str, unit: str) -> str:
    """Return an id for a new post; one held before keeps its own, for the history."""
    plain = f"{unit}.{role}.{person}"
    names = (plain, *(f"{plain}.{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in organisation.posts)


def check_duties(checking: Checking) -> None:
    """Read the sheet of the duty roster: who answers for a desk from when until when."""
    zone = checking.known.zone
    seats = {(post.person, post.role, post.unit): post for post in reversed(checking.posts_after())}
    for entry in checking.book.rows(DUTIES):
        unit, role, person = checking.unit_of(entry), checking.role_of(entry), checking.person_of(entry)
        since, until = instant_of(entry, "开始", zone), instant_of(entry, "结束", zone)
        is_backwards = since is not None and until is not None and until <= since
        if is_backwards:
            entry.fault("结束", "晚于开始的时刻")
        if unit is None or role is None or person is None or not _fits(entry, role, unit):
            continue
        post = seats.get((person.id, role.id, unit.id))
        if post is None and person.id not in checking.doubtful_holders:
            entry.fault("工号", f"在{unit.name}担任{role.label}的人，请先在「岗位」表里写上")
        elif post is not None and since is not None and until is not None and not is_backwards:
            duty = Duty(role=role.id, unit=unit.id, post=post.id, since=since, until=until)
            if (duty.role, duty.unit, duty.post, duty.since) in checking.asked.duties:
                entry.fault("开始", "只写一次的一段，上面已经有了")
            checking.asked.duties[duty.role, duty.unit, duty.post, duty.since] = duty


def check_venues(checking: Checking) -> None:
    """Read the sheet of venues."""
    known = {(one.unit, one.name): one.id for one in checking.known.venues.values()}
    for entry in checking.book.rows(VENUES):
        unit, text = checking.unit_of(entry), entry.text("类别")
        kind = next((one for one in VenueKind if text in (one.value, one.label)), None)
        if kind is None and text:
            labels = [one.label for one in VenueKind]
            entry.fault("类别", "、".join(labels), meant=entry.nearest("类别", labels))
        if unit is None or kind is None:
            continue
        venue_id = known.get((unit.id, entry.text("名称"))) or _id_under(unit, entry.text("名称"))
        if venue_id in checking.asked.venues:
            entry.fault("名称", f"{unit.name}里不重的名称")
            continue
        checking.asked.venues[venue_id] = Venue(
            id=venue_id, unit=unit.id, name=entry.text("名称"), kind=kind.value, address=entry.text("地址")
        )


def check_buildings(checking: Checking) -> None:
    """Read the sheet of buildings: where they stand, how many live there, who looks after them."""
    held: dict[str, list[Post]] = {}
    for post in sorted(checking.posts_after(), key=lambda post: post.id):
        held.setdefault(post.person, []).append(post)
    known = {(one.unit, one.name): one.id for one in checking.known.buildings.values()}
    for entry in checking.book.rows(BUILDINGS):
        unit, households = checking.unit_of(entry), households_of(entry)
        posts = _posts_of_worker(checking, entry, held)
        if unit is None:
            continue
        if unit.kind not in _HOMES:
            entry.fault("单位", "网格或小区", found=f"{entry.text('单位')}（{kind_of(unit).label}）")
            continue
        building_id = known.get((unit.id, entry.text("楼号"))) or _id_under(unit, entry.text("楼号"))
        if building_id in checking.asked.buildings:
            entry.fault("楼号", f"{unit.name}里不重的楼号")
            continue
        checking.asked.buildings[building_id] = Building(
            id=building_id, unit=unit.id, name=entry.text("楼号"), address=entry.text("地址"), households=households,
            worker=_post_for(checking, posts, unit=unit, building=building_id),
        )  # fmt: skip


def _posts_of_worker(checking: Checking, entry: Entry, held: Mapping[str, Sequence[Post]]) -> Sequence[Post]:
    person = checking.person_of(entry, "包楼人") if entry.text("包楼人") else None
    if person is None:
        return ()
    if person.id not in held and person.id not in checking.doubtful_holders:
        entry.fault("包楼人", "有岗位的人，请先在「岗位」表里写上")
    return held.get(person.id, ())


def _post_for(checking: Checking, posts: Sequence[Post], *, unit: Unit, building: str) -> str | None:
    """The post in which somebody looks after a building: as before, else the one nearest to where it stands."""
    known = checking.known.buildings.get(building)
    ids = [post.id for post in posts]
    if known is not None and known.worker in ids:
        return known.worker
    line = list(_upwards(checking.units, unit))
    near = sorted(posts, key=lambda post: line.index(post.unit) if post.unit in line else len(line))
    return near[0].id if near else None


def _upwards(units: Mapping[str, Unit], unit: Unit) -> Iterator[str]:
    seen: set[str] = set()
    step: str | None = unit.id
    while step is not None and step not in seen and step in units:
        seen.add(step)
        yield step
        step = units[step].parent


def _id_under(unit: Unit, name: str) -> str:
    return f"{unit.id}.{''.join(name.split())}"
