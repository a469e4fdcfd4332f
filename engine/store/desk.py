"""What lies on somebody's desk: open matters in their hands, in order of what is due next."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, union

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
        query = select(MATTER.c.snapshot).where(*self._conditions(desk, waits=waits))
        if after is not None:
            query = query.where(_beyond(after))
        rows = self.connection.execute(query.order_by(MATTER.c.due_at.asc().nulls_last(), MATTER.c.id).limit(limit))
        return tuple(decode(row.snapshot) for row in rows)

    def counts(self, desk: Desk, stretches: Collection[Stretch]) -> tuple[int, ...]:
        """Return how many matters wait for the desk's owner in each of *stretches*, then how many wait for others."""
        sums = [func.count().filter(_within(one)) for one in stretches]
        query = select(*sums).select_from(MATTER).where(*self._conditions(desk, waits=False))
        waits = select(func.count()).select_from(MATTER).where(*self._conditions(desk, waits=True))
        return (*self.connection.execute(query).one(), int(self.connection.execute(waits).scalar_one()))

    def _conditions(self, desk: Desk, *, waits: bool) -> list[ColumnElement[bool]]:
        column = MATTER.c
        # By id from each seat's own index: asked for with OR, the databases read every open matter in order of due.
        mine = [self._ids(held, column.holder_role == role) for role, held in _by_role(desk.seats)]
        if desk.places and desk.states:
            mine.append(self._ids(column.place.in_(desk.places), _in_states(desk.states)))
        waiting = _in_states(desk.waiting)
        return [
            column.district_id == self.district,
            column.id.in_(union(*mine)),
            waiting if waits else ~waiting,
        ]

    def _ids(self, *conditions: ColumnElement[bool]) -> Select[tuple[str]]:
        return select(MATTER.c.id).where(MATTER.c.district_id == self.district, MATTER.c.outcome.is_(None), *conditions)


def _by_role(seats: Collection[tuple[str, str | None]]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Yield each role with the condition on its units: one part of the union a role, however many seats are empty."""
    unit = MATTER.c.holder_unit
    for role in sorted({role for role, _ in seats}):
        units = sorted(held for one, held in seats if one == role and held is not None)
        if units:
            yield role, unit == units[0] if len(units) == 1 else unit.in_(units)
        if (role, None) in seats:
            yield role, unit.is_(None)


def _in_states(states: States) -> ColumnElement[bool]:
    return or_(false(), *(and_(MATTER.c.workflow == flow, MATTER.c.state == state) for flow, state in sorted(states)))


def _within(stretch: Stretch) -> ColumnElement[bool]:
    due = MATTER.c.due_at
    if not stretch.dated:
        return due.is_(None)
    bounds: list[ColumnElement[bool]] = [due.is_not(None)]
    bounds += [due > stretch.after] if stretch.after is not None else []
    bounds += [due <= stretch.until] if stretch.until is not None else []
    return and_(*bounds)


def _beyond(after: After) -> ColumnElement[bool]:
    due, ident = MATTER.c.due_at, MATTER.c.id
    if after.at is None:
        return and_(due.is_(None), ident > after.id)
    return or_(due > after.at, and_(due == after.at, ident > after.id), due.is_(None))
