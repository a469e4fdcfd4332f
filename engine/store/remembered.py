"""
What reading transactions have found, kept as long as it holds: whoever sees the very same data again is told it again.

Nothing here is cleared when something is written: what is kept is found only by those who see what it was made from,
or handed, with the mark of what it was made from, to who brings it forward.
Only when something was erased for good does all of it go, here and wherever else words are kept in memory.
"""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias, TypeVar

MOST_KEPT = 1_024
MOST_ROWS = 8_192
MOST_CARRIED = 16
MOST_SNAPSHOTS = 32  # what was erased must not stay in memory long after

T = TypeVar("T")
F = TypeVar("F", bound="Forgetful")
Key: TypeAlias = tuple[Hashable, Hashable]


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


class Forgetful(Protocol):
    """What keeps things in memory, and can let go of all of them."""

    def forget(self) -> None:
        """Keep nothing of what was kept."""


_KEEPING: weakref.WeakSet[Any] = weakref.WeakSet()
_KEEPING_GUARD = threading.Lock()


def let_forget(one: F) -> F:
    """Return *one*, which `forget_all` finds from now on, as long as it lives."""
    with _KEEPING_GUARD:
        _KEEPING.add(one)
    return one


def forget_all() -> None:
    """Keep nothing of what this process keeps in memory of matters: something was erased."""
    with _KEEPING_GUARD:
        found = list(_KEEPING)
    for one in found:
        one.forget()


class Memory:
    """What was found lately, the oldest forgotten first; safe to share between threads."""

    def __init__(self, *, most_kept: int = MOST_KEPT, most_rows: int = MOST_ROWS) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._seen: OrderedDict[Hashable, set[Key]] = OrderedDict()  # what is kept of each snapshot
        self._most_kept, self._most_rows = most_kept, most_rows
        self._rows = 0
        self._carried: OrderedDict[Hashable, Any] = OrderedDict()
        let_forget(self)

    def forget(self) -> None:
        """Keep nothing of what was kept."""
        with self._guard:
            self._kept.clear()
            self._seen.clear()
            self._carried.clear()
            self._rows = 0

    def __len__(self) -> int:
        """How much is kept."""
        return len(self._kept)

    @property
    def rows(self) -> int:
        """How many rows all that is kept has."""
        return self._rows

    def find(self, seen: Hashable, key: Hashable, make: Callable[[], T]) -> T:
        """Return what was found under *key* in the data called *seen*, else what *make* finds."""
        kept = self._recall((seen, key))
        if kept is None:
            kept = self._keep((seen, key), make(), None, None)
        found: T = kept.value
        return found

    def find_lasting(self, seen: Hashable, key: Hashable, make: Callable[[], Lasting], *, now: datetime) -> Any:
        """Return what was found under *key* in the data called *seen* if it holds *now*, else what *make* finds."""
        kept = self._recall((seen, key))
        if kept is None or not kept.holds(now):
            lasting = make()
            kept = self._keep((seen, key), lasting.value, now, lasting.until)
        return kept.value

    def carry(self, key: Hashable, make: Callable[[T | None], T]) -> T:
        """Return what *make* makes of what was last kept under *key* in whatever data (None at first), and keep it."""
        with self._guard:
            was = self._carried.get(key)
        made = make(was)
        with self._guard:
            self._carried[key] = made
            self._carried.move_to_end(key)
            while len(self._carried) > MOST_CARRIED:
                self._carried.popitem(last=False)
        return made

    def _recall(self, key: Key) -> _Kept | None:
        with self._guard:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def _keep(self, key: Key, value: Any, since: datetime | None, until: datetime | None) -> _Kept:
        kept = _Kept(value, _rows_of(value), since, until)
        with self._guard:
            self._forget(key)
            self._rows += kept.rows
            self._kept[key] = kept
            self._seen.setdefault(key[0], set()).add(key)
            self._seen.move_to_end(key[0])
            while len(self._kept) > self._most_kept or self._rows > self._most_rows:
                self._forget(next(iter(self._kept)))
            if len(self._seen) > MOST_SNAPSHOTS:
                _, gone = self._seen.popitem(last=False)
                for old in gone:
                    self._forget(old)
        return kept

    def _forget(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._rows -= gone.rows
            self._seen.get(key[0], set()).discard(key)


def _rows_of(value: Any) -> int:
    return len(value) if isinstance(value, Sized) else 1
