"""Conditions of a file read and typed, each fault at the word that is wrong (E204 and what else the parser says)."""

import re
from collections.abc import Iterable, Mapping

from engine.core.workflow.condition import ConditionType, built_in_types, field_type, parse_condition
from engine.core.workflow.condition_words import ConditionFault
from engine.core.workflow.declaration import FieldRule
from engine.core.workflow.findings import finding
from engine.core.workflow.parts import Names, Part, Reference
from engine.core.workflow.positions import place_in
from engine.core.workflow.reader import Reader, show_path
from engine.core.workflow.tree import Text
from engine.core.workflow.written import Where

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def condition_types(
    fields: Mapping[str, FieldRule], *, classes: Iterable[str], levels: Iterable[str], seasons: Iterable[str]
) -> dict[str, ConditionType]:
    """Return every name a condition of the flow may use, with its type."""
    types = built_in_types(classes=tuple(classes), levels=tuple(levels), seasons=tuple(seasons))
    for name, rule in fields.items():
        types[name] = field_type(
            rule.type, choices=rule.choices, minimum=rule.minimum, maximum=rule.maximum, private=rule.private
        )
    return types


def read_conditions(reader: Reader, types: Mapping[str, ConditionType], *, source: str, names: Names) -> None:
    """
    Turn the text of every condition of a file into a condition, in its part; report what cannot be read.

    A name that no field has is left among the uses of names: it is one fault, here and wherever else it is used.
    """
    unsure = {name for name in names.of("field") if name not in types}
    for kind, name in (("class", "class"), ("level", "level"), ("season", "season")):
        if kind in names.open:
            unsure.add(name)
    for part in reader.conditions:
        if isinstance(part.node, Text):
            _read_one(part, part.node, (reader, types, source, names), unsure if "field" not in names.open else None)


def _read_one(
    part: Part,
    text: Text,
    context: tuple[Reader, Mapping[str, ConditionType], str, Names],
    unsure: set[str] | None,
) -> None:
    """Read one condition; *unsure* holds names whose declaration has a fault (None: any name may be one)."""
    reader, types, source, names = context
    try:
        part.data = parse_condition(text.value, types=types, locate=lambda offset: place_in(text, offset, source))
    except ConditionFault as fault:
        used = set(_NAME.findall(text.value))
        for one in (fault, *fault.others):
            if unsure is None or used & unsure:
                continue
            line, column = place_in(text, one.offset, source)
            if one.unknown is not None:
                at = Where(reader.file, line, column, part.where.path)
                names.uses.append(Reference(one.unknown, ("field",), (), at, code=one.code, said=one.message))
                continue
            message = f"{show_path(part.where.path)}：{one.message}"
            reader.findings.append(finding(one.code, message, file=reader.file, line=line, column=column))
