"""A folder of flows → objects: flows with their limits tables, catalogues, and the names of calendars beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.core.workflow.catalogue import Catalogue, FlowOutline, Library, Source, outline_of, read_catalogue
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.document import read_document
from engine.core.workflow.encoding import LARGEST_FILE_BYTES
from engine.core.workflow.findings import Finding
from engine.core.workflow.loader import read_flow
from engine.errors import BadFile, BadWorkflow, NotFound

SUFFIX = ".yaml"
LIMITS_SUFFIX = ".limits.yaml"
CATALOGUES, CALENDARS = "catalogues", "calendars"


@dataclass(frozen=True, slots=True)
class Folder:
    """
    A folder of flows as read.

    `flows`: every flow's text by the stem of its file. `findings`: faults of the catalogues, not of the flows.
    """

    path: Path
    library: Library
    flows: Mapping[str, Source]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One flow as read from its file: `workflow` is None when there is an error among `findings`."""

    workflow: Workflow | None
    findings: tuple[Finding, ...]
    flow: Source
    limits: Source | None


def read_folder(path: Path) -> Folder:
    """
    Read everything beside and under *path* that flows may name.

    Raises:
        NotFound: there is no such folder.
        BadFile: a file cannot be read from the disk.
    """
    if not path.is_dir():
        raise NotFound(what="文件夹", found=str(path))
    limits = {_flow_of(file): read_source(file) for file in sorted(path.glob(f"*{LIMITS_SUFFIX}"))}
    flows = {file.stem: read_source(file) for file in sorted(path.glob(f"*{SUFFIX}")) if _is_flow(file)}
    catalogues: dict[str, Catalogue | None] = {}
    findings: list[Finding] = []
    for file in sorted((path / CATALOGUES).glob(f"*{SUFFIX}")):
        source = read_source(file)
        catalogues[file.stem], faults = read_catalogue(source.data, source.file)
        findings.extend(faults)
    library = Library(
        limits=limits,
        catalogues=catalogues,
        flows=_outlines(flows),
        calendars=frozenset(file.stem for file in (path / CALENDARS).glob(f"*{SUFFIX}")),
    )
    return Folder(path, library, flows, tuple(sorted(findings)))


def read_flow_file(path: Path, folder: Folder | None = None) -> FlowFile:
    """
    Read one flow with what lies beside it; of a limits table, the flow it belongs to. *folder* saves reading again.

    Raises:
        NotFound: there is no such file.
        BadFile: a file cannot be read from the disk.
    """
    if path.name.endswith(LIMITS_SUFFIX):
        path = path.with_name(_flow_of(path) + SUFFIX)
    source = read_source(path)
    beside = folder or read_folder(path.parent)
    workflow, findings = read_flow(source.data, file=source.file, library=beside.library)
    ident = workflow.id if workflow else path.stem
    return FlowFile(workflow, findings, source, beside.library.limits.get(ident))


def load_flows(path: Path) -> dict[str, Workflow]:
    """
    Return every flow of a folder by id.

    Raises:
        BadWorkflow: one of them, or a catalogue, has a fault; all faults at once.
        NotFound, BadFile: as in `read_folder`.
    """
    folder = read_folder(path)
    findings = list(folder.findings)
    flows: dict[str, Workflow] = {}
    for source in folder.flows.values():
        workflow, faults = read_flow(source.data, file=source.file, library=folder.library)
        findings.extend(faults)
        if workflow is not None:
            flows[workflow.id] = workflow
    errors = [one for one in findings if one.severity == "error"]
    if errors:
        raise BadWorkflow(findings=errors, count=len(errors), listing="\n".join(map(str, errors)))
    return flows


def read_source(path: Path) -> Source:
    """
    Read a file's bytes; of one that is too large only enough to see that it is.

    Raises:
        NotFound: there is no such file.
        BadFile: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return Source(str(path), file.read(LARGEST_FILE_BYTES + 1))
    except FileNotFoundError as error:
        raise NotFound(what="文件", found=str(path)) from error
    except OSError as error:
        raise BadFile(
            where=str(path), found="文件夹" if path.is_dir() else "读不了", expected="一个可以读的文件"
        ) from error


def without_folder(source: Source) -> Source:
    """Return a file under its bare name: rules name it in the history, which is read on other machines too."""
    return Source(Path(source.file).name, source.data)


def _flow_of(limits_file: Path) -> str:
    return limits_file.name.removesuffix(LIMITS_SUFFIX)


def _is_flow(file: Path) -> bool:
    return not file.name.endswith(LIMITS_SUFFIX) and file.is_file()


def _outlines(flows: Mapping[str, Source]) -> dict[str, FlowOutline | None]:
    """Return the outline of every flow by its id; of a file that cannot be read only that it is there."""
    outlines: dict[str, FlowOutline | None] = {}
    for stem, source in flows.items():
        root = read_document(source.data, source.file).root
        outline = outline_of(root)
        if outline is not None:
            outlines[outline.id] = outline
        elif root is None:
            outlines[stem] = None
    return outlines
