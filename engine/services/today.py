"""Today's list: what is in one's hands, grouped by what is due next, each row with its first action."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.forecast import Coming, next_move
from engine.core.matter import STATE_CLOCK, Actor, Holder, Matter
from engine.core.offers import Offer, offers, steady_until
from engine.core.scope import World
from engine.core.terms import MatterKind, Seat
from engine.core.workflow.declaration import State, Workflow
from engine.services.clock_card import event_words, time_of
from engine.services.desk_of import desk_of
from engine.services.first_act import FirstAct, first_act, in_order
from engine.services.foresee import next_to
from engine.services.naming import LevelMark, level_mark, place_name, title_of
from engine.services.remember import Basis, Outcomes
from engine.services.time_state import TimeState
from engine.services.worklist import PAGE_ROWS, FlowOf, Listed, beside, number_of, read_cursor, write_cursor
from engine.store.desk import Desk, Desks, Stretch
from engine.store.listing import After
from engine.store.remembered import Lasting
from engine.store.turning_points import TurningPoints
from engine.store.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Group:
    """A stretch of due instants with its words; `day` stands beside them where the words name no date."""

    id: str
    label: str
    stretch: Stretch
    count: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """An automatic event to come."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class TodayRow:
    """
    One matter of the list: what, where, by when, what happens if nobody acts, what to do first.

    `place` is empty where it is the viewer's own unit.
    """

    ref: str
    number: str
    title: str
    place: str
    state: str
    level: LevelMark | None
    group: str
    supervised: bool
    time: TimeState
    coming: tuple[Next, ...]
    first: FirstAct | None
    why_none: str
    has_reporter: bool


@dataclass(frozen=True, slots=True)
class Today:
    """One page of the list; `waiting` is how many wait for others, `left_seconds` the working time left today."""

    rows: tuple[TodayRow, ...]
    groups: tuple[Group, ...]
    waiting: int
    next_cursor: str
    left_seconds: int
    day_seconds: int
    off_duty: bool

    @property
    def total(self) -> int:
        """How many matters wait for the viewer."""
        return sum(group.count for group in self.groups)


@dataclass(frozen=True, slots=True)
class Around:
    """What the list needs beside the store."""

    world: World
    flow_of: FlowOf
    flows: Sequence[Workflow]
    now: datetime


def today(tx: Transaction, viewer: Actor, *, waits: bool, cursor: str, around: Around) -> Today:
    """Return one page of what is in the hands of *viewer*: what is theirs to do, or what *waits* for others."""
    now, calendar = around.now, around.world.calendar(None)
    desk = desk_of(viewer, world=around.world, flows=around.flows, now=now)
    groups = groups_of(calendar, now)
    *counts, waiting = _counts(tx, desk, groups, now=now)
    found = _lying(tx, desk, waits=waits, after=read_cursor(cursor))
    counted = tuple(
        Group(one.id, one.label, one.stretch, count, one.day) for one, count in zip(groups, counts, strict=True)
    )
    closes = calendar.day_end(calendar.local(now).date())
    return Today(
        rows=_rows(found, you=_you(viewer, around), groups=groups, around=around),
        groups=counted,
        waiting=waiting,
        next_cursor=write_cursor(_last(found.matters[-1])) if found.more else "",
        left_seconds=calendar.working_seconds(now, closes),
        day_seconds=calendar.working_seconds(calendar.day_end(calendar.local(now).date() - timedelta(days=1)), closes),
        off_duty=_is_off_duty(viewer, around),
    )


def _counts(tx: Transaction, desk: Desk, groups: Sequence[Group], *, now: datetime) -> tuple[int, ...]:
    """How many lie in each group, and how many wait for others."""

    def count() -> Lasting:
        counted = Desks(tx.connection, tx.district).counts(desk, [group.stretch for group in groups])
        return Lasting(counted, until=TurningPoints(tx.connection, tx.district).due(now))

    ends = tuple(group.stretch.until for group in groups if group.stretch.until != now)
    found: tuple[int, ...] = tx.remembered_while("desk counts", desk, ends, now=now, make=count)
    return found


def _lying(tx: Transaction, desk: Desk, *, waits: bool, after: After | None) -> Listed:
    def look() -> Listed:
        found = Desks(tx.connection, tx.district).page(desk, waits=waits, after=after, limit=PAGE_ROWS + 1)
        return replace(beside(tx, found[:PAGE_ROWS]), more=len(found) > PAGE_ROWS)

    return tx.remembered("desk", desk, waits, after, make=look)


def _last(matter: Matter) -> After:
    clock = matter.clocks.get(STATE_CLOCK)
    return After(at=clock.due if clock is not None else None, id=matter.id)


def _is_off_duty(viewer: Actor, around: Around) -> bool:
    """Whether the viewer's role has a roster on which somebody else stands now."""
    roster = any(viewer.role in flow.roles and flow.roles[viewer.role].roster for flow in around.flows)
    if not roster or viewer.unit is None:
        return False
    on_duty = around.world.organisation.on_duty(viewer.role, viewer.unit, around.now)
    return bool(on_duty) and viewer.post not in {post.id for post in on_duty}


