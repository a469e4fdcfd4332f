"""
What reading transactions have found, kept as long as it holds: whoever sees the very same data again is told it again.

Nothing here is cleared when something is written: what is kept is found only by those who see what it was made from.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

MOST_KEPT = 1_024
MOST_ROWS = 8_192

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lasting:
    """Something found at an instant that time alone makes untrue; until before `until` it holds (None: for ever)."""

    value: Any
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Kept:
    value: Any
    rows: int
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.since is not None and self.since <= now and (self.until is None or now < self.until)


class Memory:
    """What was found lately, the oldest forgotten first; safe to share between threads."""

    def __init__(self, *, most_kept: int = MOST_KEPT, most_rows: int = MOST_ROWS) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._most_kept, self._most_rows = most_kept, most_rows
        self._rows = 0

    def __len__(self) -> int:
        """How much is kept."""
        return len(self._kept)

    @property
    def rows(self) -> int:
        """How many rows all that is kept has."""
        return self._rows

    def find(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was found under *key*, else what *make* finds."""
        kept = self._recall(key)
        if kept is None:
            kept = self._keep(key, make(), None, None)
        found: T = kept.value
        return found

    def find_lasting(self, key: Hashable, make: Callable[[], Lasting], *, now: datetime) -> Any:
        """Return what was found under *key* if it holds *now*, else what *make* finds."""
        kept = self._recall(key)
        if kept is None or not kept.holds(now):
            lasting = make()
            kept = self._keep(key, lasting.value, now, lasting.until)
        return kept.value

    def _recall(self, key: Hashable) -> _Kept | None:
        with self._guard:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def _keep(self, key: Hashable, value: Any, since: datetime | None, until: datetime | None) -> _Kept:
        kept = _Kept(value, _rows_of(value), since, until)
        with self._guard:
            before = self._kept.pop(key, None)
            self._rows += kept.rows - (before.rows if before is not None else 0)
            self._kept[key] = kept
            while len(self._kept) > self._most_kept or self._rows > self._most_rows:
                _, gone = self._kept.popitem(last=False)
                self._rows -= gone.rows
        return kept


def _rows_of(value: Any) -> int:
    return len(value) if isinstance(value, Sized) else 1
