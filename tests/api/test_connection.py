"""Real sockets: a client that dawdles with its headers, with the rest of a request, or with reading is let go."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.connection import Connection
from tests.support.browser import ServeApp

PATIENCE = 0.3
BIG = 24_000_000
PAGE = 2_000_000


class Impatient(Connection):
    """A connection for tests, which have no time."""

    patience_seconds = PATIENCE
    longer_seconds = PATIENCE * 2


def hello(_request: Request) -> Response:
    """Answer without looking at a body."""
    return PlainTextResponse("hello")


async def length(request: Request) -> Response:
    """Read a body to its end."""
    return PlainTextResponse(str(len(await request.body())))


def big(_request: Request) -> Response:
    """Answer more than all buffers hold."""
    return PlainTextResponse("x" * BIG)


Dial = Callable[..., socket.socket]


@pytest.fixture
def dial(serve_app: ServeApp) -> Dial:
    """Return `dial()`: a new connection to a server that has little patience."""
    routes = [
        Route("/hello", hello, methods=["GET", "POST"]), Route("/length", length, methods=["POST"]), Route("/big", big),
    ]  # fmt: skip
    port = urlsplit(serve_app(Starlette(routes=routes), http=Impatient)).port

    def dial(*, buffer: int | None = None) -> socket.socket:
        made = socket.socket()
        if buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.settimeout(20)
        made.connect(("127.0.0.1", port))
        return made

    return dial


def rest_of(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    got = bytearray()
    try:
        while piece := connection.recv(1_000_000):
            got += piece
    except ConnectionResetError:
        pass
    return bytes(got)


def pause(seconds: float) -> None:
    """Do nothing for a while, as a client does that looks elsewhere."""
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(seconds)
        with pytest.raises(TimeoutError):
            one.recv(1)


def trickles(connection: socket.socket, piece: bytes, *, times: int = 200) -> bool:
    """Send *piece* again and again with pauses much shorter than the patience; whether the server hung up."""
    connection.settimeout(PATIENCE / 10)
    for _ in range(times):
        try:
            connection.sendall(piece)
            if connection.recv(1000) == b"":
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


@pytest.mark.parametrize("begun", [b"", b"GET /hello HTTP/1.1\r\nHost: x\r\n"])
def test_connection_is_closed_when_no_headers_come(dial: Dial, begun: bytes) -> None:
    """Whoever connects must ask for something."""
    with dial() as connection:
        connection.sendall(begun)

        assert rest_of(connection) == b""


def test_connection_is_closed_when_headers_trickle(dial: Dial) -> None:
    """A byte now and then does not start the time anew."""
    with dial() as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\n")

        assert trickles(connection, b"X-A: b\r\n")


def test_second_request_of_a_connection_is_bounded_too(dial: Dial) -> None:
    """Having asked once is no pass."""
    with dial() as connection:
        connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"hello" in connection.recv(1000)
        connection.sendall(b"GET /hello HTTP/1.1\r\n")

        assert trickles(connection, b"X-A: b\r\n")


def test_connection_is_closed_when_the_rest_of_an_answered_request_trickles(dial: Dial) -> None:
    """Who was answered before the body had come cannot go on sending it for ever."""
    with dial() as connection:
        connection.sendall(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert b"hello" in connection.recv(1000)

        assert trickles(connection, b"x")


def test_rest_of_an_answered_request_is_read_while_it_comes_at_a_fair_pace(dial: Dial) -> None:
    """A browser reads no answer before it has sent all, however long its network takes."""
    piece = b"x" * 20_000
    with dial() as connection:
        connection.sendall(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(piece) * 61))
        assert b"hello" in connection.recv(1000)

        assert not trickles(connection, piece, times=60)
        connection.settimeout(20)
        connection.sendall(piece + b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"hello" in connection.recv(1000)


def test_body_may_take_longer_than_headers(dial: Dial) -> None:
    """How slowly a body may come is not decided here."""
    with dial() as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n")

        assert not trickles(connection, b"x", times=20)
        connection.settimeout(20)
        connection.sendall(b"x" * 10)
        assert connection.recv(1000).endswith(b"30")


def test_connection_is_closed_when_nobody_reads(dial: Dial) -> None:
    """What is not read would stay in memory."""
    with dial(buffer=10_000) as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(10)
        # The server gives up while nobody reads; what was on its way is all that comes.
        pause(PATIENCE * 4)

        assert len(rest_of(connection)) < BIG


def test_slow_reader_gets_everything(dial: Dial) -> None:
    """Read bit by bit, all of it comes."""
    with dial() as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = 0
        while piece := connection.recv(BIG):
            got += len(piece)
            if got % PAGE < len(piece):
                pause(PATIENCE / 3)

        assert got > BIG
