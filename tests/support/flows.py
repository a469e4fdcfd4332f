"""Small flows as text, read and checked in memory; a mark in the text says where a finding must stand."""

from collections.abc import Mapping

from engine.core.workflow.catalogue import Library, Source, outline_of
from engine.core.workflow.checker import check
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding
from engine.core.workflow.loader import read_flow

MARK = "»"
FILE = "small.yaml"
LIMITS_FILE = "small.limits.yaml"
Found = tuple[str, str, int, int]

HEAD = """\
sanlian: 1
workflow: small
version: 1
{extra}roles:
  worker: {{ covers: grid, above: head }}
  head: {{ covers: community }}
  resident: {{ covers: own }}
{fields}{start}"""
START = "start: { to: doing, by: [resident] }\n"
DONE = "  done: { final: done }\n"
CLOSES = "timers: [ { at: due, do: close, to: done } ]"
SOLVE = "actions: { solve: { by: [worker], to: done } }"


def flow(
    states: str, *, fields: str = "", start: str = START, extra: str = "", levels: str = "", done: str = DONE
) -> str:
    """Return a flow whose three roles are given, and its end `done`; *states* are lines indented by two."""
    declared = f"fields:\n{fields}" if fields else ""
    head = HEAD.format(extra=extra, fields=declared, start=start)
    below = f"levels:\n{levels}" if levels else ""
    return f"{head}{below}states:\n{states}{done}"


def limits(rest: str) -> str:
    """Return a limits table of the flow `small`."""
    return f"sanlian: 1\nlimits: small\nversion: 1\n{rest}"


def unmark(text: str, file: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Return *text* without marks, and the places they stood at."""
    places = []
    while MARK in text:
        before, _, behind = text.partition(MARK)
        line_start = before.rfind("\n") + 1
        places.append((file, before.count("\n") + 1, len(before) - line_start + 1))
        text = before + behind
    return text, places


def library_of(*, table: str = "", others: Mapping[str, str] | None = None) -> Library:
    """Return what lies beside the flow: its limits table and other flows, by id."""
    outlines = {}
    for name, text in (others or {}).items():
        outline = outline_of(read_document(text, f"{name}.yaml").root)
        if outline is not None:
            outlines[name] = outline
    sources = {"small": Source(LIMITS_FILE, table.encode())} if table else {}
    return Library(limits=sources, flows=outlines, calendars=frozenset({"cn_office"}))


def read(text: str, *, table: str = "", others: Mapping[str, str] | None = None) -> Workflow:
    """Return the flow of a text that has no fault of reading."""
    workflow, findings = read_flow(text, file=FILE, library=library_of(table=table, others=others))
    if workflow is None:
        raise AssertionError("\n".join(map(str, findings)))
    return workflow


def findings_in(text: str, *, table: str = "", others: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Return what the checker finds in a flow that can be read."""
    library = library_of(table=table, others=others)
    flows = {}
    for name, other in (others or {}).items():
        workflow, faults = read_flow(other, file=f"{name}.yaml", library=library)
        if workflow is None:
            raise AssertionError("\n".join(map(str, faults)))
        flows[name] = workflow
    return check(read(text, table=table, others=others), library, flows=flows)


def found_and_expected(
    code: str, text: str, *, table: str = "", others: Mapping[str, str] | None = None
) -> tuple[list[Found], list[Found]]:
    """Return what is found in a marked text, and *code* at every mark."""
    clean, places = unmark(text, FILE)
    clean_table, table_places = unmark(table, LIMITS_FILE)
    found = [(f.code, f.file, f.line, f.column) for f in findings_in(clean, table=clean_table, others=others)]
    return found, [(code, *place) for place in places + table_places]
