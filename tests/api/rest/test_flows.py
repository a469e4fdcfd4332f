"""Flows, limits, calendars and the reference, for programs and for people."""

from starlette.testclient import TestClient


def test_flow_tells_its_steps_in_words(client: TestClient) -> None:
    """The current flow has its states with who holds them and what they say."""
    told = client.get("/api/v1/workflows/three_tier").json()

    states = {state["id"]: state for state in told["states"]}
    assert states["take_in"]["held_by"] == "grid_worker"
    assert any("4 个工作小时" in line or "签收" in line for line in states["take_in"]["says"])


def test_limits_come_row_by_row_with_their_lines(client: TestClient) -> None:
    """Each row says when it holds, what it grants, and where it stands."""
    told = client.get("/api/v1/workflows/three_tier/limits").json()

    assert told["rows"][0]["when"] == "kind = 'quick'"
    assert told["rows"][0]["cells"]["grid"] == "24h"
    assert told["rows"][-1]["when"] is None


def test_due_instant_is_explained_day_by_day(client: TestClient) -> None:
    """Three working days from a Friday morning end on Wednesday at closing time, and the days say why."""
    query = {"start": "2026-11-20T11:00:00+08:00", "limit": "3wd"}

    told = client.get("/api/v1/calendars/cn_office/due", params=query).json()

    assert told["due_at"] == "2026-11-25T17:30:00+08:00"
    assert [day["count"] for day in told["days"] if day["count"]] == [1, 2, 3]


def test_bad_limit_is_told_with_what_it_should_be(client: TestClient) -> None:
    """A limit that is none is a problem with its own code."""
    query = {"start": "2026-11-20T11:00:00+08:00", "limit": "3 days"}

    answer = client.get("/api/v1/calendars/cn_office/due", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_duration")


def test_document_names_every_route_of_the_interface(client: TestClient) -> None:
    """Every route below /api/v1 stands in the OpenAPI document, and the page shows every one of them."""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    routes = {route.path for route in client.app.routes if getattr(route, "path", "").startswith("/api/v1/")}  # type: ignore[attr-defined]  # the test client types its app as any ASGI app

    page = client.get("/api/v1").text

    assert routes - {"/api/v1/openapi.json"} <= set(paths)
    assert all(path in page for path in paths)
