"""The list of matters: what is due next, whose hands it is in, how long nothing moved, where it goes by itself."""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from engine.core.clock.instants import is_in_reach
from engine.core.forecast import Coming, next_move
from engine.core.history import vault_ref
from engine.core.matter import REVIEW_CLOCK, STATE_CLOCK, Actor, Matter
from engine.core.scope import Organisation, World
from engine.core.terms import Covers, MatterKind, Seat, UnitKind
from engine.core.workflow.declaration import Workflow
from engine.services.clock_card import move_words, time_of
from engine.services.count_totals import Totals, on_the_books, totals_of
from engine.services.foresee import next_to
from engine.services.naming import LevelMark, level_mark, title_of
from engine.services.personal import GONE, is_personal, personal_fields
from engine.services.remember import Basis, Outcomes
from engine.services.sight import Sight, sight_of
from engine.services.time_state import TimeState
from engine.services.turns import turn_words
from engine.store.listing import After, Listing, Wanted
from engine.store.unit_of_work import Transaction
from engine.store.vault import Secret

PAGE_ROWS = 25
MOST_FOUND = 300
DETAIL_FIELDS = ("detail", "note")
ERASED_DETAIL = f"内容{GONE}"

FlowOf = Callable[[str], Workflow]
_NUMBER = re.compile(r"\d{4}(-\d*)?")


@dataclass(frozen=True, slots=True)
class Filters:
    """
    What a list is narrowed to.

    `show`: empty (open demands), `mine`, `late`, `supervised`, `listed`, `children` (tasks and topics) or `ended`.
    """

    show: str = ""
    level: str = ""
    unit: str = ""
    role: str = ""
    text: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is narrowed."""
        return self != Filters()


@dataclass(frozen=True, slots=True)
class NextStep:
    """Where a matter goes by itself, and when."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One matter in a list; `moved_at` is when a person last did something."""

    ref: str
    number: str
    title: str
    level: LevelMark | None
    state: str
    holder: str
    supervised: bool
    time: TimeState
    moved_at: datetime
    next: NextStep | None
    no_next: str


@dataclass(frozen=True, slots=True)
class WorkPage:
    """One page of a list; `next_cursor` leads to the next page, empty on the last."""

    rows: tuple[Row, ...]
    next_cursor: str
    totals: Totals


def work_page(
    tx: Transaction,
    filters: Filters,
    *,
    cursor: str,
    viewer: Actor | None,
    world: World,
    flow_of: FlowOf,
    flows: Sequence[Workflow],
    now: datetime,
) -> WorkPage:
    """Return one page of the list that *viewer* asks for."""
    sight = sight_of(viewer, world=world, flows=flows, now=now)
    wanted = wanted_by(tx, filters, sight=sight, viewer=viewer, world=world, flows=flows, now=now)
    found = listed(tx, wanted, after=read_cursor(cursor), limit=PAGE_ROWS)
    return WorkPage(
        rows=rows_from(found, world=world, flow_of=flow_of, now=now),
        next_cursor=write_cursor(last_seen(found.matters[-1], wanted)) if found.more else "",
        totals=totals_of(tx, sight=sight, flows=flows, now=now),
    )


def last_seen(last: Matter, wanted: Wanted) -> After:
    """Return the place after which the next page of a list begins."""
    clock = last.clocks.get(STATE_CLOCK)
    if wanted.ended is None:
        return After(at=last.filed, id=last.id)
    return After(at=last.at if wanted.ended else (clock.due if clock is not None else None), id=last.id)


