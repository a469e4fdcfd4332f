"""
What was worked out of a matter, kept as long as it holds: most rows of a list are the same as a minute ago.

All it was worked out of is compared, by value or by being the very same object; time is part of it by the stretch in
which the outcome stays as it is. So what is kept is what would be worked out anew.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from engine.core.matter import Matter
from engine.store import remembered
from engine.store.remembered import Forgetful

MOST_KEPT = 4_096

T = TypeVar("T")
F = TypeVar("F", bound=Forgetful)


def let_forget(one: F) -> F:
    """Return *one*, which lets go of all it keeps when something is erased for good."""
    return remembered.let_forget(one)


@dataclass(frozen=True, slots=True)
class Basis:
    """What something was worked out of: a matter and further values, and objects that must be the same ones."""

    matter: Matter
    values: tuple[object, ...]
    objects: tuple[object, ...]

    def is_still(self, other: "Basis") -> bool:
        """Whether *other* is no different."""
        same = all(one is two for one, two in zip(self.objects, other.objects, strict=True))
        return same and self.values == other.values and (self.matter is other.matter or self.matter == other.matter)


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """A thing as part of a key: equal only to the very same thing, which lives as long as the key."""

    thing: object

    def __eq__(self, other: object) -> bool:
        """Whether *other* stands for the same thing."""
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        """By which thing it is."""
        return id(self.thing)


@dataclass(frozen=True, slots=True)
class _Kept:
    basis: Basis
    since: datetime
    until: datetime | None
    outcome: Any


class Outcomes:
    """What was worked out lately, at most `MOST_KEPT`; safe to share between threads."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._guard = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}
        self._most = most
        let_forget(self)

    def forget(self) -> None:
        """Keep nothing of what was kept."""
        with self._guard:
            self._kept.clear()

    def __len__(self) -> int:
        """How much is kept."""
        return len(self._kept)

    def of(self, key: Hashable, basis: Basis, *, now: datetime, work_out: Callable[[], tuple[T, datetime | None]]) -> T:
        """
        Return the outcome of *basis* at *now*.

        Args:
            key: where it is kept; another basis under the same key takes its place.
            work_out: gives the outcome, and the instant from which it may be another one (None: never by time alone).
        """
        kept = self._kept.get(key)
        if kept is not None and _holds(kept, now) and kept.basis.is_still(basis):
            known: T = kept.outcome
            return known
        outcome, until = work_out()
        with self._guard:
            self._kept.pop(key, None)
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _Kept(basis, now, until, outcome)
        return outcome


def _holds(kept: _Kept, now: datetime) -> bool:
    return kept.since <= now and (kept.until is None or now < kept.until)


def soonest(*instants: datetime | None) -> datetime | None:
    """Return the first of *instants*; None among them is never."""
    return min((one for one in instants if one is not None), default=None)
