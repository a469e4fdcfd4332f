"""
Take in the work orders of an upper platform: say first what would happen, then file what is new through the door.

An order is known by the sender's number. One that is here is never filed again nor overwritten; where the sender
changed what it says, that is listed for a person. So a file may be taken in again, by two people at once, or after a
stop in the middle: nothing is lost and nothing doubled.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from engine.core.command import File
from engine.core.decision import Refusal
from engine.core.history import vault_ref
from engine.core.matter import Actor, Value
from engine.core.scope import World
from engine.core.terms import MatterKind, UnitKind
from engine.core.workflow.declaration import Start, Workflow
from engine.errors import BadInput
from engine.services.advance import Done, Door, Entry, advance_in, in_one_transaction
from engine.services.find_place import PlaceFinder, plain_text
from engine.services.look_up import Surroundings
from engine.services.read_orders import Order, OrdersRead, RowFault
from engine.services.record import record
from engine.services.save import DemandGiven, ReporterGiven
from engine.services.worklist import secret_value
from engine.store.demands import Demand
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "orders"
TAKEN_IN = "orders_taken_in"
CHUNK = 100
_SERIES = "orders"
_FEW = 5
_DETAIL, _CATEGORY = "detail", "category"
_PLACE_LINE, _CATEGORY_LINE = "地点", "来单类别"
_REPORTER = "reporter.1"

NEW, KNOWN, CHANGED, REPEATED, REFUSED = "new", "known", "changed", "repeated", "refused"


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """
    What becomes of an order.

    `what` is one of NEW, KNOWN, CHANGED, REPEATED, REFUSED; `text` says it in words; `place` the unit it goes to.
    `ours` is our number, of one that is here already.
    """

    order: Order
    what: str
    text: str = ""
    place: str = ""
    is_sure: bool = True
    category: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of a file: its orders in order of rows, faulty rows, and headings that went into the text."""

    plans: tuple[OrderPlan, ...]
    faults: tuple[RowFault, ...]
    beside: tuple[str, ...]

    def of(self, *what: str) -> tuple[OrderPlan, ...]:
        """Return the orders of which that became."""
        return tuple(plan for plan in self.plans if plan.what in what)

    @property
    def has_faults(self) -> bool:
        """Whether something of the file needs a person."""
        return bool(self.faults or self.of(CHANGED, REFUSED))


Tell = Callable[[int, int], None]


def plan_orders(uow: UnitOfWork, read: OrdersRead, *, by: Actor, services: Door) -> TakenIn:
    """
    Return what would happen; nothing is written.

    Raises:
        BadInput: no published flow takes orders in.
    """
    with uow.read() as tx:
        around = services.shelf.surroundings(tx)
        desk = _Desk(tx, around, by=by, services=services)
        return TakenIn(tuple(desk.plan_all(tx, read.orders)), read.faults, read.beside)


def take_in_orders(
    uow: UnitOfWork,
    read: OrdersRead,
    *,
    by: Actor,
    sha256: str,
    services: Door,
    clock: Callable[[], datetime],
    tell: Tell,
    chunk: int = CHUNK,
) -> TakenIn:
    """
    File what is new, some orders a transaction, and return what became of each.

    Args:
        by: whose post takes them in.
        sha256: of the file they stood in; it is recorded with the counts.
        clock: gives the instant of each transaction, aware UTC.
        tell: called with the orders done and their total.
    Raises:
        BadInput: no published flow takes orders in.
        Conflict, Unavailable: the store cannot take it now; what was taken in so far stays, and the same again goes on.
    """
    plans: list[OrderPlan] = []
    seen: dict[str, Order] = {}
    for start in range(0, len(read.orders), chunk):
        some = read.orders[start : start + chunk]
        taking = partial(_take, orders=some, seen=seen, by=by, services=services, now=clock())
        plans.extend(in_one_transaction(uow, taking))
        for order in some:
            seen.setdefault(order.number, order)
        tell(len(plans), len(read.orders))
    taken = TakenIn(tuple(plans), read.faults, read.beside)
    with uow.write() as tx:
        counts = {what: len(taken.of(what)) for what in (NEW, KNOWN, CHANGED, REPEATED, REFUSED)}
        data = {"sha256": sha256, "faults": len(read.faults), **counts}
        record(tx, TOPIC, action=TAKEN_IN, by=by, now=clock(), data=data)
    return taken


