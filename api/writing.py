"""Who writes in a browser, as its pages and our script say it: person and post, neither by name."""

import hashlib
from collections.abc import Iterable

from engine.core.scope import Organisation, Post

# A form says in a field who wrote it, our script in a header too: it may send what waited from an earlier page.
FIELD, HEADER = "writer", "Sanlian-Writer"
_DIGITS = 12


def mark_of(district: str, person: str, *, post: str) -> str:
    """Return how *person* with *post* (or none, empty) is marked; the part before the dot is the person's."""
    return f"{_opaque(f'{district}/{person}')}.{_opaque(f'{district}/{person}/{post}')}"


def is_same_person(one: str, other: str) -> bool:
    """Whether two marks are of the same person, with whatever posts."""
    return one.partition(".")[0] == other.partition(".")[0]


def person_marked(mark: str, district: str, *, people: Iterable[str]) -> str | None:
    """Return the one of *people* (ids) who wrote with *mark*."""
    return next((one for one in people if is_same_person(mark, mark_of(district, one, post=""))), None)


def post_marked(mark: str, district: str, *, organisation: Organisation) -> Post | None:
    """Return the post that *mark* was written with, also one that is over."""
    posts = organisation.posts.values()
    return next((one for one in posts if mark == mark_of(district, one.person, post=one.id)), None)


def _opaque(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
