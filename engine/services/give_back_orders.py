"""
Give work orders back to the upper platform: signed for, first reply, result.

An export notes how far it told each order, so the next one brings what has happened since, whatever clocks and late
commits do; and the table of an export can be made again at any time as it was, but for what was erased since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from engine.core.history import Event, read_event, vault_ref
from engine.core.matter import Actor
from engine.core.scope import World
from engine.core.terms import SYSTEM_ROLE, Covers, Seat
from engine.core.workflow.declaration import Workflow
from engine.errors import BadInput, KeyReused, NotFound
from engine.services.advance import Door, in_one_transaction
from engine.services.naming import unit_name
from engine.services.personal import GONE
from engine.services.record import record
from engine.services.sight import sight_in
from engine.services.take_in_orders import TOPIC, hash_of_file
from engine.services.worklist import secret_value
from engine.services.write_table import write_csv, write_workbook
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.vault import Secret

GIVEN_BACK = "orders_given_back"
# The only purpose these tables have; a person's own words do not belong into the history.
PURPOSE = "feedback"
HEADINGS = (
    "工单号", "签收时间", "签收单位", "首次回复时间", "回复内容", "办结时间", "办理结果", "结果说明", "状态",
    "本系统编号",
)  # fmt: skip
_SIGNED, _REPLIED = "accepted", "contacted"
_NOTE = "note"
_SHEET = "工单反馈"


@dataclass(frozen=True, slots=True)
class OrderBack:
    """What an order tells its sender; None or empty where it has not come so far."""

    external_number: str
    number: str
    signed_at: datetime | None
    signed_by: str
    replied_at: datetime | None
    reply: str
    ended_at: datetime | None
    result: str
    explanation: str
    state: str


@dataclass(frozen=True, slots=True)
class OrdersBack:
    """The orders of an export, in order of the sender's numbers."""

    export: str
    made_at: datetime
    orders: tuple[OrderBack, ...]

    def rows(self, zone: ZoneInfo) -> list[tuple[str, ...]]:
        """Return the table: headings, then a row for each order, times in *zone*."""

        def when(at: datetime | None) -> str:
            return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at is not None else ""

        return [
            HEADINGS,
            *(
                (
                    one.external_number, when(one.signed_at), one.signed_by, when(one.replied_at), one.reply,
                    when(one.ended_at), one.result, one.explanation, one.state, one.number,
                )
                for one in self.orders
            ),
        ]  # fmt: skip

    def table(self, form: str, *, zone: ZoneInfo) -> bytes:
        """
        Return the table as a file.

        Raises:
            BadInput: *form* is none of `FORMS`.
        """
        if form not in FORMS:
            raise BadInput(where="格式", found=form[:20], expected="、".join(FORMS))
        return FORMS[form](self.rows(zone), self.made_at)


def _workbook(rows: Sequence[Sequence[str]], made_at: datetime) -> bytes:
    return write_workbook(rows, sheet=_SHEET, made_at=made_at)


FORMS: Mapping[str, Callable[[Sequence[Sequence[str]], datetime], bytes]] = {
    "utf-8": lambda rows, _: write_csv(rows),
    "gb18030": lambda rows, _: write_csv(rows, encoding="gb18030"),
    "xlsx": _workbook,
}


@dataclass(slots=True)
class _Facts:
    """What the events of an order say up to one of them."""

    matter: str
    seq: int = 0
    signed: Event | None = None
    replied: Event | None = None
    explained: Event | None = None
    last: Event | None = None
    ended: Event | None = None

    def news(self) -> Iterator[Event]:
        """Yield the events that the sender is told of."""
        yield from (event for event in (self.signed, self.replied, self.ended) if event is not None)


def give_back_orders(
    uow: UnitOfWork, export: str, *, since: datetime | None, by: Actor, services: Door, now: datetime
) -> OrdersBack:
    """
    Make the export called *export*, or return it as it was made if there is one.

    Args:
        since: None for what was not told yet; else all that happened from then on, told before or not.
    Raises:
        KeyReused: an export of that name has orders that *by* may not see.
    """
    making = partial(_make, export=export, since=since, by=by, services=services, now=now)
    return in_one_transaction(uow, making)


def read_export(uow: UnitOfWork, export: str, *, by: Actor, services: Door) -> OrdersBack:
    """
    Return an export as it was made.

    Raises:
        NotFound: there is none, it was empty, or it has orders that *by* may not see.
    """
    with uow.read() as tx:
        found = _made_before(tx, export, by=by, services=services)
    if found is None:
        raise NotFound(what="导出", found=export[:40])
    return found


