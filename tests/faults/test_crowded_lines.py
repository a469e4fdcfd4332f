"""Many uploads and many sign-ins at once: pages of others go on, and who must come again has lost nothing."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.errors import Busy, SignInRefused, TooManyTries
from engine.services import confine, passwords
from engine.services.demo_people import PASSWORD
from engine.services.passwords import Cost, Hasher
from engine.services.sign_in import FREE, PAIR, Given, sign_in
from engine.services.waiting_line import WaitingLine
from engine.wiring import Sanlian
from tests.api.conftest import CENTRE, ORIGIN, act_as
from tests.api.page import Page
from tests.api.pages.test_hard_presses import WORKER, form_of, in_hand
from tests.support.pictures import picture

UPLOADS = 40
THREADS = 40  # in which the framework makes pages
HEADERS = {"Accept": "text/html", "Origin": ORIGIN}
PHOTO = picture("JPEG")


@contextmanager
def every_turn_taken(line: WaitingLine, turns: int) -> Iterator[threading.Event]:
    """Hold all *turns* of *line* until the event is set."""
    held, go_on = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with line.turn():
            held.release()
            go_on.wait(20)

    holders = [threading.Thread(target=hold) for _ in range(turns)]
    for one in holders:
        one.start()
    for _ in holders:
        assert held.acquire(timeout=20)
    try:
        yield go_on
    finally:
        go_on.set()
        for one in holders:
            one.join()


@pytest.fixture
def worker(demo: Sanlian) -> Iterator[TestClient]:
    """A browser without script at the desk of a worker."""
    with TestClient(create_app(demo), base_url=ORIGIN, headers=HEADERS, follow_redirects=False) as made:
        act_as(made, WORKER)
        yield made


def test_lines_leave_threads_for_the_pages() -> None:
    """All who work and wait together take fewer threads than there are."""
    files = confine.MOST_AT_ONCE + confine.MOST_WAITING
    hashes = passwords.AT_ONCE + passwords.MOST_WAITING

    assert files + hashes <= THREADS - 10


def test_pages_are_served_while_forty_photos_come_at_once(demo: Sanlian, worker: TestClient) -> None:
    """Some wait and are taken; the others are told to come again, with all they wrote; nobody else notices."""
    _, number = in_hand(demo)
    form = {**form_of(worker, f"/matters/{number}", "/do/solve"), "f-note": "接头换了，不渗了。"}
    refused: list[str] = []
    told = threading.Semaphore(0)

    def upload() -> int:
        files = {"f-photo_after": ("a.jpg", PHOTO, "image/jpeg")}
        answer = worker.post(f"/matters/{number}/do/solve", data=form, files=files)
        if answer.status_code == 503:
            refused.append(answer.text)
            assert answer.headers["retry-after"] == "5"
            told.release()
        return answer.status_code

    waiting = confine.MOST_WAITING
    with every_turn_taken(confine._line, confine.MOST_AT_ONCE) as go_on, ThreadPoolExecutor(UPLOADS) as pool:
        uploads = [pool.submit(upload) for _ in range(UPLOADS)]
        for _ in range(UPLOADS - waiting):
            assert told.acquire(timeout=60)
        page = worker.get("/work")
        go_on.set()
        answers = [one.result() for one in uploads]

    assert page.status_code == 200
    assert (answers.count(303), answers.count(503)) == (waiting, UPLOADS - waiting)
    again = Page(refused[0])
    assert "正在检查的文件太多，请过几秒再试一次" in again.text
    assert again.form("/do/solve")["fields"]["f-note"] == "接头换了，不渗了。"


def test_photos_that_were_taken_need_not_be_chosen_again_when_the_line_is_full(
    demo: Sanlian, worker: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two photos, and a line in which the second finds no place: the form comes back with the first."""
    _, number = in_hand(demo)
    form = {**form_of(worker, f"/matters/{number}", "/do/solve"), "f-note": "修好了。"}
    real, given = confine._line.turn, iter([True, False])

    def once() -> object:
        if not next(given):
            raise Busy(what="正在检查的文件太多", retry_after_seconds=5)
        return real()

    monkeypatch.setattr(confine._line, "turn", once)
    files = [("f-photo_after", (f"{n}.jpg", PHOTO, "image/jpeg")) for n in range(2)]

    answer = worker.post(f"/matters/{number}/do/solve", data=form, files=files)

    assert answer.status_code == 503
    assert "已经收到 1 份" in answer.text
    assert Page(answer.text).form("/do/solve")["fields"]["kept-photo_after"]


@pytest.fixture
def crowded(demo: Sanlian) -> Sanlian:
    """The demo with a line for passwords in which nobody may wait."""
    line = WaitingLine(1, waiting=0, seconds=0, what="同时登录的人太多")
    return replace(demo, hasher=Hasher(Cost(time=1, memory_kib=64, parallelism=1), line=line))


def test_who_signs_in_among_too_many_is_told_to_come_again(crowded: Sanlian) -> None:
    """503 with what was typed, the password apart; a moment later the same form lets in."""
    form = {"login": "centre", "password": PASSWORD, "next": "/matters", "f-note": "写了一半", "goes-on-at": "/x"}
    with TestClient(create_app(crowded), base_url=ORIGIN, headers=HEADERS, follow_redirects=False) as client:
        with every_turn_taken(crowded.hasher.line, 1):
            answer = client.post("/sign-in", data=form)
            act_as(client, CENTRE)
            page = client.get("/matters")
        client.cookies.clear()
        later = client.post("/sign-in", data=form)

    fields = Page(answer.text).form("/sign-in")["fields"]
    assert answer.status_code == 503
    assert "同时登录的人太多，请过几秒再试一次" in answer.text
    assert (fields["login"], fields["f-note"]) == ("centre", "写了一半")
    assert PASSWORD not in Page(answer.text).form("/sign-in")["fields"].values()
    assert page.status_code == 200
    assert later.status_code == 303


def test_try_that_nobody_looked_at_does_not_count(crowded: Sanlian) -> None:
    """Neither the number nor the instant of the last failure changes: the wait of the owner does not begin anew."""
    now = crowded.clock.now()

    def enter(password: str) -> None:
        sign_in(crowded.uow, Given("centre", password, "192.0.2.1"), keys=crowded.keys, now=now)

    for _ in range(FREE[PAIR] - 1):
        with pytest.raises(SignInRefused):
            enter("wrong")
    with every_turn_taken(crowded.hasher.line, 1):
        for _ in range(3):
            with pytest.raises(Busy):
                enter(PASSWORD)
    with pytest.raises(SignInRefused):
        enter("wrong")
    with pytest.raises(TooManyTries) as first:
        enter(PASSWORD)
    now = first.value.until
    with every_turn_taken(crowded.hasher.line, 1), pytest.raises(Busy):
        enter(PASSWORD)

    enter(PASSWORD)
