"""What lies on somebody's desk: open matters in their hands, in order of what is due next."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    union,
)

from engine.core.matter import Matter, decode
from engine.store.listing import MATTER, MOST_QUERIES, After
from engine.store.prepared import Prepared
from engine.store.repository import Repository

States = Collection[tuple[str, str]]
_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # stands for an instant


@dataclass(frozen=True, slots=True)
class Desk:
    """
    A desk: what is held by one of `seats` (role, unit), and what is in one of `states` (workflow, state) at `places`.

    `waiting` are states in which somebody else must act first.
    """

    seats: Collection[tuple[str, str | None]]
    places: Collection[str] = ()
    states: States = ()
    waiting: States = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of due instants: after `after`, up to and with `until`; None is open. `dated` False: without one."""

    after: datetime | None = None
    until: datetime | None = None
    dated: bool = True


class Desks(Repository):
    """Reads desks of a district."""

    def page(self, desk: Desk, *, waits: bool, after: After | None, limit: int) -> tuple[Matter, ...]:
        """Return the next *limit* matters by due instant, those without last: *waits* tells which half of the desk."""
        query = _page(_pattern(desk), waits=waits, after=None if after is None else after.at is not None)
        place = {} if after is None else {"after_at": after.at, "after_id": after.id}
        rows = query.scalars(self.connection, **self._values(desk), **place, limit=limit)
        return tuple(decode(snapshot) for snapshot in rows)

    def counts(self, desk: Desk, stretches: Collection[Stretch]) -> tuple[int, ...]:
        """Return how many matters wait for the desk's owner in each of *stretches*, then how many wait for others."""
        values = self._values(desk)
        for number, one in enumerate(stretches):
            values |= {f"s{number}_after": one.after, f"s{number}_until": one.until}
        query = _counts(_pattern(desk), tuple(map(_kind_of, stretches)))
        mine, waiting = [0] * len(stretches), 0
        for workflow, state, all_of_it, *counted in query.rows(self.connection, **values):
            if (workflow, state) in desk.waiting:
                waiting += all_of_it
            else:
                mine = [known + count for known, count in zip(mine, counted, strict=True)]
        return (*mine, waiting)

    def _values(self, desk: Desk) -> dict[str, Any]:
        units = {f"units_of_{role}": held for role, held in _units_of(desk).items()}
        return {"district": self.district, "places": desk.places, **units}


def _units_of(desk: Desk) -> dict[str, list[str]]:
    """Return the units of each role that has any."""
    found: dict[str, list[str]] = {}
    for role, unit in sorted((role, unit) for role, unit in desk.seats if unit is not None):
        found.setdefault(role, []).append(unit)
    return found


def _pattern(desk: Desk) -> Desk:
    """Return *desk* with stand-ins for its units and places: desks of one pattern are one query."""
    shares = bool(desk.places and desk.states)
    return Desk(
        seats=frozenset((role, None if unit is None else "") for role, unit in desk.seats),
        places=frozenset(("",)) if shares else frozenset(),
        states=frozenset(desk.states) if shares else frozenset(),
        waiting=frozenset(desk.waiting),
    )


def _kind_of(stretch: Stretch) -> Stretch:
    after, until = stretch.after and _ONCE, stretch.until and _ONCE
    return Stretch(after=after, until=until, dated=stretch.dated)


@lru_cache(maxsize=MOST_QUERIES)
def _page(pattern: Desk, *, waits: bool, after: bool | None) -> Prepared:
    """
    Return the query of a page; *after* tells whether the last row of the page before had an instant.

    No part of the desk gives more than the page can show: joined first and sorted then, all that lies there is read.
    """
    parts = (_first_of(*part, pattern=pattern, waits=waits, after=after) for part in _parts(pattern))
    chosen = union(*parts).subquery("chosen")
    first = select(chosen.c.id).order_by(chosen.c.due_at.asc().nulls_last(), chosen.c.id).limit(bindparam("limit"))
    here = (MATTER.c.district_id == bindparam("district"), MATTER.c.id.in_(first))
    return Prepared(select(MATTER.c.snapshot).where(*here).order_by(MATTER.c.due_at.asc().nulls_last(), MATTER.c.id))


