"""
Text of a flow, and of its limits table, → the flow; or every fault of both at once, in order of position.

The steps: writing (`document`) → keys and values (`reader`) → what belongs together (`flow_rules`, `limits`) → names
(`references`) → conditions → the flow (`build`). A fault of one step leaves a gap that later steps pass in silence.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.workflow.build import build_flow
from engine.core.workflow.catalogue import Library, Source
from engine.core.workflow.conditions import condition_types, read_conditions
from engine.core.workflow.declaration import FieldRule, Workflow
from engine.core.workflow.document import Document, read_document
from engine.core.workflow.field_rules import class_ids_of, read_fields
from engine.core.workflow.findings import Finding
from engine.core.workflow.flow_rules import FlowRules, states_of
from engine.core.workflow.grammar import FLOW
from engine.core.workflow.grammar_tables import LIMITS
from engine.core.workflow.limits import build_limits, check_limits
from engine.core.workflow.parts import Names, Part
from engine.core.workflow.reader import Reader
from engine.core.workflow.references import add_names_beside, check_references
from engine.core.workflow.shapes import Record, declared_in

_FRAME_BYTES = 8


def read_flow(text: str | bytes, *, file: str, library: Library) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """
    Read a flow together with its limits table from *library*.

    Returns:
        The flow, or None when there is an error; and every finding, in order of position, the flow's file first.
    """
    names = Names()
    flow = _open(read_document(text, file), FLOW, names)
    source = _limits_of(flow, file, library)
    limits = _open(read_document(source.data, source.file), LIMITS, names) if source else None
    fields: dict[str, FieldRule] = {}
    if flow.part is not None:
        fields = _resolve(flow.part, (flow, limits), names, library)
    findings = [*sorted(flow.all_findings()), *(sorted(limits.all_findings()) if limits else ())]
    if flow.part is None or any(one.severity == "error" for one in findings):
        return None, tuple(findings)
    workflow = build_flow(
        flow.part,
        fields=fields,
        class_ids=class_ids_of(flow.part, fields) or ("all",),
        limits=build_limits(limits.part) if limits and limits.part else None,
        library=library,
        digest=digest_of(text, source.data if source else None),
        places={**(limits.reader.places if limits else {}), **flow.reader.places},
    )
    return workflow, tuple(findings)


def digest_of(flow: str | bytes, limits: str | bytes | None) -> str:
    """Return the SHA-256 (hex) over both texts, each behind its length, so that no byte can change sides."""
    whole = hashlib.sha256()
    for text in (flow, limits):
        if text is not None:
            data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            whole.update(len(data).to_bytes(_FRAME_BYTES, "big"))
            whole.update(data)
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file read by the grammar; `part` is None when its root could not be read."""

    document: Document
    reader: Reader
    part: Part | None

    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.document.findings, *self.reader.findings)


def _open(document: Document, shape: Record, names: Names) -> _Opened:
    reader = Reader(document.file, names)
    if document.root is None:
        names.open |= declared_in(shape)
        return _Opened(document, reader, None)
    return _Opened(document, reader, reader.read(shape, document.root))


def _limits_of(flow: _Opened, file: str, library: Library) -> Source | None:
    """Return the limits table of the flow, found by its id, or else by its file's name."""
    ident = flow.part.text("workflow") if flow.part is not None else None
    return library.limits.get(ident or "") or library.limits.get(stem_of(file))


def _resolve(
    part: Part, opened: tuple[_Opened, _Opened | None], names: Names, library: Library
) -> dict[str, FieldRule]:
    """Check what belongs together, then names, then conditions."""
    flow, limits = opened
    fields = read_fields(part, flow.reader, library)
    _check_id(part, flow, names)
    _name_classes_and_outcomes(part, fields, names)
    add_names_beside(names, library, part)
    FlowRules(part, flow.reader, names=names, fields=fields).check(library)
    files = [flow]
    if limits is not None:
        files.append(limits)
        names.of("row_column").update(names.of("column"))
        names.open |= {"row_column"} if "column" in names.open else set()
        if limits.part is not None:
            check_limits(limits.part, limits.reader)
    types = condition_types(fields, classes=names.of("class"), levels=names.of("level"), seasons=names.of("season"))
    for one in files:
        read_conditions(one.reader, types, source=one.document.text, names=names)
    check_references([one.reader for one in files], names)
    return fields


def _check_id(part: Part, flow: _Opened, names: Names) -> None:
    ident = part.get("workflow")
    file = flow.document.file
    if ident is not None and file.endswith((".yaml", ".yml")) and ident.data != stem_of(file):
        flow.reader.fault("E107", ident.where, f"代号「{ident.data}」要与文件名「{stem_of(file)}」相同。")
        names.of("own_flow")[stem_of(file)] = ident.where


def stem_of(file: str) -> str:
    """Return the name of a file without folders and ending."""
    return file.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _name_classes_and_outcomes(part: Part, fields: Mapping[str, FieldRule], names: Names) -> None:
    classes = class_ids_of(part, fields)
    if classes is None:
        names.open.add("class")
    names.of("class").update(dict.fromkeys(classes or (), part.where))
    for _, state, _ in states_of(part):
        if outcome := state.text("final"):
            names.of("outcome").setdefault(outcome, state.where)
        elif not state.lacks("final"):
            names.open.add("outcome")
    if "state" in names.open:
        names.open.add("outcome")
