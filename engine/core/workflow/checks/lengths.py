"""How long a clock can be, and which of two lengths of time is surely the longer one, over plain weekdays."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.core.clock.duration import Duration, Unit
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import Due
from engine.core.workflow.regions import Record, World, record_where
from engine.core.workflow.written import Where

_MINUTES = {Unit.MINUTES: 1, Unit.WORKING_MINUTES: 1, Unit.HOURS: 60, Unit.WORKING_HOURS: 60}
_DAY = 1440
_WEEKEND_DAYS = 2
_WORKING_DAYS_A_WEEK = 5


class Choice(NamedTuple):
    """One duration a clock may get: a written case or a row of the limits table."""

    length: Duration
    when: Condition | None
    where: Where


def choices_of(survey: Survey, due: Due, class_id: str | None) -> tuple[Choice, ...]:
    """Return the durations a clock of that class (None: of any) may get, first fit first."""
    if due.column is None:
        fitting = (case for case in due.cases if class_id is None or case.classes is None or class_id in case.classes)
        return tuple(Choice(case.duration, case.when, case.where) for case in fitting)
    limits = survey.workflow.limits
    rows = limits.rows if limits is not None else ()
    return tuple(Choice(row.cells[due.column], row.when, row.where) for row in rows if due.column in row.cells)


def granted(choices: tuple[Choice, ...], world: World) -> Iterator[tuple[Choice, Record]]:
    """Yield each choice that some record of *world* gets, with that record."""
    before: list[Condition] = []
    for choice in choices:
        record = record_where([] if choice.when is None else [choice.when], before, world=world)
        if record is not None:
            yield choice, record
        if choice.when is None:
            return
        before.append(choice.when)


def ungranted(choices: tuple[Choice, ...], world: World) -> Record | None:
    """Return a record that gets no duration, or None."""
    whens = [choice.when for choice in choices if choice.when is not None]
    return record_where((), whens, world=world) if len(whens) == len(choices) else None


def shortest_minutes(duration: Duration) -> int:
    """Return the least elapsed minutes a duration can take."""
    if duration.unit.by_days:
        return (duration.amount - 1 if duration.unit is Unit.WORKING_DAYS else duration.amount) * _DAY
    return duration.amount * _MINUTES[duration.unit]


def longest_minutes(duration: Duration) -> int:
    """Return the most elapsed minutes a duration takes over plain weeks; the day it starts is not counted."""
    match duration.unit:
        case Unit.MINUTES | Unit.HOURS:
            return duration.amount * _MINUTES[duration.unit]
        case Unit.DAYS:
            return (duration.amount + 1) * _DAY
        case Unit.DAYS_ROLL:
            return (duration.amount + 1 + _WEEKEND_DAYS) * _DAY
        case Unit.WORKING_DAYS:
            return (_with_weekends(duration.amount) + 1) * _DAY
    hours_a_day = 4  # fewer windows a day than any office has: an upper bound must not need the calendar
    return (_with_weekends(1 + duration.amount * _MINUTES[duration.unit] // (hours_a_day * 60)) + 1) * _DAY


def _with_weekends(working_days: int) -> int:
    return working_days + _WEEKEND_DAYS * -(-working_days // _WORKING_DAYS_A_WEEK)


def surely_longer(one: Duration, other: Duration) -> bool:
    """Whether *one* is longer than *other* whenever they begin: by amount in the same kind of time, else by bounds."""
    if _kind(one) == _kind(other):
        return _amount(one) > _amount(other)
    return shortest_minutes(one) > longest_minutes(other)


def _kind(duration: Duration) -> str:
    if duration.unit is Unit.WORKING_DAYS:
        return "working days"
    if duration.unit.by_days:
        return "days"
    return "working time" if duration.unit.working else "time"


def _amount(duration: Duration) -> int:
    return duration.amount if duration.unit.by_days else duration.amount * _MINUTES[duration.unit]
