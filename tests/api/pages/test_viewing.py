"""Acting as a post, and how pages look."""

import pytest
from starlette.testclient import TestClient

from api.dependencies import local_path


def test_acting_as_a_post_is_remembered_and_shown(client: TestClient) -> None:
    """The choice works without script and stands on every page."""
    answer = client.post("/as", data={"post": "jinyi.community_head.1", "next": "/matters?show=mine"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/matters?show=mine")
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert "金邑水岸社区 社区书记" in client.get("/matters").text


def test_acting_as_a_post_answers_404_when_there_is_none(client: TestClient) -> None:
    """No cookie is set for it."""
    answer = client.post("/as", data={"post": "mayor"})

    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "", None, "evil"])
def test_no_form_leads_away(wanted: str | None) -> None:
    """Only our own paths are followed."""
    assert local_path(wanted) == "/matters"


def test_look_is_remembered_and_drawn_by_the_server(client: TestClient) -> None:
    """Large text and the outdoor theme need no script."""
    client.post("/look", data={"theme": "outdoor", "next": "/matters"})
    client.post("/look", data={"size": "xl", "next": "/matters"})
    text = client.get("/matters").text

    assert 'data-theme="outdoor"' in text
    assert 'data-size="xl"' in text


def test_look_ignores_what_it_does_not_know(client: TestClient) -> None:
    """A value of a form never becomes an attribute as it is."""
    client.post("/look", data={"theme": '"><script>'})

    assert "data-theme" not in client.get("/matters").text
