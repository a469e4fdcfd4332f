"""
The kinds of people a route is asked by, and the rules of the authorisation table.

What each kind may do is written out here once more, by hand: the table must not agree with the code by construction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine.core.terms import Ability

# The matter every route is asked about lies in the grid zhu-2, was reported by its resident, and housing has a task.
PLACE, DEMAND = "zhu-2", "zhu-2.1"

_GRID = frozenset({Ability.WORK, Ability.FILE, Ability.IDENTITY})
_COMMUNITY = _GRID | {Ability.BOARD, Ability.SHEET}
_STREET = _COMMUNITY | {Ability.DISPATCH, Ability.ORDERS, Ability.LIMITS, Ability.APPROVE, Ability.ERASE}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of asker: who plays it (a post, an office, nobody), what it may open, whether it sees the matter."""

    name: str
    who: str | None
    may: frozenset[Ability] = frozenset()
    sees: bool = False
    is_signed: bool = True


KINDS = (
    Kind("anonymous", None, is_signed=False),
    Kind("expired session", "service_centre@east", is_signed=False),
    Kind("resident, own demand", "resident@zhu-2", frozenset({Ability.FILE}), sees=True),
    Kind("resident, another's", "resident@zhu-1", frozenset({Ability.FILE})),
    Kind("worker, own grid", "grid_worker@zhu-2", _GRID, sees=True),
    Kind("worker, next grid", "grid_worker@zhu-1", _GRID),
    Kind("clerk, own community", "community_clerk@zhu", _COMMUNITY, sees=True),
    Kind("clerk, next community", "community_clerk@jin", _COMMUNITY),
    Kind("department with a task", "department@housing", frozenset({Ability.WORK}), sees=True),
    Kind("department without", "department@parks", frozenset({Ability.WORK})),
    Kind("service centre", "service_centre@east", _STREET, sees=True),
    Kind("service centre, other street", "service_centre@west", _STREET),
    Kind("supervisor", "street_head@east", _STREET, sees=True),
    Kind("supervisor, other street", "street_head@west", _STREET),
    Kind("auditor", "auditor", frozenset({Ability.AUDIT, Ability.SHEET}), sees=True),
    Kind("system administrator", "system_admin", frozenset({Ability.ACCOUNTS})),
    Kind("security administrator", "security_admin", frozenset({Ability.PEOPLE, Ability.APPROVE, Ability.ERASURES})),
)
CONTENT = frozenset({Ability.WORK, Ability.FILE, Ability.AUDIT})
TO_SIGN_IN = {"GET": 303, "POST": 401}

# What a kind may be answered: one status, or one of a few where counters run up.
Answer: TypeAlias = int | tuple[int, ...]
Rule: TypeAlias = Callable[[Kind, str], Answer]


def public(status: Answer = 200) -> Rule:
    """Everybody gets this, whoever they are."""
    return lambda _kind, _method: status


def signed(status: Answer = 200) -> Rule:
    """Everybody who has signed in gets this; others are led to signing in."""
    return lambda kind, method: status if kind.is_signed else TO_SIGN_IN[method]


def ability(*any_of: Ability, then: Answer = 200, but: Mapping[str, Answer] | None = None) -> Rule:
    """Who may do one of these gets *then* (*but* names exceptions); others learn that their post does not."""

    def rule(kind: Kind, method: str) -> Answer:
        if not kind.is_signed:
            return TO_SIGN_IN[method]
        return (but or {}).get(kind.name, then) if kind.may.intersection(any_of) else 403

    return rule


def content(then: Answer = 200) -> Rule:
    """Everybody whose business matters are: all but the two administrators."""
    return ability(*CONTENT, then=then)


def matter(then: Answer = 200, *, need: Ability | None = None, but: Mapping[str, Answer] | None = None) -> Rule:
    """Who sees the matter gets *then* (*but* names exceptions); to others it is not there."""

    def rule(kind: Kind, method: str) -> Answer:
        if not kind.is_signed:
            return TO_SIGN_IN[method]
        if not kind.may & CONTENT:
            return 403
        if not kind.sees:
            return 404
        if need is not None and need not in kind.may:
            return 403
        return (but or {}).get(kind.name, then)

    return rule


def program(rule: Rule) -> Rule:
    """The same for a route of programs: who has not signed in is told so, not led anywhere."""
    return lambda kind, method: rule(kind, method) if kind.is_signed else 401


def seen(then: Answer = 200, *, but: Mapping[str, Answer] | None = None) -> Rule:
    """Who sees the matter gets *then* (*but* names exceptions); to everybody else it is not there."""

    def rule(kind: Kind, method: str) -> Answer:
        if not kind.is_signed:
            return TO_SIGN_IN[method]
        return (but or {}).get(kind.name, then) if kind.sees else 404

    return rule
