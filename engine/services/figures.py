"""
What every figure of the daily sheet and the board counts: its words, its definition, and the list behind it.

A figure and its list are one `Wanted`, so they cannot differ. Nothing else defines a figure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.core.clock.instants import midnight
from engine.core.matter import Actor, Matter
from engine.core.scope import Organisation, World
from engine.core.terms import Covers, MatterKind, UnitKind
from engine.core.workflow.declaration import State, Workflow
from engine.errors import NotFound
from engine.services.escalating import escalating_by
from engine.services.sight import Sight, sight_of
from engine.services.worklist import FlowOf, Row, last_seen, listed, places_under, read_cursor, rows_from, write_cursor
from engine.store.listing import Listing, Stretch, Wanted
from engine.store.unit_of_work import Transaction

PAGE_ROWS = 25
ABOVE = "above"  # asked for as a level: steps that stand outside the levels
STUCK_DAYS = 5
AGAIN_TIMES, AGAIN_DAYS = 3, 30
RATE_DAYS = 7
MOST_RATED = 20_000
_LONGEST_HOLIDAY_DAYS = 40
_DEMAND = (MatterKind.DEMAND.value,)
_TASK = (MatterKind.TASK.value,)
_WIDE = frozenset({UnitKind.STREET.value, UnitKind.DISTRICT.value, UnitKind.DEPARTMENT.value})
_PLEASED = frozenset({"satisfied", "mostly"})


@dataclass(frozen=True, slots=True)
class Frame:
    """
    When and where figures are counted.

    `sight` is whose figures they are, `home` the community or grid they are cut to (None: everything). `before` runs
    from the last working day to last midnight, `today` from there to *now* (a past day: to its midnight), `rest` from
    now to the midnight to come.
    """

    now: datetime
    day: date
    zone: ZoneInfo
    before: Stretch
    today: Stretch
    rest: Stretch
    week: Stretch
    month: Stretch
    stuck_before: datetime
    sight: Sight
    home: str | None
    world: World
    flows: tuple[Workflow, ...]
    flow_of: FlowOf

    @property
    def organisation(self) -> Organisation:
        """The units."""
        return self.world.organisation


@dataclass(frozen=True, slots=True)
class Pick:
    """A part of a figure: one unit (with those below it), one post's desk, one level, one category, one moment."""

    unit: str = ""
    role: str = ""
    level: str = ""
    category: str = ""
    at: datetime | None = None


