"""Every figure of the sheet and the board leads to a list exactly as long as the figure, for each who may see it."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.store.digests import Digest
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN, act_as
from tests.api.page import Page
from tests.support.clock import FixedClock
from tests.support.demo import NOW

STREET, COMMUNITY = "street.street_head.1", "jingyi.community_head.1"
FIGURE = re.compile(r'<a href="([^"]+)" data-figure="(\d+)"')
WHO = pytest.mark.parametrize("who", [STREET, COMMUNITY])


def _at(sanlian: Sanlian, now: datetime) -> Sanlian:
    """The same deployment at another moment."""
    return replace(sanlian, clock=FixedClock(now))


def figures(client: TestClient, path: str) -> dict[str, int]:
    """The figures of a page by where they lead."""
    text = client.get(path).text
    return {url.replace("&amp;", "&"): int(count) for url, count in FIGURE.findall(text)}


def length(client: TestClient, url: str) -> int:
    """How many rows a list has, read page by page."""
    rows = 0
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, url
        page = Page(answer.text)
        rows += sum(tag == "a" and one.get("class") == "what" for tag, one in page.elements)
        more = [str(one["href"]) for tag, one in page.elements if tag == "a" and one.get("rel") == "next"]
        url = more[0] if more else ""
    return rows


@WHO
@pytest.mark.parametrize("path", ["/sheet", "/board", "/board?view=lanes", "/sheet?day=2026-11-18"])
def test_every_figure_leads_to_a_list_as_long_as_itself(client: TestClient, path: str, who: str) -> None:
    """What is counted and what is listed are the same."""
    act_as(client, who)

    found = figures(client, path)

    assert len(found) > 4
    for url, count in found.items():
        assert length(client, url) == count, url


def test_community_sees_its_own_figures_only(client: TestClient) -> None:
    """The rows of a community's sheet are its grids, its total is its row on the street's sheet."""
    act_as(client, STREET)
    street = figures(client, "/sheet")
    act_as(client, COMMUNITY)
    own = figures(client, "/sheet")

    assert own["/figures/late"] == street["/figures/late?unit=jingyi"]
    assert "景翼一网格" in Page(client.get("/sheet").text).text
    assert "金邑水岸" not in Page(client.get("/sheet").text).text
    assert "金邑水岸" not in Page(client.get("/board").text).text
    assert length(client, "/figures/late?unit=jinyi") == 0


def test_past_sheet_says_what_it_cannot_say(client: TestClient) -> None:
    """What stood then is not told of a day gone by; what happened in it is."""
    page = Page(client.get("/sheet?day=2026-11-18").text)

    assert "2026年11月18日 周三" in page.text
    assert "只有当天的单子上有" in page.text
    assert "压着的" in page.text.split("只有当天")[0]
    assert "三、压着的" not in page.text


def test_sheet_says_plainly_when_yesterday_has_no_digest_and_shows_it_when_it_has(
    client: TestClient, sanlian: Sanlian
) -> None:
    """The foot tells the digest of the day before, or that there is none."""
    assert "11月19日还没有记录摘要" in Page(client.get("/sheet").text).text
    from_yesterday = NOW.replace(hour=1)

    with sanlian.uow.write() as tx:
        tx.digests.add(Digest("2026-11-19", bytes(range(32)), 7, from_yesterday))

    assert f"11月19日的记录摘要（7 条链）： {bytes(range(32)).hex()}" in Page(client.get("/sheet").text).text


@pytest.mark.parametrize("who", ["jingyi-3.grid_worker.1", "housing.department.1", "jingyi-3.resident.1"])
@pytest.mark.parametrize("path", ["/sheet", "/board", "/figures/late"])
def test_figures_are_refused_to_those_whose_page_it_is_not(client: TestClient, who: str, path: str) -> None:
    """403, also on the list behind a figure."""
    act_as(client, who)

    assert client.get(path).status_code == 403


def test_unknown_figure_is_not_found(client: TestClient) -> None:
    """A made-up name is 404, a made-up part of a figure an empty list."""
    assert client.get("/figures/nothing").status_code == 404
    assert length(client, "/figures/late?unit=nowhere") == 0


def test_board_says_what_goes_up_by_itself_and_that_happens(sanlian: Sanlian) -> None:
    """On the morning of a day with escalations, the sentence names their moment, and the list has as many."""
    monday = NOW + timedelta(days=2, hours=19)  # Monday 09:20 in Shanghai
    with TestClient(create_app(_at(sanlian, monday)), base_url=ORIGIN, headers={"Accept": "text/html"}) as client:
        act_as(client, STREET)
        text = Page(client.get("/board").text).text
        found = {url: n for url, n in figures(client, "/board").items() if "escalating" in url}

        assert "没人管的话， 今天" in text
        assert sum(found.values()) >= 1
        for url, count in found.items():
            assert length(client, url) == count
