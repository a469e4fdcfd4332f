"""Which rows a reader may see, as a condition that the database can go by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, false, or_, select

from engine.core.terms import MatterKind
from engine.store.repository import table

MATTER = table("matter")
REPORTER = table("reporter")
_TASK = MatterKind.TASK.value
Name: TypeAlias = str | BindParameter[Any]  # itself, or what stands for it in a prepared query


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


def kind_of(scope: Scope) -> Scope:
    """Return *scope* with stand-ins for its names: scopes of one kind are one condition."""
    if scope.places:
        return Scope(places=frozenset(("",)))
    if scope.department is not None:
        return Scope(department="")
    return Scope() if scope.person is None else Scope(person="")


def names_in(scope: Scope, prefix: str = "") -> dict[str, Any]:
    """Return the names that `within_kind` leaves open."""
    return {
        f"{prefix}scope_places": scope.places, f"{prefix}scope_department": scope.department,
        f"{prefix}scope_person": scope.person,
    }  # fmt: skip


def within_kind(scope: Scope, *, kinds: Collection[str] | None, prefix: str = "") -> ColumnElement[bool]:
    """Return the same condition as `within` for all scopes of one kind: district and names are left open."""
    district: BindParameter[str] = bindparam("district")
    if scope.places:
        places: BindParameter[str] = bindparam(f"{prefix}scope_places", expanding=True)
        return _lies_in(places, district=district, may_be_task=kinds is None or _TASK in kinds)
    if scope.department is not None:
        return _given_to(bindparam(f"{prefix}scope_department"), district=district)
    if scope.person is not None:
        mine = reported_by(bindparam(f"{prefix}scope_person"), district=district)
        return and_(MATTER.c.kind == MatterKind.DEMAND.value, mine)
    return false()


def within(scope: Scope, *, district: str, kinds: Collection[str] | None) -> ColumnElement[bool]:
    """Return the condition that a row of `matter` lies within *scope*; *kinds* are those it can have."""
    if scope.places:
        return _lies_in_these(scope.places, district=district, may_be_task=kinds is None or _TASK in kinds)
    if scope.department is not None:
        return _given_to(scope.department, district=district)
    if scope.person is not None:
        return and_(MATTER.c.kind == MatterKind.DEMAND.value, reported_by(scope.person, district=district))
    return false()


def reported_by(person: Name, *, district: Name) -> ColumnElement[bool]:
    """Return the condition that *person* is among the reporters of a row of `matter`."""
    mine = (REPORTER.c.district_id == district, REPORTER.c.person == person)
    return MATTER.c.id.in_(select(REPORTER.c.matter_id).where(*mine))


@lru_cache(maxsize=1_024)  # every request asks for it several times, and to build it takes longer than the query
def _lies_in_these(places: frozenset[str], *, district: str, may_be_task: bool) -> ColumnElement[bool]:
    return _lies_in(sorted(places), district=district, may_be_task=may_be_task)


def _lies_in(places: Sequence[str] | BindParameter[Any], *, district: Name, may_be_task: bool) -> ColumnElement[bool]:
    here = MATTER.c.place.in_(places)
    if not may_be_task:
        return here  # alone, so that the index of places serves it
    root = MATTER.alias("root")
    same = (root.c.district_id == district, root.c.id == MATTER.c.root)
    of_one_here = exists().where(*same, root.c.place.in_(places))
    return or_(and_(MATTER.c.kind != _TASK, here), and_(MATTER.c.kind == _TASK, of_one_here))


def _given_to(department: Name, *, district: Name) -> ColumnElement[bool]:
    task = MATTER.alias("task")
    theirs = (task.c.district_id == district, task.c.department == department, task.c.root == MATTER.c.id)
    return or_(MATTER.c.department == department, exists().where(*theirs))
