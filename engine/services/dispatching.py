"""What waits for a decision of the service centre or the street office, why, and the one form that settles it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from engine.core.matter import STATE_CLOCK, Actor, Matter, named_clock
from engine.core.offers import Offer, offers, steady_until
from engine.core.procedures.children import empty_seats
from engine.core.scope import World
from engine.core.terms import BuiltIn, MatterKind, UnitKind
from engine.core.workflow.catalogue import Catalogue, read_catalogue
from engine.core.workflow.declaration import Action, State, Workflow
from engine.services.look_up import Beside
from engine.services.naming import place_name, unit_name
from engine.services.remember import Basis, Outcomes
from engine.services.sight import Sight, sight_of
from engine.services.worklist import FlowOf, Row, beside, rows_from
from engine.store.listing import Listing, Wanted
from engine.store.unit_of_work import Transaction

MOST_ROWS = 50
MOST_LOOKED_AT = 1_000
MOST_SUGGESTED = 6
CATEGORY = "category"
_SIGN, _PROPOSED = "sign", "propose"
_DEMAND = (MatterKind.DEMAND.value,)
_PLACED = (UnitKind.GRID, UnitKind.ESTATE, UnitKind.DEPARTMENT)
_WATCHED = "unaccepted"  # to be looked after, not decided: these come last
# Why a row is here, in the order in which they are told and sorted out.
REASONS: tuple[tuple[str, str], ...] = (
    ("dispatch", "等派单"),
    ("seat", "单位空着"),
    ("place", "没认出网格"),
    ("turn", "轮到你"),
    ("unsorted", "没分类"),
    ("unaccepted", "过了签收时限没人接"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    One matter that waits for a decision.

    `form` is the action that settles it, None where the viewer can only look after it; `suggested` are the units its
    category names, the responsible one first.
    """

    row: Row
    id: str
    etag: str
    reason: str
    place: str
    category: str
    form: Offer | None
    suggested: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]

    @property
    def at_once(self) -> tuple[str, ...]:
        """The actions that can be done together with other rows: nothing has to be written for them."""
        return tuple(offer.action for offer in self.offers if goes_at_once(offer))


@dataclass(frozen=True, slots=True)
class Table:
    """The table: rows by due instant, how many there are for each reason, and how many are not shown."""

    rows: tuple[Waiting, ...]
    counts: tuple[tuple[str, str, int], ...]
    total: int
    more: int


def goes_at_once(offer: Offer) -> bool:
    """Whether *offer* moves a matter without anything to write: its units are known by the category."""
    seats_known = all(seat.minimum == 0 or seat.default is not None for seat in offer.seats)
    return offer.refusal is None and bool(offer.to) and not any(one.required for one in offer.asked) and seats_known


def waiting_table(
    tx: Transaction, viewer: Actor, *, reason: str, world: World, flows: Sequence[Workflow], flow_of: FlowOf,
    now: datetime,
) -> Table:  # fmt: skip
    """Return what waits for *viewer*; *reason* cuts it down to one of `REASONS`."""
    wide = frozenset(unit.id for unit in world.organisation.units.values() if unit.kind not in _PLACED)
    sight = sight_of(viewer, world=world, flows=flows, now=now)
    seeker = _Seeker(tx, viewer, sight=sight, flows=flows, wide=wide)
    found: dict[str, tuple[str, Matter]] = {}
    for name, matters in seeker.all():
        for matter in matters:
            found.setdefault(matter.id, (name, matter))
    counts = tuple((name, label, sum(1 for why, _ in found.values() if why == name)) for name, label in REASONS)
    kept = [one for one in found.values() if not reason or one[0] == reason]
    kept.sort(key=lambda one: (one[0] == _WATCHED, _due(one[1]) or datetime.max.replace(tzinfo=now.tzinfo), one[1].id))
    shown = kept[:MOST_ROWS]
    matters = tuple(matter for _, matter in shown)
    listed = tx.remembered("waiting", tuple(one.id for one in matters), make=lambda: beside(tx, matters))
    rows = rows_from(listed, world=world, flow_of=flow_of, now=now)
    waiting = tuple(
        _waiting(tx, matter, why, row, viewer=viewer, workflow=flow_of(matter.digest), world=world, now=now)
        for (why, matter), row in zip(shown, rows, strict=True)
    )
    return Table(rows=waiting, counts=counts, total=len(found), more=len(kept) - len(shown))


