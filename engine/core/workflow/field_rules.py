"""Fields out of their parts, and what a field's value may be: E107 where type, choices, bounds and values disagree."""

from collections.abc import Mapping

from engine.core.clock.instants import is_day
from engine.core.terms import Counter, FieldType
from engine.core.workflow.catalogue import Library
from engine.core.workflow.condition_words import KEYWORDS
from engine.core.workflow.declaration import FieldRule
from engine.core.workflow.kinds import WHOLE, read_truth
from engine.core.workflow.parts import Part, is_plain
from engine.core.workflow.reader import Reader, did_you_mean
from engine.core.workflow.tree import Items
from engine.core.workflow.words import label_of
from engine.core.workflow.written import Label

BUILT_IN_NAMES = frozenset({*Counter, "class", "level", "external", "season", "similar_30d"})
_SETTABLE = frozenset({FieldType.NUMBER, FieldType.CHOICE, FieldType.YESNO, FieldType.DATE})
_EXAMPLES = {
    FieldType.NUMBER: "整数",
    FieldType.YESNO: "yes 或 no",
    FieldType.DATE: "日期，写成 2026-01-31 这样",
    FieldType.CHOICE: "选项之一",
}


def read_fields(flow: Part, reader: Reader, library: Library) -> dict[str, FieldRule]:
    """Return the fields that are sound; the others are reported or were before."""
    fields: dict[str, FieldRule] = {}
    for name, part in flow.table("fields").items():
        if name in BUILT_IN_NAMES or name in KEYWORDS:
            reader.fault("E107", part.key_where, f"「{name}」是条件里已有的词，字段请另起一个名。")
        elif (type_ := part.value("type", FieldType)) and (rule := _field(name, part, type_, (reader, library))):
            fields[name] = rule
    return fields


def _field(name: str, part: Part, type_: FieldType, context: tuple[Reader, Library]) -> FieldRule | None:
    reader, library = context
    before = len(reader.findings)
    choices, labels, catalogue = _choices(part, type_, reader, library)
    minimum, maximum = _bounds(part, type_, reader)
    if type_ is FieldType.CHOICE and choices is None and catalogue is None:
        return None
    rule = FieldRule(
        id=name,
        type=type_,
        label=label_of(part.get("label"), name),
        choices=choices,
        choice_labels=labels,
        catalogue=catalogue,
        default=None,
        minimum=minimum,
        maximum=maximum,
        private=bool(part.value("private", bool)) or type_.is_private,
        where=part.key_where,
    )
    if len(reader.findings) > before:
        return None
    if default := part.get("default"):
        value = read_value(default, rule, reader)
        return None if value is None else _with_default(rule, value)
    return rule


def _with_default(rule: FieldRule, value: str | int | bool) -> FieldRule:
    return FieldRule(
        **{name: getattr(rule, name) for name in FieldRule.__dataclass_fields__ if name != "default"}, default=value
    )


def _choices(
    part: Part, type_: FieldType, reader: Reader, library: Library
) -> tuple[tuple[str, ...] | None, dict[str, Label], str | None]:
    """Return the ids to choose from, their labels, and the catalogue they come from."""
    of = part.get("of")
    labels = {name: label_of(label, name) for name, label in part.table("choices").items()}
    if type_ is not FieldType.CHOICE:
        for wrong in (of, part.get("choices")):
            if wrong is not None:
                reader.fault("E107", wrong.where, f"类型是 {type_} 的字段没有选项。")
        return None, {}, None
    if of is None:
        if not labels and part.lacks("of"):
            reader.fault("E106", part.key_where, "少了「of」（选项）。")
        return tuple(labels) or None, labels, None
    if isinstance(of.data, str):
        return _from_catalogue(of.data, labels, library)
    ids = tuple(item.data for item in of if isinstance(item.data, str))
    if isinstance(of.node, Items) and len(ids) < len(of.node.items):
        return None, {}, None  # one that could not be read may be the one that is used elsewhere
    _check_choices(part, of, ids, reader)
    return ids or None, {name: labels.get(name, Label(name, name)) for name in ids}, None


