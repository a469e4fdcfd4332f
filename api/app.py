"""The web application: pages, static files, health; every answer through the same safety."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api import errors, gates, health
from api.assets import SMALLEST_ZIPPED_BYTES, Assets
from api.crowd import Bounds, Crowd
from api.pages import (
    accounts,
    audit,
    board,
    demo_clock,
    dispatch,
    erasures,
    figures,
    filing,
    first_run,
    found,
    held,
    identity,
    limits,
    listing,
    matters,
    messages,
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
from api.rest import files, flows, reference
from api.rest import matters as rest_matters
from api.safety import Safety
from api.signpost import Signpost
from engine.services.demo_clock import FastForward
from engine.wiring import Sanlian

# Of a page the highest level takes half as long again to save one byte in a hundred.
ZIP_LEVEL = 5

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
    messages.router,
    found.router,
    dispatch.router,
    taking_in.router,
    sheet.router,
    figures.router,
    board.router,
    held.router,
    orders.router,
    street_import.router,
    people.router,
    roster.router,
    erasures.router,
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
            Middleware(Safety),
            Middleware(Crowd, bounds=bounds),
            Middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED_BYTES, compresslevel=ZIP_LEVEL),
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
    app.mount("/static", Assets(), name="static")
    app.router.middleware_stack = Signpost(app.router)
    return app
