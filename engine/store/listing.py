"""Lists of matters: filtered, in order of what is due next, page after page by the last row seen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from engine.core.matter import Matter, decode
from engine.core.terms import EventType, MatterKind
from engine.store.matters import batched_ids
from engine.store.repository import Repository, table
from engine.store.scope import Scope, reported_by, within

MATTER = table("matter")
DEMAND = table("demand")
EVENT = table("event")

MOST_FOUND = 500
Stretch: TypeAlias = tuple[datetime, datetime]
_BY_PEOPLE = (EventType.FILED.value, EventType.ACTED.value, EventType.IMPORTED.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a list shows; None does not filter.

    `holder` is (role, unit), `ids` limits to these matters, `person` to what this person reported. `ended` None: open
    and ended ones. Stretches of time are (from, before). `category` empty: demands without one; `late`: recorded late.
    `scope`: what the reader may see.
    """

    kinds: Collection[str] | None = None
    ended: bool | None = False
    level: str | None = None
    states: Collection[tuple[str, str]] | None = None
    places: Collection[str] | None = None
    role: str | None = None
    holder: tuple[str, str | None] | None = None
    holder_unit: str | None = None
    person: str | None = None
    supervised: bool | None = None
    late_at: datetime | None = None
    ids: Collection[str] | None = None
    category: str | None = None
    outcomes: Collection[str] | None = None
    late: bool | None = None
    filed_in: Stretch | None = None
    ended_in: Stretch | None = None
    due_in: Stretch | None = None
    entered_before: datetime | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class After:
    """The last row of the page before."""

    at: datetime | None
    id: str


