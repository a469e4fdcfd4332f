"""Errors for programs and for people, with the same words."""

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import problem_of
from engine.errors import BadFile, Broken, Conflict, KeyReused, NotFound, Unavailable
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN


def test_problem_follows_rfc_9457_when_a_program_asks(client: TestClient) -> None:
    """type, title, status, detail, and the stable code."""
    answer = client.get("/matters/2699-0001", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:sanlian:error:not_found",
        "title": "没有这件事",
        "status": 404,
        "detail": "没有找到编号「2699-0001」。",
        "code": "not_found",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(what="编号", found="1"), 404),
        (Conflict(what="有人先办了。"), 409),
        (KeyReused(key="k"), 422),
        (BadFile(where="a", found="b", expected="c"), 422),
        (Unavailable(what="磁盘满了", retry_after_seconds=5), 503),
        (Broken(what="x", where="y"), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    """One mapping, in one place."""
    assert problem_of(error).status == status  # type: ignore[arg-type]  # the table holds our own errors only


def test_inner_words_stay_inside_when_a_promise_breaks() -> None:
    """What went wrong inside is for the log."""
    assert "数据库" not in problem_of(Broken(what="数据库对不上", where="event")).detail


def test_unforeseen_error_is_a_plain_page(sanlian: Sanlian) -> None:
    """No trace on the page, safe headers all the same."""
    app = create_app(sanlian)

    @app.get("/boom")
    def boom() -> None:
        raise ZeroDivisionError("secret detail")

    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as broken:
        answer = broken.get("/boom", headers={"Accept": "text/html"})

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "出错了" in answer.text
