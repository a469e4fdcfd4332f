"""Forms that a script sends: at once, or later out of the queue of a phone (api/static/queue.js)."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked
from api.pages.forms import Typed
from api.writing import HEADER
from engine.services.advance import Done, was_taken

LEADS_TO = "Sanlian-Leads-To"
_SAFE_IN_PATHS = "/?&=%#"


def lead_on(asked: Asked, path: str, *, etag: str = "") -> Response:
    """
    Answer a form that was taken: a browser goes on to *path*, a script is told of it and goes there itself.

    Args:
        etag: of the matter as the form left it: what its writer wrote next without network was written on that.
    """
    if HEADER in asked.request.headers:
        beside = {"ETag": etag} if etag else {}
        return Response(status_code=204, headers={LEADS_TO: quote(path, safe=_SAFE_IN_PATHS), **beside})
    return RedirectResponse(path, status_code=303)


def etag_after(done: Done) -> str:
    """Return the etag of the matter as this press left it; empty when something came after it."""
    return done.matter.etag if done.matter.seq == done.seq else ""


def was_taken_before(asked: Asked, typed: Typed) -> bool:
    """Whether a form that waited in a phone was taken at its first try, the answer to which was lost."""
    if typed.pressed_at is None or asked.actor is None:
        return False
    with asked.sanlian.uow.read() as tx:
        return was_taken(tx, asked.actor, typed.key)
