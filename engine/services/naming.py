"""What things are called for people: posts instead of persons, levels with their order, fields with their words."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.matter import Holder, Matter, Value
from engine.core.scope import Organisation, Post, World
from engine.core.terms import SYSTEM_ROLE, Covers, MatterKind
from engine.core.workflow.declaration import FieldRule, Workflow
from engine.core.workflow.wording import say_role

MAX_TITLE = 30
_ORDERS = 3


@dataclass(frozen=True, slots=True)
class LevelMark:
    """A level as pages mark it: its id, its words, and how many bars (1 to 3)."""

    id: str
    label: str
    order: int


def level_mark(workflow: Workflow, level: str | None) -> LevelMark | None:
    """Return the mark of *level*, or None for a step that stands above the levels."""
    declared = workflow.levels.get(level) if level is not None else None
    if declared is None:
        return None
    order = sorted(workflow.levels.values(), key=lambda one: one.order).index(declared) + 1
    return LevelMark(id=declared.id, label=declared.label.zh, order=min(order, _ORDERS))


def role_name(workflow: Workflow, role: str) -> str:
    """Return the words of a role; one named like its kind of unit is the desk that handles the matter."""
    declared = workflow.roles.get(role)
    if declared is None:
        return "规则" if role == SYSTEM_ROLE else say_role(workflow, role)
    if declared.covers is Covers.DEPARTMENT and declared.label.zh == Covers.DEPARTMENT.label:
        return "经办岗"
    return declared.label.zh


def holder_name(holder: Holder | None, *, workflow: Workflow, organisation: Organisation) -> str:
    """Return a post as people say it: 「珠玑东一网格 网格员」, 「提出的居民」."""
    if holder is None:
        return "没有人"
    name = role_name(workflow, holder.role)
    unit = organisation.units.get(holder.unit) if holder.unit is not None else None
    declared = workflow.roles.get(holder.role)
    if declared is not None and declared.covers is Covers.OWN:
        return f"提出的{name}"
    return name if unit is None else post_words(unit.name, name)


def post_words(unit: str, role: str) -> str:
    """Join the words of a unit and a role without saying either twice."""
    return role if role.startswith(unit) or unit == role else unit if unit.endswith(role) else f"{unit} {role}"


def post_name(post: Post, *, workflow: Workflow, organisation: Organisation) -> str:
    """Return the words of a post."""
    unit = organisation.units.get(post.unit) if post.unit is not None else None
    name = role_name(workflow, post.role)
    return name if unit is None else post_words(unit.name, name)


def unit_name(unit: str | None, organisation: Organisation) -> str:
    """Return the words of a unit."""
    known = organisation.units.get(unit) if unit is not None else None
    return known.name if known is not None else (unit or "")


def place_name(place: str, organisation: Organisation) -> str:
    """Return a place with the community it lies in: 「珠玑东社区 一网格」."""
    line = [organisation.units[unit] for unit in organisation.ancestors(place)]
    community = organisation.unit_above(place, "community")
    if not line:
        return place
    above = organisation.units[community].name if community is not None else ""
    name = line[0].name
    return name if not above or above == name or name.startswith(above.removesuffix("社区")) else f"{above} {name}"


def field_value(rule: FieldRule, value: Value, *, catalogue: Mapping[str, str]) -> str:
    """Return the words of a field's value; *catalogue* has those of the categories."""
    if isinstance(value, bool):
        return "是" if value else "否"
    label = rule.choice_labels.get(str(value))
    return label.zh if label is not None else catalogue.get(str(value), str(value))


def title_of(detail: str | None, matter: Matter, *, workflow: Workflow, world: World) -> str:
    """Return the title of a matter: the first words of what was told, else what it is and where."""
    if detail:
        first = detail.strip().splitlines()[0] if detail.strip() else ""
        head = first
        for stop in "。！？；":
            head = head.split(stop)[0]
        if head:
            return head if len(head) <= MAX_TITLE else f"{head[:MAX_TITLE]}…"
    if matter.kind == MatterKind.TASK and matter.department is not None:
        return f"{unit_name(matter.department, world.organisation)}的任务"
    return f"{workflow.label.zh} · {place_name(matter.place, world.organisation)}"
