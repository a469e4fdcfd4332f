"""Draw a page from its template; pages are never cached, static files for ever under a name that changes with them."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.drawing import Templates
from api.words import standing, stretch

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "api" / "static"
_VERSION_DIGITS = 10
RETRY_SECONDS = 5


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a static file, with a version made from its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:_VERSION_DIGITS]}"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the one template environment."""
    made = Templates(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.globals.update(asset=asset, standing=standing, stretch=stretch)
    return made


def draw(template: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return the page drawn from *template*."""
    text = environment().get_template(template).render(**context)
    again = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store", **again})
