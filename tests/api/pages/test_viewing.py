"""How pages look, and where forms may lead."""

import pytest
from starlette.testclient import TestClient

from api.dependencies import local_path


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "", None, "evil"])
def test_no_form_leads_away(wanted: str | None) -> None:
    """Only our own paths are followed."""
    assert local_path(wanted) == "/"


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
