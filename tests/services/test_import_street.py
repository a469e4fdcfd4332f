"""A whole street from one workbook: everything or nothing, every fault where it stands, twice is as good as once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.core.matter import Actor
from engine.core.workflow.catalogue import Source
from engine.errors import BadFile, Conflict, NotFound
from engine.services.import_street import changes_made, confirm_street, import_street, keep_street, look_at_street
from engine.services.plan_street import Plan
from engine.services.street_rows import MOST_SHOWN, StreetFault
from engine.services.street_template import write_street_template
from engine.store.people import Person
from tests.support.pg import Prepare
from tests.support.street_book import STREET, Street, street, with_cell, workbook
from tests.support.town import MONDAY, Town, opened, settle

FLOW = """\
sanlian: 1
workflow: small
version: 1
roles:
  resident:        { label: { zh: 居民 },     covers: own }
  grid_worker:     { label: { zh: 网格员 },   covers: grid, above: community_clerk }
  community_clerk: { label: { zh: 社区专干 }, covers: community }
  duty_desk:       { label: { zh: 值班岗 },   covers: street, roster: yes }
fields:
  category: { type: choice, of: [pipes, roads], choices: { pipes: { zh: 管线 } } }
start: { to: doing, by: [resident, grid_worker], optional: [category] }
states:
  doing: { held_by: grid_worker, due: 3wd, timers: [ { at: due, do: close, to: done } ], actions: {
    solve: { by: [grid_worker], to: done } } }
  done: { final: done }
"""
BY = Actor(post="office", role="security_admin", person="safe")
NOW = MONDAY


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town and a flow with the street's roles."""
    return lambda url: settle(url, flows=[Source("small.yaml", FLOW.encode())])


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_sqlite_url) as found:
        yield found


def look(town: Town, sheets: Street) -> Plan:
    """Look at a workbook of these sheets."""
    return look_at_street(town.uow, workbook(sheets), where="街道.xlsx", shelf=town.door.shelf, now=NOW)


def take_in(town: Town, sheets: Street, days: int = 0) -> Plan:
    """Import a workbook of these sheets."""
    now = NOW + timedelta(days=days)
    return import_street(town.uow, workbook(sheets), where="街道.xlsx", shelf=town.door.shelf, by=BY, now=now)


def held(town: Town) -> object:
    """Everything that an import may change."""
    with town.uow.read() as tx:
        organisation = tx.organisation.load()
        people = {person.id: person for person in tx.people.all()}
        chains = list(tx.events.system_heads())
        return (
            organisation.units, organisation.posts, organisation.duties, people, tx.places.venues(),
            tx.places.buildings(), chains,
        )  # fmt: skip


def faults(town: Town, sheets: Street) -> list[StreetFault]:
    """Return the faults of a workbook, sure that importing it writes nothing."""
    before = held(town)
    plan = take_in(town, sheets)
    assert held(town) == before
    assert plan.changes == []
    assert plan.faults.count >= len(plan.faults.listed)
    return plan.faults.listed


def test_street_is_there_when_it_was_imported(town: Town) -> None:
    """Units, people, posts, venues, buildings and the roster stand as the workbook says."""
    plan = take_in(town, STREET)

    assert (plan.faults.count, plan.new_accounts) == (0, 3)
    with town.uow.read() as tx:
        organisation, people = tx.organisation.load(), {one.id: one for one in tx.people.all()}
        buildings, venues = tx.places.buildings(["dong-1"]), tx.places.venues()
    assert [organisation.units[name].parent for name in ("jie", "dong", "dong-1", "shui")] == [
        "qu",
        "jie",
        "dong",
        "qu",
    ]
    assert organisation.units["shui"].serves == ("pipes",)
    worker = organisation.posts["dong-1.grid_worker.001"]
    assert (worker.person, worker.since.isoformat()) == ("001", "2026-02-28T16:00:00+00:00")
    assert organisation.posts["dong-2.grid_worker.002"].until is not None
    assert organisation.posts["dong-2.grid_worker.002"].until.isoformat() == "2026-12-31T16:00:00+00:00"
    assert organisation.posts["dong.community_clerk.003"].since == worker.since
    assert (people["004"].login, people["004"].password_hash, people["003"].login) == ("ding", None, None)
    assert [(one.name, one.households, one.worker) for one in buildings] == [
        ("1 号楼", 54, "dong.community_clerk.003"), ("2 号楼", 72, None),
    ]  # fmt: skip
    assert {(one.unit, one.kind) for one in venues} == {("dong-1", "pavilion"), ("dong", "hall")}
    on_duty = [post.person for post in organisation.on_duty("duty_desk", "jie", MONDAY + timedelta(days=8))]
    assert on_duty == ["004"]


