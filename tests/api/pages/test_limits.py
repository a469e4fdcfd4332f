"""Changing a limit on pages: one cell, what it says, what it would do, sent in six steps; another person says yes."""

import re

from starlette.testclient import TestClient

from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page

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

    assert (yes.status_code, yes.headers["location"]) == (303, f"{where}?done=in_effect")
    table = Page(client.get("/limits").text).text
    assert "时限表 v2" in table
    assert "网格办得过来" in table
