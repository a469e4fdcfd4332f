"""Changing a limit on pages: one cell, what it says, what it would do, sent in six steps; another person says yes."""

import re

import pytest
from starlette.testclient import TestClient

from engine.services.decide_proposal import take_effect
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.demo import NOW

AUTHOR, SECOND = "street.street_office.1", "street.street_head.1"
EDIT = "/limits/three_tier/edit"


def blank(client: TestClient) -> dict[str, str]:
    """The form of the table as it stands."""
    page = Page(client.get(EDIT).text)
    return {name: str(value) for name, value in page.form(EDIT)["fields"].items()}


def draft(client: TestClient, **cells: str) -> str:
    """Change cells and return the address of what came of it."""
    answer = client.post(EDIT, data={**blank(client), **cells})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_supervisor_sends_and_another_person_approves(client: TestClient, sanlian: Sanlian) -> None:
    """The page says what changes and what it would do; after the second person's yes it is in effect."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    page = Page(client.get(where).text)
    assert "没有问题" in page.text
    assert re.search(r"\d+ 件 ?马上超时", page.text)

    sent = client.post(f"{where}/send", data={"reason": "网格办得过来", "scope": "running", "when": "now"})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{where}?done=sent")

    act_as(client, SECOND)
    yes = client.post(f"{where}/approve", data={"reason": ""})

    assert (yes.status_code, yes.headers["location"]) == (303, f"{where}?done=running")
    table = Page(client.get("/limits").text).text
    assert "时限表 v2" in table
    assert "网格办得过来" in table


def test_author_is_named_in_words_when_the_office_is_in_no_flow(client: TestClient) -> None:
    """A supervisor proposes as 督导员, not as an id."""
    act_as(client, "street.supervisor.1")

    assert "督导员提。" in Page(client.get(draft(client, **{"c.5.grid": "1 工作日"})).text).text


def test_sending_takes_six_steps_from_the_form(client: TestClient) -> None:
    """Open, change, look, say why, choose whose, send: each step is one thing a person does."""
    act_as(client, AUTHOR)
    steps = ["open"]
    form = blank(client)
    steps.append("change a cell")
    form["c.5.grid"] = "1 工作日"
    steps.append("look")
    where = client.post(EDIT, data=form).headers["location"]
    send = {name: str(value) for name, value in Page(client.get(where).text).form(f"{where}/send")["fields"].items()}
    steps.append("say why")
    send["reason"] = "网格办得过来"
    steps.append("choose whose")
    send["scope"] = "running"
    steps.append("send")
    assert client.post(f"{where}/send", data=send).headers["location"] == f"{where}?done=sent"
    assert len(steps) <= 6


def test_wrong_length_is_said_at_its_cell_and_nothing_typed_is_lost(client: TestClient) -> None:
    """The summary leads to the cell; the other cells keep what was typed; nothing is kept as a draft."""
    act_as(client, AUTHOR)

    answer = client.post(EDIT, data={**blank(client), "c.5.grid": "很快", "c.5.lead": "9 工作日", "e.else.0": "早点"})

    page = Page(answer.text)
    assert answer.status_code == 422
    assert 'href="#c.5.grid"' in answer.text
    assert 'id="c.5.grid-e"' in answer.text
    assert 'id="e.else.0-e"' in answer.text
    fields = page.form(EDIT)["fields"]
    assert (fields["c.5.grid"], fields["c.5.lead"], fields["e.else.0"]) == ("很快", "9 工作日", "早点")
    assert "还没定下来" not in client.get("/limits").text


def test_finding_of_the_check_stands_at_the_cell_that_lacks_its_limit(client: TestClient) -> None:
    """A step without a limit cannot be sent, and the way back leads to the empty cell."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": ""})

    page = client.get(where).text
    again = client.get(f"{EDIT}?from={where.rsplit('/', 1)[-1]}")
    sent = client.post(f"{where}/send", data={"reason": "试", "scope": "new", "when": "now"})

    assert "「网格在办」这一步在「网格办理」一列找不到时限" in page
    assert f"{EDIT}?from={where.rsplit('/', 1)[-1]}#c.5.grid" in page
    assert f"{where}/send" not in page
    assert 'id="c.5.grid-e"' in again.text
    assert '<s class="was">3 工作日</s>' in again.text
    assert sent.status_code == 409
    assert "校验有" in sent.text


