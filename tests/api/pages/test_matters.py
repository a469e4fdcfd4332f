"""One matter: the five questions on its page, its buttons, its conflicts; everything without script."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.writing import FIELD
from engine.core.command import Act
from engine.core.matter import Actor, Matter
from engine.services.advance import Done, Entry, advance
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.pictures import picture

WORKER = "zhujidong-3.grid_worker.1"
DATE = re.compile(r"(今天|\d+月\d+日 周.) \d\d:\d\d")


def matters_of(sanlian: Sanlian) -> list[Matter]:
    """Every matter of the demo."""
    with sanlian.uow.read() as tx:
        return [one.matter for one in tx.matters.all()]


def first_in(sanlian: Sanlian, state: str, grid: str = "") -> str:
    """The number of a demand in *state*."""
    with sanlian.uow.read() as tx:
        found = [m.id for m in matters_of(sanlian) if m.state == state and m.place.startswith(grid) and m.is_open]
        return tx.demands.get_many(found)[found[0]].number


def open_form(client: TestClient, number: str, action: str) -> dict[str, Any]:
    """What the form of *action* would send, as the page stands now."""
    page = Page(client.get(f"/matters/{number}").text)
    fields: dict[str, Any] = page.form(f"/do/{action}")["fields"]
    return fields


def test_page_answers_the_five_questions_for_every_open_matter_of_the_demo(
    client: TestClient, sanlian: Sanlian
) -> None:
    """Number, whose turn, absolute due moment, forecast sentence, an action or the reason for none: in every state."""
    seen: set[tuple[str, str]] = set()
    for matter in matters_of(sanlian):
        if (matter.workflow, matter.state) in seen:
            continue
        seen.add((matter.workflow, matter.state))
        answer = client.get(f"/matters/{matter.id}")
        page = Page(answer.text)
        assert answer.status_code == 200
        assert re.search(r"\d{4}-\d{4,}|议题 \d{4}-", page.text), matter.state
        assert "我能做什么" in page.text
        if matter.is_open:
            assert "轮到" in page.text
            assert "如果没人处理" in page.text, matter.state
            assert page.has("div", **{"class": "act no"}) or "/do/" in answer.text or "没有要人办" in page.text
        else:
            assert "已经结束" in page.text
        if any(clock.due for clock in matter.clocks.values()) and matter.is_open:
            assert DATE.search(page.text), matter.state
    assert len(seen) >= 20


def test_page_names_no_person(client: TestClient, sanlian: Sanlian) -> None:
    """Posts stand on pages, never persons: but for whose turn it is, which a colleague of the place may know."""
    number = first_in(sanlian, "grid_doing")
    text = client.get(f"/matters/{number}").text
    act_as(client, "auditor")
    chain = client.get(f"/audit/{number}").text

    assert "号</b>" not in text
    assert "demo-0" not in text
    assert len(re.findall("演示 0", text)) == len(re.findall(r"轮到[^：]+（演示 0\d\d 号）：", text)) == 1
    assert "演示 0" not in chain


def test_refused_actions_stay_visible_with_their_reason(client: TestClient, sanlian: Sanlian) -> None:
    """What is forbidden is shown, in words, without a form."""
    act_as(client, "street.service_centre.1")
    answer = client.get(f"/matters/{first_in(sanlian, 'grid_doing')}")

    assert "这一步由居民来做" in answer.text
    assert "只在「类别」是咨询时才能「当场答复」" in answer.text
    assert "/do/withdraw" not in answer.text


def test_press_is_recorded_once_when_its_form_is_sent_twice(client: TestClient, sanlian: Sanlian) -> None:
    """The key of the form makes the second press harmless."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "note"), "f-note": "约了物业明早开井。"}

    first, second = (client.post(f"/matters/{number}/do/note", data=form) for _ in range(2))
    page = client.get(first.headers["location"])

    assert (first.status_code, second.status_code) == (303, 303)
    assert page.text.count("约了物业明早开井。") == 1
    assert "记下了" in page.text


def test_press_answers_422_with_the_words_of_every_empty_field_and_keeps_what_was_typed(
    client: TestClient, sanlian: Sanlian
) -> None:
    """The summary links to each field with the same words; the title says that there is an error."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "up"), "f-done_so_far": "去过两次。"}
    form.pop("f-reason", None)

    answer = client.post(f"/matters/{number}/do/up", data=form)
    page = Page(answer.text)

    assert answer.status_code == 422
    assert page.text.count("请选「原因」。") == 2
    assert page.has("a", href="#up-reason")
    assert page.has("fieldset", id="up-reason")
    assert page.form("/do/up")["fields"]["f-done_so_far"] == "去过两次。"
    assert "<title>有错：" in answer.text


def test_press_answers_412_with_what_happened_and_what_was_typed_when_somebody_was_first(
    client: TestClient, sanlian: Sanlian
) -> None:
    """A stale form moves nothing and loses nothing."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "up"), "f-reason": "needs_money", "f-done_so_far": "问过三家，都要钱。"}
    leader = Actor(post="zhujidong-3.grid_leader.1", role="grid_leader", unit="zhujidong-3", person="demo-x")
    with sanlian.uow.read() as tx:
        found = tx.demands.by_number(number)
    assert found is not None
    command = Act(
        matter=found.matter, action="sort", actor=leader,
        values={"category": "B7", "kind": "hard", "note": "要几家一起看。"},
    )  # fmt: skip
    [outcome] = advance(sanlian.uow, [Entry(command)], now=sanlian.clock.now(), services=sanlian.door)
    assert isinstance(outcome, Done)

    answer = client.post(f"/matters/{number}/do/up", data=form)
    page = Page(answer.text)

    assert answer.status_code == 412
    assert "珠玑东三网格 网格长刚刚改分类" in page.text
    assert "你写的还在，没丢" in page.text
    assert page.form("/do/up")["fields"]["f-done_so_far"] == "问过三家，都要钱。"
    assert page.form("/do/up")["fields"]["if-match"] != form["if-match"]


