"""What conditions may ask about a matter, and the durations they choose."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from engine.core.clock.duration import Duration, parse_duration
from engine.core.matter import Matter, Value
from engine.core.terms import CLASS_ALL, Counter
from engine.core.workflow.declaration import Due, Limits, Target, Workflow

SIMILAR = "similar_30d"


def class_of(workflow: Workflow, fields: Mapping[str, Value]) -> str:
    """The class of a matter with these fields: the value of the choice field that picks deadlines."""
    if workflow.classes is None:
        return CLASS_ALL
    chosen = fields.get(workflow.classes, workflow.fields[workflow.classes].default)
    return str(chosen) if chosen is not None else workflow.class_ids[0]


def facts_of(workflow: Workflow, matter: Matter, *, day: date) -> dict[str, object]:
    """
    Return the values conditions are asked about, at a clock that starts on the local *day*.

    Unfilled fields carry their default, or a value no condition is true of.
    """
    facts: dict[str, object] = dict.fromkeys(Counter, 0)
    for rule in workflow.fields.values():
        facts[rule.id] = rule.default if rule.default is not None else _nothing(rule.type.value)
    facts.update(matter.fields)
    facts.update(matter.counters)
    facts["class"] = matter.klass
    facts["level"] = matter.level or ""
    start = workflow.starts.get(matter.start)
    order = matter.external_due is not None or (start is not None and bool(start.external))
    facts["external"] = order or bool(matter.fields.get("external"))
    facts["season"] = seasons_of(workflow.limits, day)
    facts.setdefault(SIMILAR, 0)
    return facts


def _nothing(field_type: str) -> object:
    return {"number": 0, "yesno": False}.get(field_type, "")


def seasons_of(limits: Limits | None, day: date) -> frozenset[str]:
    """Seasons of the limits table in which *day* lies; one that ends before it starts spans the new year."""
    if limits is None or not limits.seasons:
        return frozenset()
    now = (day.month, day.day)
    return frozenset(
        season
        for season, (first, last) in limits.seasons.items()
        if (first <= now <= last if first <= last else (now >= first or now <= last))
    )


def duration_of(
    due: Due, *, workflow: Workflow, facts: Mapping[str, object], klass: str, given: str | None
) -> Duration | None:
    """Return the duration *due* grants: the first case or row that fits, or None where none does."""
    if due.given:
        return duration(given) if given else None
    if due.column is not None:
        return _from_table(workflow.limits, due.column, facts)
    for case in due.cases:
        if (case.classes is None or klass in case.classes) and (case.when is None or case.when.holds(facts)):
            return case.duration
    return None


def _from_table(limits: Limits | None, column: str, facts: Mapping[str, object]) -> Duration | None:
    for row in limits.rows if limits is not None else ():
        if column in row.cells and (row.when is None or row.when.holds(facts)):
            return row.cells[column]
    return None


@lru_cache(maxsize=4096)
def duration(text: str) -> Duration:
    """Return the duration written as *text*."""
    return parse_duration(text)


def calendar_of(workflow: Workflow, state_id: str, default: str) -> str:
    """Id of the calendar a state runs on: its own, its level's, its holder's role's, the flow's, or the *default*."""
    state, level = workflow.states[state_id], workflow.level_of(state_id)
    role = workflow.roles.get(state.held_by) if state.held_by else None
    return (
        state.calendar
        or (level.calendar if level else None)
        or (role.calendar if role else None)
        or workflow.calendar
        or default
    )


def target_of(target: Target, *, facts: Mapping[str, object], visited: Mapping[str, int]) -> str | None:
    """Return where *target* leads now: the first case that fits, or the state visited last; None where none fits."""
    for case in target.cases:
        if case.when is None or case.when.holds(facts):
            return case.state
    been = [state for state in target.last_of if state in visited]
    return max(been, key=lambda state: visited[state], default=None)
