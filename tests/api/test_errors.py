"""Errors for programs and for people, with the same words."""

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import problem_of
from engine.core.scope import SYSTEM
from engine.errors import BadFile, Broken, Conflict, KeyReused, NotFound, Unavailable
from engine.services.organise import end_post
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN, act_as
from tests.api.page import Page
from tests.support.demo import NOW


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


WORKER, ENDED = "zhujidong-1.grid_worker.1", "zhujidong-2.grid_worker.1"


@pytest.mark.parametrize(
    ("who", "path"),
    [(WORKER, "/accounts"), ("system_admin", "/matters"), ("auditor", "/work"), (ENDED, "/work"), (WORKER, "/none")],
)
def test_problem_page_leads_to_a_page_that_who_reads_it_may_open(
    client: TestClient, sanlian: Sanlian, who: str, path: str
) -> None:
    """Whatever the post, and without one: no way on ends at the next refusal."""
    act_as(client, who)
    end_post(sanlian.uow, ENDED, until=NOW, by=SYSTEM, now=NOW)

    refused = client.get(path)
    ways = [given["href"] for tag, given in Page(refused.text).elements if "main-act" in (given.get("class") or "")]
    there = client.get(str(ways[0]), follow_redirects=True)

    assert refused.status_code in (403, 404)
    assert (len(ways), there.status_code) == (1, 200)


WRITTEN = "路灯不亮，我去看过"


@pytest.mark.parametrize("path", ["/work/found", "/matters/new", "/matters/2611-0001/do/note"])
def test_what_was_written_is_shown_again_when_the_post_was_taken_away_meanwhile(
    client: TestClient, sanlian: Sanlian, path: str
) -> None:
    """A page that says no shows it, so that it can be copied; what was only chosen is not shown."""
    act_as(client, WORKER)
    with sanlian.uow.read() as tx:
        holder = sanlian.door.shelf.world(tx).organisation.posts[WORKER]
    end_post(sanlian.uow, holder.id, until=NOW, by=SYSTEM, now=NOW)

    answer = client.post(path, data={"key": "k", "if-match": "2.2", "f-detail": WRITTEN, "f-category": "A1"})

    page = Page(answer.text)
    assert answer.status_code == 403
    assert WRITTEN in page.text
    assert "A1" not in page.text
