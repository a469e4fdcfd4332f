"""Which values say who somebody is, and how they are shown to those who need not know: 张**, 138****0000, 3号楼."""

import re
from collections.abc import Collection, Iterable

from engine.core.terms import FieldType
from engine.core.workflow.declaration import Workflow

PERSONAL_TYPES = frozenset({FieldType.PHONE, FieldType.PERSON})
# What stands everywhere in place of what was erased for good.
GONE = "已按要求删去"
_REPORTER = re.compile(r"reporter\.\d+\.(name|phone)")
_SHOWN_FRONT, _SHOWN_END, _SHORTEST_PHONE = 3, 4, 10
_HOUSE = re.compile(r"(.*?\d+\s*(?:号楼|栋|幢|座|号院|号))")


def personal_fields(flows: Iterable[Workflow]) -> frozenset[str]:
    """Return the fields of *flows* that hold a name or a telephone number."""
    return frozenset(rule.id for flow in flows for rule in flow.fields.values() if rule.type in PERSONAL_TYPES)


def is_personal(field: str, personal: Collection[str]) -> bool:
    """Whether a private value says who somebody is: one of the fields *personal*, or who reported."""
    return field in personal or _REPORTER.fullmatch(field) is not None


def masked_name(name: str) -> str:
    """Return 张** for a name; how long it is does not show."""
    first = name.strip()[:1]
    return f"{first}**" if first else ""


def masked_phone(phone: str) -> str:
    """Return 138****0000 for a telephone number; of a short one only the end shows."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    if not digits:
        return ""
    if len(digits) < _SHORTEST_PHONE:
        return f"****{digits[-2:]}"
    return f"{digits[:_SHOWN_FRONT]}****{digits[-_SHOWN_END:]}"


def masked_house(address: str) -> str:
    """Return an address up to the building."""
    found = _HOUSE.match(address)
    return found[1] if found is not None else address if not any(c.isdigit() for c in address) else "住址已隐去"


def masked(kind: FieldType, value: str) -> str:
    """Return *value* of a field of that type as everybody sees it."""
    match kind:
        case FieldType.PHONE:
            return masked_phone(value)
        case FieldType.PERSON:
            return masked_name(value)
        case FieldType.PLACE:
            return masked_house(value)
        case _:
            return value