class Listing(Repository):
    """Reads lists of the matters of a district."""

    def page(self, wanted: Wanted, *, after: After | None, limit: int) -> tuple[Matter, ...]:
        """Return the next *limit* matters: open ones by due instant (those without last), others newest first."""
        order = _order(wanted)
        is_open = wanted.ended is False
        query = select(MATTER.c.snapshot).where(*self._conditions(wanted))
        if after is not None:
            query = query.where(_beyond(order, after, newest_first=not is_open))
        # Said so, both databases read the rows in order from the index; any other wording sorts the whole list.
        direction = (order.asc().nulls_last(), MATTER.c.id) if is_open else (order.desc(), MATTER.c.id.desc())
        rows = self.connection.execute(query.order_by(*direction).limit(limit))
        return tuple(decode(row.snapshot) for row in rows)

    def count(self, wanted: Wanted) -> int:
        """Return how many matters the whole list has."""
        query = select(func.count()).select_from(MATTER).where(*self._conditions(wanted))
        return int(self.connection.execute(query).scalar_one())

    def tally(self, wanted: Wanted, *columns: str) -> dict[tuple[str | None, ...], int]:
        """Return how many matters of the whole list have each combination of values of *columns*."""
        # Grouped by the bare place, SQLite goes by the index of places and opens every row; the wide index has it all.
        by = [func.coalesce(MATTER.c.place, "") if name == "place" else MATTER.c[name] for name in columns]
        query = select(*by, func.count()).where(*self._conditions(wanted)).group_by(*by)
        return {tuple(values): int(count) for *values, count in self.connection.execute(query)}

    def counts(self, whole: Wanted, parts: Sequence[Wanted]) -> tuple[int, ...]:
        """Return how many matters each of *parts* has, all within *whole*, in one reading of it."""
        (counted,) = self.tallies(whole, parts).values()
        return counted

    def tallies(
        self, whole: Wanted, parts: Sequence[Wanted], *columns: str
    ) -> dict[tuple[str | None, ...], tuple[int, ...]]:
        """Return the same for each combination of values of *columns* that *whole* has."""
        by = [func.coalesce(MATTER.c.place, "") if name == "place" else MATTER.c[name] for name in columns]
        narrowed = [self._beside(part, whole) for part in parts]
        sums = [func.count().filter(*conditions) if conditions else func.count() for conditions in narrowed]
        query = select(*by, *sums).select_from(MATTER).where(*self._conditions(whole)).group_by(*by)
        width = len(columns)
        return {
            tuple(row[:width]): tuple(int(count) for count in row[width:]) for row in self.connection.execute(query)
        }

    def _beside(self, part: Wanted, whole: Wanted) -> list[ColumnElement[bool]]:
        """What a matter of *whole* must satisfy to be one of *part*: only where they differ."""
        same = {one.name: None for one in fields(Wanted) if getattr(part, one.name) == getattr(whole, one.name)}
        of_district, *conditions = self._conditions(replace(part, **same))
        del of_district  # the whole has it already
        return conditions

    def tally_by_category(self, wanted: Wanted) -> dict[tuple[str, str], int]:
        """Return how many demands of the whole list have each (place, category); those without one are left out."""
        beside = and_(DEMAND.c.district_id == MATTER.c.district_id, DEMAND.c.matter_id == MATTER.c.id)
        query = select(MATTER.c.place, DEMAND.c.category, func.count()).join(DEMAND, beside)
        query = query.where(*self._conditions(wanted), DEMAND.c.category.is_not(None))
        rows = self.connection.execute(query.group_by(MATTER.c.place, DEMAND.c.category))
        return {(place, category): int(count) for place, category, count in rows}

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        column = MATTER.c
        found: list[ColumnElement[bool]] = [column.district_id == self.district]
        if wanted.ended is not None:
            found.append(column.outcome.is_not(None) if wanted.ended else column.outcome.is_(None))
        equal: Mapping[Any, object] = {
            column.level: wanted.level,
            column.holder_role: wanted.role,
            column.holder_unit: wanted.holder_unit,
            column.supervised: wanted.supervised,
            column.late: wanted.late,
        }
        found += [key == value for key, value in equal.items() if value is not None]
        among: Mapping[Any, Collection[str] | None] = {
            column.kind: wanted.kinds,
            column.place: wanted.places,
            column.id: wanted.ids,
            column.outcome: wanted.outcomes,
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
            found.append(reported_by(wanted.person, district=self.district))
        if wanted.scope is not None:
            found.append(within(wanted.scope, district=self.district, kinds=wanted.kinds))
        return found + _in_time(wanted) + self._of_category(wanted.category)

    def _of_category(self, category: str | None) -> list[ColumnElement[bool]]:
        if category is None:
            return []
        same = DEMAND.c.category == category if category else DEMAND.c.category.is_(None)
        beside = and_(DEMAND.c.district_id == MATTER.c.district_id, DEMAND.c.matter_id == MATTER.c.id)
        return [exists().where(beside, same)]

    def in_scope(self, ids: Collection[str], scope: Scope) -> frozenset[str]:
        """Return those of *ids* that are matters within *scope*."""
        found: set[str] = set()
        seen = within(scope, district=self.district, kinds=None)
        for some in batched_ids(ids):
            query = select(MATTER.c.id).where(MATTER.c.district_id == self.district, MATTER.c.id.in_(some), seen)
            found.update(self.connection.execute(query).scalars())
        return frozenset(found)

    def ids_of_number(self, prefix: str, *, scope: Scope | None = None) -> tuple[str, ...]:
        """Return the matters within *scope* whose number begins with *prefix*."""
        query = select(DEMAND.c.matter_id).where(
            DEMAND.c.district_id == self.district, DEMAND.c.number.startswith(prefix, autoescape=True)
        )
        if scope is not None:
            beside = and_(MATTER.c.district_id == DEMAND.c.district_id, MATTER.c.id == DEMAND.c.matter_id)
            seen = within(scope, district=self.district, kinds=(MatterKind.DEMAND.value,))
            query = query.join(MATTER, beside).where(seen)
        return tuple(self.connection.execute(query.limit(MOST_FOUND)).scalars())

    def moved_by_people(self, ids: Collection[str]) -> dict[str, datetime]:
        """Return when a person last did something about each of *ids*."""
        query = (
            select(EVENT.c.matter_id, func.max(EVENT.c.at).label("at"))
            .where(EVENT.c.district_id == self.district, EVENT.c.matter_id.in_(ids), EVENT.c.type.in_(_BY_PEOPLE))
            .group_by(EVENT.c.matter_id)
        )
        return {row.matter_id: row.at for row in self.connection.execute(query)}


def _order(wanted: Wanted) -> ColumnElement[datetime]:
    if wanted.ended is None:
        return MATTER.c.filed_at
    return MATTER.c.ended_at if wanted.ended else MATTER.c.due_at


def _in_time(wanted: Wanted) -> list[ColumnElement[bool]]:
    stretches = {
        MATTER.c.filed_at: wanted.filed_in,
        MATTER.c.ended_at: wanted.ended_in,
        MATTER.c.due_at: wanted.due_in,
    }
    found = [and_(key >= given[0], key < given[1]) for key, given in stretches.items() if given is not None]
    if wanted.entered_before is not None:
        found.append(MATTER.c.entered_at < wanted.entered_before)
    return found


def _beyond(order: ColumnElement[datetime], after: After, *, newest_first: bool) -> ColumnElement[bool]:
    if newest_first:
        return or_(order < after.at, and_(order == after.at, MATTER.c.id < after.id))
    if after.at is None:
        return and_(order.is_(None), MATTER.c.id > after.id)
    return or_(order > after.at, and_(order == after.at, MATTER.c.id > after.id), order.is_(None))
