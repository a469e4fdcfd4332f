"""
What a post lets its holder open and do.

Derived from what the role covers, so a flow of other roles needs no list of its own. Source: the three
administrators are kept apart, and none of them works on matters (GB/T 22239, security management centre).
"""

from collections.abc import Iterable, Mapping

from engine.core.terms import SUPERVISOR, Ability, Covers, Office
from engine.core.workflow.declaration import Workflow

_GRID = frozenset({Ability.WORK, Ability.FILE, Ability.IDENTITY})
_COMMUNITY = _GRID | {Ability.BOARD, Ability.SHEET}
_ABOVE = _COMMUNITY | {Ability.DISPATCH, Ability.ORDERS, Ability.LIMITS, Ability.APPROVE, Ability.ERASE}
_BY_COVER: Mapping[Covers, frozenset[Ability]] = {
    Covers.OWN: frozenset({Ability.FILE}),
    Covers.GRID: _GRID,
    Covers.ESTATE: _GRID,
    Covers.COMMUNITY: _COMMUNITY,
    Covers.STREET: _ABOVE,
    Covers.DISTRICT: _ABOVE,
    # A department answers for its tasks and never learns who reported.
    Covers.DEPARTMENT: frozenset({Ability.WORK}),
}
_BY_OFFICE: Mapping[Office, frozenset[Ability]] = {
    Office.SYSTEM_ADMIN: frozenset({Ability.ACCOUNTS}),
    Office.SECURITY_ADMIN: frozenset({Ability.PEOPLE, Ability.APPROVE, Ability.ERASURES}),
    Office.AUDITOR: frozenset({Ability.AUDIT, Ability.SHEET}),
}


def office_of(role: str) -> Office | None:
    """Return the office that *role* is, if it is one."""
    return next((office for office in Office if office.value == role), None)


def cover_of(role: str, flows: Iterable[Workflow]) -> Covers | None:
    """Return what *role* covers in the first of *flows* that declares it."""
    if role == SUPERVISOR:
        return Covers.STREET
    return next((flow.roles[role].covers for flow in flows if role in flow.roles), None)


def looks_after_others(role: str, flows: Iterable[Workflow]) -> bool:
    """Whether *role* answers for desks of a street or wider instead of keeping one: a supervisor, or one above them."""
    wide = (Covers.STREET, Covers.DISTRICT)
    return role == SUPERVISOR or any(
        one.above == role and one.covers in wide for flow in flows for one in flow.roles.values()
    )


def abilities_of(role: str, flows: Iterable[Workflow]) -> frozenset[Ability]:
    """Return what a post of *role* may open and do; nothing for a role that no flow declares."""
    office = office_of(role)
    if office is not None:
        return _BY_OFFICE[office]
    cover = cover_of(role, flows)
    return _BY_COVER[cover] if cover is not None else frozenset()
