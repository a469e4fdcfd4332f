"""What stands before a page: signing in, a one-time password to be changed, the password once more."""

from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, asked_by_anybody, local_path, posted
from api.errors import answer, problem_of, wants_page
from api.pages.signing_in import PASSWORD, SIGN_IN, Sent, again_page, gone_page
from engine.errors import NotSignedIn, PasswordChangeNeeded, PasswordNeeded

_SAFE = frozenset({"GET", "HEAD"})


def install(app: FastAPI) -> None:
    """Lead people through the gates of *app*; programs are told which one is shut."""

    @app.exception_handler(NotSignedIn)
    async def sign_in_first(request: Request, error: NotSignedIn) -> Response:
        if not wants_page(request):
            return answer(request, problem_of(error))
        if request.method in _SAFE or request.url.path == PASSWORD:  # passwords are neither shown nor carried along
            return RedirectResponse(f"{SIGN_IN}?next={quote(_here(request), safe='')}", status_code=303)
        return gone_page(_asked(request), await posted(request), sent=_sent(request), back=_back(request))

    @app.exception_handler(PasswordNeeded)
    async def password_again(request: Request, error: PasswordNeeded) -> Response:
        if not wants_page(request):
            return answer(request, problem_of(error))
        typed = FormData() if request.method in _SAFE else await posted(request)
        return again_page(_asked(request), typed, sent=_sent(request))

    @app.exception_handler(PasswordChangeNeeded)
    def change_first(request: Request, error: PasswordChangeNeeded) -> Response:
        if wants_page(request):
            return RedirectResponse(PASSWORD, status_code=303)
        return answer(request, problem_of(error))


def _asked(request: Request) -> Asked:
    found = getattr(request.state, "asked", None)
    return found if isinstance(found, Asked) else asked_by_anybody(request)


def _sent(request: Request) -> Sent:
    return Sent(going_on=_here(request), by="get" if request.method in _SAFE else "post")


def _here(request: Request) -> str:
    url = request.url
    return local_path(f"{url.path}?{url.query}" if url.query else url.path)


def _back(request: Request) -> str:
    """The page the form stood on."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host"):
        return "/"
    return local_path(f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path)