def test_draft_edited_further_keeps_its_changes_and_replaces_the_first(client: TestClient) -> None:
    """From a draft the form shows what was changed; what comes of it is one draft, not two."""
    act_as(client, AUTHOR)
    first = draft(client, **{"c.5.grid": "1 工作日"})
    form = Page(client.get(f"{EDIT}?from={first.rsplit('/', 1)[-1]}").text).form(EDIT)["fields"]
    assert form["c.5.grid"] == "1 工作日"

    second = client.post(EDIT, data={**form, "c.4.grid": "2 工作日"}).headers["location"]

    text = Page(client.get(second).text).text
    assert "grid: 1wd" in text
    assert "grid: 2wd" in text
    assert "撤回了" in Page(client.get(first).text).text
    assert "还没定下来的 1 份" in client.get("/limits").text


def test_text_can_be_changed_by_hand_and_its_faults_stand_on_their_lines(client: TestClient) -> None:
    """A row more is a change like any other; a fault is named with its line."""
    act_as(client, AUTHOR)
    key = blank(client)
    text = str(Page(client.get(EDIT).text).forms[-1]["fields"]["text"])
    good = text.replace("  - { when: \"category = 'J1'\", grid: 1wd }\n", "")
    bad = text.replace("grid: 1wd }", "grid: 1wdd }")

    where = [
        client.post(EDIT, data={"key": f"{key['key']}{n}", "base": key["base"], "text": one}).headers["location"]
        for n, one in enumerate((good, bad))
    ]

    assert "删去" in client.get(where[0]).text
    faulty = client.get(where[1]).text
    assert "E103" in faulty
    assert "第 18 行" in faulty


def test_author_cannot_approve_and_sees_why(client: TestClient) -> None:
    """The page offers the author only to take it back; pressing all the same is refused."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    client.post(f"{where}/send", data={"reason": "试", "scope": "new", "when": "now"})

    page = client.get(where).text
    pressed = client.post(f"{where}/approve", data={"reason": ""})

    assert f"{where}/approve" not in page
    assert f"{where}/withdraw" in page
    assert pressed.status_code == 409
    assert "另一个人" in pressed.text


def test_pressing_twice_is_one_press(client: TestClient) -> None:
    """Sending, approving and refusing lead to the same page the second time."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    form = {"reason": "试", "scope": "new", "when": "now"}
    assert [client.post(f"{where}/send", data=form).status_code for _ in range(2)] == [303, 303]
    act_as(client, SECOND)

    assert [client.post(f"{where}/approve", data={"reason": ""}).status_code for _ in range(2)] == [303, 303]
    assert client.post(f"{where}/refuse", data={"reason": "不行"}).status_code == 409


def test_refusing_needs_a_reason_that_the_author_reads(client: TestClient) -> None:
    """Without one it is refused with 422; with one it stands on the page."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    client.post(f"{where}/send", data={"reason": "试", "scope": "new", "when": "now"})
    act_as(client, SECOND)

    assert client.post(f"{where}/refuse", data={"reason": " "}).status_code == 422
    assert client.post(f"{where}/refuse", data={"reason": "冬天办不过来"}).status_code == 303

    act_as(client, AUTHOR)
    assert "冬天办不过来" in client.get(where).text


def test_day_of_effect_is_its_midnight_and_must_lie_ahead(client: TestClient) -> None:
    """What was typed stays when the day has passed."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    form = {"reason": "下个月起", "scope": "new", "when": "day"}

    gone = client.post(f"{where}/send", data={**form, "day": "2026-11-01"})
    none = client.post(f"{where}/send", data={**form, "day": ""})
    taken = client.post(f"{where}/send", data={**form, "day": "2026-12-01"})

    assert (gone.status_code, none.status_code, taken.status_code) == (422, 422, 303)
    assert "下个月起" in gone.text
    assert 'value="2026-11-01"' in gone.text
    assert "从 12月1日 零点起" in client.get(where).text


