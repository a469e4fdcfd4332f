"""W411: a state's deadline longer than the budget of its level."""

from collections.abc import Iterator

from engine.core.clock.duration import Duration
from engine.core.workflow.checks.lengths import choices_of, granted, surely_longer
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Due, State
from engine.core.workflow.findings import Finding
from engine.core.workflow.regions import World


def check_longer_than_budget(survey: Survey) -> Iterator[Finding]:
    """W411: on the deadline of a state which, for some class and record, outlasts its level."""
    for state in survey.living:
        level = survey.workflow.level_of(state.id)
        if state.due is None or state.due.given or level is None or level.budget is None or state.stops is not None:
            continue
        found = _outlasting(survey, state, (state.due, level.budget))
        if found is not None:
            length, budget = found
            message = f"这里的时限 {length} 比「{level.id}」整级的时限 {budget} 还长，到不了期就先升级了。"
            yield survey.at("W411", state.due.where, message)


def _outlasting(survey: Survey, state: State, dues: tuple[Due, Due]) -> tuple[Duration, Duration] | None:
    for class_id in survey.workflow.class_ids:
        if class_id in survey.classes_in[state.id]:
            world = survey.world_of({class_id}, state.level)
            lengths, budgets = (_lengths(survey, due, class_id, world) for due in dues)
            for length in lengths:
                if budgets and all(surely_longer(length, budget) for budget in budgets):
                    return length, budgets[0]
    return None


def _lengths(survey: Survey, due: Due, class_id: str, world: World) -> list[Duration]:
    return [choice.length for choice, _ in granted(choices_of(survey, due, class_id), world)]
