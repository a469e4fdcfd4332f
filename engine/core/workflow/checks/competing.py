"""E601: two rules of one clock that both want to move the matter at one instant."""

from collections.abc import Iterator

from engine.core.workflow.checks.steps import Served
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import State
from engine.core.workflow.findings import Finding
from engine.core.workflow.regions import record_where, show_record
from engine.core.workflow.written import Where


def check_competing(survey: Survey) -> Iterator[Finding]:
    """E601: two leaving timers with the same `at` whose conditions can both fit; on the later one."""
    told: set[Where] = set()
    for state in survey.living:
        leaving = [served for served in survey.rules[state.id] if served.rule.do.leaves]
        for index, later in enumerate(leaving):
            for earlier in leaving[:index]:
                if later.rule.where not in told and (both := _both_fit(survey, state, (earlier, later))):
                    told.add(later.rule.where)
                    message = (
                        f"与「{earlier.rule.do}」（{earlier.rule.at}）同时到点，{both} 时两条都合适，去处不止一个。"
                    )
                    yield survey.at("E601", later.rule.where, message)


def _both_fit(survey: Survey, state: State, pair: tuple[Served, Served]) -> str:
    """Return the record both rules fit, in words, or nothing."""
    one, other = pair
    if one.rule.at != other.rule.at:
        return ""
    classes = {name for name in survey.classes_in[state.id] if one.serves(name) and other.serves(name)}
    if not classes:
        return ""
    wanted = [served.rule.when for served in pair if served.rule.when is not None]
    record = record_where(wanted, world=survey.world_of(classes, state.level))
    return "" if record is None else show_record(record)
