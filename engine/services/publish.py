"""Publish workflows and calendars: read, refuse what has faults, keep the texts, note it in the history."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.matter import Actor
from engine.core.workflow.catalogue import FlowOutline, Library, Source, outline_of, read_catalogue
from engine.core.workflow.checker import check
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.document import read_document
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.loader import read_flow
from engine.errors import BadWorkflow, Conflict
from engine.services.calendars import Source as CalendarSource
from engine.services.calendars import parse_calendar
from engine.services.look_up import (
    CALENDARS_FACT,
    DEFAULT_CALENDAR_FACT,
    Beside,
    CalendarTexts,
    Outline,
    Text,
    digest_of_calendars,
    read_stored,
)
from engine.services.record import record
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.workflows import CalendarVersion, WorkflowVersion

WORKFLOWS = "workflows"
# Not a fault of the language, so it has no number among them.
NOT_YET = "publish"
CALENDARS = "calendars"
# Here counts what is stored, not what lies beside the file: the file may be there and the name still unknown.
_HINTS = {
    "calendar": "库里还没有这份日历，先用 sanlian calendar add 把它存进去。",
    "flow": "库里还没有这个流程，把它的文件写在同一条 sanlian publish 里一起发布。",
}


def publish(
    uow: UnitOfWork,
    flow: Source,
    *,
    limits: Source | None = None,
    catalogues: Sequence[Source] = (),
    flows: Sequence[Source] = (),
    by: Actor,
    now: datetime,
) -> Workflow:
    """
    Make *flow* with its *limits* the current version of its id and return it; new matters begin with it.

    Args:
        catalogues: catalogues of choices that it names.
        flows: other flows that it names and that are published with it; those published before are known.
    Raises:
        BadWorkflow: it has faults, or holds a vote; nothing was written.
        Conflict: the same texts were published with another catalogue.
    """
    with uow.write() as tx:
        return publish_in(tx, flow, limits=limits, catalogues=catalogues, flows=flows, by=by, now=now)


def publish_in(
    tx: Transaction,
    flow: Source,
    *,
    limits: Source | None = None,
    catalogues: Sequence[Source] = (),
    flows: Sequence[Source] = (),
    by: Actor,
    now: datetime,
) -> Workflow:
    """Do the same inside a transaction of the caller; matters filed at this moment come before or after it."""
    tx.workflows.change_alone()
    outlines = {**_published_outlines(tx), **_outlines(flows)}
    calendars = frozenset(tx.workflows.current_calendar_digests())
    workflow = read_or_refuse(
        flow,
        limits=limits,
        catalogues=catalogues,
        flows=outlines,
        calendars=calendars,
        others={**_published_flows(tx), **_given_flows(flows, outlines)},
    )
    named = {name: outlines[name] for name in sorted(_flows_named_by(workflow)) if name in outlines}
    beside = _beside(flow, limits, catalogues=catalogues, flows=named, calendars=calendars)
    _refuse_other_catalogue(tx, workflow, beside)
    if tx.workflows.current_digests().get(workflow.id) == workflow.digest:
        return workflow  # asked again, perhaps because the first answer was lost: one effect
    tx.workflows.publish(
        WorkflowVersion(
            digest=workflow.digest,
            id=workflow.id,
            version=workflow.version,
            flow_text=flow.data,
            limits_text=limits.data if limits is not None else None,
            limits_version=workflow.limits.version if workflow.limits is not None else None,
            beside=msgspec.json.encode(beside),
            published_at=now,
            published_by=by.post,
        )
    )
    facts = {"workflow": workflow.id, "version": workflow.version, "digest": workflow.digest}
    record(tx, WORKFLOWS, action="published", by=by, now=now, data=facts)
    return workflow


def examine_in(
    tx: Transaction, flow: Source, *, limits: Source | None, catalogues: Sequence[Source]
) -> tuple[Workflow | None, tuple[Finding, ...]]:
    """Read and check a flow as `publish` would; return it (None where it cannot be read) and all that was found."""
    return _read(
        flow,
        limits=limits,
        catalogues=catalogues,
        flows=_published_outlines(tx),
        calendars=frozenset(tx.workflows.current_calendar_digests()),
        others=_published_flows(tx),
    )


def read_or_refuse(
    flow: Source,
    *,
    limits: Source | None,
    catalogues: Sequence[Source],
    flows: Mapping[str, FlowOutline],
    calendars: frozenset[str],
    others: Mapping[str, Workflow],
) -> Workflow:
    """
    Read and check a flow as `publish` would.

    Args:
        others: the flows it names, as far as they can be read: some checks look into them.
    Raises:
        BadWorkflow: it has faults, or holds a vote.
    """
    workflow, findings = _read(
        flow, limits=limits, catalogues=catalogues, flows=flows, calendars=calendars, others=others
    )
    errors = [one for one in findings if one.severity == "error"]
    if workflow is None or errors:
        listing = "\n".join(str(one) for one in errors)
        raise BadWorkflow(findings=errors, count=len(errors), listing=listing)
    return workflow


def _read(
    flow: Source,
    *,
    limits: Source | None,
    catalogues: Sequence[Source],
    flows: Mapping[str, FlowOutline],
    calendars: frozenset[str],
    others: Mapping[str, Workflow],
) -> tuple[Workflow | None, tuple[Finding, ...]]:
    findings: list[Finding] = []
    known = {}
    for source in catalogues:
        catalogue, faults = read_catalogue(source.data, source.file)
        findings.extend(faults)
        if catalogue is not None:
            known[catalogue.id] = catalogue
    root = outline_of(read_document(flow.data, flow.file).root)
    tables = {root.id: limits} if limits is not None and root is not None else {}
    library = Library(limits=tables, catalogues=known, flows=flows, calendars=calendars, hints=_HINTS)
    workflow, found = read_flow(flow.data, file=flow.file, library=library)
    findings.extend(found)
    if workflow is not None:
        findings.extend((*check(workflow, library, flows=others), *_votes(workflow)))
    return workflow, tuple(findings)


def _votes(workflow: Workflow) -> list[Finding]:
    """A vote can be written and checked, but not yet held."""
    return [
        finding(
            NOT_YET,
            f"「{state.label.zh}」里的投票还不能执行，请先改成由人记下结果的动作。",
            file=state.vote.where.file,
            line=state.vote.where.line,
            column=state.vote.where.column,
        )
        for state in workflow.states.values()
        if state.vote is not None
    ]


def _published_flows(tx: Transaction) -> dict[str, Workflow]:
    return {version.id: read_stored(version) for version in tx.workflows.versions() if version.current}


def _given_flows(flows: Sequence[Source], outlines: Mapping[str, FlowOutline]) -> dict[str, Workflow]:
    read = (read_flow(source.data, file=source.file, library=Library(flows=outlines))[0] for source in flows)
    return {workflow.id: workflow for workflow in read if workflow is not None}


def _published_outlines(tx: Transaction) -> dict[str, FlowOutline]:
    versions = (version for version in tx.workflows.versions() if version.current)
    return _outlines([Source(version.id, version.flow_text) for version in versions])


def _outlines(flows: Sequence[Source]) -> dict[str, FlowOutline]:
    found = (outline_of(read_document(source.data, source.file).root) for source in flows)
    return {outline.id: outline for outline in found if outline is not None}


def _beside(
    flow: Source,
    limits: Source | None,
    *,
    catalogues: Sequence[Source],
    flows: Mapping[str, FlowOutline],
    calendars: frozenset[str],
) -> Beside:
    return Beside(
        file=flow.file,
        limits_file=limits.file if limits is not None else None,
        catalogues=tuple(_text(source) for source in catalogues),
        flows={
            name: Outline(starts=tuple(sorted(one.starts)), outcomes=tuple(sorted(one.outcomes)))
            for name, one in flows.items()
        },
        calendars=tuple(sorted(calendars)),
    )


def _flows_named_by(workflow: Workflow) -> set[str]:
    named: set[str] = set()
    for state in workflow.states.values():
        if state.children is not None:
            named.update(rule.workflow for rule in state.children.seats.values())
        if state.waits_for is not None:
            named.add(state.waits_for.workflow)
    return named


def _refuse_other_catalogue(tx: Transaction, workflow: Workflow, beside: Beside) -> None:
    """The content hash covers flow and limits; what they were read with must then be the same too."""
    known = tx.workflows.get(workflow.digest)
    if known is None:
        return
    if msgspec.json.decode(known.beside, type=Beside).catalogues != beside.catalogues:
        raise Conflict(what="分类目录变了，流程却没变。请把流程的 version 加一再发布。")


def _text(source: Source) -> Text:
    return Text(file=source.file, text=source.data.decode("utf-8"))


def store_calendar(
    uow: UnitOfWork, base: CalendarSource, tables: Sequence[CalendarSource] = (), *, by: Actor, now: datetime
) -> WorkingCalendar:
    """
    Make a calendar the current version of its id and return it; the first one stored is the deployment's own.

    Raises:
        CalendarFaults: its files have faults; nothing was written.
    """
    calendar = parse_calendar(base, tables)
    texts = CalendarTexts(base=_calendar_text(base), tables=tuple(_calendar_text(table) for table in tables))
    with uow.write() as tx:
        tx.workflows.store_calendar(
            CalendarVersion(digest=calendar.digest, id=calendar.id, texts=msgspec.json.encode(texts), stored_at=now)
        )
        digests = tx.workflows.current_calendar_digests()
        together = digest_of_calendars(digests)
        tx.facts.put(CALENDARS_FACT, together)
        if tx.facts.get(DEFAULT_CALENDAR_FACT) is None:
            tx.facts.put(DEFAULT_CALENDAR_FACT, calendar.id)
        data = {"calendar": calendar.id, "digest": calendar.digest, "calendars": digests, "together": together}
        record(tx, CALENDARS, action="calendar_stored", by=by, now=now, data=data)
    return calendar


def choose_default_calendar(uow: UnitOfWork, calendar: str, *, by: Actor, now: datetime) -> None:
    """Make a stored calendar the deployment's own: what flows and roles without one run on."""
    with uow.write() as tx:
        tx.facts.put(DEFAULT_CALENDAR_FACT, calendar)
        record(tx, CALENDARS, action="default_calendar", by=by, now=now, data={"calendar": calendar})


def _calendar_text(source: CalendarSource) -> Text:
    content = source.content
    return Text(file=source.name, text=content if isinstance(content, str) else content.decode("utf-8"))
