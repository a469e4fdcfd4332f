"""The dispatch table without script: one press, several together, stale pages, and a caller taken in."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page

CULVERT, TILES = "2611-0004", "2611-0012"  # both wait for dispatch


def row_forms(page: Page) -> dict[str, dict[str, Any]]:
    """The forms of the rows by the number of their matter."""
    return {str(form["fields"]["ref"]): form for form in page.forms if "ref" in form["fields"]}


def table(client: TestClient, query: str = "") -> Page:
    """The table as it now stands."""
    return Page(client.get(f"/dispatch{query}").text)


def test_table_shows_what_waits_with_its_reason_and_the_unit_of_its_category(client: TestClient) -> None:
    """A demand that waits for dispatch proposes the unit responsible for its category."""
    page = table(client)

    form = row_forms(page)[CULVERT]
    assert str(form["action"]).endswith("/do/dispatch")
    assert form["fields"]["seat-lead"] == "drainage"
    for words in ("等派单 2", "单位空着 1", "轮到你 4", "过了签收时限没人接 3", "1 区排水管理处"):
        assert words in page.text


def test_counts_of_the_reasons_equal_their_tables(client: TestClient) -> None:
    """Each reason's figure is the number of rows of its own table."""
    page = table(client)

    counts = dict(re.findall(r'href="(/dispatch\?why=\w+)"[^>]*>[^<]* (\d+)<', client.get("/dispatch").text))
    assert len(counts) == 6
    for href, count in counts.items():
        rows = [one for tag, one in Page(client.get(href).text).elements if tag == "tr" and "data-row" in one]
        assert len(rows) == int(count), href
    rows = [one for tag, one in page.elements if tag == "tr" and "data-row" in one]
    assert len(rows) == sum(map(int, counts.values()))


def test_press_sends_it_to_the_unit_and_leads_to_the_next_row(client: TestClient) -> None:
    """One press opens the unit's task; the answer names the unit and gives the focus to the next row."""
    form = row_forms(table(client))[CULVERT]

    answer = client.post(str(form["action"]), data=form["fields"])

    assert answer.status_code == 303
    after = client.get(answer.headers["location"].split("#")[0])
    page = Page(after.text)
    assert f"{CULVERT} 派给了区排水管理处" in page.text.replace("  ", " ")
    assert CULVERT not in row_forms(page)
    focused = [one["id"] for tag, one in page.elements if tag == "tr" and "data-focus" in one]
    assert focused == [f"r-{form['fields']['next']}"]


def test_press_is_one_press_when_it_comes_twice(client: TestClient, sanlian: Sanlian) -> None:
    """The same key again has no second effect."""
    form = row_forms(table(client))[CULVERT]

    first = client.post(str(form["action"]), data=form["fields"])
    second = client.post(str(form["action"]), data=form["fields"])

    assert (first.status_code, second.status_code) == (303, 303)
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(CULVERT)
        stored = tx.matters.get(demand.matter) if demand is not None else None
        assert stored is not None
        assert [seat.unit for seat in stored.matter.seats.values() if seat.outcome is None] == ["drainage"]


def test_stale_press_says_what_happened_when_somebody_was_faster(client: TestClient) -> None:
    """A page that no longer holds records nothing and says so."""
    form = row_forms(table(client))[CULVERT]
    act_as(client, "street.street_office.1")
    other = row_forms(table(client))[CULVERT]
    assert client.post(str(other["action"]), data=other["fields"]).status_code == 303
    act_as(client, "street.service_centre.1")

    answer = client.post(str(form["action"]), data=form["fields"])

    assert answer.status_code in (409, 412)
    assert "没有办成" in Page(answer.text).text
    assert "不在这张表上" in Page(answer.text).text


def test_together_does_what_fits_all_and_says_what_did_not(client: TestClient) -> None:
    """Two that wait for dispatch go; one that waits for a check does not, and stays."""
    page = table(client)
    forms = row_forms(page)
    together = page.form("/together")
    ids = [str(forms[ref]["action"]).split("/")[2] for ref in (CULVERT, TILES, "2611-0042")]

    etags = {
        str(one["name"]): str(one["value"]) for _, one in page.elements if str(one.get("name")).startswith("etag-")
    }

    answer = client.post("/dispatch/together", data={**together["fields"], **etags, "action": "dispatch", "pick": ids})

    text = Page(answer.text).text
    assert "2 件办好了，1 件没有" in text
    assert "2611-0042：这一件不能这样一起办" in text
    assert CULVERT not in row_forms(Page(answer.text))
    assert "2611-0042" in row_forms(Page(answer.text))


def test_sent_back_seat_proposes_another_unit(client: TestClient) -> None:
    """The street office sees the empty seat; who sent it back is not proposed again."""
    act_as(client, "street.street_office.1")

    form = row_forms(table(client, "?why=seat"))["2611-0006"]

    assert str(form["action"]).endswith("/do/assign")
    assert client.post(str(form["action"]), data=form["fields"]).status_code == 303
    assert "2611-0006" not in row_forms(table(client))


@pytest.mark.parametrize(
    "who", ["jingyi.community_head.1", "jingyi-3.grid_worker.1", "housing.department.1", "auditor"]
)
def test_dispatch_is_refused_to_those_whose_desk_it_is_not(client: TestClient, who: str) -> None:
    """403 on the page and on its press."""
    act_as(client, who)

    assert client.get("/dispatch").status_code == 403
    assert client.get("/dispatch/new").status_code == 403
    assert client.post("/dispatch/together", data={"key": "k"}).status_code == 403


CALL = {"f-detail": "三号楼楼道灯不亮，老人下楼看不见", "f-place": "jingyi-3", "f-kind": "small"}


def call(client: TestClient, **given: str) -> dict[str, str]:
    """What the form of a caller sends."""
    fields = Page(client.get("/dispatch/new").text).form("/dispatch/new")["fields"]
    return {**fields, **CALL, **given}


def test_caller_is_taken_in_with_name_and_number_in_the_vault(client: TestClient, sanlian: Sanlian) -> None:
    """The demand is filed; who called is a reporter whose name and number lie in the vault and on no page."""
    answer = client.post(
        "/dispatch/new", data=call(client, **{"f-caller_name": "演示来电人", "f-caller_phone": "13800000000"})
    )

    assert answer.status_code == 303
    number = answer.headers["location"].split("=")[1]
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        reporter = tx.demands.reporters_of(demand.matter)[0]
        assert reporter.name_ref is not None
        assert reporter.phone_ref is not None
        kept = tx.vault.get_many({reporter.name_ref, reporter.phone_ref})
        assert {one.value for one in kept.values()} == {'"演示来电人"'.encode(), b'"13800000000"'}
    page = client.get(f"/matters/{number}").text
    assert "13800000000" not in page
    assert "居民来电、来访登记" in page
    assert number in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("phone", ["电话", "1", "12345<script>"])
def test_caller_form_keeps_what_was_typed_when_the_number_is_wrong(client: TestClient, phone: str) -> None:
    """422, the field marked, everything still there."""
    answer = client.post("/dispatch/new", data=call(client, **{"f-caller_phone": phone}))

    page = Page(answer.text)
    assert answer.status_code == 422
    assert "电话只写数字" in page.text
    fields = page.form("/dispatch/new")["fields"]
    assert fields["f-detail"] == CALL["f-detail"]
    assert fields["f-caller_phone"] == phone