def test_nothing_changes_when_the_same_workbook_comes_again(town: Town) -> None:
    """The second import of a workbook changes nothing and writes no event."""
    take_in(town, STREET)
    before = held(town)

    assert take_in(town, STREET, days=1).changes == []
    assert held(town) == before


def test_dry_run_writes_nothing_and_says_what_would_be(town: Town) -> None:
    """Looking leaves everything as it was, and says just what importing then does."""
    before = held(town)
    plan = look(town, STREET)

    assert held(town) == before
    assert plan.counts() == [
        ("单位", "新增", 6), ("人员", "新增", 4), ("岗位", "新增", 5), ("场所", "新增", 2), ("楼栋", "新增", 2),
        ("值班", "新增", 2),
    ]  # fmt: skip
    assert take_in(town, STREET).changes == plan.changes


def test_changes_are_told_apart_when_a_changed_workbook_comes(town: Town) -> None:
    """What is new, changed, ended or gone is said so; what the workbook does not speak of stays."""
    take_in(town, STREET)
    changed = street()
    changed["单位"][3][1] = "东头一网格"
    changed["楼栋"][1][3] = "80"
    del changed["岗位"][1], changed["场所"][1], changed["值班"][1]
    for sheet in ("岗位", "场所", "楼栋"):
        changed[sheet] = [["dong-1" if cell == "东一网格" else cell for cell in row] for row in changed[sheet]]

    plan = take_in(town, changed, days=1)

    assert [(one.sheet, one.kind, one.what) for one in plan.changes] == [
        ("单位", "变更", "dong-1 东头一网格"),
        ("岗位", "结束", "东二网格 网格员：乙"),
        ("场所", "去掉", "东社区 东社区议事厅"),
        ("楼栋", "变更", "东头一网格 2 号楼"),
        ("值班", "去掉", "新街道 值班岗 2026-03-16 00:00：甲"),
    ]
    with town.uow.read() as tx:
        posts = tx.organisation.load().posts
    assert posts["dong-2.grid_worker.002"].until == NOW + timedelta(days=1)
    assert posts["grid_worker@zhu-1"].until is None


