"""
What was so when something was done: who held which post, when the engine was at work, what instant a text names.

A judge of a history asks this of the past, as the log itself tells it; nothing here knows a workflow.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

import msgspec

from engine.core.scope import Organisation

Instant: TypeAlias = datetime


class Doer(msgspec.Struct, gc=False):
    """Who is said to have acted: a post, and the role, unit and person that it is said to have."""

    person: str | None = None
    post: str = ""
    role: str = ""
    unit: str | None = None


class Seats:
    """Who held which post when, and which unit answered for a place: the organisation version by version."""

    def __init__(self, versions: Sequence[tuple[Instant, Organisation]]) -> None:
        self._since = [since for since, _ in versions]
        self._versions = [version for _, version in versions] or [Organisation(())]
        self._above = lru_cache(maxsize=65536)(self._look_above)

    def _version(self, at: Instant) -> int:
        """The version in force at *at*; before the first one (an import) the first."""
        return max(bisect_right(self._since, at) - 1, 0)

    def organisation(self, at: Instant) -> Organisation:
        """The organisation as it stood at *at*."""
        return self._versions[self._version(at)]

    def unit_above(self, place: str, kind: str, at: Instant) -> str | None:
        """The unit of *kind* that answered for *place* at *at*."""
        return self._above(self._version(at), place, kind)

    def _look_above(self, version: int, place: str, kind: str) -> str | None:
        return self._versions[version].unit_above(place, kind)

    def fault(self, doer: Doer, at: Instant) -> str | None:
        """Return why *doer* cannot have acted at *at* through that post, or None."""
        post = self._versions[self._version(at)].posts.get(doer.post)
        if post is None:
            return f"没有「{doer.post}」这个岗位"
        if (post.role, post.unit) != (doer.role, doer.unit):
            return f"「{post.id}」不是这个岗位"
        if doer.person is not None and doer.person != post.person:
            return f"「{post.id}」不由这个人担任"
        return None if post.is_held(at) else f"当时「{post.id}」还没有任命或已经卸任"


class AtWork:
    """When the engine was seen at work: the instants at which rules acted; and matters whose rules were parked."""

    def __init__(self, fired: Iterable[Instant] = (), parked: Collection[str] = ()) -> None:
        self._fired = sorted(fired)
        self.parked = frozenset(parked)

    def between(self, start: Instant, end: Instant) -> timedelta:
        """How long the engine was seen at work between two instants: from the first to the last rule that acted."""
        first, behind = bisect_right(self._fired, start), bisect_left(self._fired, end)
        return self._fired[behind - 1] - self._fired[first] if first < behind else timedelta(0)


@lru_cache(maxsize=65536)
def instant(text: str) -> Instant:
    """Return the instant that a body writes as *text*."""
    return datetime.fromisoformat(text)
