"""A line before costly work: some work, some wait, the others are told at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.errors import Busy
from engine.services.waiting_line import WaitingLine


def line(*, waiting: int = 2, seconds: float = 20) -> WaitingLine:
    """A line with one at work."""
    return WaitingLine(1, waiting=waiting, seconds=seconds, what="正在数的人太多")


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    """What whoever works waits for; nobody is left waiting after the test."""
    event = threading.Event()
    yield event
    event.set()


def test_so_many_wait_and_the_next_is_told_at_once(go_on: threading.Event) -> None:
    """One works, two wait and get their turn, one at a time; the fourth waits for nothing."""
    queue, at_work, most = line(), 0, 0
    began = threading.Semaphore(0)
    told = threading.Semaphore(0)

    def work() -> str:
        nonlocal at_work, most
        try:
            with queue.turn():
                at_work += 1
                most = max(most, at_work)
                began.release()
                assert go_on.wait(20)
                at_work -= 1
                return "done"
        except Busy as busy:
            told.release()
            return str(busy)

    with ThreadPoolExecutor(5) as pool:
        works = [pool.submit(work) for _ in range(5)]
        assert began.acquire(timeout=20)
        assert told.acquire(timeout=20)
        assert told.acquire(timeout=20)
        go_on.set()
        answers = sorted(one.result() for one in works)

    assert answers == ["done", "done", "done", *["正在数的人太多，请过几秒再试一次。您填的内容还在。"] * 2]
    assert most == 1


def test_who_waits_too_long_is_told_and_leaves_the_line() -> None:
    """A turn that does not end keeps nobody for ever, and a place that was left is free again."""
    queue = line(waiting=1, seconds=0.01)

    with queue.turn():
        for _ in range(3):
            with pytest.raises(Busy), queue.turn():
                raise AssertionError("there was no turn")
    with queue.turn():
        pass


def test_turn_is_free_again_after_an_error() -> None:
    """Whatever the work raises."""
    queue = line(waiting=0)

    for _ in range(2):
        with pytest.raises(RuntimeError), queue.turn():
            raise RuntimeError