def _first_of(part: Select[Any], is_in_order: bool, *, pattern: Desk, waits: bool, after: bool | None) -> Select[Any]:
    """What of *part* can be on the page; *is_in_order* if its index has it so."""
    due = MATTER.c.due_at
    is_waiting = _step(MATTER).in_(_names(pattern.waiting))
    chosen = part.where(is_waiting if waits else ~is_waiting)
    if after is not None:
        chosen = chosen.where(_beyond(MATTER, is_dated=after))
    # By the bare instant SQLite would go through everything open in that order, for the few that lie at some places.
    order = (due.asc().nulls_last(),) if is_in_order else (due.is_(None), due)
    return select(chosen.order_by(*order, MATTER.c.id).limit(bindparam("limit")).subquery())


@lru_cache(maxsize=MOST_QUERIES)
def _counts(pattern: Desk, stretches: tuple[Stretch, ...]) -> Prepared:
    lying = _lying(pattern)
    sums = [func.count().filter(_within(lying, one, prefix=f"s{number}_")) for number, one in enumerate(stretches)]
    steps = (lying.c.workflow, lying.c.state)
    return Prepared(select(*steps, func.count(), *sums).group_by(*steps))


def _lying(pattern: Desk) -> Subquery:
    """All that lies on the desk."""
    return union(*(part for part, _ in _parts(pattern))).subquery("lying")


def _parts(pattern: Desk) -> Iterator[tuple[Select[Any], bool]]:
    """
    Yield what lies on the desk by parts, and whether the index of each has it in order of what is due.

    Each seat's part is read from its own index, for with OR every open matter is read.
    """
    for role, held in _by_role(pattern.seats):
        yield _part(held, MATTER.c.holder_role == role), True
    if pattern.states:
        here = MATTER.c.place.in_(bindparam("places", expanding=True))
        yield _part(here, _step(MATTER).in_(_names(pattern.states))), False


def _part(*conditions: ColumnElement[bool]) -> Select[Any]:
    column = MATTER.c
    lies = (column.district_id == bindparam("district"), column.outcome.is_(None), *conditions)
    return select(column.id, column.due_at, column.workflow, column.state).where(*lies)


def _by_role(seats: Collection[tuple[str, str | None]]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield each role with the condition on its units: one part of the union a role, however many seats are empty."""
    unit = MATTER.c.holder_unit
    for role in sorted({role for role, _ in seats}):
        if (role, "") in seats:
            yield role, unit.in_(bindparam(f"units_of_{role}", expanding=True))
        if (role, None) in seats:
            yield role, unit.is_(None)


def _step(of: FromClause) -> ColumnElement[str]:
    return of.c.workflow + "/" + of.c.state  # one list of names instead of a condition for each


def _names(states: States) -> list[str]:
    return sorted(f"{workflow}/{state}" for workflow, state in states)


def _within(lying: Subquery, stretch: Stretch, *, prefix: str) -> ColumnElement[bool]:
    due = lying.c.due_at
    if not stretch.dated:
        return due.is_(None)
    bounds: list[ColumnElement[bool]] = [due.is_not(None)]
    bounds += [due > bindparam(f"{prefix}after")] if stretch.after is not None else []
    bounds += [due <= bindparam(f"{prefix}until")] if stretch.until is not None else []
    return and_(*bounds)


def _beyond(of: FromClause, *, is_dated: bool) -> ColumnElement[bool]:
    due, ident = of.c.due_at, of.c.id
    at: BindParameter[datetime] = bindparam("after_at")
    last: BindParameter[str] = bindparam("after_id")
    if not is_dated:
        return and_(due.is_(None), ident > last)
    return or_(due > at, and_(due == at, ident > last), due.is_(None))
