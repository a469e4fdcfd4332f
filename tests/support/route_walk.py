"""Every route an application serves, as `METHOD /path`: what a table of routes is held against."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount


def routes_of(app: FastAPI) -> frozenset[str]:
    """Return the routes of *app*, those of included routers too."""
    return frozenset(_walk(app.routes))


def _walk(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        included: Any = getattr(route, "effective_route_contexts", None)
        if included is not None:
            for one in included():
                yield from (f"{method} {one.path}" for method in one.methods or ())
        elif isinstance(route, APIRoute):
            yield from (f"{method} {route.path}" for method in route.methods or ())
        elif isinstance(route, Mount):
            yield f"MOUNT {route.path}"
        else:
            raise AssertionError(f"a kind of route this walk does not know: {route!r}")
