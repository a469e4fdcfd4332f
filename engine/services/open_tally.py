"""
How many matters are open at each place on each level, brought forward instead of counted anew.

What a place counts changes only with an event of a matter there, or as time passes an instant at which one is due. So
only such places are counted again: what it costs goes by what has happened, not by what is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from engine.store.changes import NEVER, Changes, Mark, Since
from engine.store.events import SYSTEM_PREFIX
from engine.store.listing import Listing, Wanted
from engine.store.remembered import Lasting
from engine.store.turning_points import TurningPoints
from engine.store.unit_of_work import Transaction

FEW_PLACES = 4  # to count those is cheap enough
_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # stands for an instant
Key: TypeAlias = tuple[str | None, ...]
Places: TypeAlias = Mapping[str, Mapping[str | None, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted at an instant, with all events up to a mark in it."""

    mark: Mark
    at: datetime
    places: Places


class _Patch(msgspec.Struct, frozen=True, gc=False):
    place: str | msgspec.UnsetType = msgspec.UNSET


class _Data(msgspec.Struct, frozen=True, gc=False):
    patch: _Patch = _Patch()


class _Body(msgspec.Struct, frozen=True, gc=False):
    """Of an event only whether it gave its matter another place."""

    seq: int
    data: _Data


_READ = msgspec.json.Decoder(_Body)


def may_be_tallied(tx: Transaction, wanted: Wanted) -> bool:
    """Whether open matters are better counted from the tally: cut down to a level, places and a sight at most."""
    scope = wanted.scope
    is_wide = scope is None or len(scope.places) > FEW_PLACES
    is_plain = replace(wanted, kinds=None, level=None, places=None, scope=None) == Wanted()
    return is_wide and is_plain and Changes(tx.connection, tx.district).are_told


def tally_open(tx: Transaction, parts: Sequence[Wanted], *, now: datetime) -> dict[Key, tuple[int, ...]]:
    """
    Return by place and level how many matters each of *parts* has.

    Args:
        parts: lists of open matters as of *now*: the first of all there are in a sight, the others of those that are
            late, due, supervised or in some steps.
    """
    scope = parts[0].scope
    whole = tuple(replace(part, scope=None) for part in parts)
    lasting = tuple(_lasting(part) for part in whole)

    def count() -> Lasting:
        counted: _Counted = tx.carried("open", lasting, make=lambda was: _brought_forward(tx, was, whole, now=now))
        return Lasting(counted.places, until=TurningPoints(tx.connection, tx.district).due(now))

    places: Places = tx.remembered_while("open", lasting, now=now, make=count)
    return {
        (place, level): counts
        for place, levels in places.items()
        if scope is None or place in scope.places
        for level, counts in levels.items()
    }


def _lasting(part: Wanted) -> Wanted:
    """What *part* asks for at any other instant."""
    end = part.due_in[1] if part.due_in is not None else None
    return replace(part, late_at=part.late_at and _ONCE, due_in=None if end is None else (end, end))


def _brought_forward(tx: Transaction, was: _Counted | None, parts: Sequence[Wanted], *, now: datetime) -> _Counted:
    changes = Changes(tx.connection, tx.district)
    since = changes.since(was.mark) if was is not None and was.at <= now else None
    touched = _touched(changes, was, since, now=now) if was is not None and since is not None else None
    if was is None or since is None or touched is None or len(touched) > len(was.places) // 2:
        return _Counted(changes.newest() or NEVER, now, _places(tx, parts))
    if not touched:
        return _Counted(since.mark, now, was.places)
    kept = {place: levels for place, levels in was.places.items() if place not in touched}
    return _Counted(since.mark, now, kept | _places(tx, [replace(part, places=tuple(touched)) for part in parts]))


def _touched(changes: Changes, was: _Counted, since: Since, *, now: datetime) -> set[str] | None:
    """Where something may count differently since; None where that is not said: a matter was given to another place."""
    matters = {chain for chain, _ in since.events if not chain.startswith(SYSTEM_PREFIX)}
    for chain, body in since.events:
        if chain in matters and _moves(_READ.decode(body)):
            return None
    return changes.places_of(matters) | changes.places_due(was.at, now)


def _moves(body: _Body) -> bool:
    return body.seq > 1 and body.data.patch.place is not msgspec.UNSET


def _places(tx: Transaction, parts: Sequence[Wanted]) -> dict[str, dict[str | None, tuple[int, ...]]]:
    found: dict[str, dict[str | None, tuple[int, ...]]] = {}
    tallies = Listing(tx.connection, tx.district).tallies(parts[0], parts, "place", "level")
    for (place, level), counts in tallies.items():
        found.setdefault(str(place), {})[level] = counts
    return found
