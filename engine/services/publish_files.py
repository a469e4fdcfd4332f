"""Publish flows from their files: each with its limits table, the catalogues it names and the flows given with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import UNITS, Source
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.findings import Finding
from engine.errors import BadWorkflow, NotFound
from engine.services.check_file import check_flow
from engine.services.library import CATALOGUES, SUFFIX, Folder, read_flow_file, read_folder, read_source, without_folder
from engine.services.look_up import Beside
from engine.services.publish import publish
from engine.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Published:
    """A flow that is now current; not new: the same texts were current before, and nothing was written."""

    workflow: Workflow
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Given:
    """A flow as read from its files."""

    workflow: Workflow
    flow: Source
    limits: Source | None
    catalogues: tuple[Source, ...]


def publish_files(uow: UnitOfWork, files: Sequence[Path], *, by: Actor, now: datetime) -> Iterator[Published]:
    """
    Publish *files* one after the other, when none of them has a fault, and yield what became of each.

    Raises:
        NotFound, BadFile: a file is not there or cannot be read; nothing was written.
        BadWorkflow: a file has faults: nothing was written. Or a flow names what is not published, or holds a vote:
            those yielded before stay published.
        Conflict: a catalogue changed without a new version of its flow; likewise.
    """
    given = _read_all(files)
    for one in given:
        kept = _kept_catalogues(uow, one)
        with uow.read() as tx:
            is_current = tx.workflows.current_digests().get(one.workflow.id) == one.workflow.digest
        if is_current and kept is not None:
            yield Published(one.workflow, is_new=False)
            continue
        others = [other.flow for other in given if other is not one]
        catalogues = one.catalogues if kept is None else kept
        workflow = publish(
            uow, one.flow, limits=one.limits, catalogues=catalogues, flows=others, by=by, now=now
        )  # fmt: skip
        yield Published(workflow, is_new=True)


def actor_of(uow: UnitOfWork, post_id: str | None, *, now: datetime) -> Actor:
    """
    Return who acts through a post; without one, the engine itself.

    Raises:
        NotFound: nobody holds such a post now.
    """
    if post_id is None:
        return SYSTEM
    with uow.read() as tx:
        post = tx.organisation.load().posts.get(post_id)
    if post is None or not post.is_held(now):
        raise NotFound(what="在任的岗位", found=post_id)
    return Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)


def _read_all(files: Sequence[Path]) -> list[_Given]:
    folders: dict[Path, Folder] = {}
    findings: dict[Finding, None] = {}
    given: list[_Given] = []
    for path in dict.fromkeys(files):
        if path.parent not in folders:
            folders[path.parent] = read_folder(path.parent)
        folder = folders[path.parent]
        read = read_flow_file(path, folder)
        findings.update(dict.fromkeys(read.findings))
        if read.workflow is None:
            continue
        findings.update(dict.fromkeys(check_flow(read.workflow, folder)))
        if all(one.workflow.id != read.workflow.id for one in given):
            named = _catalogues_of(read.workflow, folder.path)
            limits = without_folder(read.limits) if read.limits is not None else None
            given.append(_Given(read.workflow, without_folder(read.flow), limits, named))
    errors = [one for one in findings if one.severity == "error"]
    if errors:
        raise BadWorkflow(findings=errors, count=len(errors), listing="\n".join(map(str, errors)))
    return given


def _catalogues_of(workflow: Workflow, folder: Path) -> tuple[Source, ...]:
    names = {field.catalogue for field in workflow.fields.values() if field.catalogue not in (None, UNITS)}
    files = (folder / CATALOGUES / f"{name}{SUFFIX}" for name in sorted(filter(None, names)))
    return tuple(without_folder(read_source(file)) for file in files)


def _kept_catalogues(uow: UnitOfWork, given: _Given) -> tuple[Source, ...] | None:
    """Catalogues this very flow was published with, if those it names still have the same texts."""
    with uow.read() as tx:
        version = tx.workflows.get(given.workflow.digest)
    if version is None:
        return None
    kept = msgspec.json.decode(version.beside, type=Beside).catalogues
    texts = {Path(one.file).stem: one.text.encode() for one in kept}
    if any(texts.get(Path(one.file).stem) != one.data for one in given.catalogues):
        return None
    return tuple(Source(one.file, one.text.encode()) for one in kept)
