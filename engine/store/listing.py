"""Lists of matters: filtered, in order of what is due next, page after page by the last row seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from engine.core.matter import Matter, decode
from engine.core.terms import EventType
from engine.store.repository import Repository, table

MATTER = table("matter")
DEMAND = table("demand")
REPORTER = table("reporter")
EVENT = table("event")

MOST_FOUND = 500
_BY_PEOPLE = (EventType.FILED.value, EventType.ACTED.value, EventType.IMPORTED.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a list shows; None does not filter.

    `holder` is (role, unit), `ids` limits to these matters, `person` to what this person reported.
    """

    kinds: Collection[str] | None = None
    ended: bool = False
    level: str | None = None
    states: Collection[tuple[str, str]] | None = None
    places: Collection[str] | None = None
    role: str | None = None
    holder: tuple[str, str | None] | None = None
    person: str | None = None
    supervised: bool | None = None
    late_at: datetime | None = None
    ids: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The last row of the page before."""

    at: datetime | None
    id: str


class Listing(Repository):
    """Reads lists of the matters of a district."""

    def page(self, wanted: Wanted, *, after: After | None, limit: int) -> tuple[Matter, ...]:
        """Return the next *limit* matters: open ones by due instant (those without last), ended ones newest first."""
        order = MATTER.c.ended_at if wanted.ended else MATTER.c.due_at
        query = select(MATTER.c.snapshot).where(*self._conditions(wanted))
        if after is not None:
            query = query.where(_beyond(order, after, newest_first=wanted.ended))
        # Said so, both databases read the rows in order from the index; any other wording sorts the whole list.
        direction = (order.desc(), MATTER.c.id.desc()) if wanted.ended else (order.asc().nulls_last(), MATTER.c.id)
        rows = self.connection.execute(query.order_by(*direction).limit(limit))
        return tuple(decode(row.snapshot) for row in rows)

    def count(self, wanted: Wanted) -> int:
        """Return how many matters the whole list has."""
        query = select(func.count()).select_from(MATTER).where(*self._conditions(wanted))
        return int(self.connection.execute(query).scalar_one())

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        column = MATTER.c
        found: list[ColumnElement[bool]] = [
            column.district_id == self.district,
            column.outcome.is_not(None) if wanted.ended else column.outcome.is_(None),
        ]
        equal: Mapping[Any, object] = {
            column.level: wanted.level,
            column.holder_role: wanted.role,
            column.supervised: wanted.supervised,
        }
        found += [key == value for key, value in equal.items() if value is not None]
        among: Mapping[Any, Collection[str] | None] = {
            column.kind: wanted.kinds,
            column.place: wanted.places,
            column.id: wanted.ids,
        }
        found += [key.in_(values) for key, values in among.items() if values is not None]
        if wanted.states is not None:
            found.append(or_(*(and_(column.workflow == w, column.state == s) for w, s in sorted(wanted.states))))
        if wanted.holder is not None:
            role, unit = wanted.holder
            found.append(and_(column.holder_role == role, column.holder_unit == unit))
        if wanted.late_at is not None:
            found.append(column.due_at <= wanted.late_at)
        if wanted.person is not None:
            mine = select(REPORTER.c.matter_id).where(
                REPORTER.c.district_id == self.district, REPORTER.c.person == wanted.person
            )
            found.append(column.id.in_(mine))
        return found

    def ids_of_number(self, prefix: str) -> tuple[str, ...]:
        """Return the matters whose number begins with *prefix*."""
        query = (
            select(DEMAND.c.matter_id)
            .where(DEMAND.c.district_id == self.district, DEMAND.c.number.startswith(prefix, autoescape=True))
            .limit(MOST_FOUND)
        )
        return tuple(self.connection.execute(query).scalars())

    def moved_by_people(self, ids: Collection[str]) -> dict[str, datetime]:
        """Return when a person last did something about each of *ids*."""
        query = (
            select(EVENT.c.matter_id, func.max(EVENT.c.at).label("at"))
            .where(EVENT.c.district_id == self.district, EVENT.c.matter_id.in_(ids), EVENT.c.type.in_(_BY_PEOPLE))
            .group_by(EVENT.c.matter_id)
        )
        return {row.matter_id: row.at for row in self.connection.execute(query)}


def _beyond(order: ColumnElement[datetime], after: After, *, newest_first: bool) -> ColumnElement[bool]:
    if newest_first:
        return or_(order < after.at, and_(order == after.at, MATTER.c.id < after.id))
    if after.at is None:
        return and_(order.is_(None), MATTER.c.id > after.id)
    return or_(order > after.at, and_(order == after.at, MATTER.c.id > after.id), order.is_(None))
