"""What lies on somebody's desk: open matters in their hands, in order of what is due next."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, and_, func, or_, select, union

from engine.core.matter import Matter, decode
from engine.store.listing import MATTER, After
from engine.store.repository import Repository

States = Collection[tuple[str, str]]


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
        lying = self._lying(desk)
        is_waiting = _step(lying).in_(_names(desk.waiting))
        chosen = select(lying.c.id).where(is_waiting if waits else ~is_waiting)
        if after is not None:
            chosen = chosen.where(_beyond(lying, after))
        chosen = chosen.order_by(lying.c.due_at.asc().nulls_last(), lying.c.id).limit(limit)
        query = select(MATTER.c.snapshot).where(MATTER.c.district_id == self.district, MATTER.c.id.in_(chosen))
        rows = self.connection.execute(query.order_by(MATTER.c.due_at.asc().nulls_last(), MATTER.c.id))
        return tuple(decode(row.snapshot) for row in rows)

    def counts(self, desk: Desk, stretches: Collection[Stretch]) -> tuple[int, ...]:
        """Return how many matters wait for the desk's owner in each of *stretches*, then how many wait for others."""
        lying = self._lying(desk)
        sums = [func.count().filter(_within(lying, one)) for one in stretches]
        query = select(lying.c.workflow, lying.c.state, func.count(), *sums).group_by(lying.c.workflow, lying.c.state)
        mine, waiting = [0] * len(sums), 0
        for workflow, state, all_of_it, *counted in self.connection.execute(query):
            if (workflow, state) in desk.waiting:
                waiting += all_of_it
            else:
                mine = [known + count for known, count in zip(mine, counted, strict=True)]
        return (*mine, waiting)

    def _lying(self, desk: Desk) -> Subquery:
        """What lies on the desk: each seat's part from its own index, for with OR every open matter is read."""
        column = MATTER.c
        mine = [self._part(held, column.holder_role == role) for role, held in _by_role(desk.seats)]
        if desk.places and desk.states:
            mine.append(self._part(column.place.in_(sorted(desk.places)), _step(MATTER).in_(_names(desk.states))))
        return union(*mine).subquery("lying")

    def _part(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        column = MATTER.c
        lies = (column.district_id == self.district, column.outcome.is_(None), *conditions)
        return select(column.id, column.due_at, column.workflow, column.state).where(*lies)


def _by_role(seats: Collection[tuple[str, str | None]]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield each role with the condition on its units: one part of the union a role, however many seats are empty."""
    unit = MATTER.c.holder_unit
    for role in sorted({role for role, _ in seats}):
        units = sorted(held for one, held in seats if one == role and held is not None)
        if units:
            yield role, unit == units[0] if len(units) == 1 else unit.in_(units)
        if (role, None) in seats:
            yield role, unit.is_(None)


def _step(of: FromClause) -> ColumnElement[str]:
    return of.c.workflow + "/" + of.c.state  # one list of names instead of a condition for each


def _names(states: States) -> list[str]:
    return sorted(f"{workflow}/{state}" for workflow, state in states)


def _within(lying: Subquery, stretch: Stretch) -> ColumnElement[bool]:
    due = lying.c.due_at
    if not stretch.dated:
        return due.is_(None)
    bounds: list[ColumnElement[bool]] = [due.is_not(None)]
    bounds += [due > stretch.after] if stretch.after is not None else []
    bounds += [due <= stretch.until] if stretch.until is not None else []
    return and_(*bounds)


def _beyond(lying: Subquery, after: After) -> ColumnElement[bool]:
    due, ident = lying.c.due_at, lying.c.id
    if after.at is None:
        return and_(due.is_(None), ident > after.id)
    return or_(due > after.at, and_(due == after.at, ident > after.id), due.is_(None))