def test_press_answers_428_when_the_form_has_no_version(client: TestClient, sanlian: Sanlian) -> None:
    """Nobody moves a matter they have not seen."""
    act_as(client, WORKER)
    answer = client.post(f"/matters/{first_in(sanlian, 'grid_doing')}/do/note", data={"f-note": "x", "key": "k"})

    assert answer.status_code == 428


def test_press_is_not_taken_when_the_matter_is_in_another_grid(client: TestClient, sanlian: Sanlian) -> None:
    """A form that was copied gives no rights; what was written is shown."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "note"), "f-note": "写了一段。"}
    del form[FIELD]
    act_as(client, "wangtan-1.grid_worker.1")

    answer = client.post(f"/matters/{number}/do/note", data=form)

    assert answer.status_code == 404
    assert "写了一段。" in answer.text


def test_state_with_children_offers_units_and_opens_a_task_for_each(client: TestClient, sanlian: Sanlian) -> None:
    """Lead as a choice of one, assists as several; the tasks stand on the page with their own clocks."""
    number = first_in(sanlian, "street_intake")
    act_as(client, "street.street_office.1")
    form = open_form(client, number, "dispatch")
    assert "seat-lead" in form
    sent = {**form, "seat-lead": "housing", "seat-assist": ["drainage", "fire"]}

    answer = client.post(f"/matters/{number}/do/dispatch", data=sent)
    page = Page(client.get(answer.headers["location"]).text)

    assert answer.status_code == 303
    assert "派给各单位的 3 项" in page.text
    assert "派给 区住房建设局（主办）" in page.text


def test_file_is_refused_with_words_when_it_is_no_picture(client: TestClient, sanlian: Sanlian) -> None:
    """The first bytes decide, not the name."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "solve"), "f-note": "修好了。"}
    files = {"f-photo_after": ("a.png", b"#!/bin/sh", "image/png")}

    answer = client.post(f"/matters/{number}/do/solve", data=form, files=files)

    assert answer.status_code == 422
    assert "应当是照片" in answer.text


def test_file_is_kept_and_counted_in_the_history_when_it_is_a_picture(client: TestClient, sanlian: Sanlian) -> None:
    """The bytes lie in the vault; the history says how many."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "solve"), "f-note": "换了接头，不渗了。"}
    files = {"f-photo_after": ("a.png", picture(), "image/png")}

    answer = client.post(f"/matters/{number}/do/solve", data=form, files=files)
    page = Page(client.get(answer.headers["location"]).text)

    assert answer.status_code == 303
    assert "办完的照片 1 份" in page.text
    assert "轮到演示街道 网格化服务中心" in page.text


@pytest.mark.parametrize("ref", ["2699-0001", "../etc", "0000", "%00"])
def test_page_answers_404_with_one_body_when_there_is_no_such_matter(client: TestClient, ref: str) -> None:
    """No hint of what else there is."""
    answer = client.get(f"/matters/{ref}")

    assert answer.status_code == 404
    assert "三级联动" in answer.text


def test_words_among_colleagues_are_not_on_the_reporters_page(client: TestClient) -> None:
    """A resident who signs in reads what was written for them, not what staff noted for each other."""
    resident, worker = "zhujidong-3.resident.1", "zhujidong-3.grid_worker.1"
    act_as(client, resident)
    form = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    client.post("/matters/new", data={**form, "f-detail": "窨井盖一踩就响。"})
    act_as(client, worker)
    number = re.findall(r"2611-\d{4}", client.get("/matters", params={"q": "窨井盖一踩就响"}).text)[-1]
    for action, words in (("note", "这家去年闹过三回。"), ("contact", "明早九点来修。")):
        client.post(f"/matters/{number}/do/{action}", data={**open_form(client, number, action), "f-note": words})
    as_worker = client.get(f"/matters/{number}").text
    act_as(client, resident)

    as_resident = client.get(f"/matters/{number}").text

    assert "这家去年闹过三回。" in as_worker
    assert "明早九点来修。" in as_resident
    assert "窨井盖一踩就响。" in as_resident
    assert "这家去年闹过三回。" not in as_resident


def test_photo_that_must_be_there_is_asked_for_beforehand(client: TestClient, sanlian: Sanlian) -> None:
    """Whoever opens the form knows that it is not taken without a photo."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)

    page = client.get(f"/matters/{number}").text

    assert "要有照片才能交，1 到 9 张" in page
