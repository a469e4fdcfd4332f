"""Flows, limits tables and calendars in words for programs."""

from dataclasses import dataclass
from datetime import date, datetime

from engine.core.clock.duration import parse_duration
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.workflow.declaration import Limits, State, Workflow
from engine.core.workflow.sentences import explain_state
from engine.services.describe import Named

MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class StateFacts:
    """A step of a flow: who holds it, what one may do in it, and in `says` all of it as Chinese sentences."""

    id: str
    label: str
    level: str | None
    held_by: str | None
    ends_as: str | None
    actions: tuple[Named, ...]
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """The current version of a flow."""

    id: str
    label: str
    version: int
    digest: str
    matter: str
    calendar: str | None
    limits: str | None
    roles: tuple[Named, ...]
    levels: tuple[Named, ...]
    starts: tuple[str, ...]
    states: tuple[StateFacts, ...]


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A row of a limits table: the first row whose `when` holds and that has a cell gives the limit."""

    line: int
    when: str | None
    cells: dict[str, str]
    basis: str | None


@dataclass(frozen=True, slots=True)
class LimitsFacts:
    """The limits table that a flow now works with."""

    id: str
    version: int
    columns: tuple[Named, ...]
    rows: tuple[LimitLine, ...]


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """A working calendar: the years it has a table for; deadlines in other years are provisional."""

    id: str
    digest: str
    timezone: str
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DayFacts:
    """One day on the way to a due instant, and what it counted."""

    date: date
    text: str
    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class DueFacts:
    """When a limit ends, and day by day why."""

    due_at: datetime
    is_provisional: bool
    days: tuple[DayFacts, ...]


def describe_flow(flow: Workflow) -> FlowFacts:
    """Return *flow* in words."""
    return FlowFacts(
        id=flow.id,
        label=flow.label.zh,
        version=flow.version,
        digest=flow.digest,
        matter=flow.matter.value,
        calendar=flow.calendar,
        limits=flow.limits.id if flow.limits is not None else None,
        roles=tuple(Named(role.id, role.label.zh) for role in flow.roles.values()),
        levels=tuple(Named(level.id, level.label.zh) for level in flow.levels.values()),
        starts=tuple(flow.starts),
        states=tuple(_state(flow, state) for state in flow.states.values()),
    )


def _state(flow: Workflow, state: State) -> StateFacts:
    return StateFacts(
        id=state.id,
        label=state.label.zh,
        level=state.level,
        held_by=state.held_by,
        ends_as=state.final,
        actions=tuple(Named(action.id, action.label.zh) for action in flow.actions_of(state.id).values()),
        says=tuple(explain_state(flow, state.id)),
    )


def describe_limits(limits: Limits) -> LimitsFacts:
    """Return *limits* row by row."""
    return LimitsFacts(
        id=limits.id,
        version=limits.version,
        columns=tuple(Named(name, label.zh) for name, label in limits.columns.items()),
        rows=tuple(
            LimitLine(
                line=row.where.line, when=row.when.text if row.when is not None else None,
                cells={name: str(limit) for name, limit in row.cells.items()},
                basis=row.basis.zh if row.basis is not None else None,
            )
            for row in limits.rows
        ),
    )  # fmt: skip


def describe_calendar(name: str, calendar: WorkingCalendar) -> CalendarFacts:
    """Return what *calendar* knows."""
    rules = calendar.rules
    return CalendarFacts(
        id=name, digest=rules.digest, timezone=str(calendar.zone), years=tuple(sorted(rules.tables))
    )  # fmt: skip


def due_in_days(calendar: WorkingCalendar, start: datetime, *, limit: str) -> DueFacts:
    """
    Return when *limit*, begun at *start*, ends, and why.

    Raises:
        BadDuration: *limit* is no duration.
    """
    duration = parse_duration(limit)
    due = calendar.due(start, duration)
    lines = calendar.explain(start, duration)[:MOST_DAYS]
    return DueFacts(
        due_at=due.at.astimezone(calendar.zone), is_provisional=due.provisional,
        days=tuple(DayFacts(line.date, line.text, line.count, line.seconds) for line in lines),
    )  # fmt: skip
