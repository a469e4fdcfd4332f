"""
Parts of pages kept as they were drawn: a row that says the same as a minute ago is not drawn again.

A part is found by everything it was given. Of time only what it says counts: the words of `standing` instead of the
seconds behind them, the day instead of the instant. So a template that keeps a part (`{% set row = kept(_row) %}`) says
nothing in it of `time.left_seconds` and `words.now` but through `standing` and the words of days and moments, and
nothing that it was not given.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from markupsafe import Markup

from api.words import Words, standing
from engine.services.remember import let_forget
from engine.services.time_state import TimeState

MOST_KEPT = 2_048
# Longer ones hold an address or a text that somebody made long; they are drawn each time.
MOST_CHARACTERS = 20_000
_TIME = "time"

Reader: TypeAlias = Callable[[Any], Hashable]


class Kept:
    """A macro with what it has drawn; safe to share between threads."""

    def __init__(self, draw: Callable[..., Markup], most: int = MOST_KEPT) -> None:
        self._draw = draw
        self._most = most
        self._guard = threading.Lock()
        self._drawn: dict[Hashable, Markup] = {}
        let_forget(self)

    def forget(self) -> None:
        """Keep nothing of what was drawn."""
        with self._guard:
            self._drawn.clear()

    def __len__(self) -> int:
        """How much is kept."""
        return len(self._drawn)

    def __call__(self, *given: Any, **named: Any) -> Markup:
        """Return the part, drawn now or before."""
        key = (*[_READERS.get(type(one), _read)(one) for one in given], *named.items())
        try:
            drawn = self._drawn.get(key)
        except TypeError:  # something in it may change under its name, as a list may
            return self._draw(*given, **named)
        if drawn is None:
            drawn = self._draw(*given, **named)
            if len(drawn) <= MOST_CHARACTERS:
                self._keep(key, drawn)
        return drawn

    def _keep(self, key: Hashable, drawn: Markup) -> None:
        with self._guard:
            while len(self._drawn) >= self._most:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[key] = drawn


def _words(words: Words) -> Hashable:
    return (words.now.astimezone(words.zone).date(), words.zone)


_STATE = attrgetter(*(one.name for one in fields(TimeState) if one.name != "left_seconds"))


def _time(time: TimeState) -> Hashable:
    return (_STATE(time), standing(time))


def _itself(one: Any) -> Hashable:
    found: Hashable = one
    return found


_READERS: dict[type, Reader] = {Words: _words, TimeState: _time, str: _itself}


def _read(one: Any) -> Hashable:
    """Read the first of a kind, and remember how."""
    reader = _READERS[type(one)] = _reader_of(type(one))
    return reader(one)


def _reader_of(kind: type) -> Reader:
    if not is_dataclass(kind) or all(one.name != _TIME for one in fields(kind)):
        return _itself
    others = attrgetter(*(one.name for one in fields(kind) if one.name != _TIME), "__class__")
    return lambda one: (others(one), _time(one.time))