def test_limits_are_closed_to_others_and_unknown_ones_are_not_found(client: TestClient) -> None:
    """Grid workers, community staff and departments have no such page; who only approves does not edit."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    assert client.get("/limits/proposals/none").status_code == 404
    assert client.get("/limits/nothing/edit").status_code == 404
    for who in ("jingyi-2.grid_worker.1", "jingyi.community_head.1", "auditor"):
        act_as(client, who)
        for path in ("/limits", where, EDIT):
            assert client.get(path).status_code == 403, (who, path)
        assert client.post(f"{where}/approve", data={}).status_code == 403
    act_as(client, "security_admin")
    assert client.get("/limits").status_code == 200
    assert client.get(EDIT).status_code == 403


def test_past_months_are_tried_and_their_assumption_is_stated(client: TestClient) -> None:
    """How much was reproduced, what would be otherwise, and what is assumed; a draft with errors cannot be tried."""
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日"})
    faulty = draft(client, **{"c.5.grid": ""})

    page = Page(client.get(f"{where}/backtest").text)

    assert re.search(r"(\d+) / \1 件和记录一模一样", page.text)
    assert "假定大家还在原来的时刻做原来的事" in page.text
    assert page.has("a", href=f"{where}/backtest", aria_current="page")
    assert client.get(f"{faulty}/backtest").status_code == 409
    act_as(client, "jingyi-2.grid_worker.1")
    assert client.get(f"{where}/backtest").status_code == 403


@pytest.mark.parametrize("figure", ["late", "moves", "earlier", "later"])
def test_figure_of_the_dry_run_links_to_a_list_of_that_length(
    client: TestClient, sanlian: Sanlian, figure: str
) -> None:
    """The list behind a figure has as many rows as the figure says."""
    sweep(sanlian.uow, now=NOW, services=sanlian.door)
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "1 工作日", "c.5.community": "9 工作日"})
    page = client.get(where).text
    count = int(re.search(rf'<b class="num">(\d+)</b> 件<a href="{where}\?show={figure}#touched">', page)[1])  # type: ignore[index]  # each of them counts something here

    listed = client.get(f"{where}?show={figure}").text

    rows = re.search(r'<details class="more mt2" id="touched" open>.*?</details>', listed, re.DOTALL)
    assert rows is not None
    assert rows[0].count("<tr><td>") == count > 0


def test_open_demand_goes_by_the_new_limits_once_a_second_person_has_said_yes(
    client: TestClient, sanlian: Sanlian
) -> None:
    """Its card says another moment, its facts that it was changed; who approved is an office, not an id."""
    number = "2611-0053"
    before = client.get(f"/matters/{number}").text
    act_as(client, AUTHOR)
    where = draft(client, **{"c.5.grid": "2 工作日"})
    client.post(f"{where}/send", data={"reason": "网格近，两天够了。", "scope": "running", "when": "now"})
    act_as(client, "security_admin")
    yes = client.post(f"{where}/approve", data={"reason": ""}).headers["location"]
    said = Page(client.get(yes).text).text
    take_effect(sanlian.uow, now=sanlian.clock.now(), services=sanlian.door)
    act_as(client, "street.service_centre.1")
    after = client.get(f"/matters/{number}").text

    assert "网格近，两天够了。在办的也改" in said
    assert "安全管理员 今天 14:20 批准" in said
    assert "新立的和在办的，从现在起都照新的时限办" in said
    moments = [re.search(r'class="say">[^<]*<em><time datetime="([^"]+)"', page) for page in (before, after)]
    assert moments[1] is not None
    assert moments[0] is not None
    assert moments[1][1] < moments[0][1]
    assert "（立案时锁定）" in before
    assert "时限表 v2（办理中换过）" in after
    assert "换成新的时限表" in after
