"""Filing a demand: what is asked, what is kept, once for each key."""

import re

from starlette.testclient import TestClient

from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page


def blank(client: TestClient) -> dict[str, str]:
    """The form of filing as it stands."""
    page = Page(client.get("/matters/new").text)
    return {name: str(value) for name, value in page.form("/matters/new")["fields"].items()}


def test_resident_files_with_words_alone_and_sees_number_turn_and_what_comes(client: TestClient) -> None:
    """The grid is known, category and kind may stay empty; the receipt answers at once."""
    act_as(client, "jingyi-2.resident.1")
    form = {**blank(client), "f-detail": "东门的地锁挡了轮椅，老人出不来。"}

    answer = client.post("/matters/new", data=form)
    page = Page(client.get(answer.headers["location"]).text)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/receipt"
    assert re.search(r"编号 2611-\d{4}", page.text)
    assert "东门的地锁挡了轮椅，老人出不来" in page.text
    assert "轮到景翼二网格 网格员" in page.text
    assert "会自动" in page.text


def test_filing_twice_with_one_key_files_once(client: TestClient) -> None:
    """A second press leads to the same demand."""
    act_as(client, "jingyi-2.resident.1")
    form = {**blank(client), "f-detail": "楼顶水箱盖掉了。"}

    first, second = (client.post("/matters/new", data=form) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]


def test_filing_answers_422_and_keeps_the_words_when_the_place_is_missing(client: TestClient) -> None:
    """The summary names the field."""
    act_as(client, "street.service_centre.1")
    form = {**blank(client), "f-detail": "路口红绿灯不亮。", "f-place": ""}

    answer = client.post("/matters/new", data=form)
    page = Page(answer.text)

    assert answer.status_code == 422
    assert page.text.count("请选「在哪个网格」。") == 2
    assert page.form("/matters/new")["fields"]["f-detail"] == "路口红绿灯不亮。"


def test_filing_refuses_what_cannot_be_kept_exactly(client: TestClient) -> None:
    """A NUL is refused with words, not stored without it."""
    act_as(client, "jingyi-2.resident.1")
    answer = client.post("/matters/new", data={**blank(client), "f-detail": "看\x00不见"})

    assert answer.status_code == 422
    assert "空字符" in answer.text


def test_post_that_may_not_file_is_told_who_may(client: TestClient) -> None:
    """A department cannot file; the page says who can."""
    act_as(client, "police.department.1")

    assert "不能报诉求" in client.get("/matters/new").text
    assert client.post("/matters/new", data={"key": "k", "f-detail": "x"}).status_code == 403


def test_number_of_the_upper_platform_is_not_taken_from_a_form_that_asks_for_none(
    client: TestClient, sanlian: Sanlian
) -> None:
    """Who adds the field to the form of a resident cannot keep the sender's order from coming in."""
    act_as(client, "jingyi-2.resident.1")

    client.post("/matters/new", data={**blank(client), "f-detail": "井盖松了。", "f-external": "WO-1"})

    with sanlian.uow.read() as tx:
        assert tx.demands.by_external({"WO-1"}) == {}
