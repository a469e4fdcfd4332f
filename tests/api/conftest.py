"""The demo's town, served to the tests of pages."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import PLAIN_COOKIE
from engine.wiring import Sanlian
from tests.support.people import token_for

ORIGIN = "http://testserver"
COOKIE_DOMAIN = "testserver.local"  # what the jar calls a host without a dot
# Whose desk the tests sit at unless they say otherwise: the one that looks after everything.
CENTRE = "street.service_centre.1"


@pytest.fixture
def sanlian(demo: Sanlian) -> Sanlian:
    """The deployment that is served."""
    return demo


@pytest.fixture
def stranger(sanlian: Sanlian) -> Iterator[TestClient]:
    """A browser without script, sending forms as a browser does; nobody has signed in."""
    headers = {"Accept": "text/html", "Origin": ORIGIN}
    with TestClient(create_app(sanlian), base_url=ORIGIN, headers=headers, follow_redirects=False) as made:
        yield made


@pytest.fixture
def client(stranger: TestClient) -> TestClient:
    """The same, signed in at the service centre."""
    act_as(stranger, CENTRE)
    return stranger


def act_as(client: TestClient, who: str) -> None:
    """Let *client* act as *who* from now on: the id of a post, or an office (`auditor`)."""
    app = client.app
    assert isinstance(app, FastAPI)
    client.cookies.set(PLAIN_COOKIE, token_for(app.state.sanlian, who), domain=COOKIE_DOMAIN)
