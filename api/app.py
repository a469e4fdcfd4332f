"""The web application: pages, static files, health; every answer through the same safety."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import errors, gates, health
from api.crowd import Bounds, Crowd
from api.pages import (
    accounts,
    audit,
    board,
    demo_clock,
    dispatch,
    figures,
    filing,
    first_run,
    found,
    identity,
    limits,
    listing,
    matters,
    orders,
    people,
    photos,
    receipts,
    roster,
    sheet,
    signing_in,
    street_import,
    taking_in,
    track,
    viewing,
    work,
)
from api.rendering import STATIC
from api.rest import files, flows, reference
from api.rest import matters as rest_matters
from api.safety import Safety
from api.signpost import Signpost
from engine.services.demo_clock import FastForward
from engine.wiring import Sanlian

YEAR = "public, max-age=31536000, immutable"
SMALLEST_ZIPPED_BYTES = 700

# Filing before the page of one matter: `new` is no number.
ROUTERS = (
    health.router,
    signing_in.router,
    track.router,
    audit.router,
    receipts.router,
    first_run.router,
    accounts.router,
    listing.router,
    limits.router,
    filing.router,
    viewing.router,
    work.router,
    found.router,
    dispatch.router,
    taking_in.router,
    sheet.router,
    figures.router,
    board.router,
    orders.router,
    street_import.router,
    people.router,
    roster.router,
    photos.router,
    matters.router,
    identity.router,
    reference.router,
    rest_matters.router,
    files.router,
    flows.router,
)


def nobody() -> None:
    """Wake nobody: no scheduler runs in this process."""


class VersionedFiles(StaticFiles):
    """Static files; an address with a version may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file (the framework asks asynchronously)."""
        response = await super().get_response(path, scope)
        if response.status_code == 200 and b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = YEAR
        return response


def create_app(
    sanlian: Sanlian,
    *,
    wake: Callable[[], None] = nobody,
    fast_forward: FastForward | None = None,
    bounds: Bounds = Bounds(),
) -> FastAPI:
    """
    Return the application that serves *sanlian*; *wake* tells the scheduler that something new may be due.

    Args:
        fast_forward: lets time pass; for the demo only.
        bounds: how many are served at once, and how slow a sender may be.
    """
    app = FastAPI(
        title="三级联动",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(Safety, refuse=errors.refuse),
            Middleware(Crowd, bounds=bounds),
            Middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED_BYTES),
        ],
    )
    app.state.sanlian = sanlian
    app.state.wake = wake
    app.state.fast_forward = fast_forward
    if fast_forward is not None:
        app.router.routes.extend(demo_clock.router.routes)
    errors.install(app)
    gates.install(app)
    paths: set[str] = set()
    for router in ROUTERS:
        app.router.routes.extend(router.routes)  # included, each is found by way of its router, which costs more
        paths.update(route.path for route in router.routes if isinstance(route, APIRoute))
    app.state.paths = frozenset(paths)
    app.mount("/static", VersionedFiles(directory=STATIC), name="static")
    app.router.middleware_stack = Signpost(app.router)
    return app
