"""Which rows a reader may see, as a condition that the database can go by."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from engine.core.terms import MatterKind
from engine.store.repository import table

MATTER = table("matter")
REPORTER = table("reporter")
_TASK = MatterKind.TASK.value


@dataclass(frozen=True, slots=True)
class Scope:
    """
    Which matters a reader may see, by whichever is set; nothing set is nothing.

    `places`: what lies there, and the tasks of what lies there. `department`: the tasks given to it, and the matters
    they belong to. `person`: the demands this person reported.
    """

    places: frozenset[str] = frozenset()
    department: str | None = None
    person: str | None = None


def within(scope: Scope, *, district: str, kinds: Collection[str] | None) -> ColumnElement[bool]:
    """Return the condition that a row of `matter` lies within *scope*; *kinds* are those it can have."""
    if scope.places:
        return _lies_in(scope.places, district=district, may_be_task=kinds is None or _TASK in kinds)
    if scope.department is not None:
        return _given_to(scope.department, district=district)
    if scope.person is not None:
        return and_(MATTER.c.kind == MatterKind.DEMAND.value, reported_by(scope.person, district=district))
    return false()


def reported_by(person: str, *, district: str) -> ColumnElement[bool]:
    """Return the condition that *person* is among the reporters of a row of `matter`."""
    mine = (REPORTER.c.district_id == district, REPORTER.c.person == person)
    return MATTER.c.id.in_(select(REPORTER.c.matter_id).where(*mine))


@lru_cache(maxsize=1_024)  # every request asks for it several times, and to build it takes longer than the query
def _lies_in(places: frozenset[str], *, district: str, may_be_task: bool) -> ColumnElement[bool]:
    here = MATTER.c.place.in_(sorted(places))
    if not may_be_task:
        return here  # alone, so that the index of places serves it
    root = MATTER.alias("root")
    same = (root.c.district_id == district, root.c.id == MATTER.c.root)
    of_one_here = exists().where(*same, root.c.place.in_(sorted(places)))
    return or_(and_(MATTER.c.kind != _TASK, here), and_(MATTER.c.kind == _TASK, of_one_here))


def _given_to(department: str, *, district: str) -> ColumnElement[bool]:
    task = MATTER.alias("task")
    theirs = (task.c.district_id == district, task.c.department == department, task.c.root == MATTER.c.id)
    return or_(MATTER.c.department == department, exists().where(*theirs))