def _due(matter: Matter) -> datetime | None:
    clock = matter.clocks.get(STATE_CLOCK)
    return clock.due if clock is not None else None


@dataclass(frozen=True, slots=True)
class _Seeker:
    """
    Looks for the matters of each reason: by the states in which somebody of this role has to decide.

    `wide` are the places that are no grid: what lies there has not come to anybody's door yet.
    """

    tx: Transaction
    viewer: Actor
    sight: Sight
    flows: Sequence[Workflow]
    wide: frozenset[str]

    def all(self) -> Iterable[tuple[str, tuple[Matter, ...]]]:
        """Yield the matters of each reason."""
        yield "dispatch", self._in(self._states(self._sends_out))
        yield "seat", tuple(one for one in self._in(self._states(_has_seats)) if self._lacks_a_unit(one))
        yield "place", self._in(self._states(self._places), places=self.wide)
        yield (
            "turn",
            self._in(self._states(lambda flow, state: state.held_by == self.viewer.role and state.children is None)),
        )
        yield "unsorted", self._in(self._states(self._sorts), category="")
        late = self._in(self._states(_awaits_acceptance), late=True)
        yield "unaccepted", tuple(one for one in late if _is_unaccepted(one))

    def _states(self, keep: Callable[[Workflow, State], bool]) -> frozenset[tuple[str, str]]:
        demands = (flow for flow in self.flows if flow.matter == MatterKind.DEMAND)
        return frozenset(
            (flow.id, state.id) for flow in demands for state in flow.states.values()
            if state.final is None and keep(flow, state)
        )  # fmt: skip

    def _in(
        self, states: frozenset[tuple[str, str]], *, category: str | None = None, late: bool | None = None,
        places: frozenset[str] | None = None,
    ) -> tuple[Matter, ...]:  # fmt: skip
        if not states:
            return ()
        wanted = Wanted(kinds=_DEMAND, states=states, category=category, late=late, places=places)
        wanted = self.sight.narrow(wanted)
        listing = Listing(self.tx.connection, self.tx.district)
        return self.tx.remembered(
            "looked at", wanted, make=lambda: listing.page(wanted, after=None, limit=MOST_LOOKED_AT)
        )

    def _sends_out(self, flow: Workflow, state: State) -> bool:
        return any(self._may(action) and _opens(flow, action) for action in flow.actions_of(state.id).values())

    def _sorts(self, flow: Workflow, state: State) -> bool:
        return any(self._may(one) and CATEGORY in one.require for one in flow.actions_of(state.id).values())

    def _places(self, flow: Workflow, state: State) -> bool:
        return any(self._may(one) for one in flow.actions_of(state.id).values() if one.place_from is not None)

    def _may(self, action: Action) -> bool:
        return self.viewer.role in action.by

    def _lacks_a_unit(self, matter: Matter) -> bool:
        flow = next((one for one in self.flows if one.id == matter.workflow), None)
        children = flow.states[matter.state].children if flow is not None and matter.state in flow.states else None
        return children is not None and bool(empty_seats(matter, children))


def _has_seats(flow: Workflow, state: State) -> bool:
    del flow
    return state.children is not None


def _opens(flow: Workflow, action: Action) -> bool:
    targets = action.to.states if action.to is not None and not action.to.last_of else ()
    return any(flow.states[state].children is not None for state in targets)


def _awaits_acceptance(flow: Workflow, state: State) -> bool:
    clock = flow.clocks.get(_SIGN)
    return clock is not None and any(clock.until in action.marks for action in flow.actions_of(state.id).values())


def _is_unaccepted(matter: Matter) -> bool:
    clock = matter.clocks.get(named_clock(_SIGN))
    return clock is not None and clock.ended is None and clock.late_at is not None


