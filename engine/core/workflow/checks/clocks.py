"""Every clock of a flow where it can run: its limit, the classes and records it meets, what is surely filled then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.core.workflow.checks.steps import Served
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Due, Level, NamedClock, State
from engine.core.workflow.regions import World


@dataclass(frozen=True, slots=True)
class ClockUse:
    """A clock in one state (None: across states), with the rules that hang on it; `milestone`: it is one of these."""

    due: Due | None
    rules: tuple[Served, ...]
    state: State | None
    classes: frozenset[str]
    filled: frozenset[str]
    world: World
    milestone: str | None = None


def clock_uses(survey: Survey) -> Iterator[ClockUse]:
    """Yield the clocks of every state, its milestones and children, of every level, and the named ones."""
    for state in survey.living:
        yield from _of_state(survey, state)
    for level in survey.workflow.levels.values():
        if level.budget is not None:
            yield _of_level(survey, level)
    for clock in survey.workflow.clocks.values():
        yield _of_name(survey, clock)


def _of_state(survey: Survey, state: State) -> Iterator[ClockUse]:
    classes, filled, world = survey.classes_in[state.id], survey.filled_in[state.id], survey.world_in(state)
    yield ClockUse(state.due, survey.rules[state.id], state, classes, filled, world)
    if state.children is not None:
        for seat in state.children.seats.values():
            if seat.limit is not None:
                yield ClockUse(seat.limit, (), state, classes, filled, world)
    for name, milestone in state.milestones.items():
        yield ClockUse(None, (Served(milestone.overdue, None),), state, classes, filled, world, name)


def _of_level(survey: Survey, level: Level) -> ClockUse:
    inside = [state for state in survey.living if state.level == level.id]
    classes = frozenset(one for state in inside for one in survey.classes_in[state.id])
    rules = (Served(level.over_budget, None),) if level.over_budget is not None else ()
    filled = _everywhere(survey, [survey.filled_in[state.id] for state in inside])
    return ClockUse(level.budget, rules, None, classes, filled, survey.world_of(classes, level.id))


def _of_name(survey: Survey, clock: NamedClock) -> ClockUse:
    classes = frozenset(one for found in survey.classes_in.values() for one in found)
    rules = tuple(Served(rule, None) for rule in clock.timers)
    filled = _everywhere(survey, list(_filled_at(survey, clock.start)))
    return ClockUse(clock.limit, rules, None, classes, filled, survey.world_of_classes(classes))


def _filled_at(survey: Survey, start: str) -> Iterator[frozenset[str]]:
    """Yield what is filled at each way a named clock can begin."""
    flow = survey.workflow
    if start == "filed":
        yield from (survey.defaults | frozenset(way.require) for way in flow.starts.values())
        return
    level = start.removeprefix("level.") if start.startswith("level.") else None
    for state in flow.states.values():
        if state.id == start or (level is not None and state.level == level):
            yield survey.filled_in[state.id]
        elif state.final is None:
            marking = (action for action in flow.actions_of(state.id).values() if start in action.marks)
            yield from (survey.filled_in[state.id] | set(action.require) | set(action.set) for action in marking)
    yield from (survey.defaults | frozenset(way.require) for way in flow.starts.values() if start in way.marks)


def _everywhere(survey: Survey, found: Iterable[frozenset[str]]) -> frozenset[str]:
    filled = frozenset(survey.workflow.fields)
    for one in found:
        filled &= one
    return filled