def write_cursor(after: After) -> str:
    """Return the place after which a page begins, as text for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode((after.at, after.id))).decode().rstrip("=")


def read_cursor(text: str) -> After | None:
    """Return the place written as *text*; one that cannot be read means the first page."""
    if not text:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        at, last = msgspec.json.decode(data, type=tuple[datetime | None, str])
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        return None
    return After(at=at, id=last) if at is None or (at.tzinfo is not None and is_in_reach(at)) else None


def wanted_by(
    tx: Transaction,
    filters: Filters,
    *,
    sight: Sight,
    viewer: Actor | None,
    world: World,
    flows: Sequence[Workflow],
    now: datetime,
) -> Wanted:
    """Return which matters *filters* ask for, without those that may not be seen."""
    mine = filters.show == "mine" and viewer is not None
    own = mine and viewer is not None and _covers_own(viewer.role, flows)
    kinds: Collection[str] | None = None if mine and not own else (MatterKind.DEMAND.value,)
    if filters.show == "children":
        kinds = (MatterKind.TASK.value, MatterKind.TOPIC.value)
    wanted = Wanted(
        kinds=kinds,
        ended=filters.show == "ended",
        level=filters.level or None,
        states=on_the_books(flows) if filters.show == "listed" else None,
        places=places_under(filters.unit, world.organisation) if filters.unit else None,
        role=filters.role or None,
        holder=(viewer.role, viewer.unit) if mine and not own and viewer is not None else None,
        person=viewer.person if own and viewer is not None else None,
        supervised=True if filters.show == "supervised" else None,
        late_at=now if filters.show == "late" else None,
        ids=search(tx, filters.text, sight=sight, flows=flows) if filters.text.strip() else None,
    )
    return sight.narrow(wanted)


def _covers_own(role: str, flows: Sequence[Workflow]) -> bool:
    return any(role in flow.roles and flow.roles[role].covers is Covers.OWN for flow in flows)


def places_under(unit: str, organisation: Organisation) -> tuple[str, ...]:
    """Return the unit and every unit below it."""
    return tuple(one for one in organisation.units if unit in organisation.ancestors(one))


def search(tx: Transaction, text: str, *, sight: Sight, flows: Sequence[Workflow]) -> tuple[str, ...]:
    """
    Return the matters in *sight* whose number begins with *text*, or in whose words it stands.

    Who reported is found by the whole name or number, and only by those who may ask for it.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return Listing(tx.connection, tx.district).ids_of_number(text, scope=sight.scope)
    personal = personal_fields(flows)
    secrets = tx.vault.get_many(tx.vault.search(text, limit=MOST_FOUND, scope=sight.scope)).values()
    return tuple({s.matter for s in secrets if _is_found(s, text.casefold(), sight=sight, personal=personal)})


def _is_found(secret: Secret, text: str, *, sight: Sight, personal: Collection[str]) -> bool:
    if secret.restricted:
        return False
    value = str(secret_value(secret.value)).casefold()
    if is_personal(secret.field, personal):
        return sight.knows_people and value == text
    return text in value


def secret_value(value: bytes | None) -> object:
    """Return what a vault row holds; None once it is erased."""
    return None if value is None else msgspec.json.decode(value)


@dataclass(frozen=True, slots=True)
class Listed:
    """Matters of a page with what stands beside them in the store; `more` tells whether there is a next page."""

    matters: tuple[Matter, ...]
    numbers: Mapping[str, str]
    told: Mapping[str, str]
    moved: Mapping[str, datetime]
    more: bool = False

    def __len__(self) -> int:
        """How many."""
        return len(self.matters)


def listed(tx: Transaction, wanted: Wanted, *, after: After | None, limit: int) -> Listed:
    """Return the next *limit* matters of a list with what stands beside them."""

    def look() -> Listed:
        found = Listing(tx.connection, tx.district).page(wanted, after=after, limit=limit + 1)
        return replace(beside(tx, found[:limit]), more=len(found) > limit)

    # What is asked as of this very instant is never asked again.
    passing = wanted.late_at or wanted.due_in or wanted.filed_in or wanted.ended_in or wanted.ids is not None
    return look() if passing else tx.remembered("listed", wanted, after, limit, make=look)


def beside(tx: Transaction, matters: Sequence[Matter]) -> Listed:
    """Return *matters* with what stands beside them."""
    ids = {matter.id for matter in matters}
    numbers = {id_: demand.number for id_, demand in tx.demands.get_many(ids | {m.root for m in matters}).items()}
    moved = Listing(tx.connection, tx.district).moved_by_people(ids)
    return Listed(tuple(matters), numbers, details_of(tx, matters), moved)


def rows_of(
    tx: Transaction, matters: Sequence[Matter], *, world: World, flow_of: FlowOf, now: datetime
) -> tuple[Row, ...]:
    """Return the rows of *matters*, in their order."""
    return rows_from(beside(tx, matters), world=world, flow_of=flow_of, now=now)