def _waiting(
    tx: Transaction, matter: Matter, reason: str, row: Row, *, viewer: Actor, workflow: Workflow, world: World,
    now: datetime,
) -> Waiting:  # fmt: skip

    def work_out() -> tuple[tuple[Offer, ...], datetime | None]:
        offered = offers(workflow, matter, viewer, now=now, world=world)
        able = tuple(one for one in offered if one.refusal is None)
        return able, steady_until(workflow, matter, now=now, world=world)

    basis = Basis(matter, (viewer,), (workflow, world))
    offered = _OFFERS.of((matter.id, viewer.post), basis, now=now, work_out=work_out)
    suggested = suggested_units(tx, matter, workflow, world=world)
    children = workflow.states[matter.state].children
    lacking = empty_seats(matter, children) if children is not None else ()
    form = _form(reason, offered, lacking, workflow.actions_of(matter.state))
    return Waiting(
        row=row, id=matter.id, etag=matter.etag, reason=reason, place=place_name(matter.place, world.organisation),
        category=category_words(workflow, matter.fields.get(CATEGORY)),
        form=_proposing(form, suggested), suggested=suggested, offers=offered,
    )  # fmt: skip


_OFFERS = Outcomes()


def _form(reason: str, offered: Sequence[Offer], lacking: Sequence[str], actions: Mapping[str, Action]) -> Offer | None:
    """The one action that settles the reason, with no more seats than have to be filled."""
    match reason:
        case "dispatch":
            found = next((one for one in offered if one.to and one.seats), None)
        case "seat":
            found = next((one for one in offered if one.action == BuiltIn.ASSIGN), None)
        case "place":
            named = (one for one in offered if one.action in actions)
            found = next((one for one in named if actions[one.action].place_from is not None), None)
        case "turn":
            found = next((one for one in offered if one.to), None)
        case "unsorted":
            found = next((one for one in offered if any(a.required and a.field == CATEGORY for a in one.asked)), None)
        case _:
            found = None
    if found is None or not found.seats:
        return found
    needed = tuple(seat for seat in found.seats if seat.minimum > 0 or seat.seat in lacking)
    return replace(found, seats=needed or found.seats[:1])


def _proposing(form: Offer | None, suggested: Sequence[tuple[str, str]]) -> Offer | None:
    """The form with the first suggested unit in its first seat."""
    if form is None or not form.seats or not suggested:
        return form
    first = replace(form.seats[0], minimum=max(1, form.seats[0].minimum), default=suggested[0][0])
    return replace(form, seats=(first, *form.seats[1:]))


def suggested_units(
    tx: Transaction, matter: Matter, workflow: Workflow, *, world: World
) -> tuple[tuple[str, str], ...]:
    """
    Return the units to propose for *matter*: the one named by who sent it back, then those of its category.

    The first of a category is the responsible one. A unit that has sent it back is not proposed again.
    """
    organisation = world.organisation
    gone = {child: seat.unit for child, seat in matter.seats.items() if seat.void}
    named = [one.matter.fields.get(_PROPOSED) for one in tx.matters.read_many(gone).values()] if gone else []
    category = matter.fields.get(CATEGORY)
    leaf = category if isinstance(category, str) else ""
    responsible = organisation.department_for(leaf or None)
    known = _catalogue(tx, workflow)
    others = known.entries[leaf].units if known is not None and leaf in known.entries else ()
    wanted = dict.fromkeys(str(one) for one in (*named, responsible, *others) if one)
    return tuple(
        (unit, unit_name(unit, organisation))
        for unit in wanted
        if unit in organisation.units
        and organisation.units[unit].kind == UnitKind.DEPARTMENT
        and unit not in gone.values()
    )[:MOST_SUGGESTED]


def _catalogue(tx: Transaction, workflow: Workflow) -> Catalogue | None:
    rule = workflow.fields.get(CATEGORY)
    if rule is None or rule.catalogue is None:
        return None
    if workflow.digest not in _CATALOGUES:
        version = tx.workflows.get(workflow.digest)
        texts = msgspec.json.decode(version.beside, type=Beside).catalogues if version is not None else ()
        read = (read_catalogue(kept.text, kept.file)[0] for kept in texts)
        _CATALOGUES[workflow.digest] = next((one for one in read if one is not None and one.id == rule.catalogue), None)
    return _CATALOGUES[workflow.digest]


# Read once for each version of a flow: a version never changes, and there are few.
_CATALOGUES: dict[str, Catalogue | None] = {}


def category_words(workflow: Workflow, category: object) -> str:
    """Return the words of a category, empty without one."""
    rule = workflow.fields.get(CATEGORY)
    if not isinstance(category, str) or rule is None:
        return ""
    label = rule.choice_labels.get(category)
    return label.zh if label is not None else category
