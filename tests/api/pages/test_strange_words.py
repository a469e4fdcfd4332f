"""Links and forms that strangers made: their words stand on no page and in no event."""

from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from api.errors import API
from engine.wiring import Sanlian
from tests.api.conftest import CENTRE, act_as
from tests.api.page import Page
from tests.api.pages.test_hard_presses import WORKER, form_of, in_hand

LURE = "您的账号要冻结，请打13800000000"
SUPERVISOR = "street.supervisor.1"


@pytest.mark.parametrize(
    ("who", "path", "names"),
    [
        (CENTRE, "/dispatch", ("done", "to", "do")),
        (CENTRE, "/dispatch/new", ("filed",)),
        (WORKER, "/work", ("done", "ref")),
        (WORKER, "/matters/{}", ("done",)),
        (WORKER, "/matters/new", ("done",)),
        (WORKER, "/sessions", ("done",)),
        ("system_admin", "/accounts", ("done",)),
        ("security_admin", "/roster", ("done",)),
        ("security_admin", "/limits", ("done",)),
    ],
)
def test_notice_shows_nothing_that_came_with_the_address(
    client: TestClient, sanlian: Sanlian, who: str, path: str, names: tuple[str, ...]
) -> None:
    """Neither as words nor hidden in the page, and nothing says that something was done."""
    _, number = in_hand(sanlian)
    act_as(client, who)

    answer = client.get(f"{path.format(number)}?{urlencode(dict.fromkeys(names, LURE))}")

    assert answer.status_code in (200, 400)
    assert "13800000000" not in answer.text
    assert "data-done" not in answer.text
    assert "记下了" not in Page(answer.text).text.split("办理过程")[0]


def test_dispatch_tells_where_a_demand_is_as_it_stands(client: TestClient, sanlian: Sanlian) -> None:
    """Of what is seen here, in its own words; of a number that is none, nothing."""
    _, number = in_hand(sanlian)

    told = client.get(f"/dispatch?done={number}&to={LURE}")

    assert f'<a href="/matters/{number}">{number}</a> 到了「网格在办」' in told.text
    assert "2611-9999" not in client.get("/dispatch?done=2611-9999").text


KEYS = ["王小明 13800000000", "a b", "k" * 65, "键", "a\nb", "<b>"]


@pytest.mark.parametrize("key", KEYS)
def test_key_that_no_page_of_ours_gave_is_refused(client: TestClient, sanlian: Sanlian, key: str) -> None:
    """Keys stand in events for ever: what somebody writes there must not."""
    matter, number = in_hand(sanlian)
    act_as(client, WORKER)
    form = {**form_of(client, f"/matters/{number}", "/do/note"), "f-note": "看过了。", "key": key}

    pressed = client.post(f"/matters/{number}/do/note", data=form)
    filed = client.post("/matters/new", data={**form_of(client, "/matters/new", "/matters/new"), "key": key})
    with sanlian.uow.read() as tx:
        stored = tx.matters.get(matter.id)

    assert (pressed.status_code, filed.status_code) == (428, 428)
    assert "请重新打开" in pressed.text
    assert stored is not None
    assert stored.matter.seq == matter.seq


@pytest.mark.parametrize("key", ["13800000000 wang", "a,b", "k" * 65])
def test_program_is_told_which_keys_it_may_bring(client: TestClient, key: str) -> None:
    """422 at the header."""
    headers = {"Idempotency-Key": key, "Accept": "application/json"}
    answer = client.post(f"{API}matters", json={"place": "zhujidong-3"}, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].lower().endswith("idempotency-key")


def test_limits_table_of_any_size_the_check_reads_can_be_sent(client: TestClient) -> None:
    """Written in Chinese a browser sends nine times its letters; a longer one is refused with what is allowed."""
    act_as(client, SUPERVISOR)
    form = form_of(client, "/limits/three_tier/edit", "/edit")
    table = Page(client.get("/limits/three_tier/edit").text)
    kept = next(str(one["fields"]["text"]) for one in table.forms if "text" in one["fields"])
    comment = "\n".join("# " + "办" * 60 for _ in range(1_100))  # 200 KB, which travel as 600 KB

    sent = client.post("/limits/three_tier/edit", data={**form, "text": f"{kept}\n{comment}\n"})
    long = client.post("/limits/three_tier/edit", data={**form, "text": f"{kept}\n{comment}\n{'办' * 40_000}\n"})
    endless = client.post("/limits/three_tier/edit", data={**form, "text": "办" * 200_000})

    assert sent.status_code == 303
    assert client.get(sent.headers["location"]).text.count("办" * 60) >= 1_000
    assert long.status_code == 422
    assert "256 KiB 以内的文字" in long.text
    assert "办" * 60 in long.text
    assert endless.status_code == 422
    assert "256 KiB 以内的文字" in endless.text
