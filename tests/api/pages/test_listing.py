"""The list: order, filters, search, pages."""

import re

import pytest
from starlette.testclient import TestClient

from engine.core.terms import MatterKind
from engine.services.worklist import PAGE_ROWS
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page

NUMBER = re.compile(r'href="/matters/(\d{4}-\d{4,})"')


def numbers_on(client: TestClient, path: str) -> list[str]:
    """The demands of every page of a list, page after page."""
    found: list[str] = []
    while path:
        answer = client.get(path)
        assert answer.status_code == 200
        found += NUMBER.findall(answer.text)
        link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        path = link.group(1) if link else ""
    return found


def open_demands(sanlian: Sanlian) -> dict[str, object]:
    """Open demands by number, straight from the store."""
    with sanlian.uow.read() as tx:
        matters = {one.matter.id: one.matter for one in tx.matters.all(only_open=True)}
        demands = tx.demands.get_many([m.id for m in matters.values() if m.kind == MatterKind.DEMAND])
        return {demand.number: matters[name] for name, demand in demands.items()}


def test_list_shows_every_open_demand_once_over_its_pages(client: TestClient, sanlian: Sanlian) -> None:
    """Pages neither repeat nor leave out, also where many are due at one instant."""
    found = numbers_on(client, "/matters")

    assert len(found) == len(set(found))
    assert set(found) == set(open_demands(sanlian))
    assert len(NUMBER.findall(client.get("/matters").text)) == PAGE_ROWS


@pytest.mark.parametrize("show", ["late", "supervised", "listed"])
def test_every_figure_leads_to_a_list_of_that_length(client: TestClient, show: str) -> None:
    """The figures in the heading and the lists behind them agree."""
    text = client.get("/matters").text
    figure = re.search(rf'href="/matters\?show={show}">(\d+) 件', text)
    assert figure is not None

    assert len(numbers_on(client, f"/matters?show={show}")) == int(figure.group(1)) > 0


def test_list_of_a_level_holds_that_level_only(client: TestClient) -> None:
    """Every row carries the mark of the level asked for."""
    page = Page(client.get("/matters?level=community").text)
    marks = {given["data-lv"] for tag, given in page.elements if "data-lv" in given and tag == "span"}

    assert marks == {"2"}


def test_list_of_a_community_holds_its_grids_only(client: TestClient) -> None:
    """A community's list has what lies in its grids."""
    text = client.get("/matters?unit=yongshun&role=grid_worker").text

    assert "永顺东里" in text
    assert not re.search(r"(珠玑东|望坛新苑|金邑水岸|景翼).网格 网格员", text)


def test_list_of_mine_is_that_of_the_post_acted_as(client: TestClient) -> None:
    """A department sees its tasks there."""
    act_as(client, "city_management.department.1")
    page = Page(client.get("/matters?show=mine").text)

    assert "区城市管理局 经办岗" in page.text
    assert re.search(r"\d{4}-\d{4} (主办|协办)", page.text)


@pytest.mark.parametrize(("words", "found"), [("管道井", True), ("通信机柜", True), ("没有这种话", False)])
def test_search_finds_the_words_of_a_demand(client: TestClient, words: str, found: bool) -> None:
    """Two neighbouring characters are enough."""
    text = client.get("/matters", params={"q": words}).text

    assert bool(NUMBER.findall(text)) is found
    assert (f"没有找到「{words}」" in text) is not found


def test_search_finds_a_number(client: TestClient) -> None:
    """The number, or its beginning."""
    assert numbers_on(client, "/matters?q=2611-0031") == ["2611-0031"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W251bGwsMV0", "%F0%28", "bnVsbA"])
def test_list_begins_at_its_start_when_the_cursor_cannot_be_read(client: TestClient, cursor: str) -> None:
    """A broken address is no error."""
    assert client.get(f"/matters?after={cursor}").status_code == 200


def test_ended_demands_have_their_own_list(client: TestClient, sanlian: Sanlian) -> None:
    """Nothing ended among the open, nothing open among the ended."""
    ended = set(numbers_on(client, "/matters?show=ended"))

    assert ended
    assert not ended & set(open_demands(sanlian))
