"""E501 and E502: actions nobody may take, holders who may do nothing."""

from collections.abc import Iterator

from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import State
from engine.core.workflow.findings import Finding


def check_actions_without_role(survey: Survey) -> Iterator[Finding]:
    """E501: an action without a role."""
    for state in survey.living:
        for action in survey.workflow.actions_of(state.id).values():
            if not action.by:
                yield survey.at("E501", action.where, "这个动作没有写 by，谁也不能做。请写哪些岗位可以做。")


def check_idle_holders(survey: Survey) -> Iterator[Finding]:
    """E502: the holder may do none of the actions of the state."""
    for state in survey.living:
        actions = survey.workflow.actions_of(state.id).values()
        if _others_move_it(state) or not survey.steps_from[state.id] or any(not action.by for action in actions):
            continue
        if state.held_by is None and not actions:
            yield survey.at("E502", state.where, "没有写 held_by，也没有动作，没有人能办这一步。")
        elif state.held_by is not None and not any(state.held_by in action.by for action in actions):
            yield survey.at("E502", state.where, f"经办的「{state.held_by}」在这里一个动作也做不了。请在 by 里加上它。")


def _others_move_it(state: State) -> bool:
    return state.vote is not None or state.children is not None or state.waits_for is not None
