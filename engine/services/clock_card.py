"""The clock card of a matter: the sentence «如果没人处理…», the coming events, one cell a working day."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from engine.core.clock.duration import Duration, Unit, parse_duration
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.forecast import Coming, next_move
from engine.core.matter import STATE_CLOCK, Clock, Holder, Matter
from engine.core.scope import World
from engine.core.terms import Do
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.wording import say_roles
from engine.services.naming import LevelMark, holder_name, level_mark
from engine.services.time_state import TimeState, clock_state, day_seconds, time_state

MOST_CELLS = 20
MOST_STEPS = 9
_NAMED = "named."
_MILESTONE = "milestone."
_LEVEL = "level."
_UNIT_WORDS = {
    Unit.MINUTES: "分钟", Unit.HOURS: "小时", Unit.DAYS: "天", Unit.DAYS_ROLL: "天", Unit.WORKING_MINUTES: "工作分钟",
    Unit.WORKING_HOURS: "工时", Unit.WORKING_DAYS: "个工作日",
}  # fmt: skip
_MOVE_WORDS = {
    Do.ESCALATE: "升级到", Do.ADVANCE: "转到", Do.RESUME: "回到", Do.ASSIGN: "派到", Do.CLOSE: "按", Do.SETTLE: "转到",
}  # fmt: skip
_STAY_WORDS = {
    Do.REMIND: "提醒", Do.WARN: "预警", Do.LATE: "记超时，告诉", Do.SUPERVISE: "转入督办，负责答复的是",
    Do.REASSIGN: "转办给", Do.RAISE_URGENCY: "提高紧急程度，告诉",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One coming automatic event."""

    at: datetime
    text: str
    leaves: bool
    level: LevelMark | None
    who: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A numbered marker on the row of cells."""

    number: int
    percent: int
    leaves: bool


@dataclass(frozen=True, slots=True)
class OtherClock:
    """A promise across steps, and how it stands."""

    label: str
    time: TimeState
    met_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockCard:
    """
    What the card shows. The sentence is `before`, the moment `at` (if any), `after`.

    `cells` are percent used, one a working day (a single one where the clock does not count working days).
    """

    time: TimeState
    before: str
    at: datetime | None
    after: str
    steps: tuple[Step, ...]
    later: tuple[Step, ...]
    cells: tuple[int, ...]
    marks: tuple[Mark, ...]
    now_percent: int
    basis: str
    day_hours: str
    others: tuple[OtherClock, ...]


def clock_card(
    matter: Matter, coming: tuple[Coming, ...], *, workflow: Workflow, world: World, now: datetime
) -> ClockCard:
    """Return the card of *matter* from its forecast."""
    move = next_move(coming)
    until = coming.index(move) + 1 if move is not None else len(coming)
    shown = coming[:until][-MOST_STEPS:]
    before, at, after = _sentence(matter, coming, move, workflow=workflow)
    clock = matter.clocks.get(STATE_CLOCK)
    calendar = world.calendar(clock.calendar if clock is not None else workflow.calendar)
    cells, marks, now_percent = _row(clock, shown, calendar=calendar, now=now) if matter.is_open else ((), (), 0)
    hours = day_seconds(calendar) / 3600
    return ClockCard(
        time=time_of(matter, coming, world=world, now=now), before=before, at=at, after=after,
        steps=tuple(_step(one, workflow=workflow, world=world) for one in shown),
        later=tuple(_step(one, workflow=workflow, world=world) for one in coming[until:][:MOST_STEPS]),
        cells=cells, marks=marks, now_percent=now_percent, basis=_basis(move or (coming[0] if coming else None)),
        day_hours=f"{hours:g}", others=_others(matter, workflow=workflow, world=world, now=now),
    )  # fmt: skip


def time_of(matter: Matter, coming: tuple[Coming, ...], *, world: World, now: datetime) -> TimeState:
    """Return how *matter* stands; one without a deadline of its own shows when something happens next."""
    time = time_state(matter, world=world, now=now)
    if matter.is_open and time.due is None and not time.paused and coming:
        return replace(time, due=coming[0].at)
    return time


def move_words(move: Coming, *, workflow: Workflow) -> str:
    """Return where a leaving event takes the matter: 「升级到社区」, 「转到挂账」, 「按未评价结案」."""
    label = workflow.states[move.state].label.zh
    if move.ends is not None:
        return f"结束：{label}"
    level = workflow.level_of(move.state)
    where = level.label.zh if level is not None and move.do is Do.ESCALATE else label
    return f"{_MOVE_WORDS.get(move.do, '转到')}{where}"


def _sentence(
    matter: Matter, coming: tuple[Coming, ...], move: Coming | None, *, workflow: Workflow
) -> tuple[str, datetime | None, str]:
    state = workflow.states[matter.state]
    if not matter.is_open:
        return f"这件事已经结束：{state.label.zh}。", None, ""
    if matter.settling is not None and move is not None and move.do is Do.SETTLE:
        taken = workflow.actions_of(matter.state)[matter.settling.action].label.zh
        return f"「{taken}」收下了，", move.at, f" 生效，{move_words(move, workflow=workflow)}；在那以前可以撤回。"
    if move is not None:
        label = workflow.states[move.state].label.zh
        words = move_words(move, workflow=workflow)
        detail = f"（{label}）" if move.ends is None and label not in words else ""
        return "如果没人处理，", move.at, f" 自动{words}{detail}。"
    if coming:
        first = coming[0]
        again = f"，以后每 {duration_words(first.period)}一次" if first.period is not None else ""
        return "如果没人处理，", first.at, f" {_do_word(first)}{again}；不会自动转走，也不会自动结案。"
    reason = f"：{state.no_deadline.zh}" if state.no_deadline is not None else ""
    return f"如果没人处理，它就停在「{state.label.zh}」，没有到点会发生的事{reason}。", None, ""


def _do_word(one: Coming) -> str:
    return "催一次进展" if one.do is Do.PROGRESS else one.do.label


def event_words(one: Coming, *, workflow: Workflow, world: World, you: Collection[Holder]) -> str:
    """Return what a coming event does, as said to *you* with the posts you act for: 「提醒你」, 「自动升级到社区」."""
    return _step(one, workflow=workflow, world=world, you=you).text


def _step(one: Coming, *, workflow: Workflow, world: World, you: Collection[Holder] = ()) -> Step:
    who = holder_name(one.who, workflow=workflow, organisation=world.organisation) if one.who is not None else ""
    who = "你" if one.who in you else who
    if one.moves:
        reason = f"（{one.reason.zh}）" if one.reason is not None else ""
        to_whom = f"轮到{who}" if who and one.ends is None else ""
        return Step(
            at=one.at, text=f"自动{move_words(one, workflow=workflow)}{reason}", leaves=True,
            level=level_mark(workflow, one.level) if one.do is Do.ESCALATE else None, who=to_whom,
        )  # fmt: skip
    again = f"，以后每 {duration_words(one.period)}一次" if one.period is not None else ""
    which = _which_clock(one.clock, workflow)
    who = who or "负责的岗位"
    told = f"{who}、{say_roles(workflow, one.tell)}" if one.do is Do.LATE and one.tell else who
    said = f"催{who}报一次进展" if one.do is Do.PROGRESS else f"{_STAY_WORDS.get(one.do, one.do.label)}{told}"
    text = f"{which}{said}{again}"
    return Step(at=one.at, text=text, leaves=False, level=None, who="")


def _which_clock(key: str, workflow: Workflow) -> str:
    if key.startswith(_NAMED):
        named = workflow.clocks.get(key.removeprefix(_NAMED))
        return f"「{named.label.zh}」到点，" if named is not None else ""
    if key.startswith(_LEVEL):
        level = workflow.levels.get(key.removeprefix(_LEVEL))
        return f"{level.label.zh}总时限，" if level is not None else ""
    return "节点没做到，" if key.startswith(_MILESTONE) else ""


def duration_words(duration: Duration) -> str:
    """Return a duration in words: 「5 个工作日」, 「30 天」."""
    return f"{duration.amount} {_UNIT_WORDS[duration.unit]}"


def _basis(one: Coming | None) -> str:
    if one is None:
        return ""
    name = "时限表" if one.file.endswith(".limits.yaml") else "流程"
    return f"{name} v{one.version} 第 {one.line} 行"


def _others(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> tuple[OtherClock, ...]:
    found = []
    for key, clock in matter.clocks.items():
        named = workflow.clocks.get(key.removeprefix(_NAMED)) if key.startswith(_NAMED) else None
        level = workflow.levels.get(key.removeprefix(_LEVEL)) if key == f"{_LEVEL}{matter.level}" else None
        if named is not None:
            label = named.label.zh
        elif level is not None:
            label = f"{level.label.zh}总时限"
        else:
            continue
        if clock.ended is None and not matter.is_open:
            continue
        found.append(OtherClock(label=label, time=clock_state(clock, world=world, now=now), met_at=clock.ended))
    return tuple(found)


def _row(
    clock: Clock | None, steps: tuple[Coming, ...], *, calendar: WorkingCalendar, now: datetime
) -> tuple[tuple[int, ...], tuple[Mark, ...], int]:
    """The cells with their markers, from the start of the clock to the last event shown."""
    if clock is None or clock.due is None or not clock.limit:
        return (), (), 0
    horizon = max([clock.due, *(step.at for step in steps)])
    days = calendar.opening_days(calendar.local(clock.counted_from).date(), calendar.local(horizon).date())
    by_days = parse_duration(clock.limit).unit.working and 1 < len(days) <= MOST_CELLS
    scale = _by_days(days, calendar) if by_days else _by_wall(clock.counted_from, horizon)
    cells = tuple(scale.filled(now)) if by_days else (scale.percent(now),)
    marks = tuple(
        Mark(number=number, percent=scale.percent(step.at), leaves=step.moves)
        for number, step in enumerate(steps, start=1)
    )
    return cells, marks, scale.percent(now)


@dataclass(frozen=True, slots=True)
class _Days:
    days: tuple[date, ...]
    calendar: WorkingCalendar

    def filled(self, at: datetime) -> list[int]:
        return [self._share(*day, at=at) for day in _laid_out(self.days, self.calendar)]

    def percent(self, at: datetime) -> int:
        return min(100, sum(self.filled(at)) // len(self.days))

    def _share(self, start: datetime, end: datetime, total: int, *, at: datetime) -> int:
        if at <= start or not total:
            return 0
        return 100 if at >= end else self.calendar.working_seconds(start, at) * 100 // total


@lru_cache(maxsize=4_096)
def _laid_out(days: tuple[date, ...], calendar: WorkingCalendar) -> tuple[tuple[datetime, datetime, int], ...]:
    """Each day from its 0:00 to its 24:00 with its working seconds."""
    bounds = [(calendar.day_end(day - timedelta(days=1)), calendar.day_end(day)) for day in days]
    return tuple((start, end, calendar.working_seconds(start, end)) for start, end in bounds)


@dataclass(frozen=True, slots=True)
class _Wall:
    start: datetime
    end: datetime

    def filled(self, at: datetime) -> list[int]:
        return [self.percent(at)]

    def percent(self, at: datetime) -> int:
        total = (self.end - self.start).total_seconds()
        used = (at - self.start).total_seconds()
        return 100 if total <= 0 else int(min(100, max(0, used * 100 / total)))


def _by_days(days: tuple[date, ...], calendar: WorkingCalendar) -> "_Days | _Wall":
    return _Days(days, calendar)


def _by_wall(start: datetime, end: datetime) -> "_Days | _Wall":
    return _Wall(start, end)
