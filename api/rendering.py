"""Draw a page from its template; pages are never cached, static files for ever under a name that changes with them."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.assets import address_of
from api.kept import Kept
from api.words import standing, stretch

_HERE = Path(__file__).resolve().parent
# A wheel carries them inside this package; in a checkout they stand beside it.
TEMPLATES = next(folder for folder in (_HERE / "templates", _HERE.parent / "templates") if folder.is_dir())
RETRY_SECONDS = 5


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the one template environment."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.globals.update(asset=address_of, kept=Kept, standing=standing, stretch=stretch)
    return made


def draw(template: str, context: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """Return the page drawn from *template*."""
    text = environment().get_template(template).render(**context)
    again = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store", **again})
