"""How many are served at once, and how slowly a body may come, so that some cannot keep the pages from all others."""

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import GO_BACK, Problem, turn_away

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = frozenset({"/healthz", "/readyz"})

TOO_MANY = Problem(
    status=503, code="too_many_at_once", title="现在用的人太多",
    detail="没有处理。请过几秒再试一次。", advice=GO_BACK,
)  # fmt: skip
TOO_SLOW = Problem(
    status=408, code="too_slow", title="传得太慢，断开了",
    detail="没有收全，也没有处理。请换到信号好些的地方再交，或少选几张照片。", advice=GO_BACK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    How many requests may be under way, and what is asked of a slow sender.

    Whose body still comes is counted apart: senders, however slow, cannot use up the places of everybody's pages. A
    body that came with its first piece, as nearly every form does, needs no place among the senders. There are a few
    places more for who asks after the health.
    """

    at_once: int = 100
    sending: int = 50
    health: int = 20
    silent_seconds: float = 10.0
    # A phone at the edge of its network still makes several times that.
    least_bytes_per_second: float = 1024.0


class TooSlow(Exception):
    """The body stopped coming, or comes too slowly."""


class Crowd:
    """Middleware: serves so many at once and tells the others to come again; ends requests whose body does not come."""

    def __init__(self, app: ASGIApp, bounds: Bounds = Bounds()) -> None:
        self.app = app
        self.bounds = bounds
        self.served = 0
        self.sending = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bounds = self.bounds
        spare = bounds.health if scope["path"] in HEALTH else 0
        if self.served >= bounds.at_once + spare:
            await turn_away(TOO_MANY, scope, receive, send)
        elif scope["method"] in SAFE_METHODS:
            self.served += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.served -= 1
        else:
            await self._take_in(scope, Body(bounds, receive, send))

    async def _take_in(self, scope: Scope, body: "Body") -> None:
        try:
            await body.look()
        except TooSlow:
            await turn_away(TOO_SLOW, scope, body.receive, body.pass_on)
            return
        if body.is_coming and self.sending >= self.bounds.sending:
            await turn_away(TOO_MANY, scope, body.receive, body.pass_on)
            return
        self._count(body, 1)
        body.came = self._came
        try:
            await self.app(scope, body.receive, body.send)
        except Exception:
            if not body.is_late:
                raise
        finally:
            self._count(body, -1)
        if body.is_late and not body.answered:
            await turn_away(TOO_SLOW, scope, body.receive, body.pass_on)

    def _count(self, body: "Body", number: int) -> None:
        if body.is_coming:
            self.sending += number
        else:
            self.served += number

    def _came(self) -> None:
        """A body is whole; it has waited long enough, so there is a place for it whoever else is served."""
        self.sending -= 1
        self.served += 1


class Body:
    """The body of one request as it comes; of the waiting only what was spent on the client counts."""

    def __init__(self, bounds: Bounds, receive: Receive, send: Send) -> None:
        self._receive = receive
        self.pass_on = send
        self._silent = self._left = bounds.silent_seconds
        self._worth = 1 / bounds.least_bytes_per_second
        self._first: Message | None = None
        self.is_coming = True
        self.is_late = False
        self.answered = False
        self.came = _nothing

    async def look(self) -> None:
        """
        Wait for the first piece; it is handed on when the application asks for it.

        Raises:
            TooSlow: nothing came.
        """
        self._first = await self._next()

    async def receive(self) -> Message:
        """Hand on what comes."""
        if self._first is not None:
            message, self._first = self._first, None
            return message
        return await self._next() if self.is_coming else await self._receive()

    async def _next(self) -> Message:
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        try:
            async with asyncio.timeout(min(self._silent, self._left)):
                message = await self._receive()
        except TimeoutError:
            self.is_late = True
            raise TooSlow from None
        self._left += len(message.get("body", b"")) * self._worth - (clock() - asked_at)
        if not message.get("more_body", False):
            self.is_coming = False
            self.came()
        return message

    async def send(self, message: Message) -> None:
        """Hand on what is answered; who made nothing of a body that stopped coming has nothing to say."""
        if not self.is_late:
            self.answered = True
            await self.pass_on(message)


def _nothing() -> None:
    """Tell nobody: the first piece is looked at before anybody counts."""
