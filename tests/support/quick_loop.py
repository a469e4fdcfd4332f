"""An event loop whose clock goes on at once to what is due next, so that nobody waits."""

import asyncio
import selectors
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """Finds what is ready; where the loop would wait, its clock is put ahead instead."""

    ahead = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen in this loop")
        self.ahead += max(timeout, 0.0)
        return super().select(0)


class QuickLoop(asyncio.SelectorEventLoop):
    """A loop on a clock of its own, which begins at 0."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return the seconds that would have passed."""
        return self._skipping.ahead


def run_quickly(work: Coroutine[Any, Any, T]) -> T:
    """
    Run *work* to its end in no time.

    In a thread of its own: a browser opened by an earlier test keeps a loop going in this one.
    """

    def run() -> T:
        with asyncio.Runner(loop_factory=QuickLoop) as runner:
            return runner.run(work)

    with ThreadPoolExecutor(1) as alone:
        return alone.submit(run).result()