@pytest.mark.parametrize(
    ("sheets", "place", "said"),
    [
        (with_cell("岗位", 2, 1, "网格圆"), "「岗位」第 2 行 B 列「岗位」", "是不是想写「网格员」"),
        (with_cell("岗位", 2, 2, "东一网络"), "「岗位」第 2 行 C 列「单位」", "是不是想写「东一网格」"),
        (with_cell("岗位", 3, 0, "009"), "「岗位」第 3 行 A 列「工号」", "「人员」表里的工号"),
        (with_cell("岗位", 2, 2, "东社区"), "「岗位」第 2 行 C 列「单位」", "「网格员」是网格的岗位"),
        (with_cell("岗位", 3, 3, "2026-02-30"), "「岗位」第 3 行 D 列「起始日期」", "日历上有的日期"),
        (with_cell("岗位", 3, 3, "46082"), "「岗位」第 3 行 D 列「起始日期」", "被存成了数字"),
        (with_cell("岗位", 3, 4, "2026-02-01"), "「岗位」第 3 行 E 列「结束日期」", "不早于起始日期"),
        (with_cell("人员", 3, 0, "001"), "「人员」第 3 行 A 列「工号」", "第 2 行已经用了"),
        (with_cell("人员", 3, 2, "JIA"), "「人员」第 3 行 C 列「登录名」", "没有别人在用的登录名"),
        (with_cell("人员", 3, 3, "无"), "「人员」第 3 行 D 列「电话」", "6 到 20 位数字"),
        (with_cell("人员", 3, 1, "=1+1"), "「人员」第 3 行 B 列「姓名」", "公式请换成它的结果"),
        (with_cell("人员", 3, 1, "乙\n丙"), "「人员」第 3 行 B 列「姓名」", "没有换行"),
        (with_cell("人员", 3, 1, ""), "「人员」第 3 行 B 列「姓名」", "合并过的格"),
        (with_cell("单位", 2, 3, "dong-1"), "「单位」第 2 行 D 列「上级」", "不绕回自己的上级"),
        (with_cell("单位", 5, 3, "shui"), "「单位」第 5 行 D 列「上级」", "比网格高一级的单位"),
        (with_cell("单位", 5, 3, ""), "「单位」第 5 行 D 列「上级」", "网格的上级单位"),
        (with_cell("单位", 5, 2, "网络"), "「单位」第 5 行 C 列「类别」", "是不是想写「网格」"),
        (with_cell("单位", 7, 4, "管道"), "「单位」第 7 行 E 列「负责类别」", "类别目录里的类别"),
        (with_cell("单位", 5, 4, "pipes"), "「单位」第 5 行 E 列「负责类别」", "只有部门"),
        (with_cell("场所", 2, 2, "亭子"), "「场所」第 2 行 C 列「类别」", "议事亭"),
        (with_cell("楼栋", 2, 0, "dong"), "「楼栋」第 2 行 A 列「单位」", "网格或小区"),
        (with_cell("楼栋", 2, 3, "五十四"), "「楼栋」第 2 行 D 列「户数」", "整数"),
        (with_cell("楼栋", 3, 1, "1 号楼"), "「楼栋」第 3 行 B 列「楼号」", "不重的楼号"),
        (with_cell("值班", 2, 4, "2026-03-01"), "「值班」第 2 行 E 列「结束」", "晚于开始"),
        (with_cell("值班", 2, 2, "002"), "「值班」第 2 行 C 列「工号」", "先在「岗位」表里写上"),
        (street(人员表=[]), "「人员表」", "是不是想写「人员」"),
    ],
    ids=[
        "role",
        "unit",
        "person",
        "role_of_unit",
        "day",
        "serial",
        "ends_first",
        "same_id",
        "login",
        "phone",
        "formula",
        "newline",
        "empty",
        "ring",
        "lower_parent",
        "no_parent",
        "kind",
        "category",
        "category_of_grid",
        "venue",
        "house_in_community",
        "households",
        "same_house",
        "duty_ends_first",
        "duty_without_post",
        "sheet_name",
    ],
)
def test_fault_is_said_where_it_stands_when_one_cell_is_wrong(
    town: Town, sheets: Street, place: str, said: str
) -> None:
    """A wrong cell is the first fault, named by sheet, row, column and heading; few others follow from it."""
    found = faults(town, sheets)

    assert (found[0].place, len(found) <= 4) == (place, True), [str(one) for one in found]
    assert said in str(found[0])


def test_all_faults_come_at_once_when_there_are_many(town: Town) -> None:
    """Independent faults are listed together; past the limit they are counted."""
    broken = with_cell("人员", 3, 3, "无")
    broken["岗位"][0][1] = "网格圆"
    broken["楼栋"][0][3] = "x"
    broken["楼栋"][1][4] = "002"
    broken["岗位"][1][1] = "楼长"
    broken["楼栋"][0][4] = "004"
    broken["岗位"].pop(3)
    broken["值班"] = []
    broken["单位"].append(["dong-3", "东三网格", "网格", "没有的", ""])
    broken["单位"].insert(0, ["b 1", "坏编号", "街道", "", ""])
    found = faults(town, broken)
    assert [(one.sheet, one.row, one.column) for one in found] == [
        ("单位", 2, "A"), ("单位", 9, "D"), ("人员", 3, "D"), ("岗位", 2, "B"), ("岗位", 3, "B"), ("楼栋", 2, "D"),
        ("楼栋", 2, "E"),
    ]  # fmt: skip

    many = street(人员=[[f"p {number}", "", "", ""] for number in range(300)])
    plan = look(town, many)
    assert len(plan.faults.listed) == MOST_SHOWN
    assert plan.faults.count > 600


def test_somebody_with_an_office_gets_no_post(town: Town) -> None:
    """The three offices stand apart from the work, for an import too."""
    with town.uow.write() as tx:
        tx.people.add([Person(id="001", name="甲", created_at=NOW, login="jia", office="auditor")])

    (first, *_) = faults(town, STREET)

    assert (first.place, first.found) == ("「岗位」第 2 行 A 列「工号」", "001（审计员）")


