"""The shortcut to a route leads where trying all routes in their order leads."""

import pytest
from fastapi import FastAPI
from starlette.routing import Match
from starlette.testclient import TestClient

from api.app import create_app
from api.signpost import Signpost
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN
from tests.support.route_walk import routes_of


def first_match(app: FastAPI, method: str, path: str) -> str:
    """The route that is reached by trying one after another."""
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    routes = (route for route in app.routes if route.matches(scope)[0] is Match.FULL)
    return str(getattr(next(routes), "path", ""))


def test_every_route_is_reached_when_its_address_is_asked_for(sanlian: Sanlian) -> None:
    """For each route there is, the way by its beginning ends at the same one as the way through all."""
    app = create_app(sanlian)
    signpost = app.router.middleware_stack
    assert isinstance(signpost, Signpost)

    for known in sorted(routes_of(app)):
        method, _, path = known.partition(" ")
        asked = path.replace("{", "").replace("}", "").replace(":path", "")
        if method == "MOUNT":
            continue
        reached = signpost.route_of({"type": "http", "method": method, "path": asked, "root_path": "", "headers": []})
        assert reached is not None, known
        assert getattr(reached[0], "path", "") == first_match(app, method, asked), known


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/matters/a/b/c/d", 404),
        ("GET", "/", 303),
        ("GET", "/matters/", 307),
        ("PUT", "/matters", 405),
        ("GET", "/static/ui.css", 200),
        ("GET", "/static/nothing.css", 404),
    ],
)
def test_what_fits_no_route_is_answered_as_before(client: TestClient, method: str, path: str, status: int) -> None:
    """Missing pages, wrong methods, files and a slash too many are no business of the shortcut."""
    assert client.request(method, path).status_code == status


def test_routes_added_later_are_reached(sanlian: Sanlian) -> None:
    """What the shortcut has not seen is found the long way, under a known beginning too."""
    app = create_app(sanlian)

    @app.get("/matters/one/two/three/later")
    def later() -> str:
        return "later"

    with TestClient(app, base_url=ORIGIN) as client:
        assert client.get("/matters/one/two/three/later").json() == "later"