def _take(
    tx: Transaction, *, orders: Sequence[Order], seen: Mapping[str, Order], by: Actor, services: Door, now: datetime
) -> list[OrderPlan]:
    # Whoever takes orders in holds this row: two files with the same number cannot pass each other.
    tx.demands.take_serials(_SERIES, 0)
    around = services.shelf.surroundings(tx)
    desk = _Desk(tx, around, by=by, services=services)
    plans = list(desk.plan_all(tx, orders, seen=seen))
    fresh = [plan for plan in plans if plan.what == NEW]
    entries = [desk.entry(plan, by=by, matter=services.ids(), district=tx.district) for plan in fresh]
    rows = [plan.order.row for plan in fresh]
    outcomes = dict(zip(rows, advance_in(tx, entries, now=now, services=services), strict=True))
    return [_after(plan, outcomes.get(plan.order.row)) for plan in plans]


def _after(plan: OrderPlan, outcome: object) -> OrderPlan:
    if isinstance(outcome, Done):
        return _replaced(plan, NEW, plan.text, ours=outcome.number or "")
    if isinstance(outcome, Refusal):
        return _replaced(plan, REFUSED, outcome.text)
    return plan


def _replaced(plan: OrderPlan, what: str, text: str, *, ours: str = "") -> OrderPlan:
    return OrderPlan(plan.order, what, text, plan.place, plan.is_sure, plan.category, ours or plan.ours)


class _Desk:
    """What orders are planned with: the flow that takes them in, where places are, what categories are called."""

    def __init__(self, tx: Transaction, around: Surroundings, *, by: Actor, services: Door) -> None:
        self.world = around.world
        self.flow, self.start = order_start(tx, services=services)
        self.finder = PlaceFinder(
            around.world.organisation, tx.places.buildings(), fallback=_whole(around.world, by.unit)
        )
        rule = self.flow.fields.get(_CATEGORY)
        labels = {plain_text(one.zh): key for key, one in rule.choice_labels.items()} if rule is not None else {}
        self.categories = {**{plain_text(key): key for key in (rule.choices if rule else None) or ()}, **labels}
        self.longest = self.flow.fields[_DETAIL].maximum if _DETAIL in self.flow.fields else None

    def plan_all(
        self, tx: Transaction, orders: Sequence[Order], *, seen: Mapping[str, Order] | None = None
    ) -> Sequence[OrderPlan]:
        """Plan *orders*; *seen* are those of the same file that came before them."""
        here = tx.demands.by_external({order.number for order in orders})
        told = _told(tx, here.values())
        before = dict(seen or {})
        plans = []
        for order in orders:
            plans.append(self._plan(order, before.get(order.number), here.get(order.number), told))
            before.setdefault(order.number, order)
        return plans

    def _plan(self, order: Order, before: Order | None, here: Demand | None, told: Mapping[str, "_Told"]) -> OrderPlan:
        found = self.finder.find(order.place or order.text)
        category = self.categories.get(plain_text(order.category), "") if order.category else ""
        plan = OrderPlan(order, NEW, "", found.unit, found.is_sure, category)
        if before is not None:
            same = _without_row(before) == _without_row(order)
            text = f"与第 {before.row} 行是同一件，只收一次。" if same else (
                f"与第 {before.row} 行同号，内容不一样。请核对后只留一行。")  # fmt: skip
            return _replaced(plan, REPEATED if same else CHANGED, text)
        if here is not None:
            differs = _differences(told[here.matter], _as_told(self, plan))
            text = f"已有，编号 {here.number}。"
            if differs:
                text = f"已有，编号 {here.number}；{'、'.join(differs)}与来单时不一样，没有改动，请在那一件里处理。"
            return _replaced(plan, CHANGED if differs else KNOWN, text, ours=here.number)
        return self._checked(plan)

    def _checked(self, plan: OrderPlan) -> OrderPlan:
        detail = self.detail(plan)
        if self.longest is not None and len(detail) > self.longest:
            return _replaced(plan, REFUSED, f"事情最多 {self.longest} 字，现在 {len(detail)} 字。请缩短后再收。")
        if _CATEGORY in self.start.require and not plan.category:
            return _replaced(plan, REFUSED, f"类别「{plan.order.category or '空'}」不在目录里，流程要求先有类别。")
        if not plan.is_sure:
            return _replaced(plan, NEW, "没有认出是哪个网格，先放在街道。")
        return plan

    def detail(self, plan: OrderPlan) -> str:
        """Return what the order tells, and what of it has no field of its own."""
        order = plan.order
        lines = [order.text]
        lines += [f"{_PLACE_LINE}：{order.place}"] if order.place else []
        lines += [f"{_CATEGORY_LINE}：{order.category}"] if order.category and not plan.category else []
        return "\n".join(lines)

    def entry(self, plan: OrderPlan, *, by: Actor, matter: str, district: str) -> Entry:
        """Return the filing of an order, with its number, due instant and reporter."""
        values: dict[str, Value | list[str]] = {_DETAIL: self.detail(plan)}
        if plan.category:
            values[_CATEGORY] = plan.category
        order = plan.order
        command = File(
            matter=matter, district=district, workflow=self.flow.id, start=self.start.id, actor=by, place=plan.place,
            values=values, external_due=order.due,
        )  # fmt: skip
        known = order.name or order.phone
        reporters = (ReporterGiven(name=order.name or None, phone=order.phone or None),) if known else ()
        return Entry(
            command, demand=DemandGiven(channel=self.start.id, reporters=reporters, external_number=order.number)
        )