def rows_from(found: Listed, *, world: World, flow_of: FlowOf, now: datetime) -> tuple[Row, ...]:
    """Return the rows of what was listed, in its order."""
    return tuple(
        _row(
            matter,
            number=number_of(matter, found.numbers),
            detail=found.told.get(matter.id),
            moved_at=found.moved.get(matter.id),
            workflow=flow_of(matter.digest),
            world=world,
            now=now,
        )
        for matter in found.matters
    )


def number_of(matter: Matter, numbers: Mapping[str, str]) -> str:
    """Return what a matter is known by: its number, or that of the demand it belongs to with its seat."""
    own = numbers.get(matter.id)
    if own is not None:
        return own
    root = numbers.get(matter.root)
    if root is not None and matter.seat is not None:
        return f"{root} {next((seat.label for seat in Seat if seat.value == matter.seat), matter.seat)}"
    kind = next((kind.label for kind in MatterKind if kind.value == matter.kind), "事项")
    return f"{kind} {matter.filed:%y%m}-{matter.id.replace('-', '')[-6:]}"


def details_of(tx: Transaction, matters: Sequence[Matter]) -> dict[str, str]:
    """Return what was told of each matter, or that it was erased; a task has what was told of its demand."""
    refs = {matter.id: _detail_ref(matter) for matter in matters}
    secrets = tx.vault.get_many(set(refs.values()))
    found: dict[str, str] = {}
    for matter_id, ref in refs.items():
        secret = secrets.get(ref)
        if secret is not None and secret.erased_at is not None:
            found[matter_id] = ERASED_DETAIL
        elif secret is not None and not secret.restricted and secret.value is not None:
            found[matter_id] = str(secret_value(secret.value))
    return found


def _detail_ref(matter: Matter) -> str:
    for field in DETAIL_FIELDS[:1]:
        if field in matter.private:
            return matter.private[field]
    origin = matter.waiting[0] if matter.waiting else matter.root
    return vault_ref(origin, 1, DETAIL_FIELDS[0])


def _row(
    matter: Matter,
    *,
    number: str,
    detail: str | None,
    moved_at: datetime | None,
    workflow: Workflow,
    world: World,
    now: datetime,
) -> Row:
    coming = next_to(matter, now=now, workflow=workflow, world=world)
    basis = Basis(matter, (number, detail, moved_at), (workflow, world, coming))

    def work_out() -> tuple[tuple[Any, ...], datetime | None]:
        until = world.organisation.next_change(now)
        return _lasting(matter, number, detail, coming, workflow=workflow, world=world, now=now), until

    ref, title, level, state, holder, next_step, no_next = _ROWS.of(matter.id, basis, now=now, work_out=work_out)
    return Row(
        ref=ref, number=number, title=title, level=level, state=state, holder=holder,
        supervised=matter.answers is not None, time=time_of(matter, coming, world=world, now=now),
        moved_at=moved_at or matter.filed, next=next_step, no_next=no_next,
    )  # fmt: skip


# What a row tells that changes with the matter only, or with who fills a seat.
_ROWS = Outcomes()


def _lasting(
    matter: Matter, number: str, detail: str | None, coming: tuple[Coming, ...], *, workflow: Workflow, world: World,
    now: datetime,
) -> tuple[str, str, LevelMark | None, str, str, NextStep | None, str]:  # fmt: skip
    move = next_move(coming)
    state = workflow.states[matter.state].label.zh
    return (
        number if number and " " not in number else matter.id,
        title_of(detail, matter, workflow=workflow, world=world),
        level_mark(workflow, matter.level),
        state,
        turn_words(matter, workflow=workflow, world=world, now=now) if matter.is_open else state,
        NextStep(at=move.at, label=move_words(move, workflow=workflow)) if move is not None else None,
        _no_next(matter),
    )


def _no_next(matter: Matter) -> str:
    if not matter.is_open:
        return "已经结束"
    return "挂账，定期说进展" if REVIEW_CLOCK in matter.clocks else "要有人办才会动"


def communities(organisation: Organisation) -> tuple[tuple[str, str], ...]:
    """Return the communities a list can be narrowed to."""
    kinds = (UnitKind.COMMUNITY.value, UnitKind.VILLAGE.value)
    return tuple((unit.id, unit.name) for unit in organisation.units.values() if unit.kind in kinds)