def _make(
    tx: Transaction, *, export: str, since: datetime | None, by: Actor, services: Door, now: datetime
) -> OrdersBack:
    before = _made_before(tx, export, by=by, services=services)
    if before is not None:
        return before
    if tx.orders.export(export):  # another street's: lines of ours in it would shut them out of it
        raise KeyReused(key=export)
    told = []
    changed = tx.orders.changed(since=since)
    seen = orders_seen(tx, [one.matter for one in changed], by=by, services=services)
    for here in changed:
        if here.matter not in seen:
            continue
        facts = _facts(tx, here.matter, until=here.seq, services=services)
        if any(event.at >= since if since is not None else event.seq > here.told_seq for event in facts.news()):
            told.append(facts)
    made = OrdersBack(export, now, _orders(tx, told, services=services))
    tx.orders.add_export(export, [(facts.matter, facts.seq) for facts in told], at=now)
    if told:
        zone = services.shelf.world(tx).calendar(None).zone
        hashes = {f"sha256_{form}": hash_of_file(made.table(form, zone=zone)) for form in FORMS}
        data = {"export": export, "count": len(told), "purpose": PURPOSE, **hashes}
        record(tx, TOPIC, action=GIVEN_BACK, by=by, now=now, data=data)
    return made


def orders_seen(tx: Transaction, matters: Collection[str], *, by: Actor, services: Door) -> frozenset[str]:
    """Return those of *matters* that *by* may see: another street's orders are not theirs to give back."""
    world = services.shelf.world(tx)
    sight = sight_in(tx, by, world=world, flow_of=lambda digest: services.shelf.workflow(tx, digest))
    return sight.among(tx, matters)


def _made_before(tx: Transaction, export: str, *, by: Actor, services: Door) -> OrdersBack | None:
    lines = tx.orders.export(export)
    matters = {one.matter for one in lines}
    if not lines or orders_seen(tx, matters, by=by, services=services) != matters:
        return None
    told = [_facts(tx, one.matter, until=one.seq, services=services) for one in lines]
    return OrdersBack(export, lines[0].at, _orders(tx, told, services=services))


def _facts(tx: Transaction, matter: str, *, until: int | None, services: Door) -> _Facts:
    """Read the events of a matter up to number *until* (None: all)."""
    facts = _Facts(matter)
    leads: set[str] = set()
    for stored in tx.events.of(matter):
        if until is not None and stored.seq > until:
            break
        event = read_event(stored.body)
        patch = event.data.get("patch", {})
        marks = patch.get("marks") or {}
        facts.signed = facts.signed or (event if _SIGNED in marks else None)
        facts.replied = facts.replied or (event if _REPLIED in marks else None)
        facts.ended = event if patch.get("outcome") else facts.ended
        facts.last, facts.seq = event, event.seq
        if _explains(event, services.shelf.workflow(tx, event.workflow)):
            facts.explained = event
        for child, seat in (patch.get("seats") or {}).items():
            leads |= {child} if seat.get("seat") == Seat.LEAD else set()
            if child in leads and seat.get("outcome") and not seat.get("void"):
                # Who did it says what was done, in the task.
                facts.explained = _facts(tx, child, until=None, services=services).explained or facts.explained
    return facts


def _explains(event: Event, flow: Workflow) -> bool:
    """Whether somebody of the house, not who reported, said something when moving the matter on."""
    role = flow.roles.get(event.actor.role)
    is_ours = event.actor.role != SYSTEM_ROLE and (role is None or role.covers is not Covers.OWN)
    return is_ours and event.from_ is not None and event.to != event.from_ and _note_of(event) in event.private


def _note_of(event: Event) -> str:
    return vault_ref(event.matter, event.seq, _NOTE)


def _orders(tx: Transaction, told: Iterable[_Facts], *, services: Door) -> tuple[OrderBack, ...]:
    found = list(told)
    world = services.shelf.world(tx)
    demands = tx.demands.get_many({facts.matter for facts in found})
    notes = [_note_of(event) for facts in found for event in (facts.replied, facts.explained) if event is not None]
    secrets = tx.vault.get_many(notes)
    orders = []
    for facts in found:
        assert facts.last is not None  # a matter begins with its filing
        flow = services.shelf.workflow(tx, facts.last.workflow)
        demand = demands[facts.matter]
        orders.append(
            _order(facts, demand.external_number or "", demand.number, flow=flow, world=world, secrets=secrets)
        )
    return tuple(sorted(orders, key=lambda one: (one.external_number, one.number)))


def _order(
    facts: _Facts, external: str, number: str, *, flow: Workflow, world: World, secrets: Mapping[str, Secret]
) -> OrderBack:
    assert facts.last is not None  # the same
    state = flow.states[facts.last.to].label.zh if facts.last.to in flow.states else facts.last.to
    signed, replied, ended = facts.signed, facts.replied, facts.ended
    explained = facts.explained if ended is not None else None
    return OrderBack(
        external_number=external,
        number=number,
        signed_at=signed.at if signed else None,
        signed_by=unit_name(signed.actor.unit, world.organisation) if signed else "",
        replied_at=replied.at if replied else None,
        reply=_text(replied, secrets),
        ended_at=ended.at if ended else None,
        result=state if ended else "",
        explanation=_text(explained, secrets),
        state=state,
    )


def _text(event: Event | None, secrets: Mapping[str, Secret]) -> str:
    if event is None:
        return ""
    secret = secrets.get(_note_of(event))
    if secret is None:
        return ""
    return f"（{GONE}）" if secret.restricted or secret.value is None else str(secret_value(secret.value))
