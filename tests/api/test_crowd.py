"""So many at once and no more; slow senders are let go, honest ones with a bad connection are not."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.crowd import Bounds, Crowd
from api.errors import API
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN
from tests.support.quick_loop import run_quickly

MOST = 2


class Waiting:
    """A page that is not done before it is told so."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Event()

    def __call__(self) -> str:
        self.entered.release()
        assert self.go_on.wait(20)
        return "done"


@pytest.fixture
def waiting() -> Waiting:
    """The page that waits."""
    return Waiting()


@pytest.fixture
def few(sanlian: Sanlian, waiting: Waiting) -> Iterator[TestClient]:
    """A browser of an application that serves two at once."""
    app = create_app(sanlian, bounds=Bounds(at_once=MOST, sending=1, health=1))
    app.add_api_route("/waiting", waiting)
    with TestClient(app, base_url=ORIGIN, headers={"Accept": "text/html"}) as made:
        yield made


def test_one_too_many_is_told_to_come_again_while_health_is_answered(few: TestClient, waiting: Waiting) -> None:
    """A page in Chinese that says what to do, with `Retry-After`; when one is done there is a place again."""
    with ThreadPoolExecutor(MOST) as pool:
        served = [pool.submit(few.get, "/waiting") for _ in range(MOST)]
        for _ in served:
            assert waiting.entered.acquire(timeout=20)
        try:
            refused = few.get("/sign-in")
            program = few.get(f"{API}matters")
            posted = few.post("/look", data={"size": "xl"}, headers={"Origin": ORIGIN})
            health = [few.get(path).status_code for path in ("/healthz", "/readyz")]
        finally:
            waiting.go_on.set()
        assert [one.result().status_code for one in served] == [200] * MOST

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "现在用的人太多" in refused.text
    assert "过几秒再试" in refused.text
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert (program.status_code, program.json()["code"]) == (503, "too_many_at_once")
    assert (posted.status_code, "set-cookie" in posted.headers) == (503, False)
    assert health == [200, 200]
    assert few.get("/sign-in").status_code == 200


def test_health_is_answered_when_every_thread_is_taken(sanlian: Sanlian, waiting: Waiting) -> None:
    """More pages are under way than there are threads for: who asks after the health is answered all the same."""
    app = create_app(sanlian)
    app.add_api_route("/waiting", waiting)
    threads = 40  # what the framework has
    with TestClient(app, base_url=ORIGIN) as client, ThreadPoolExecutor(threads + 5) as pool:
        served = [pool.submit(client.get, "/waiting") for _ in range(threads + 5)]
        for _ in range(threads):
            assert waiting.entered.acquire(timeout=20)
        try:
            assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        finally:
            waiting.go_on.set()
        assert {one.result().status_code for one in served} == {200}


class Sender:
    """A client that sends pieces of a body, each after a pause."""

    def __init__(self, pieces: Iterable[tuple[float, int]], *, whole: bool = True, method: str = "POST") -> None:
        self._pieces = list(pieces)
        self._whole = whole
        self.scope: Scope = {
            "type": "http", "method": method, "path": "/x", "raw_path": b"/x", "query_string": b"",
            "headers": [(b"accept", b"text/html")], "scheme": "http", "server": ("here", 80), "http_version": "1.1",
        }  # fmt: skip
        self.answer: list[Message] = []

    async def receive(self) -> Message:
        """Send the next piece, or nothing any more."""
        if not self._pieces:
            await asyncio.get_running_loop().create_future()
        pause, length = self._pieces.pop(0)
        await asyncio.sleep(pause)
        more = bool(self._pieces) or not self._whole
        return {"type": "http.request", "body": b"x" * length, "more_body": more}

    async def send(self, message: Message) -> None:
        """Take what is answered."""
        self.answer.append(message)

    @property
    def status(self) -> int:
        """What was answered."""
        (start,) = [one for one in self.answer if one["type"] == "http.response.start"]
        return int(start["status"])


async def counting(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body and answer with its length."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message["body"])
        more = message["more_body"]
    await PlainTextResponse(str(length))(scope, receive, send)


async def forgiving(scope: Scope, receive: Receive, send: Send) -> None:
    """Do the same, and answer something of one's own when it fails."""
    try:
        await counting(scope, receive, send)
    except Exception:
        await PlainTextResponse("bad", status_code=400)(scope, receive, send)
        raise


def served(*senders: Sender, app: Any = counting, bounds: Bounds = Bounds()) -> Crowd:
    """Serve *senders* at once, in no time."""
    crowd = Crowd(app, bounds)

    async def all_at_once() -> None:
        await asyncio.gather(*(crowd(one.scope, one.receive, one.send) for one in senders))

    run_quickly(all_at_once())
    assert (crowd.served, crowd.sending) == (0, 0)
    return crowd


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([(9, 100)], 200),
        ([(11, 100)], 408),
        ([(0, 100), (11, 100)], 408),
        ([(0, 60_000), (11, 60_000)], 408),
        ([(1, 4_000)] * 300, 200),  # 1.2 MB at 4 KB a second: five minutes on a bad connection
        ([(0, 60_000), (9, 60_000), (9, 60_000)], 200),  # a phone in a lift
        ([(5, 100)] * 20, 408),  # never silent, and never done
        ([(1, 1)] * 100, 408),
    ],
)
@pytest.mark.parametrize("app", [counting, forgiving])
def test_slow_sender_is_let_go_only_when_it_makes_no_progress(
    pieces: list[tuple[float, int]], status: int, app: Any
) -> None:
    """Ten seconds of silence, or less than a kilobyte a second after the first ten; not how long it takes in all."""
    sender = Sender(pieces)

    served(sender, app=app)

    assert sender.status == status
    if status == 408:
        headers = dict(sender.answer[0]["headers"])
        assert headers[b"connection"] == b"close"
        assert "传得太慢" in sender.answer[1]["body"].decode()


def test_sender_that_vanishes_holds_no_place() -> None:
    """The body never ends, and nobody waits for it longer than ten seconds."""
    sender = Sender([(0, 100)], whole=False)

    served(sender)

    assert sender.status == 408


def test_pages_are_served_when_slow_senders_take_all_they_may() -> None:
    """Senders have places of their own: neither a page nor a form that came at once is refused for them."""
    slow = [Sender([(1, 2_000)] * 30) for _ in range(4)]
    forms = [Sender([(0, 300)]), Sender([(2, 300)]), Sender([(0, 0)], method="GET")]

    served(*slow, *forms, bounds=Bounds(at_once=3, sending=2, silent_seconds=10))

    assert sorted(one.status for one in slow) == [200, 200, 503, 503]
    assert [one.status for one in forms] == [200, 200, 200]
