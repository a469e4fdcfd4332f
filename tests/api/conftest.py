"""The demo's town, served to the tests of pages."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.wiring import Sanlian

ORIGIN = "http://testserver"


@pytest.fixture
def sanlian(demo: Sanlian) -> Sanlian:
    """The deployment that is served."""
    return demo


@pytest.fixture
def client(sanlian: Sanlian) -> Iterator[TestClient]:
    """A browser without script, sending forms as a browser does."""
    headers = {"Accept": "text/html", "Origin": ORIGIN}
    with TestClient(create_app(sanlian), base_url=ORIGIN, headers=headers, follow_redirects=False) as made:
        yield made
