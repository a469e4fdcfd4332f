"""Lists of matters: filtered, in order of what is due next, page after page by the last row seen."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, func, or_, select

from engine.core.matter import Matter, decode
from engine.core.terms import EventType, MatterKind
from engine.store.matters import batched_ids
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table
from engine.store.scope import Scope, kind_of, names_in, reported_by, within, within_kind

MATTER = table("matter")
DEMAND = table("demand")
EVENT = table("event")

MOST_FOUND = 500
Stretch: TypeAlias = tuple[datetime, datetime]
_BY_PEOPLE = (EventType.FILED.value, EventType.ACTED.value, EventType.IMPORTED.value)
_MOVED = Prepared(
    select(EVENT.c.matter_id, func.max(EVENT.c.at).label("at"))
    .where(EVENT.c.district_id == bindparam("district"), EVENT.c.matter_id.in_(bindparam("ids", expanding=True)))
    .where(EVENT.c.type.in_(_BY_PEOPLE))
    .group_by(EVENT.c.matter_id)
)
MOST_QUERIES = 512
_SOME: Any = frozenset(("",))  # stands for a list in a pattern
_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # stands for an instant


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
        query = _page(_pattern(wanted), after=None if after is None else after.at is not None)
        place = {} if after is None else {"after_at": after.at, "after_id": after.id}
        rows = query.scalars(self.connection, **self._values(wanted), **place, limit=limit)
        return tuple(decode(snapshot) for snapshot in rows)

    def count(self, wanted: Wanted) -> int:
        """Return how many matters the whole list has."""
        (count,) = _tallies(_pattern(wanted), (_ALL,), ()).scalars(self.connection, **self._values(wanted))
        return int(count)

    def tally(self, wanted: Wanted, *columns: str) -> dict[tuple[str | None, ...], int]:
        """Return how many matters of the whole list have each combination of values of *columns*."""
        rows = _tallies(_pattern(wanted), (_ALL,), columns).rows(self.connection, **self._values(wanted))
        return {tuple(values): int(count) for *values, count in rows}

    def counts(self, whole: Wanted, parts: Sequence[Wanted]) -> tuple[int, ...]:
        """Return how many matters each of *parts* has, all within *whole*, in one reading of it."""
        (counted,) = self.tallies(whole, parts).values()
        return counted

    def tallies(
        self, whole: Wanted, parts: Sequence[Wanted], *columns: str
    ) -> dict[tuple[str | None, ...], tuple[int, ...]]:
        """Return the same for each combination of values of *columns* that *whole* has."""
        beside = [_beside(part, whole) for part in parts]
        values = self._values(whole)
        for number, part in enumerate(beside):
            values |= _values(part, f"p{number}_")
        query = _tallies(_pattern(whole), tuple(map(_pattern, beside)), columns)
        width = len(columns)
        return {
            tuple(row[:width]): tuple(int(count) for count in row[width:])
            for row in query.rows(self.connection, **values)
        }

    def tally_by_category(self, wanted: Wanted) -> dict[tuple[str, str], int]:
        """Return how many demands of the whole list have each (place, category); those without one are left out."""
        rows = _tally_by_category(_pattern(wanted)).rows(self.connection, **self._values(wanted))
        return {(place, category): int(count) for place, category, count in rows}

    def _values(self, wanted: Wanted) -> dict[str, Any]:
        return {"district": self.district, **_values(wanted, "")}

    def in_scope(self, ids: Collection[str], scope: Scope) -> frozenset[str]:
        """Return those of *ids* that are matters within *scope*."""
        found: set[str] = set()
        query = _in_scope(kind_of(scope))
        for some in batched_ids(ids):
            found.update(query.scalars(self.connection, district=self.district, ids=some, **names_in(scope)))
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
        return dict(_MOVED.rows(self.connection, district=self.district, ids=ids))


def _pattern(wanted: Wanted) -> Wanted:
    """Return *wanted* with stand-ins for what changes from asking to asking: lists of one pattern are one query."""
    holder, scope = wanted.holder, wanted.scope
    return replace(
        wanted,
        kinds=_frozen(wanted.kinds),
        states=_frozen(wanted.states),
        places=None if wanted.places is None else _SOME,
        holder=None if holder is None else ("", None if holder[1] is None else ""),
        person=None if wanted.person is None else "",
        late_at=None if wanted.late_at is None else _ONCE,
        ids=None if wanted.ids is None else _SOME,
        outcomes=_frozen(wanted.outcomes),
        filed_in=None if wanted.filed_in is None else (_ONCE, _ONCE),
        ended_in=None if wanted.ended_in is None else (_ONCE, _ONCE),
        due_in=None if wanted.due_in is None else (_ONCE, _ONCE),
        entered_before=None if wanted.entered_before is None else _ONCE,
        scope=None if scope is None else kind_of(scope),
    )


def _frozen(names: Collection[Any] | None) -> frozenset[Any] | None:
    return None if names is None else frozenset(names)


def _values(wanted: Wanted, prefix: str) -> dict[str, Any]:
    """Return what the pattern of *wanted* leaves open."""
    role, unit = wanted.holder or (None, None)
    found: dict[str, Any] = {
        "places": wanted.places, "ids": wanted.ids, "person": wanted.person, "late_at": wanted.late_at,
        "entered_before": wanted.entered_before, "holder_role": role, "holder_unit": unit,
    }  # fmt: skip
    for name, stretch in (("filed", wanted.filed_in), ("ended", wanted.ended_in), ("due", wanted.due_in)):
        if stretch is not None:
            found[f"{name}_from"], found[f"{name}_before"] = stretch
    given = {f"{prefix}{name}": value for name, value in found.items() if value is not None}
    return given if wanted.scope is None else given | names_in(wanted.scope, prefix)


def _beside(part: Wanted, whole: Wanted) -> Wanted:
    """What a matter of *whole* must satisfy to be one of *part*: only where they differ."""
    same = {one.name: None for one in fields(Wanted) if getattr(part, one.name) == getattr(whole, one.name)}
    return replace(part, **same)


@lru_cache(maxsize=MOST_QUERIES)
def _page(pattern: Wanted, *, after: bool | None) -> Prepared:
    """Return the query of a page; *after* tells whether the last row of the page before had an instant."""
    order = _order(pattern)
    is_open = pattern.ended is False
    query = select(MATTER.c.snapshot).where(_HERE, *_conditions(pattern))
    if after is not None:
        query = query.where(_beyond(order, is_dated=after, newest_first=not is_open))
    # Said so, both databases read the rows in order from the index; any other wording sorts the whole list.
    direction = (order.asc().nulls_last(), MATTER.c.id) if is_open else (order.desc(), MATTER.c.id.desc())
    return Prepared(query.order_by(*direction).limit(bindparam("limit")))


@lru_cache(maxsize=MOST_QUERIES)
def _tallies(whole: Wanted, parts: tuple[Wanted, ...], columns: tuple[str, ...]) -> Prepared:
    by = [_place_of(whole) if name == "place" else MATTER.c[name] for name in columns]
    narrowed = [list(_conditions(part, f"p{number}_")) for number, part in enumerate(parts)]
    sums = [func.count().filter(*conditions) if conditions else func.count() for conditions in narrowed]
    return Prepared(select(*by, *sums).select_from(MATTER).where(_HERE, *_conditions(whole)).group_by(*by))


def _place_of(whole: Wanted) -> ColumnElement[str]:
    """
    Return what a list is counted by place with.

    By the bare place SQLite goes through the index of places, which has all open matters in that order: right for all
    of them, and wrong for those of a stretch of time.
    """
    is_timed = whole.late_at or whole.due_in or whole.filed_in or whole.ended_in or whole.entered_before
    return func.coalesce(MATTER.c.place, "") if is_timed or whole.ended is not False else MATTER.c.place


@lru_cache(maxsize=MOST_QUERIES)
def _tally_by_category(pattern: Wanted) -> Prepared:
    beside = and_(DEMAND.c.district_id == MATTER.c.district_id, DEMAND.c.matter_id == MATTER.c.id)
    query = select(MATTER.c.place, DEMAND.c.category, func.count()).join(DEMAND, beside)
    query = query.where(_HERE, *_conditions(pattern), DEMAND.c.category.is_not(None))
    return Prepared(query.group_by(MATTER.c.place, DEMAND.c.category))


@lru_cache(maxsize=MOST_QUERIES)
def _in_scope(kind: Scope) -> Prepared:
    among = MATTER.c.id.in_(bindparam("ids", expanding=True))
    return Prepared(select(MATTER.c.id).where(_HERE, among, within_kind(kind, kinds=None)))


_HERE = MATTER.c.district_id == bindparam("district")
_ALL = Wanted(ended=None)


def _conditions(pattern: Wanted, prefix: str = "") -> Iterator[ColumnElement[bool]]:
    """Yield what a matter must satisfy; what *pattern* leaves open is named with *prefix*."""
    column = MATTER.c
    if pattern.ended is not None:
        yield column.outcome.is_not(None) if pattern.ended else column.outcome.is_(None)
    equal: Mapping[Any, object] = {
        column.level: pattern.level,
        column.holder_role: pattern.role,
        column.holder_unit: pattern.holder_unit,
        column.supervised: pattern.supervised,
        column.late: pattern.late,
    }
    yield from (key == value for key, value in equal.items() if value is not None)
    yield from _among(pattern, prefix)
    if pattern.states is not None:
        yield or_(*(and_(column.workflow == w, column.state == s) for w, s in sorted(pattern.states)))
    yield from _of_people(pattern, prefix)
    yield from _in_time(pattern, prefix)
    yield from _of_category(pattern.category)


def _among(pattern: Wanted, prefix: str) -> Iterator[ColumnElement[bool]]:
    for key, values in ((MATTER.c.kind, pattern.kinds), (MATTER.c.outcome, pattern.outcomes)):
        if values is not None:
            yield key.in_(sorted(values))
    for name, key, left_open in (("places", MATTER.c.place, pattern.places), ("ids", MATTER.c.id, pattern.ids)):
        if left_open is not None:
            yield key.in_(bindparam(f"{prefix}{name}", expanding=True))


def _of_people(pattern: Wanted, prefix: str) -> Iterator[ColumnElement[bool]]:
    if pattern.holder is not None:
        has_unit = pattern.holder[1] is not None
        unit = MATTER.c.holder_unit
        theirs = unit == bindparam(f"{prefix}holder_unit") if has_unit else unit.is_(None)
        yield and_(MATTER.c.holder_role == bindparam(f"{prefix}holder_role"), theirs)
    if pattern.person is not None:
        yield reported_by(bindparam(f"{prefix}person"), district=bindparam("district"))
    if pattern.scope is not None:
        yield within_kind(pattern.scope, kinds=pattern.kinds, prefix=prefix)


def _in_time(pattern: Wanted, prefix: str) -> Iterator[ColumnElement[bool]]:
    def instant(name: str) -> BindParameter[datetime]:
        return bindparam(f"{prefix}{name}")

    stretches = {"filed": pattern.filed_in, "ended": pattern.ended_in, "due": pattern.due_in}
    if pattern.late_at is not None:
        yield MATTER.c.due_at <= instant("late_at")
    for name, stretch in stretches.items():
        if stretch is not None:
            key = MATTER.c[f"{name}_at"]
            yield and_(key >= instant(f"{name}_from"), key < instant(f"{name}_before"))
    if pattern.entered_before is not None:
        yield MATTER.c.entered_at < instant("entered_before")


def _of_category(category: str | None) -> Iterator[ColumnElement[bool]]:
    if category is not None:
        same = DEMAND.c.category == category if category else DEMAND.c.category.is_(None)
        beside = and_(DEMAND.c.district_id == MATTER.c.district_id, DEMAND.c.matter_id == MATTER.c.id)
        yield exists().where(beside, same)


def _order(pattern: Wanted) -> ColumnElement[datetime]:
    if pattern.ended is None:
        return MATTER.c.filed_at
    return MATTER.c.ended_at if pattern.ended else MATTER.c.due_at


def _beyond(order: ColumnElement[datetime], *, is_dated: bool, newest_first: bool) -> ColumnElement[bool]:
    """Return what comes after the last row of the page before, which *is_dated* or has no instant."""
    at: BindParameter[datetime] = bindparam("after_at")
    last: BindParameter[str] = bindparam("after_id")
    if newest_first:
        return or_(order < at, and_(order == at, MATTER.c.id < last))
    if not is_dated:
        return and_(order.is_(None), MATTER.c.id > last)
    return or_(order > at, and_(order == at, MATTER.c.id > last), order.is_(None))
