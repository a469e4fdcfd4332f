"""What every answer and every request must satisfy: headers, size of the body, where a form came from."""

from dataclasses import replace
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import GO_BACK, plain_problem, turn_away

MAX_BODY_BYTES = 20 * 1024 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

# A year, for this host only: what else runs under its domain is not ours to decide.
HTTPS_ONLY = "max-age=31536000"
_RAW_HEADERS = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in HEADERS.items())
_RAW_HEADERS_BY_HTTPS = (*_RAW_HEADERS, (b"strict-transport-security", HTTPS_ONLY.encode("latin-1")))

FOREIGN = plain_problem(
    403, "没有处理：这次提交不是从本系统的页面发出的。请在本系统里打开那一页，再按一次。"
)  # fmt: skip


class BodyTooBig(Exception):
    """The body is longer than allowed."""


def came_from_here(headers: Headers) -> bool:
    """
    Whether a request that changes something was sent by one of our own pages, or by no browser at all.

    `Sec-Fetch-Site` decides where the browser sends it; else `Origin` must be the host that was asked. A request
    with neither comes from no browser, so it carries nobody's cookies.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return "cookie" not in headers
    return urlsplit(origin).netloc == headers.get("host", "")


class Safety:
    """Middleware: refuses foreign forms and bodies that are too big, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                said = list(message.get("headers", ()))
                names = {name.lower() for name, _ in said}
                safe = _RAW_HEADERS_BY_HTTPS if scope["scheme"] == "https" else _RAW_HEADERS
                message = {**message, "headers": said + [one for one in safe if one[0] not in names]}
            await send(message)

        headers = Headers(scope=scope)
        if scope["method"] not in SAFE_METHODS and not came_from_here(headers):
            await turn_away(FOREIGN, scope, receive, send_with_headers)
            return
        if _length(headers) > self.max_body_bytes:
            await self._too_big(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, self._counted(receive), send_with_headers)
        except BodyTooBig:
            if started:
                raise
            await self._too_big(scope, receive, send_with_headers)

    async def _too_big(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.max_body_bytes // (1024 * 1024)
        said = f"一次最多交 {limit} MB，没有收下。请少选几张照片再交。"
        await turn_away(replace(plain_problem(413, said), advice=GO_BACK), scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.max_body_bytes:
                raise BodyTooBig
            return message

        return counted


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0
