"""
Who writes in a browser: a mark of person and post, neither by name, which our script keeps and sends.

A form carries it with the words of the writer's post beside it, so that a refusal can say them. Whose mark it is could
be looked up, but then whoever makes marks up would learn names; and no page holds a name for whoever passes its screen.
"""

import hashlib
from collections.abc import Iterable

from engine.core.scope import Post

# A form says it in a field, our script in a header too: it may send what waited from an earlier page.
FIELD, HEADER = "writer", "Sanlian-Writer"
_DIGITS = 12
_LONGEST_POST = 80


def mark_of(district: str, person: str, *, post: str) -> str:
    """Return how *person* with *post* (or none, empty) is marked; the part before the dot is the person's."""
    return f"{_opaque(f'{district}/{person}')}.{_opaque(f'{district}/{person}/{post}')}"


def is_same_person(one: str, other: str) -> bool:
    """Whether two marks are of the same person, with whatever posts."""
    return one.partition(".")[0] == other.partition(".")[0]


def signed(mark: str, post: str) -> str:
    """Return what a form says of its writer; *post* in words."""
    return f"{mark} {post}"


def read_signed(text: str) -> tuple[str, str]:
    """Return the mark and the words of the post that a form has said; our script says no words."""
    mark, _, post = text.partition(" ")
    return mark, post[:_LONGEST_POST]


def post_marked(mark: str, district: str, *, posts: Iterable[Post]) -> Post | None:
    """Return the one of *posts* that *mark* was written with."""
    return next((one for one in posts if mark == mark_of(district, one.person, post=one.id)), None)


def _opaque(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
