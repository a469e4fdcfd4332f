"""A file of the language → everything `check` finds in it, with what lies in the folder beside it."""

from collections.abc import Iterable
from pathlib import Path

from engine.core.workflow.catalogue import read_catalogue
from engine.core.workflow.checker import check
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding
from engine.core.workflow.loader import read_flow
from engine.core.workflow.tree import Table
from engine.services.calendars import check_calendar_file
from engine.services.library import Folder, read_flow_file, read_folder, read_source

_OF_A_FLOW = frozenset({"roles", "states", "levels", "starts", "start", "classes"})
_KINDS = ("workflow", "limits", "catalogue", "calendar")  # the first of these keys that stands there tells


def check_file(path: Path) -> tuple[Finding, ...]:
    """
    Return what is wrong with a flow, a limits table with its flow, a calendar or a catalogue.

    Raises:
        NotFound: there is no such file, or no flow beside a limits table.
        BadFile: a file cannot be read from the disk.
    """
    source = read_source(path)
    document = read_document(source.data, source.file)
    keys = document.root.entries if isinstance(document.root, Table) else {}
    kind = next((key for key in _KINDS if key in keys), path.parent.name)
    if kind == "calendar" and _OF_A_FLOW.intersection(keys):
        kind = "workflow"  # a flow names its calendar; it has only lost its own name
    if kind.startswith("calendar"):
        return tuple(check_calendar_file(path))
    if kind.startswith("catalogue"):
        return read_catalogue(source.data, source.file)[1]
    return check_flow_file(path)


def check_flow_file(path: Path) -> tuple[Finding, ...]:
    """Return what is wrong with a flow and its limits table."""
    folder = read_folder(path.parent)
    file = read_flow_file(path, folder)
    if file.workflow is None:
        return file.findings
    return (*file.findings, *check_flow(file.workflow, folder))


def check_flow(workflow: Workflow, folder: Folder) -> tuple[Finding, ...]:
    """Return what the checker finds in a flow that could be read, knowing the topics it waits for."""
    awaited = {state.waits_for.workflow for state in workflow.states.values() if state.waits_for is not None}
    return check(workflow, folder.library, flows=_readable(awaited, folder))


def _readable(names: Iterable[str], folder: Folder) -> dict[str, Workflow]:
    read = {}
    for name in names:
        source = folder.flows.get(name)
        workflow = read_flow(source.data, file=source.file, library=folder.library)[0] if source is not None else None
        if workflow is not None:
            read[name] = workflow
    return read
