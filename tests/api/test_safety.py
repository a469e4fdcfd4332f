"""Headers on every answer; foreign forms and bodies that are too big are refused."""

from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from api.app import create_app
from api.safety import HEADERS, MAX_BODY_BYTES, came_from_here
from api.writing import HEADER as WRITER
from engine.wiring import Sanlian
from tests.api.page import Page


@pytest.mark.parametrize("path", ["/matters", "/healthz", "/static/ui.css", "/nowhere", "/matters/9999-0001"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    """Pages, files, errors: all of them."""
    answer = client.get(path)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_browser_is_told_to_come_by_https_only_where_it_came_by_https(client: TestClient, sanlian: Sanlian) -> None:
    """Every answer says so, also a refusal; on this machine without https none does."""
    with TestClient(create_app(sanlian), base_url="https://testserver") as secure:
        answers = [
            secure.get("/sign-in"),
            secure.get("/static/ui.css"),
            secure.post("/look", headers={"Cookie": "a=b"}),
        ]

    assert [one.status_code for one in answers] == [200, 200, 403]
    assert {one.headers.get("strict-transport-security") for one in answers} == {"max-age=31536000"}
    assert "strict-transport-security" not in client.get("/sign-in").headers


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec-fetch-site": "same-origin", "cookie": "a=b"}, True),
        ({"sec-fetch-site": "none", "cookie": "a=b"}, True),
        ({"sec-fetch-site": "cross-site", "cookie": "a=b"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://here"}, False),
        ({"origin": "http://here", "host": "here", "cookie": "a=b"}, True),
        ({"origin": "http://there", "host": "here", "cookie": "a=b"}, False),
        ({"origin": "null", "host": "here", "cookie": "a=b"}, False),
        ({"host": "here", "cookie": "a=b"}, False),
        ({"host": "here"}, True),
    ],
)
def test_came_from_here_asks_the_browser_first_when_it_tells(headers: dict[str, str], taken: bool) -> None:
    """Sec-Fetch-Site decides, else Origin; cookies without either are refused."""
    assert came_from_here(Headers(headers)) is taken


def test_length_that_is_no_number_is_no_fault_of_ours(client: TestClient) -> None:
    """Other scripts' figures are digits to Python, and no number."""
    assert client.get("/track", headers={b"content-length": "²".encode("latin-1")}).status_code == 200


def test_post_is_refused_when_it_comes_from_elsewhere(client: TestClient) -> None:
    """A foreign page cannot press our buttons."""
    answer = client.post("/look", data={"size": "xl"}, headers={"Sec-Fetch-Site": "cross-site"})

    page = Page(answer.text)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "没有处理：这次提交不是从本系统的页面发出的。" in page.text
    assert "set-cookie" not in answer.headers


TURNED_AWAY = [({"Sec-Fetch-Site": "cross-site"}, 403), ({"Content-Length": str(MAX_BODY_BYTES + 1)}, 413)]


@pytest.mark.parametrize(("headers", "status"), TURNED_AWAY, ids=["foreign", "big"])
@pytest.mark.parametrize("asker", [{"Accept": "application/json"}, {WRITER: "a.b"}], ids=["program", "script"])
def test_who_is_turned_away_gets_json_when_no_person_looks_at_the_answer(
    client: TestClient, headers: dict[str, str], status: int, asker: dict[str, str]
) -> None:
    """A program reads the problem; our own script shows its words on the page that still holds what was written."""
    answer = client.post("/matters/new", content=b"", headers=headers | asker)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert "返回" not in answer.json()["detail"]


def test_body_is_refused_when_it_is_announced_too_big(client: TestClient) -> None:
    """Nothing of it is read; a person gets a page that says where what was written still is."""
    answer = client.post("/look", content=b"", headers={"Content-Length": str(MAX_BODY_BYTES + 1)})

    page = Page(answer.text)
    assert answer.status_code == 413
    assert "一次最多交 20 MB，没有收下。请少选几张照片再交。" in page.text
    assert "按浏览器的「返回」，写好的还在那一页。" in page.text


def test_body_is_refused_when_it_grows_too_big_unannounced(client: TestClient) -> None:
    """A streamed body is counted as it comes."""

    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1_000_000 + 2):
            yield b"a" * 1_000_000

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/look", content=endless(), headers=kind)

    assert answer.status_code == 413
