"""A line before costly work: a few at work, some waiting, and whoever comes then is told at once to come again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import Busy

RETRY_SECONDS = 5


class WaitingLine:
    """
    At most *at_once* at work and *waiting* behind them, none of those longer than *seconds*.

    Who waits holds a thread in which else a page would be made, so the line is short on purpose.
    """

    def __init__(self, at_once: int, *, waiting: int, seconds: float, what: str) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._turns = threading.BoundedSemaphore(at_once)
        self._seconds = seconds
        self._what = what

    @contextmanager
    def turn(self) -> Iterator[None]:
        """
        Wait for a turn and hold it.

        Raises:
            Busy: too many wait already, or it took too long.
        """
        if not self._places.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._turns.acquire(timeout=self._seconds):
                raise self._busy()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _busy(self) -> Busy:
        return Busy(what=self._what, retry_after_seconds=RETRY_SECONDS)
