"""Addresses as somebody may have changed them: days and cursors at the end of all calendars are no faults of ours."""

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import CENTRE, act_as

FIRST, LAST = "0001-01-01", "9999-12-31"
# What stands in a cursor of a list (base64 of JSON) for the first instant there is, in a zone ahead of ours.
CURSOR = "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiIl0"


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (CENTRE, f"/matters?after={CURSOR}"),
        (CENTRE, f"/work?after={CURSOR}"),
        (CENTRE, f"/board?after={CURSOR}"),
        (CENTRE, f"/figures/late?after={CURSOR}"),
        (CENTRE, f"/api/v1/matters?cursor={CURSOR}"),
        (CENTRE, f"/sheet?day={FIRST}"),
        (CENTRE, f"/sheet?day={LAST}"),
        (CENTRE, f"/figures/late?day={FIRST}"),
        ("auditor", f"/audit?since={FIRST}"),
        ("auditor", f"/audit?until={LAST}"),
        ("auditor", f"/audit?after={LAST}T23:59:59-12:00~a~1"),
        ("auditor", f"/audit/topics/organisation?after={FIRST}T00:00:00%2B14:00~a~1"),
        ("security_admin", f"/roster?week={LAST}"),
    ],
)
def test_page_is_shown_when_an_address_names_the_end_of_time(client: TestClient, who: str, path: str) -> None:
    """What cannot be counted from is as good as not there."""
    act_as(client, who)

    assert client.get(path).status_code == 200


@pytest.mark.parametrize("at", [f"{FIRST}T00:00:00+14:00", f"{LAST}T23:59:59-12:00"])
def test_chain_says_so_when_the_instant_asked_for_is_none(client: TestClient, at: str) -> None:
    """The chain is shown, and the field says that there is no such instant."""
    act_as(client, "auditor")

    page = client.get("/audit/2611-0001", params={"at": at})

    assert page.status_code == 200
    assert "这个时刻看不懂" in page.text


@pytest.mark.parametrize("day", [FIRST, LAST])
def test_post_is_not_given_when_its_day_is_out_of_reach(client: TestClient, day: str) -> None:
    """The form comes back with the field marked."""
    act_as(client, "security_admin")
    given = {"person": "x1", "name": "王一", "role": "grid_worker", "since": day}

    page = client.post("/people/units/zhujidong-3/posts", data=given)

    assert page.status_code == 422
    assert "填一个日期" in page.text
