"""The history of one matter as a list for people, and the matter as it stood at an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec

from engine.core.history import Event, as_of, read_event
from engine.core.matter import Actor, Matter
from engine.core.terms import BuiltIn, Do, EventType
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.services.judge import ERASED
from engine.services.look_up import Shelf
from engine.services.personal import GONE
from engine.services.record import record
from engine.services.say_erased import HIDDEN, erased_in
from engine.store.unit_of_work import Transaction, UnitOfWork

ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Line:
    """One event: when, who, what, from where to where, by which rule, and its private values by field."""

    seq: int
    at: datetime
    recorded_at: datetime
    who: str
    what: str
    from_: str
    to: str
    rule: str
    private: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """A matter's history up to an instant; `matter` as it then stood."""

    id: str
    number: str | None
    matter: Matter | None
    state: str
    zone: tzinfo
    lines: tuple[Line, ...]


def find(tx: Transaction, name: str) -> str:
    """
    Return the id of the matter with number or id *name*.

    Raises:
        NotFound: there is none.
    """
    demand = tx.demands.by_number(name)
    found = demand.matter if demand is not None else name if tx.matters.get(name) is not None else None
    if found is None:
        raise NotFound(what="事项", found=name)
    return found


def masked(uow: UnitOfWork, shelf: Shelf, name: str, *, at: datetime | None = None) -> View:
    """Return the history of a matter with its private values hidden."""
    with uow.read() as tx:
        return _view(tx, shelf, find(tx, name), at=at, opened=None)


def opened(
    uow: UnitOfWork, shelf: Shelf, name: str, *, by: Actor, reason: str, now: datetime, at: datetime | None = None
) -> View:
    """Return the history of a matter with its private values, and note who looked and why."""
    with uow.write() as tx:
        matter_id = find(tx, name)
        view = _view(tx, shelf, matter_id, at=at, opened=now)
        record(tx, ACCESS, action="opened", by=by, now=now, data={"matter": matter_id, "reason": reason})
        return view


def _view(tx: Transaction, shelf: Shelf, matter_id: str, *, at: datetime | None, opened: datetime | None) -> View:
    events = [read_event(one.body) for one in tx.events.of(matter_id)]
    shown = [event for event in events if at is None or event.at <= at]
    matter = as_of(events, at) if at is not None else as_of(events, events[-1].at)
    flow = shelf.workflow(tx, events[0].workflow)
    values = {**(_values(tx, shown) if opened is not None else {}), **dict.fromkeys(erased_in(events), f"（{GONE}）")}
    demand = tx.demands.get_many([matter_id]).get(matter_id)
    return View(
        id=matter_id,
        number=demand.number if demand is not None else None,
        matter=matter,
        state=_label(flow, matter.state) if matter is not None else "还没有立案",
        zone=shelf.world(tx).calendar(None).zone,
        lines=tuple(_line(event, shelf.workflow(tx, event.workflow), values) for event in shown),
    )


def _values(tx: Transaction, events: Sequence[Event]) -> dict[str, str]:
    secrets = tx.vault.get_many([ref for event in events for ref in event.private])
    return {ref: _text(secret.value) for ref, secret in secrets.items() if not secret.restricted}


def _text(value: bytes | None) -> str:
    if value is None:
        return HIDDEN  # nothing of it is left, which its erasure says
    read = msgspec.json.decode(value)
    return "、".join(map(str, read)) if isinstance(read, list) else str(read)


def _line(event: Event, flow: Workflow, values: Mapping[str, str]) -> Line:
    rule = event.data.get("rule") or {}
    actor = event.actor
    return Line(
        seq=event.seq,
        at=event.at,
        recorded_at=event.recorded_at,
        who="规则"
        if actor.role == "system"
        else f"{_role(flow, actor.role)}{f'（{actor.unit}）' if actor.unit else ''}",
        what=_action(event, flow),
        from_=_label(flow, event.from_) if event.from_ else "",
        to=_label(flow, event.to),
        rule=f"{rule['clock']}.{rule['id']} {rule['file']}:{rule['line']}" if rule else "",
        private={ref.rsplit("/", 1)[-1]: values.get(ref, HIDDEN) for ref in event.private},
    )


def _role(flow: Workflow, role: str) -> str:
    return flow.roles[role].label.zh if role in flow.roles else role


def _label(flow: Workflow, state: str) -> str:
    return flow.states[state].label.zh if state in flow.states else state


def _action(event: Event, flow: Workflow) -> str:
    words = {**{one.value: one.label for one in (*Do, *BuiltIn)}, ERASED: "按要求删去了不公开的内容"}
    if event.type == EventType.ACTED and event.from_ is not None and event.from_ in flow.states:
        actions = flow.actions_of(event.from_)
        if event.action in actions:
            return actions[event.action].label.zh
    types = {one.value: one.label for one in EventType}
    return words.get(event.action) or types.get(event.type, event.action)
