"""
Forms that a script sends: at once, or later out of the queue of a phone (api/static/queue.js).

The script says for whom it sends. It is taken only from who wrote it: another person may have signed in on the same
phone in the meantime, or the same one with another post.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends
from starlette.responses import RedirectResponse, Response

from api.dependencies import WRITER, Asked, AskedNow
from api.pages.forms import Typed
from engine.errors import NotSignedIn
from engine.services.advance import Done, was_taken

LEADS_TO = "Sanlian-Leads-To"
_SAFE_IN_PATHS = "/?&=%#"


def asked_by_writer(asked: AskedNow) -> Asked:
    """
    Return the request of who wrote the form; without script, whoever is signed in wrote it.

    Raises:
        NotSignedIn: it was written by somebody else.
    """
    writer = asked.request.headers.get(WRITER)
    if writer is not None and writer != asked.writer:
        raise NotSignedIn()
    return asked


AskedByWriter = Annotated[Asked, Depends(asked_by_writer)]


def lead_on(asked: Asked, path: str, *, etag: str = "") -> Response:
    """
    Answer a form that was taken: a browser goes on to *path*, a script is told of it and goes there itself.

    Args:
        etag: of the matter as the form left it: what its writer wrote next without network was written on that.
    """
    if WRITER in asked.request.headers:
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
