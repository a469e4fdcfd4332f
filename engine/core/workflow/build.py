"""Parts of a flow without faults → the flow."""

from collections.abc import Mapping
from datetime import time

from engine.core.clock.duration import Duration
from engine.core.terms import Covers, MatterKind
from engine.core.workflow.build_states import StateBuilder
from engine.core.workflow.catalogue import Library
from engine.core.workflow.declaration import (
    Due,
    FieldRule,
    Limits,
    Migrate,
    NamedClock,
    Promise,
    Quiet,
    Role,
    Start,
    Target,
    Workflow,
)
from engine.core.workflow.parts import Part
from engine.core.workflow.rules_of_time import due_of, length_of, target_of, timers_of
from engine.core.workflow.tree import Path
from engine.core.workflow.words import label_of
from engine.core.workflow.written import Where


def build_flow(
    flow: Part,
    *,
    fields: Mapping[str, FieldRule],
    class_ids: tuple[str, ...],
    limits: Limits | None,
    library: Library,
    digest: str,
    places: Mapping[Path, Where],
) -> Workflow:
    """Return the flow; *flow* must have been read and resolved without an error."""
    ident = flow.text("workflow") or ""
    states = StateBuilder(flow, library)
    notices, migrate = flow.get("notices"), flow.get("migrate")
    return Workflow(
        id=ident,
        version=flow.value("version", int) or 1,
        digest=digest,
        matter=flow.value("matter", MatterKind) or MatterKind.DEMAND,
        label=label_of(flow.get("label"), ident),
        calendar=flow.text("calendar"),
        classes=flow.text("classes"),
        class_ids=class_ids,
        roles={name: _role(name, part) for name, part in flow.table("roles").items()},
        fields=fields,
        clocks={name: _clock(name, part) for name, part in flow.table("clocks").items()},
        promises=tuple(_promise(part) for part in flow.get("promises") or ()),
        starts=_starts(flow),
        levels=states.levels(),
        states=states.states(),
        notices=_quiet(notices) if notices else None,
        migrate=_migrate(migrate) if migrate else None,
        limits=limits,
        file=flow.where.file,
        places=places,
    )


def _role(name: str, part: Part) -> Role:
    return Role(
        id=name,
        label=label_of(part.get("label"), name),
        covers=part.value("covers", Covers) or Covers.OWN,
        above=part.text("above"),
        roster=bool(part.value("roster", bool)),
        calendar=part.text("calendar"),
        where=part.key_where,
    )


def _clock(name: str, part: Part) -> NamedClock:
    return NamedClock(
        id=name,
        label=label_of(part.get("label"), name),
        start=part.text("from") or "",
        until=part.text("until") or "",
        limit=due_of(part.get("limit")) or Due((), None, given=False, where=part.where),
        not_after_external="not_after" in part,
        timers=timers_of(part.get("timers") or (), up=None),
        where=part.key_where,
    )


def _promise(part: Part) -> Promise:
    ident = part.text("id") or ""
    within = part.value("within", Duration) or length_of(part, "within")
    return Promise(ident, label_of(part.get("says"), ident), within, part.text("reach") or "", part.where)


def _starts(flow: Part) -> dict[str, Start]:
    one = flow.get("start")
    parts = {"start": one} if one is not None else flow.table("starts")
    return {name: _start(name, part) for name, part in parts.items()}


def _start(name: str, part: Part) -> Start:
    return Start(
        id=name,
        by=part.texts("by"),
        require=part.texts("require"),
        optional=part.texts("optional"),
        marks=part.texts("marks"),
        external=part.texts("external"),
        to=target_of(part.get("to")) or Target((), (), part.where),
        where=part.key_where,
        settle=part.value("settle", Duration),
    )


def _quiet(part: Part) -> Quiet:
    start, end = part.value("quiet", tuple) or (time(0), time(0))
    return Quiet(start, end, frozenset(part.texts("except")))


def _migrate(part: Part) -> Migrate:
    maps = {
        table: {name: one.data for name, one in part.table(table).items() if isinstance(one.data, str)}
        for table in ("map", "clocks", "counters")
    }
    return Migrate(part.value("from", int), maps["map"], maps["clocks"], maps["counters"], part.key_where)
