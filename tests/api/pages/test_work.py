"""Today's list and what was fixed on the spot: groups, first actions, taps, and nothing twice."""

import re

import pytest
from starlette.testclient import TestClient

from engine.core.matter import Matter
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.pictures import picture

WORKER = "zhujidong-3.grid_worker.1"
PNG = picture()


def matters_of(sanlian: Sanlian) -> list[Matter]:
    """Every matter of the demo."""
    with sanlian.uow.read() as tx:
        return [one.matter for one in tx.matters.all()]


def number_of(sanlian: Sanlian, matter: Matter) -> str:
    """The number of a demand."""
    with sanlian.uow.read() as tx:
        return tx.demands.get_many([matter.id])[matter.id].number


def waiting_for_a_grid(sanlian: Sanlian) -> Matter:
    """A demand that a grid has not taken yet, its category known."""
    return next(one for one in matters_of(sanlian) if one.state == "take_in" and "category" in one.fields)


@pytest.mark.parametrize(
    "post",
    [
        WORKER,
        "wangtan-1.grid_leader.1",
        "wangtan.community_clerk.1",
        "jingyi.community_head.1",
        "housing.department.1",
        "housing.department_head.1",
        "street.duty_desk.2",
        "street.street_office.1",
        "street.street_head.1",
        "street.service_centre.1",
    ],
)
def test_list_answers_what_by_when_what_if_and_first_action_for_every_kind_of_post(
    client: TestClient, post: str
) -> None:
    """Each row has a title, a due moment or a reason, the next automatic event, and an action or why there is none."""
    act_as(client, post)
    answer = client.get("/work")
    rows = re.findall(r'<li class="tk".*?</li>', answer.text, re.DOTALL)

    assert answer.status_code == 200
    assert rows
    for row in rows:
        text = Page(row).text
        assert re.search(r'<h3><a href="/matters/[^"]+">[^<]+</a>', row)
        assert re.search(r"\d{4}-\d{4}|议题", text)
        assert 'class="due' in row
        assert "没人办的话" in text or "不会自动转走" in text
        assert 'class="btn main-act block"' in row or 'class="why hint"' in row


def test_groups_stand_in_order_of_what_is_due_and_count_what_they_hold(client: TestClient, sanlian: Sanlian) -> None:
    """Late first; the counts add up to what is in one's hands."""
    act_as(client, "jingyi.community_head.1")
    page = Page(client.get("/work").text)
    counts = [int(count) for count in re.findall(r"(?:超时|到期|工作日[^件]*?|周|以后|期限) (\d+) 件", page.text)]
    total = re.search(r"手里 (\d+) 件", page.text)

    assert page.text.index("超时 ") < page.text.index("以后 ")
    assert total is not None
    assert sum(counts) == int(total[1]) > 0


def test_page_of_nobodys_work_is_refused(client: TestClient) -> None:
    """A resident has no desk."""
    act_as(client, "jingyi-3.resident.1")

    assert client.get("/work").status_code == 403


def test_accepting_takes_two_taps_from_the_list(client: TestClient, sanlian: Sanlian) -> None:
    """The row's button, then the form's: nothing to write, and the list says what comes next."""
    matter = waiting_for_a_grid(sanlian)
    act_as(client, f"{matter.place}.grid_worker.1")
    taps = 0
    listed = Page(client.get("/work").text)
    link = next(
        given["href"]
        for tag, given in listed.elements
        if tag == "a" and f"{number_of(sanlian, matter)}?do=accept" in str(given.get("href"))
    )
    taps += 1
    sheet = Page(client.get(str(link).split("?")[0] + "/sheet/accept").text)
    form = sheet.form("/do/accept")
    taps += 1
    answer = client.post(form["action"], data=form["fields"])
    after = Page(client.get(answer.headers["location"]).text)

    assert taps == 2
    assert answer.headers["location"].startswith("/work?done=accept&ref=")
    assert "记下了" in after.text
    assert re.search(r"接下，到「网格在办」。接下来轮到.+ 前。", after.text)


def test_first_action_is_on_its_own_page_without_script(client: TestClient, sanlian: Sanlian) -> None:
    """The link of a row leads to the matter with that action open."""
    matter = waiting_for_a_grid(sanlian)
    act_as(client, f"{matter.place}.grid_worker.1")
    page = client.get(f"/matters/{number_of(sanlian, matter)}?do=accept").text

    assert re.search(r'<details class="act" name="act" id="act-accept" open>', page)


def found_form(client: TestClient) -> dict[str, str]:
    """The form of found-and-fixed as it stands."""
    return {
        name: str(value) for name, value in Page(client.get("/work/found").text).form("/work/found")["fields"].items()
    }


def test_found_and_fixed_is_filed_and_handed_in_with_one_press(client: TestClient, sanlian: Sanlian) -> None:
    """Photo, words, the guessed category, done: the demand waits to be checked by somebody else."""
    act_as(client, WORKER)
    before = len(matters_of(sanlian))
    form = {**found_form(client), "f-detail": "楼道堆了旧家具，当面劝业主搬走了。", "f-category": "C3"}
    answer = client.post("/work/found", data=form, files={"f-photo_after": ("a.png", PNG, "image/png")})
    page = Page(client.get(answer.headers["location"]).text)
    matters = matters_of(sanlian)

    assert answer.status_code == 303
    assert len(matters) == before + 1
    assert max(matters, key=lambda one: one.id).state == "check"
    assert "记下了" in page.text


