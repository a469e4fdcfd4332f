"""E410: escalations that do not go up, budgets that stay inside."""

from collections.abc import Iterator

from engine.core.terms import Do
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import Level, State, TimerRule
from engine.core.workflow.findings import Finding


def check_escalations(survey: Survey) -> Iterator[Finding]:
    """E410: on the target of an escalation, the way up of a level, or the target of a spent budget."""
    for level in survey.workflow.levels.values():
        yield from _way_up(survey, level)
        if level.over_budget is not None:
            yield from _budget(survey, level, level.over_budget)
    for state in survey.living:
        for rule in state.timers:
            yield from _rule(survey, state, rule)


def _way_up(survey: Survey, level: Level) -> Iterator[Finding]:
    if level.up is None:
        return
    higher = survey.workflow.levels.get(level.up)
    order = higher.order if higher is not None else _order(survey, survey.workflow.states[level.up])
    if order <= level.order:
        path = (*level.where.path, "up")
        yield survey.at_value("E410", path, f"「{level.up}」不比「{level.id}」高，这样升级会往下走或原地打转。")


def _budget(survey: Survey, level: Level, rule: TimerRule) -> Iterator[Finding]:
    if rule.to is None or not rule.do.leaves or not _is_own(rule):
        return
    for target in rule.to.states:
        state = survey.workflow.states[target]
        if state.level == level.id:
            yield survey.at(
                "E410", rule.to.where, f"本级时限已经用尽，「{target}」却还在「{level.id}」里。请去上一级。"
            )
        elif _order(survey, state) < level.order and rule.do is Do.ESCALATE:
            yield survey.at("E410", rule.to.where, f"升级要往上走，「{target}」比「{level.id}」低。")


def _rule(survey: Survey, state: State, rule: TimerRule) -> Iterator[Finding]:
    if rule.do is not Do.ESCALATE or rule.to is None or not _is_own(rule):
        return
    here = _order(survey, state)
    for target in rule.to.states:
        there = _order(survey, survey.workflow.states[target])
        if there < here or (there == here and state.level is not None):
            yield survey.at("E410", rule.to.where, f"升级要往上走，「{target}」不比这一级高。平级转办请用 advance。")


def _is_own(rule: TimerRule) -> bool:
    """Whether the target is written at the rule itself, not taken from the level's `up`."""
    return rule.to is not None and rule.to.where.path[: len(rule.where.path)] == rule.where.path


def _order(survey: Survey, state: State) -> int:
    """Height of a state; what stands outside the levels is above the last one."""
    levels = survey.workflow.levels
    return levels[state.level].order if state.level is not None else len(levels)