def _from_catalogue(
    name: str, labels: dict[str, Label], library: Library
) -> tuple[tuple[str, ...] | None, dict[str, Label], str | None]:
    catalogue = library.catalogues.get(name)
    if catalogue is None:
        return None, labels, name
    return tuple(catalogue.entries), {**{k: entry.label for k, entry in catalogue.entries.items()}, **labels}, name


def _check_choices(part: Part, of: Part, ids: tuple[str, ...], reader: Reader) -> None:
    if not ids:
        reader.fault("E107", of.where, "至少要有一个选项。")
    seen: set[str] = set()
    for item in of:
        if isinstance(item.data, str):
            if item.data in seen:
                reader.fault("E108", item.where, f"选项「{item.data}」写了两次。")
            seen.add(item.data)
    for name, label in part.table("choices").items():
        if name not in seen:
            reader.fault("E107", label.key_where, f"选项里没有「{name}」。{did_you_mean(name, seen)}")


def _bounds(part: Part, type_: FieldType, reader: Reader) -> tuple[int | None, int | None]:
    minimum, maximum = part.value("min", int), part.value("max", int)
    low, high = part.get("min"), part.get("max")
    if type_ in (FieldType.CHOICE, FieldType.YESNO, FieldType.DATE, FieldType.PERSON, FieldType.PLACE):
        for wrong in (low, high):
            if wrong is not None:
                reader.fault("E107", wrong.where, f"类型是 {type_} 的字段没有大小。")
    elif minimum is not None and maximum is not None and minimum > maximum and high is not None:
        reader.fault("E107", high.where, f"最大的 {maximum} 比最小的 {minimum} 还小。")
    return minimum, maximum


def read_value(part: Part, rule: FieldRule, reader: Reader) -> str | int | bool | None:
    """Return the value a part gives to a field, or None after reporting why it cannot."""
    text = part.data if isinstance(part.data, str) else ""
    if rule.type not in _SETTABLE or rule.private:
        reader.fault("E107", part.where, f"类型是 {rule.type} 的字段不能预先给值，它只由人来填。")
        return None
    value = _typed(text, rule, is_plain(part))
    if value is None:
        hint = did_you_mean(text, rule.choices or ())
        reader.fault("E107", part.where, f"「{rule.label.zh}」应当是{_wanted(rule)}，收到「{text}」。{hint}")
    return value


def _typed(text: str, rule: FieldRule, plain: bool) -> str | int | bool | None:
    match rule.type:
        case FieldType.NUMBER:
            number = WHOLE.read(text) if plain else None
            return number if isinstance(number, int) and _fits(number, rule) else None
        case FieldType.YESNO:
            return read_truth(text) if plain else None
        case FieldType.DATE:
            return text if is_day(text) else None
        case _:
            return text if rule.choices is None or text in rule.choices else None


def _fits(number: int, rule: FieldRule) -> bool:
    low = rule.minimum is None or number >= rule.minimum
    return low and (rule.maximum is None or number <= rule.maximum)


def _wanted(rule: FieldRule) -> str:
    wanted = _EXAMPLES[rule.type]
    if rule.type is FieldType.NUMBER and rule.minimum is not None:
        wanted += f"，至少 {rule.minimum}"
    if rule.type is FieldType.NUMBER and rule.maximum is not None:
        wanted += f"，最多 {rule.maximum}"
    return wanted


def class_ids_of(flow: Part, fields: Mapping[str, FieldRule]) -> tuple[str, ...] | None:
    """Return the classes of a flow: the choices of its `classes` field; None when they are not known."""
    name = flow.text("classes")
    if name is None:
        return ("all",) if flow.lacks("classes") else None
    rule = fields.get(name)
    return rule.choices if rule is not None and rule.type is FieldType.CHOICE else None