WHOLE = Pick()


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is called and what it counts; `of` names the denominator of a rate."""

    name: str
    label: str
    words: str
    wanted: Callable[[Transaction, Frame, Pick], Wanted]


@dataclass(frozen=True, slots=True)
class FigureList:
    """One page of the list behind a figure."""

    definition: Definition
    total: int
    rows: tuple[Row, ...]
    next_cursor: str


def frame_of(
    viewer: Actor, *, world: World, flows: Sequence[Workflow], flow_of: FlowOf, now: datetime, day: date | None = None
) -> Frame:
    """Return the frame in which *viewer* counts the figures of *day* (None: today)."""
    calendar = world.calendar(None)
    zone = calendar.zone
    local = now.astimezone(zone).date()
    wanted = min(day or local, local)
    worked = calendar.opening_days(wanted - timedelta(days=_LONGEST_HOLIDAY_DAYS), wanted - timedelta(days=1))
    start, end = midnight(wanted, zone), midnight(wanted + timedelta(days=1), zone)
    last = worked[-1] if worked else wanted - timedelta(days=1)
    stuck = worked[-STUCK_DAYS] if len(worked) >= STUCK_DAYS else wanted - timedelta(days=_LONGEST_HOLIDAY_DAYS)
    until = min(now + timedelta(microseconds=1), end)
    return Frame(
        now=now, day=wanted, zone=zone, before=(midnight(last, zone), start), today=(start, until), rest=(now, end),
        week=(until - timedelta(days=RATE_DAYS), until), month=(until - timedelta(days=AGAIN_DAYS), until),
        stuck_before=midnight(stuck, zone), sight=sight_of(viewer, world=world, flows=flows, now=now),
        home=home_of(viewer, world.organisation), world=world, flows=tuple(flows), flow_of=flow_of,
    )  # fmt: skip


def home_of(viewer: Actor, organisation: Organisation) -> str | None:
    """Return the community or grid of *viewer*; None for those who look after more."""
    unit = organisation.units.get(viewer.unit) if viewer.unit is not None else None
    return None if unit is None or unit.kind in _WIDE else unit.id


def wanted_of(tx: Transaction, name: str, frame: Frame, pick: Pick = WHOLE) -> Wanted:
    """
    Return the list behind a figure, cut down to *pick* and to what may be seen.

    Raises:
        NotFound: there is no such figure.
    """
    if name not in DEFINITIONS:
        raise NotFound(what="这个数", found=name[:40])
    return _picked(DEFINITIONS[name].wanted(tx, frame, pick), frame, pick)


def _picked(wanted: Wanted, frame: Frame, pick: Pick) -> Wanted:
    unit = frame.organisation.units.get(pick.unit)
    if pick.role:
        wanted = replace(wanted, holder=(pick.role, pick.unit or None))
    elif unit is not None and unit.kind == UnitKind.DEPARTMENT:
        wanted = replace(wanted, holder_unit=pick.unit)
    elif pick.unit:
        wanted = replace(wanted, places=places_under(pick.unit, frame.organisation))
    if pick.level == ABOVE:
        above = _states(frame.flows, lambda flow, state: state.level is None and state.final is None)
        wanted = replace(wanted, states=above if wanted.states is None else frozenset(wanted.states) & above)
    elif pick.level:
        wanted = replace(wanted, level=pick.level)
    if pick.category:
        wanted = replace(wanted, category=pick.category)
    return frame.sight.narrow(wanted)


def figure_list(
    tx: Transaction, name: str, frame: Frame, pick: Pick, *, cursor: str, total: int | None = None
) -> FigureList:
    """
    Return one page of the list behind a figure, and how long the whole list is.

    Args:
        total: its length, where it has been counted already.
    Raises:
        NotFound: there is no such figure.
    """
    wanted = wanted_of(tx, name, frame, pick)
    found = listed(tx, wanted, after=read_cursor(cursor), limit=PAGE_ROWS)
    return FigureList(
        definition=DEFINITIONS[name],
        total=Listing(tx.connection, tx.district).count(wanted) if total is None else total,
        rows=rows_from(found, world=frame.world, flow_of=frame.flow_of, now=frame.now),
        next_cursor=write_cursor(last_seen(found.matters[-1], wanted)) if found.more else "",
    )


def _states(flows: Iterable[Workflow], keep: Callable[[Workflow, State], bool]) -> frozenset[tuple[str, str]]:
    found = {(flow.id, state.id) for flow in flows for state in flow.states.values() if keep(flow, state)}
    return frozenset(found or {("", "")})


def _is_worked_on(flow: Workflow, state: State) -> bool:
    """Whether a post is at work in this step, and nothing is waited for."""
    waits = state.review is not None or state.waits_for is not None or state.children is not None or state.pause
    return _is_ours(flow, state) and not waits


def _is_ours(flow: Workflow, state: State) -> bool:
    role = flow.roles.get(state.held_by) if state.held_by is not None else None
    return role is not None and role.covers is not Covers.OWN and state.final is None


def _void_outcomes(flows: Iterable[Workflow]) -> frozenset[str]:
    seats = (seat for flow in flows for state in flow.states.values() if state.children is not None
             for seat in state.children.seats.values())  # fmt: skip
    return frozenset(outcome for seat in seats for outcome in seat.void)


def _rated(tx: Transaction, frame: Frame, name: str) -> Wanted:
    """The demands ended in the week that fit what only their whole state tells."""
    return Wanted(ended=True, ids=tuple(matter.id for matter in _ended(tx, frame) if _FITS[name](matter)))


def _ended(tx: Transaction, frame: Frame) -> tuple[Matter, ...]:
    ended = frame.sight.narrow(Wanted(kinds=_DEMAND, ended=True, ended_in=frame.week))
    return Listing(tx.connection, tx.district).page(ended, after=None, limit=MOST_RATED)


def rated_counts(tx: Transaction, frame: Frame) -> dict[str, int]:
    """Return how long the lists of what ended in the week are, all read at once; one that is cut off is left out."""
    ended = _ended(tx, frame)
    found = {name: sum(map(fits, ended)) for name, fits in _FITS.items()}
    if len(ended) < MOST_RATED:
        found["week_closed"] = len(ended)
    return found


def _was_due_to_be_contacted(matter: Matter) -> bool:
    clock = matter.clocks.get(_REPLY)
    return clock is not None and (clock.ended is not None or clock.late_at is not None)


def _was_contacted(matter: Matter) -> bool:
    clock = matter.clocks.get(_REPLY)
    return clock is not None and clock.ended is not None and clock.late_at is None


def _was_rated(matter: Matter) -> bool:
    return "rating" in matter.fields


def _was_pleased(matter: Matter) -> bool:
    return matter.fields.get("rating") in _PLEASED


_REPLY = "named.reply"
_FITS: Mapping[str, Callable[[Matter], bool]] = {
    "week_to_contact": _was_due_to_be_contacted,
    "week_contacted": _was_contacted,
    "week_rated": _was_rated,
    "week_pleased": _was_pleased,
}
_EVERY: tuple[Definition, ...] = (
    Definition("open", "在办", "还没有结束的诉求。", lambda tx, frame, pick: Wanted(kinds=_DEMAND)),
    Definition(
        "in", "进来", "从上一个工作日零点到今天零点之间立案的诉求，不论后来怎样。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=None, filed_in=frame.before),
    ),
    Definition(
        "in_today", "今天进来", "今天零点起到取数时立案的诉求。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=None, filed_in=frame.today),
    ),
    Definition(
        "closed", "办结", "从上一个工作日零点到今天零点之间结束的诉求，不予受理、居民撤回的也算。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=True, ended_in=frame.before),
    ),
    Definition(
        "closed_today", "今天办结", "今天零点起到取数时结束的诉求，不予受理、居民撤回的也算。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=True, ended_in=frame.today),
    ),
    Definition(
        "late", "超时", "在办的诉求里，眼下这一步的时限已经过了的。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, late_at=frame.now),
    ),
    Definition(
        "late_posts", "超时", "轮到某个岗位、眼下这一步的时限已经过了的诉求、任务和议题。",
        lambda tx, frame, pick: Wanted(states=_states(frame.flows, _is_ours), late_at=frame.now),
    ),
    Definition(
        "due_today", "今天到点", "轮到某个岗位、从取数时到今天 24:00 到点的诉求、任务和议题；等居民的不算。",
        lambda tx, frame, pick: Wanted(states=_states(frame.flows, _is_ours), due_in=frame.rest),
    ),
    Definition(
        "due_today_demands", "今天到期", "从取数时到今天 24:00 到点的在办诉求。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, due_in=frame.rest),
    ),
    Definition(
        "stuck", "压着",
        f"在同一步停了满 {STUCK_DAYS} 个工作日的在办诉求和任务；挂账、等居民、等议题、等各单位的不算。",
        lambda tx, frame, pick: Wanted(
            kinds=_DEMAND + _TASK, states=_states(frame.flows, _is_worked_on), entered_before=frame.stuck_before
        ),
    ),
    Definition(
        "returned", "退单", "从上一个工作日零点到取数时，单位退回来的任务。",
        lambda tx, frame, pick: Wanted(
            kinds=_TASK, ended=True, outcomes=_void_outcomes(frame.flows), ended_in=(frame.before[0], frame.today[1])
        ),
    ),
    Definition(
        "again", "同一地点", f"{AGAIN_DAYS} 天里同一个地点、同一类别立案 {AGAIN_TIMES} 件及以上的诉求。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=None, filed_in=frame.month),
    ),
    Definition(
        "supervised", "督办", "正在督办的在办诉求。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, supervised=True),
    ),
    Definition(
        "listed", "挂账", "挂在账上、定期说进展的诉求。",
        lambda tx, frame, pick: Wanted(
            kinds=_DEMAND, states=_states(frame.flows, lambda flow, state: state.review is not None)
        ),
    ),
    Definition(
        "escalating", "会自动升级", "没人办的话，到那一刻按规则自动升一级的诉求。",
        lambda tx, frame, pick: Wanted(
            ids=escalating_by(tx, flow_of=frame.flow_of, now=frame.now, until=frame.rest[1], at=pick.at)
        ),
    ),
    Definition(
        "week_closed", "七天里办结", f"最近 {RATE_DAYS} 天里结束的诉求。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=True, ended_in=frame.week),
    ),
    Definition(
        "week_on_time", "按期办结", f"最近 {RATE_DAYS} 天里结束的诉求中，从头到尾没有记过超时的。",
        lambda tx, frame, pick: Wanted(kinds=_DEMAND, ended=True, ended_in=frame.week, late=False),
    ),
    Definition(
        "week_to_contact", "该联系的", f"最近 {RATE_DAYS} 天里结束的诉求中，首次回复的时限已经见分晓的。",
        lambda tx, frame, pick: _rated(tx, frame, "week_to_contact"),
    ),
    Definition(
        "week_contacted", "按时联系了的", "其中在首次回复的时限里联系了居民的。",
        lambda tx, frame, pick: _rated(tx, frame, "week_contacted"),
    ),
    Definition(
        "week_rated", "评价了的", f"最近 {RATE_DAYS} 天里结束、居民评价了的诉求；没评价、联系不上的不算。",
        lambda tx, frame, pick: _rated(tx, frame, "week_rated"),
    ),
    Definition(
        "week_pleased", "满意和基本满意", "其中评价为满意或基本满意的。",
        lambda tx, frame, pick: _rated(tx, frame, "week_pleased"),
    ),
)  # fmt: skip
DEFINITIONS: Mapping[str, Definition] = {one.name: one for one in _EVERY}
# A rate is the count of the first list over that of the second (DOMAIN 2.5).
RATES: tuple[tuple[str, str, str], ...] = (
    ("响应率", "week_contacted", "week_to_contact"),
    ("按期办结率", "week_on_time", "week_closed"),
    ("满意率", "week_pleased", "week_rated"),
)
