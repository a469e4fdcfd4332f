"""An erasure in words: what went, on what basis, who else agreed; never what it was."""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.history import Event
from engine.core.terms import ErasurePart, ErasureReason, EventType, FieldType
from engine.core.workflow.declaration import Workflow
from engine.services.judge import ERASED
from engine.services.personal import PERSONAL_TYPES, is_personal

HIDDEN = "（不公开）"
_UNITS = {ErasurePart.PEOPLE: "项", ErasurePart.WORDS: "段", ErasurePart.PHOTOS: "张"}
_REASONS = {reason.value: reason.label for reason in ErasureReason}


def is_erasure(event: Event) -> bool:
    """Whether *event* says that private values of a matter were erased."""
    return event.type == EventType.SYSTEM.value and event.action == ERASED


def erased_in(events: Iterable[Event]) -> frozenset[str]:
    """Return the vault rows that *events* say were erased."""
    return frozenset(ref for event in events if is_erasure(event) for ref in event.data.get("erased", ()))


def part_of(field: str, flow: Workflow) -> ErasurePart:
    """Return which part of a matter the private value *field* belongs to."""
    rule = flow.fields.get(field)
    if rule is not None and rule.type is FieldType.FILES:
        return ErasurePart.PHOTOS
    personal = {field} if rule is not None and rule.type in PERSONAL_TYPES else set()
    return ErasurePart.PEOPLE if is_personal(field, personal) else ErasurePart.WORDS


def said_of(event: Event, flow: Workflow) -> str:
    """Return what an erasure took away: 「按要求删去了姓名和电话 2 项、文字 3 段、照片」."""
    parts = [part_of(ref.rsplit("/", 1)[-1], flow) for ref in event.data.get("erased", ())]
    if event.data.get("accounts"):
        return "按要求不再记着是谁的账号报的"
    count = {part: parts.count(part) for part in (ErasurePart.PEOPLE, ErasurePart.WORDS)}
    # What a value named is not known any more: one photo, or nine.
    photos = [ErasurePart.PHOTOS.label] if ErasurePart.PHOTOS in parts else []
    return f"按要求删去了{'、'.join([*filter(None, [counted(count)]), *photos]) or '不公开的内容'}"


def counted(parts: Mapping[ErasurePart, int]) -> str:
    """Return how much of each part there is: 「姓名和电话 2 项、照片 1 张」."""
    return "、".join(f"{part.label} {parts[part]} {_UNITS[part]}" for part in ErasurePart if parts.get(part))


def grounds_of(data: Mapping[str, Any]) -> list[str]:
    """Return on what basis, and whether another person agreed."""
    basis = str(data.get("basis", ""))
    agreed = "另一个人同意了" if data.get("second") else "在服务器上做的，没有另一个人同意"
    return [f"依据：{_REASONS.get(basis, basis)}", agreed]
