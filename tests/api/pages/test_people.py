"""The pages of units and people: who may open them, giving and ending posts, leave, and what is not covered."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from engine.core.scope import Organisation
from engine.store.people import Person
from engine.wiring import Sanlian
from tests.api.conftest import CENTRE, act_as

GRID = "zhujidong-1"
WORKER = "zhujidong-1.grid_worker.1"
PAGES = ("/people", f"/people/units/{GRID}", "/people/coverage", "/roster", "/people/import", "/people/import/template")


@pytest.fixture
def admin(stranger: TestClient) -> TestClient:
    """The security administrator's browser."""
    act_as(stranger, "security_admin")
    return stranger


def organisation(sanlian: Sanlian) -> Organisation:
    with sanlian.uow.read() as tx:
        return tx.organisation.load()


def day(sanlian: Sanlian, days: int = 0) -> str:
    with sanlian.uow.read() as tx:
        calendar = sanlian.door.shelf.world(tx).calendar(None)
    return (calendar.local(sanlian.clock.now()).date() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize("path", PAGES)
def test_people_are_the_security_administrators_when_a_page_is_opened(stranger: TestClient, path: str) -> None:
    """The pages open for the security administrator, and neither for a post nor for the other two."""
    for who, status in (("security_admin", 200), (CENTRE, 403), ("system_admin", 403), ("auditor", 403)):
        act_as(stranger, who)

        assert stranger.get(path).status_code == status, who


def test_tree_finds_people_by_unit_post_and_name_when_searched(admin: TestClient, sanlian: Sanlian) -> None:
    """The search narrows the tree to where the word stands."""
    name = organisation(sanlian).posts[WORKER].name

    assert "珠玑东一网格" in admin.get("/people").text
    by_name = admin.get("/people", params={"q": name}).text
    assert name in by_name
    assert "望坛新苑社区" not in by_name
    assert "没有找到" in admin.get("/people", params={"q": "没有这个人"}).text


def test_post_is_given_once_when_the_form_is_sent_twice(admin: TestClient, sanlian: Sanlian) -> None:
    """A new person gets a post with one form; sent again it says that they have it."""
    form = {"person": "new-1", "name": "演示新人", "role": "grid_worker", "since": day(sanlian), "until": ""}

    first = admin.post(f"/people/units/{GRID}/posts", data=form)
    again = admin.post(f"/people/units/{GRID}/posts", data=form)

    assert (first.status_code, again.status_code) == (303, 422)
    assert "已经有这个岗位" in again.text
    post = organisation(sanlian).posts[f"{GRID}.grid_worker.new-1"]
    assert post.is_held(sanlian.clock.now())
    assert "演示新人" in admin.get(first.headers["location"]).text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"person": ""}, "填工号"),
        ({"person": "nobody", "name": ""}, "第一次来的人请把姓名也填上"),
        ({"role": "community_clerk"}, "网格的岗位"),
        ({"since": "yesterday"}, "填一个日期"),
        ({"since": "2026-12-02", "until": "2026-12-01"}, "不早于起始日期"),
        ({"person": "p-office"}, "不担任管理员和审计员的人"),
    ],
    ids=["nobody", "unknown", "role", "day", "ends first", "office"],
)
def test_form_says_what_to_do_when_a_post_cannot_be_given(
    admin: TestClient, sanlian: Sanlian, form: dict[str, str], said: str
) -> None:
    """What was typed stays, the reason stands in the summary and under its field, and nobody gets a post."""
    with sanlian.uow.write() as tx:
        tx.people.put([Person(id="p-office", name="某", created_at=sanlian.clock.now(), office="auditor")])
    before = organisation(sanlian).posts
    sent = {"person": "new-2", "name": "演示", "role": "grid_worker", "since": day(sanlian), "until": "", **form}

    answer = admin.post(f"/people/units/{GRID}/posts", data=sent)

    assert answer.status_code == 422
    assert answer.text.count(said) >= 1
    assert "有错：" in answer.text
    assert organisation(sanlian).posts == before


@pytest.mark.parametrize(
    ("person", "name"), [("看\x00不见", "新来的"), ("<b>", "新来的"), ("new-1", "换\n行"), ("new-1", '=HYPERLINK("x")')]
)
def test_newcomer_is_named_by_the_rules_of_the_workbook_when_a_post_is_given(
    admin: TestClient, sanlian: Sanlian, person: str, name: str
) -> None:
    """No sign that cannot be seen or stored, nothing that a spreadsheet would take for a formula."""
    sent = {"person": person, "name": name, "role": "grid_worker", "since": day(sanlian)}

    answer = admin.post(f"/people/units/{GRID}/posts", data=sent)

    assert answer.status_code == 422
    assert "收到「" in answer.text
    with sanlian.uow.read() as tx:
        assert tx.people.get(person) is None


def test_substitute_is_named_while_somebody_is_away_when_leave_is_recorded(admin: TestClient, sanlian: Sanlian) -> None:
    """Leave with a substitute: who acts changes at once, the tree says so; back again, it is as before."""
    other, now = "zhujidong-2.grid_worker.1", sanlian.clock.now()
    form = {
        "post": WORKER, "from": day(sanlian), "to": day(sanlian, 2), "substitute": other, "reason": "holiday",
        "key": "leave-1",
    }  # fmt: skip

    answers = [admin.post("/people/leave", data=form) for _ in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    (leave,) = organisation(sanlian).leaves
    assert organisation(sanlian).post_ids_of("grid_worker", GRID, now) == (other,)
    assert "请假，珠玑东二网格 网格员" in admin.get("/people").text
    assert admin.post("/people/leave/end", data={"leave": leave.id}).status_code == 303
    assert organisation(sanlian).post_ids_of("grid_worker", GRID, sanlian.clock.now() + timedelta(1)) == (WORKER,)


def test_leave_is_refused_when_the_substitute_is_the_same_post(admin: TestClient, sanlian: Sanlian) -> None:
    """Nobody stands in for themselves, no department for a grid, and a leave does not end before it begins."""
    form = {"post": WORKER, "from": day(sanlian), "to": day(sanlian), "substitute": WORKER, "key": "k"}

    assert admin.post("/people/leave", data=form).status_code == 422
    assert admin.post("/people/leave", data={**form, "substitute": "", "to": day(sanlian, -1)}).status_code == 422
    assert admin.post("/people/leave", data={**form, "substitute": "housing.department.1"}).status_code == 422
    assert organisation(sanlian).leaves == ()


def test_post_ends_with_its_day_when_it_is_ended(admin: TestClient, sanlian: Sanlian) -> None:
    """The last day is still held; a day gone by ends it now."""
    assert admin.post("/people/posts/end", data={"post": WORKER, "last": day(sanlian, 1)}).status_code == 303
    now = sanlian.clock.now()
    assert organisation(sanlian).posts[WORKER].is_held(now)

    assert admin.post("/people/posts/end", data={"post": WORKER, "last": day(sanlian, -3)}).status_code == 303
    assert not organisation(sanlian).posts[WORKER].is_held(sanlian.clock.now())
    assert admin.post("/people/posts/end", data={"post": "nobody", "last": day(sanlian)}).status_code == 404
    assert "没人办的岗位" in admin.get("/people/coverage").text


def test_unknown_unit_is_not_found(admin: TestClient) -> None:
    """There is no page of a unit that is not there."""
    assert admin.get("/people/units/nowhere").status_code == 404