def test_headings_are_asked_for_when_they_are_missing(town: Town) -> None:
    """A sheet without a heading it needs is one fault, with what was probably meant."""
    data = workbook(headings={"人员": ["工号", "姓名字", "登陆名", "电话"]})
    plan = look_at_street(town.uow, data, where="x", shelf=town.door.shelf, now=NOW)

    said = [str(one) for one in plan.faults.listed if one.sheet == "人员"]
    assert any("是不是想写「登录名」" in one for one in said)
    assert any("还缺姓名" in one for one in said)


def test_numbers_are_read_as_ids_and_phones_when_they_are_numbers(town: Town) -> None:
    """A spreadsheet that turned ids into numbers is read as a person sees it."""
    sheets = street(
        人员=[[7, "庚", "geng", 13800000007]],
        岗位=[[7, "网格员", "东一网格", "２０２６-０３-０１", ""]],
        楼栋=[],
        值班=[],
    )

    assert look(town, sheets).faults.listed == []
    assert look(town, sheets).new_people[0].phone == "13800000007"


def test_large_workbooks_are_refused_and_long_ones_read(town: Town) -> None:
    """40,000 rows are refused with what to do; 2,000 people are read."""
    with pytest.raises(BadFile, match="请分成几份"):
        look(town, street(人员=[[f"p{number}", "某", "", ""] for number in range(40_000)]))

    plan = look(town, street(人员=[[f"p{number}", "某", "", ""] for number in range(2_000)], 岗位=[], 楼栋=[], 值班=[]))
    assert plan.faults.listed == []
    assert len(plan.new_people) == 2_000


def test_nothing_is_written_when_the_import_breaks_off_in_the_middle(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stops an import on its way leaves no unit, no person and no event behind."""
    before = held(town)
    monkeypatch.setattr("engine.services.import_street.save_roster_in", _fall_over)

    with pytest.raises(KeyboardInterrupt):
        take_in(town, STREET)

    assert held(town) == before


def _fall_over(*_args: object, **_more: object) -> None:
    raise KeyboardInterrupt


def keep(town: Town, sheets: Street) -> str:
    """Upload a workbook to be confirmed."""
    data = workbook(sheets)
    looked = keep_street(town.uow, data, where="街道.xlsx", shelf=town.door.shelf, ids=town.door.ids, now=NOW)
    assert looked.upload is not None
    return looked.upload


def confirm(town: Town, upload: str) -> bool:
    """Confirm an upload."""
    return confirm_street(town.uow, upload, shelf=town.door.shelf, by=BY, now=NOW)


def test_upload_is_imported_once_when_it_is_confirmed(town: Town) -> None:
    """What was shown is done once; afterwards the workbook is gone, and confirming again does nothing."""
    upload = keep(town, STREET)

    assert [changes_made(town.uow, one) for one in (upload, "nothing")] == [None, None]

    done = [confirm(town, upload), confirm(town, upload)]

    assert done == [True, False]
    assert changes_made(town.uow, upload) == 21
    with town.uow.read() as tx:
        files = [tx.files.get(f"{upload}.{digest}") for digest in _digests(town, upload)]
    assert files == [None]


def _digests(town: Town, upload: str) -> list[str]:
    with town.uow.read() as tx:
        job = tx.jobs.get(upload)
    assert job is not None
    return [job.args.decode().split(f"{upload}.")[1].split('"')[0]]


def test_upload_is_refused_when_something_changed_meanwhile(town: Town) -> None:
    """If the import would now do something else, it is shown again instead."""
    upload = keep(town, STREET)
    take_in(town, street(楼栋=[], 值班=[]))

    with pytest.raises(Conflict, match="重新上传"):
        confirm(town, upload)
    with town.uow.read() as tx:
        assert tx.places.buildings() == ()


def test_upload_is_replaced_when_another_comes(town: Town) -> None:
    """Only the last upload waits, and nobody is told that the first one came in; an unknown one is not found."""
    first = keep(town, STREET)
    keep(town, street(楼栋=[]))

    with pytest.raises(Conflict, match="换掉了"):
        confirm(town, first)
    assert changes_made(town.uow, first) is None
    with pytest.raises(NotFound):
        confirm(town, "nothing")


def test_template_is_a_street_without_rows_when_it_is_read(town: Town) -> None:
    """The template has every sheet with headings that are read, and no fault."""
    plan = look_at_street(town.uow, write_street_template(), where="x", shelf=town.door.shelf, now=NOW)

    assert plan.faults.listed == []
    assert plan.changes == []