def groups_of(calendar: WorkingCalendar, now: datetime) -> tuple[Group, ...]:
    """Return the groups of a list at *now*: late, today, the next working day, the rest of that week, later, none."""
    day = calendar.local(now).date()
    ahead = calendar.opening_days(day + timedelta(days=1), day + timedelta(days=20))
    following = ahead[0] if ahead else day + timedelta(days=1)
    sunday = following + timedelta(days=6 - following.weekday())
    ends = [calendar.day_end(one) for one in (day, following, sunday)]
    is_tomorrow = following == day + timedelta(days=1)
    same_week = sunday - day < timedelta(days=7)
    return (
        Group("late", "超时", Stretch(until=now)),
        Group("today", "今天到期", Stretch(now, ends[0]), day=day),
        Group("next", "明天" if is_tomorrow else "下个工作日", Stretch(ends[0], ends[1]), day=following),
        Group("week", "这周" if same_week else "下周", Stretch(ends[1], ends[2])),
        Group("later", "以后", Stretch(after=ends[2])),
        Group("none", "没有期限", Stretch(dated=False)),
    )


def group_of(due: datetime | None, groups: Sequence[Group]) -> str:
    """Return the group that a due instant falls into."""
    if due is None:
        return "none"
    dated = [group for group in groups if group.stretch.dated]
    return next(
        (group.id for group in dated if group.stretch.until is None or due <= group.stretch.until), dated[-1].id
    )


class _You(NamedTuple):
    """Who looks, and whose work that is: their own post's and of those they stand in for."""

    viewer: Actor
    holders: tuple[Holder, ...]


def _you(viewer: Actor, around: Around) -> _You:
    behind = around.world.organisation.absent_behind(viewer.post, around.now)
    own = Holder(role=viewer.role, unit=viewer.unit)
    return _You(viewer, (own, *(Holder(role=one.role, unit=one.unit) for one in behind)))


def _rows(found: Listed, *, you: _You, groups: Sequence[Group], around: Around) -> tuple[TodayRow, ...]:
    return tuple(
        _row(
            matter, number_of(matter, found.numbers), found.told.get(matter.id), you=you, groups=groups,
            around=around,
        )
        for matter in found.matters
    )  # fmt: skip


def _row(
    matter: Matter, number: str, detail: str | None, *, you: _You, groups: Sequence[Group], around: Around
) -> TodayRow:
    flow, world, now = around.flow_of(matter.digest), around.world, around.now
    coming = next_to(matter, now=now, workflow=flow, world=world)

    def work_out() -> tuple[_Lasting, datetime | None]:
        until = steady_until(flow, matter, now=now, world=world)
        return _lasting(matter, number, detail, coming, you=you, flow=flow, around=around), until

    basis = Basis(matter, (number, detail, you), (flow, world, coming))
    lasting = _ROWS.of((matter.id, you.viewer.post), basis, now=now, work_out=work_out)
    clock = matter.clocks.get(STATE_CLOCK)
    return TodayRow(
        ref=lasting.ref,
        number=number,
        title=lasting.title,
        place=lasting.place,
        state=lasting.state,
        level=lasting.level,
        group=group_of(clock.due if clock is not None else None, groups),
        supervised=matter.answers is not None,
        time=time_of(matter, coming, world=world, now=now),
        coming=lasting.coming,
        first=lasting.first,
        has_reporter=matter.kind == MatterKind.DEMAND and matter.reporter is not None,
        why_none=lasting.why_none,
    )


class _Lasting(NamedTuple):
    """What a row tells that changes with the matter, with who fills a seat, or when an action opens or closes."""

    ref: str
    title: str
    place: str
    state: str
    level: LevelMark | None
    coming: tuple[Next, ...]
    first: FirstAct | None
    why_none: str


_ROWS = Outcomes()


def _lasting(
    matter: Matter, number: str, detail: str | None, coming: tuple[Coming, ...], *, you: _You, flow: Workflow,
    around: Around,
) -> _Lasting:  # fmt: skip
    world, viewer = around.world, you.viewer
    state = flow.states[matter.state]
    offered = in_order(offers(flow, matter, viewer, now=around.now, world=world))
    first = first_act(offered, matter, flow=flow)
    seat = next((f"（{one.label}）" for one in Seat if one.value == matter.seat), "")
    return _Lasting(
        ref=number if number.replace("-", "").isdigit() else matter.id,
        title=title_of(detail, matter, workflow=flow, world=world),
        place=place_name(matter.place, world.organisation) if matter.place != viewer.unit else "",
        state=f"{state.label.zh}{seat}",
        level=level_mark(flow, matter.level) if matter.kind == MatterKind.DEMAND else None,
        coming=_coming(coming, flow, you=you.holders, world=world),
        first=first,
        why_none="" if first is not None else _why_none(state, offered),
    )


def _coming(coming: tuple[Coming, ...], flow: Workflow, *, you: tuple[Holder, ...], world: World) -> tuple[Next, ...]:
    """The next automatic event, and the next that takes the matter away."""
    shown = list(coming[:1])
    move = next_move(coming)
    if move is not None and move not in shown:
        shown.append(move)
    return tuple(Next(at=one.at, text=event_words(one, workflow=flow, world=world, you=you)) for one in shown)


def _why_none(state: State, offered: Sequence[Offer]) -> str:
    refused = next((offer.refusal.text for offer in offered if offer.refusal is not None), "")
    return refused or f"「{state.label.zh}」现在不用你操作。"
