"""
A connection that does not wait for ever: for the headers of a request, for the rest of one, for a reader.

The server itself bounds only the idle time between requests, and every byte that trickles in starts it anew; what an
application can bound begins after the headers.
"""

import asyncio
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

PATIENCE_SECONDS = 10.0
# For the rest of what was answered early (a browser reads no answer before it has sent all), and for a reader: of what
# the kernel holds for it nothing can be seen here.
LONGER_SECONDS = 60.0
# Of the rest of such a request: a phone with a bad network sends faster, and nobody hands in so much by mistake.
LEAST_BYTES_PER_SECOND = 32 * 1024
MOST_UNREAD_BYTES = 128 * 1024 * 1024
# Each is a file descriptor, of which a process has 1,024 as a rule; beyond, a request is answered with a bare 503.
MOST_CONNECTIONS = 600


class Connection(HttpToolsProtocol):
    """One connection of the server, which is closed when its client is too slow."""

    patience_seconds: ClassVar[float] = PATIENCE_SECONDS
    longer_seconds: ClassVar[float] = LONGER_SECONDS
    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _is_whole = True
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the server has it
        """Wait for the headers of the first request."""
        super().connection_made(transport)
        self._wait(self.patience_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._wait_no_more()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def on_message_begin(self) -> None:
        """Wait for the headers of this request."""
        super().on_message_begin()
        self._is_whole = False
        self._unread = 0
        self._wait(self.patience_seconds)

    def on_headers_complete(self) -> None:
        """Leave the body to the application."""
        self._wait_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count what comes after the answer."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._unread += len(body)

    def on_message_complete(self) -> None:
        """Nothing more comes of this request."""
        self._is_whole = True
        self._wait_no_more()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a request that was answered before it had come: nobody else does."""
        super().on_response_complete()
        if not self._is_whole and self.cycle.response_complete:
            self._wait_for_rest()

    def pause_writing(self) -> None:
        """See to it that somebody reads what is written."""
        super().pause_writing()
        if self._stuck is None:
            self._look_again()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _wait(self, seconds: float) -> None:
        if self._late is None:
            self._late = self.loop.call_later(seconds, self._too_late)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _wait_for_rest(self, before: int = 0) -> None:
        self._late = self.loop.call_later(self.longer_seconds, self._look_at_rest, before)

    def _look_at_rest(self, before: int) -> None:
        least = before + LEAST_BYTES_PER_SECOND * self.longer_seconds
        if least <= self._unread <= MOST_UNREAD_BYTES:
            self._wait_for_rest(self._unread)
        else:
            self._too_late()

    def _too_late(self) -> None:
        self._late = None
        self.transport.abort()

    def _look_again(self, before: int | None = None) -> None:
        unread = self.transport.get_write_buffer_size()
        if before is not None and unread >= before:
            self._stuck = None
            self.transport.abort()
            return
        self._stuck = self.loop.call_later(self.longer_seconds, self._look_again, unread)


def configured(app: Any, **more: Any) -> uvicorn.Config:
    """Return the configuration of a server of *app*."""
    return uvicorn.Config(app, **{"http": Connection, "ws": "none", "limit_concurrency": MOST_CONNECTIONS, **more})
