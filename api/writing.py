"""
Who writes in a browser: a mark of person and post, neither by name, which our script keeps and sends.

A form carries it with what its writer is called beside it, so that a refusal can say it: whose mark that is could be
looked up, but then whoever makes marks up would learn names.
"""

import hashlib
from collections.abc import Iterable

from engine.core.scope import Post

# A form says it in a field, our script in a header too: it may send what waited from an earlier page.
FIELD, HEADER = "writer", "Sanlian-Writer"
_DIGITS = 12
_LONGEST_NAME = 80


def mark_of(district: str, person: str, *, post: str) -> str:
    """Return how *person* with *post* (or none, empty) is marked; the part before the dot is the person's."""
    return f"{_opaque(f'{district}/{person}')}.{_opaque(f'{district}/{person}/{post}')}"


def is_same_person(one: str, other: str) -> bool:
    """Whether two marks are of the same person, with whatever posts."""
    return one.partition(".")[0] == other.partition(".")[0]


def signed(mark: str, name: str) -> str:
    """Return what a form says of its writer."""
    return f"{mark} {name}"


def read_signed(text: str) -> tuple[str, str]:
    """Return the mark and the name that a form, or our script without a name, has said."""
    mark, _, name = text.partition(" ")
    return mark, name[:_LONGEST_NAME]


def post_marked(mark: str, district: str, *, posts: Iterable[Post]) -> Post | None:
    """Return the one of *posts* that *mark* was written with."""
    return next((one for one in posts if mark == mark_of(district, one.person, post=one.id)), None)


def _opaque(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