def order_start(tx: Transaction, *, services: Door) -> tuple[Workflow, Start]:
    """
    Return the flow and the way in that take work orders of an upper platform.

    Raises:
        BadInput: none is published.
    """
    for name in sorted(tx.workflows.current_digests()):
        flow = services.shelf.current(tx, name)
        if flow.matter == MatterKind.DEMAND:
            start = next((one for one in flow.starts.values() if one.external), None)
            if start is not None:
                return flow, start
    raise BadInput(where="流程", found="没有收上级平台工单的入口", expected="已发布的诉求流程，入口写着 external")


def order_desk(uow: UnitOfWork, post: str | None, *, services: Door, now: datetime) -> Actor:
    """
    Return who takes orders in: *post*, or where none is said the first that the flow lets in.

    Raises:
        BadInput: nobody holds such a post now.
    """
    with uow.read() as tx:
        _, start = order_start(tx, services=services)
        posts = services.shelf.world(tx).organisation.posts.values()
    may = sorted((one for one in posts if one.is_held(now) and one.role in start.by), key=lambda one: one.id)
    desk = next((one for one in may if post in (None, one.id)), None)
    if desk is None:
        raise BadInput(
            where="岗位", found=post or "没有人", expected="、".join(one.id for one in may[:_FEW]) or "能收工单的岗位"
        )
    return Actor(post=desk.id, role=desk.role, unit=desk.unit, person=desk.person)


def _whole(world: World, desk: str | None) -> str:
    """Return the unit that stands for the whole of it: the desk's street, else a street, else whatever is on top."""
    own = world.organisation.unit_above(desk, UnitKind.STREET.value) if desk is not None else None
    if own is not None:
        return own
    units = world.organisation.units.values()
    streets = sorted(unit.id for unit in units if unit.kind == UnitKind.STREET)
    tops = sorted(unit.id for unit in units if unit.parent is None)
    if not streets and not tops:
        raise BadInput(where="单位", found="还没有单位", expected="先导入单位和人员")
    return (streets or tops)[0]


@dataclass(frozen=True, slots=True)
class _Told:
    """What an order told when it came; None where it was erased since."""

    due: datetime | None
    detail: str | None
    name: str | None
    phone: str | None


def _as_told(desk: _Desk, plan: OrderPlan) -> _Told:
    return _Told(plan.order.due, desk.detail(plan), plan.order.name, plan.order.phone)


def _told(tx: Transaction, demands: Iterable[Demand]) -> dict[str, _Told]:
    """Return what known orders told, from the vault; what is erased or restricted cannot be compared."""
    due = {demand.matter: demand.external_due for demand in demands}
    names = (_DETAIL, f"{_REPORTER}.name", f"{_REPORTER}.phone")
    refs = {matter: [vault_ref(matter, 1, name) for name in names] for matter in due}
    secrets = tx.vault.get_many([ref for some in refs.values() for ref in some])

    def text(ref: str) -> str | None:
        secret = secrets.get(ref)
        if secret is None:
            return ""
        return None if secret.restricted or secret.value is None else str(secret_value(secret.value))

    return {matter: _Told(due[matter], *(text(ref) for ref in some)) for matter, some in refs.items()}


def _without_row(order: Order) -> tuple[object, ...]:
    return (order.due, order.text, order.name, order.phone, order.place, order.category)


def _differences(old: _Told, new: _Told) -> list[str]:
    pairs = (("截止时间", old.due, new.due), ("事由", old.detail, new.detail), ("来电人", old.name, new.name),
             ("电话", old.phone, new.phone))  # fmt: skip
    return [label for label, was, now in pairs if was is not None and was != now]


def hash_of_file(data: bytes) -> str:
    """Return what the history knows a file by."""
    return hashlib.sha256(data).hexdigest()
