"""Erasing what a demand holds of people: asked from its page, agreed to by another office, said everywhere."""

import re

import pytest
from starlette.testclient import TestClient

from engine.core.terms import Office
from engine.services.audit import verify
from engine.wiring import Sanlian
from tests.api.conftest import act_as

CENTRE, GONE = "street.service_centre.1", "已按要求删去"


@pytest.fixture
def told(client: TestClient) -> tuple[str, str]:
    """The number and the words of a demand of the hotline that has ended."""
    page = client.get("/matters?show=ended").text
    found = re.search(r'href="/matters/(\d{4}-\d{4})" title="([^"]+)"', page)
    assert found is not None
    return found[1], found[2]


def ask(client: TestClient, number: str, **fields: object) -> int:
    """Ask for an erasure from the page of a demand."""
    data = {"part": ["people", "words", "photos"], "reason": "requested", **fields}
    return client.post(f"/matters/{number}/erase", data=data).status_code


def waiting(client: TestClient) -> str:
    """Which wish waits for the security administrator."""
    found = re.search(r'action="/erasures/([^/]+)/agree"', client.get("/erasures").text)
    assert found is not None
    return found[1]


def test_agreed_erasure_is_said_on_every_page_and_leaves_the_proof(
    client: TestClient, sanlian: Sanlian, told: tuple[str, str]
) -> None:
    """Two people and two pages; then no page has the words, every one says that they went, and verify is good."""
    number, words = told
    assert ask(client, number) == 303
    seen = client.get("/matters?show=ended").text
    act_as(client, Office.SECURITY_ADMIN.value)
    before = client.get("/erasures").text
    wish = waiting(client)
    lacking = client.post(f"/erasures/{wish}/agree").status_code
    agreed = client.post(f"/erasures/{wish}/agree", data={"sure": "yes"}).headers["location"]

    assert (lacking, agreed) == (422, "/erasures?done=agreed")
    assert words in seen
    assert words not in before
    act_as(client, CENTRE)
    matter, rows = client.get(f"/matters/{number}").text, client.get("/matters?show=ended").text
    found = client.get("/matters", params={"show": "ended", "q": words[:6]}).text
    assert all(words not in page for page in (matter, rows, found))
    assert all(GONE in page for page in (matter, rows))
    assert f"/matters/{number}" not in found
    assert "没有可删的了" in client.get(f"/matters/{number}/erase").text
    act_as(client, Office.AUDITOR.value)
    assert GONE in client.get(f"/audit/{number}").text
    assert "申请删除个人信息" in client.get("/audit/topics/erasure").text
    assert verify(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now(), processes=1).exit_code == 0


def test_erasure_leaves_when_a_demand_ended_as_it_was(
    client: TestClient, sanlian: Sanlian, told: tuple[str, str]
) -> None:
    """Figures and pages go by that instant: what is erased later does not end anew."""
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(told[0])
        assert demand is not None
        before = tx.matters.read_many((demand.matter,))[demand.matter].matter.at
    ask(client, told[0])
    act_as(client, Office.SECURITY_ADMIN.value)

    client.post(f"/erasures/{waiting(client)}/agree", data={"sure": "yes"})

    with sanlian.uow.read() as tx:
        after = tx.matters.read_many((demand.matter,))[demand.matter].matter
        last = list(tx.events.of(demand.matter))[-1]
    assert (after.at, last.recorded_at) == (before, sanlian.clock.now())


def test_wish_is_taken_back_or_refused_and_nothing_goes(client: TestClient, told: tuple[str, str]) -> None:
    """Who asked may think again; the security administrator may say no."""
    number, words = told
    ask(client, number)
    twice = ask(client, number)
    taken_back = client.post(f"/matters/{number}/erase/withdraw").headers["location"]
    ask(client, number)
    act_as(client, Office.SECURITY_ADMIN.value)
    refused = client.post(f"/erasures/{waiting(client)}/refuse").headers["location"]
    again = client.post("/erasures/none/refuse").status_code

    assert (twice, again) == (409, 404)
    assert (taken_back, refused) == (f"/matters/{number}/erase?done=withdrawn", "/erasures?done=refused")
    act_as(client, CENTRE)
    assert words in client.get(f"/matters/{number}").text
    assert "没有同意" in client.get(f"/matters/{number}/erase").text


@pytest.mark.parametrize(
    ("fields", "target"), [({"part": []}, "part"), ({"reason": ""}, "reason"), ({"reason": "张三要求的"}, "reason")],
    ids=["nothing chosen", "no reason", "a reason in words of one's own"],
)  # fmt: skip
def test_lacking_choice_leads_to_its_field_and_keeps_the_others(
    client: TestClient, told: tuple[str, str], fields: dict[str, object], target: str
) -> None:
    """The summary leads to the field; what was chosen stays chosen."""
    data = {"part": ["people"], "reason": "expired", **fields}
    answer = client.post(f"/matters/{told[0]}/erase", data=data)

    assert answer.status_code == 422
    assert f'href="#{target}"' in answer.text
    kept = 'value="people" checked' if target == "reason" else 'value="expired" selected'
    assert kept in answer.text