def test_found_and_fixed_asks_again_with_a_guess_and_keeps_the_photo(client: TestClient) -> None:
    """Without script the category is proposed after the first press; nothing has to be chosen or taken twice."""
    act_as(client, WORKER)
    form = {**found_form(client), "f-detail": "楼道堆了旧家具，当面劝业主搬走了。"}
    first = client.post("/work/found", data=form, files={"f-photo_after": ("a.png", PNG, "image/png")})
    fields = Page(first.text).form("/work/found")["fields"]
    # A browser sends the chip and the empty list of all categories under one name.
    second = client.post("/work/found", data={**fields, "f-category": ["C3", ""]})

    assert first.status_code == 200
    assert "还没有交上去" in first.text
    assert re.search(r'name="f-category" value="C3" checked', first.text)
    assert fields["kept-photo_after"]
    assert second.status_code == 303
    again = client.post("/work/found", data={**fields, "f-category": ["C3", ""]})
    assert (again.status_code, again.headers["location"]) == (303, second.headers["location"])


def test_found_and_fixed_leaves_nothing_when_its_second_half_is_refused(client: TestClient, sanlian: Sanlian) -> None:
    """No photo, no demand: the flow wants one for what was handed in."""
    act_as(client, WORKER)
    before = len(matters_of(sanlian))
    form = {**found_form(client), "f-detail": "楼道堆了旧家具。", "f-category": "C3", "f-note": "x" * 501}
    answer = client.post("/work/found", data=form, files={"f-photo_after": ("a.png", PNG, "image/png")})

    assert answer.status_code == 422
    assert "最多 500 字" in answer.text
    assert len(matters_of(sanlian)) == before


def test_found_and_fixed_sent_twice_is_one(client: TestClient, sanlian: Sanlian) -> None:
    """A double press, or one whose answer was lost: the same key and photo give the same answer."""
    act_as(client, WORKER)
    form = {**found_form(client), "f-detail": "楼道堆了旧家具。", "f-category": "C3"}
    before = len(matters_of(sanlian))
    answers = [
        client.post("/work/found", data=form, files={"f-photo_after": ("a.png", PNG, "image/png")}) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(matters_of(sanlian)) == before + 1


def test_found_and_fixed_is_only_for_who_may_file_from_a_patrol(client: TestClient) -> None:
    """A clerk is led to the ordinary form."""
    act_as(client, "wangtan.community_clerk.1")

    assert "边巡边办是网格员用的" in client.get("/work/found").text
    assert client.post("/work/found", data={"key": "k"}).status_code == 403
    assert "边巡边办" not in client.get("/work").text


SUBSTITUTE = "zhujidong-1.grid_worker.1"


def on_list(client: TestClient, post: str) -> tuple[set[str], str]:
    """The numbers on the list of *post*, and the page."""
    act_as(client, post)
    page = client.get("/work").text
    return set(re.findall(r'<h3><a href="/matters/([\d-]+)"', page)), page


def test_work_goes_to_the_substitute_while_somebody_is_away_and_comes_back(
    client: TestClient, sanlian: Sanlian
) -> None:
    """Recorded on a page: the list of who stands in has it, says why, and what is done there is done by them."""
    own, _ = on_list(client, WORKER)
    before, _ = on_list(client, SUBSTITUTE)
    assert own
    assert not own & before
    act_as(client, "security_admin")
    form = {
        "post": WORKER, "key": "leave-1", "from": "2026-11-20", "to": "2026-11-24", "substitute": SUBSTITUTE,
        "reason": "holiday",
    }  # fmt: skip
    assert client.post("/people/leave", data=form).status_code == 303

    _, away = on_list(client, WORKER)
    meanwhile, page = on_list(client, SUBSTITUTE)
    number = min(own)
    note = Page(client.get(f"/matters/{number}").text).form("/do/note")["fields"]
    said = client.post(f"/matters/{number}/do/note", data={**note, "f-note": "替人去看过了。"})
    told = client.get(f"/matters/{number}").text
    act_as(client, "security_admin")
    with sanlian.uow.read() as tx:
        (leave,) = tx.organisation.load().leaves
    client.post("/people/leave/end", data={"leave": leave.id})

    assert meanwhile == before | own
    assert "你在代珠玑东三网格 网格员，到 11月24日为止。" in page
    assert "你在请假，到 11月24日为止。这些事由珠玑东一网格 网格员代。" in away
    assert said.status_code == 303
    assert "提醒你" in page
    assert "提醒珠玑东三网格" not in page
    assert re.search(r"<b>珠玑东一网格 网格员</b>", told)
    back, page = on_list(client, SUBSTITUTE)
    assert (back, on_list(client, WORKER)[0]) == (before, own)
    assert "你在代" not in page
