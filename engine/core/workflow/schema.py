"""The table of keys → a JSON schema, for editors that help while a flow is written."""

from collections.abc import Mapping

from engine.core.workflow.grammar import FLOW
from engine.core.workflow.grammar_tables import CATALOGUE, LIMITS
from engine.core.workflow.kinds import ID
from engine.core.workflow.shapes import Either, Leaf, ListOf, Record, Shape, TableOf, records_in

Schema = dict[str, object]

_ROOTS = {"limits": LIMITS, "catalogue": CATALOGUE}


def make_schema() -> Schema:
    """Return one schema for flows, limits tables and catalogues; which of them a file is shows in its keys."""
    definitions: Schema = {}
    for root in (FLOW, *_ROOTS.values()):
        for record in records_in(root):
            definitions[record.name] = _record(record)
    chosen: Schema = _pointer(FLOW)
    for key, root in _ROOTS.items():
        chosen = {"if": {"required": [key]}, "then": _pointer(root), "else": chosen}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "三联：流程、时限表、目录",
        "type": "object",
        **chosen,
        "definitions": definitions,
    }


def _record(record: Record) -> Schema:
    schema: Schema = {
        "description": record.doc,
        "type": "object",
        "properties": {key.name: _described(key.doc, schema_of(key.holds)) for key in record.keys},
        "additionalProperties": schema_of(record.others.value) if record.others else False,
    }
    required = [key.name for key in record.keys if key.required]
    if required:
        schema["required"] = required
    if record is FLOW:
        schema["anyOf"] = [{"required": ["start"]}, {"required": ["starts"]}]
    return schema


def _described(doc: str, schema: Mapping[str, object]) -> Schema:
    """Add the key's line to what it holds; beside a reference draft 7 reads nothing, so that is wrapped."""
    return {"description": doc, "allOf": [schema]} if "$ref" in schema else {"description": doc, **schema}


def _pointer(record: Record) -> Schema:
    return {"$ref": f"#/definitions/{record.name}"}


def schema_of(shape: Shape) -> Schema:
    """Return the schema of one shape."""
    match shape:
        case Record():
            return _pointer(shape)
        case ListOf():
            return {"type": "array", "items": schema_of(shape.item)}
        case TableOf():
            names: Schema = {} if shape.refers else {"propertyNames": ID.schema}
            return {"type": "object", "additionalProperties": schema_of(shape.value), **names}
        case Either():
            return {"anyOf": [schema_of(option) for option in shape.shapes]}
        case Leaf():
            return _leaf(shape)


def _leaf(leaf: Leaf) -> Schema:
    if leaf.words:
        return {"enum": [int(word) if word.isdigit() else str(word) for word in leaf.words]}
    if leaf.refers and leaf.kind.name == "words":
        return {"type": "string"}
    return {**leaf.kind.schema, **({"minimum": leaf.least} if leaf.least else {})}
