"""Forms as no browser of ours sends them: too long, unprintable, scripted, twice, stale. Nothing is lost."""

import pytest
from starlette.testclient import TestClient

from engine.core.matter import Matter
from engine.services.demo_life import plain_picture
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page

WORKER, LEADER = "zhujidong-3.grid_worker.1", "zhujidong-3.grid_leader.1"
SCRIPTED = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' {{ 7*7 }}"


def in_hand(sanlian: Sanlian) -> tuple[Matter, str]:
    """A demand in the worker's hands, and its number."""
    with sanlian.uow.read() as tx:
        matter = next(
            one.matter
            for one in tx.matters.all()
            if one.matter.state == "grid_doing" and one.matter.place == "zhujidong-3"
        )
        return matter, tx.demands.get_many([matter.id])[matter.id].number


def form_of(client: TestClient, path: str, ending: str) -> dict[str, str]:
    """What the form at *path* would send as it stands."""
    return {name: str(value) for name, value in Page(client.get(path).text).form(ending)["fields"].items()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("字" * 501, "「办理情况」最多 500 字，现在 501 字。"),
        ("看\x00不见", "「办理情况」里有看不见的空字符，请删掉后再提交。"),
    ],
    ids=["one too many", "a NUL"],
)
def test_note_that_cannot_be_kept_is_refused_with_its_reason_and_comes_back(
    client: TestClient, sanlian: Sanlian, text: str, said: str
) -> None:
    """422, the sentence at the field, every character still there."""
    _, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = {**form_of(client, f"/matters/{number}", "/do/note"), "f-note": text}

    answer = client.post(f"/matters/{number}/do/note", data=form)
    page = Page(answer.text)

    assert answer.status_code == 422
    assert page.text.count(said) == 2
    assert page.form("/do/note")["fields"]["f-note"].replace("\ufffd", "\x00") == text


@pytest.mark.parametrize(
    ("detail", "said"),
    [("字" * 2001, "「事情」最多 2000 字，现在 2001 字。"), ("看\x00不见", "空字符")],
    ids=["one too many", "a NUL"],
)
def test_filing_that_cannot_be_kept_is_refused_with_its_reason_and_comes_back(
    client: TestClient, detail: str, said: str
) -> None:
    """The same for what is filed."""
    act_as(client, WORKER)
    form = {**form_of(client, "/matters/new", "/matters/new"), "f-detail": detail, "f-category": "C3"}

    answer = client.post("/matters/new", data=form)
    page = Page(answer.text)

    assert answer.status_code == 422
    assert said in page.text
    assert len(page.form("/matters/new")["fields"]["f-detail"]) == len(detail)


def test_scripted_text_is_shown_as_it_was_written_and_runs_nowhere(client: TestClient, sanlian: Sanlian) -> None:
    """In the notice, the history, the list, the title, and in a form that comes back."""
    act_as(client, WORKER)
    form = {**form_of(client, "/matters/new", "/matters/new"), "f-detail": SCRIPTED, "f-category": "C3"}
    answer = client.post("/matters/new", data=form)
    place = answer.headers["location"].split("?")[0]
    note = {**form_of(client, place, "/do/note"), "f-note": SCRIPTED}
    client.post(f"{place}/do/note", data=note)
    too_long = client.post("/matters/new", data={**form, "f-detail": SCRIPTED * 40})

    assert answer.status_code == 303
    for text in (client.get(place).text, client.get("/work").text, client.get("/matters").text, too_long.text):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;alert" in text
        assert " 49" not in text.split("</title>")[0]


def test_lost_answer_of_a_press_with_a_photo_is_given_again(client: TestClient, sanlian: Sanlian) -> None:
    """The same form with the same photo sent again leads to the same page; it was done once."""
    matter, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = {**form_of(client, f"/matters/{number}", "/do/solve"), "f-note": "接头换了，不渗了。"}
    files = {"f-photo_after": ("a.png", plain_picture(3), "image/png")}

    first, second = (client.post(f"/matters/{number}/do/solve", data=form, files=files) for _ in range(2))
    with sanlian.uow.read() as tx:
        stored = tx.matters.get(matter.id)

    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert stored is not None
    assert stored.matter.seq == matter.seq + 1


def test_photo_need_not_be_chosen_again_when_another_field_was_wrong(client: TestClient, sanlian: Sanlian) -> None:
    """The form that comes back names the photo it has."""
    _, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = form_of(client, f"/matters/{number}", "/do/solve")
    files = {"f-photo_after": ("a.png", plain_picture(3), "image/png")}

    refused = client.post(f"/matters/{number}/do/solve", data={**form, "f-note": ""}, files=files)
    fields = Page(refused.text).form("/do/solve")["fields"]
    taken = client.post(f"/matters/{number}/do/solve", data={**fields, "f-note": "接头换了。"})
    page = Page(client.get(taken.headers["location"]).text)

    assert refused.status_code == 422
    assert "已经收到 1 份" in refused.text
    assert taken.status_code == 303
    assert "办完的照片 1 份" in page.text


def test_another_tab_is_told_what_happened_meanwhile_and_keeps_the_photo(client: TestClient, sanlian: Sanlian) -> None:
    """Two people on one demand: the later sees who did what, and sends the rest without typing it again."""
    _, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = {**form_of(client, f"/matters/{number}", "/do/solve"), "f-note": "修好了。"}
    files = {"f-photo_after": ("a.png", plain_picture(3), "image/png")}
    act_as(client, LEADER)
    sort = {
        **form_of(client, f"/matters/{number}", "/do/sort"),
        "f-category": "B7", "f-kind": "small", "f-note": "看过，小修就行。",
    }  # fmt: skip
    assert client.post(f"/matters/{number}/do/sort", data=sort).status_code == 303
    act_as(client, WORKER)

    stale = client.post(f"/matters/{number}/do/solve", data=form, files=files)
    page = Page(stale.text)
    again = page.form("/do/solve")["fields"]
    taken = client.post(f"/matters/{number}/do/solve", data=again)

    assert stale.status_code == 412
    assert "刚刚改分类" in page.text
    assert again["f-note"] == "修好了。"
    assert again["kept-photo_after"]
    assert taken.status_code == 303


def test_kept_photo_that_is_not_there_is_asked_for_again(client: TestClient, sanlian: Sanlian) -> None:
    """A name somebody made up is no photo."""
    _, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = {**form_of(client, f"/matters/{number}", "/do/solve"), "f-note": "修好了。", "kept-photo_after": "x.y"}

    answer = client.post(f"/matters/{number}/do/solve", data=form)

    assert answer.status_code == 422
    assert "请拍或选「办完的照片」。" in answer.text


def test_sheet_of_a_foreign_matter_is_not_there(client: TestClient, sanlian: Sanlian) -> None:
    """The fragment over the list shows no more than the page would."""
    _, number = in_hand(sanlian)
    act_as(client, "wangtan-1.grid_worker.1")

    assert client.get(f"/matters/{number}/sheet/note").status_code == 404
