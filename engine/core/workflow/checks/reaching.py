"""Where matters can get: E201 (`last_of`), E301, E302, E303, E305."""

from collections.abc import Iterable, Iterator, Mapping

from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.declaration import State, Target
from engine.core.workflow.findings import Finding


def check_unreachable(survey: Survey) -> Iterator[Finding]:
    """E301: no way from filing leads here; of states that only lead to each other, the first."""
    lost = [state.id for state in survey.workflow.states.values() if state.id not in survey.reached]
    ways = {state: [step.target for step in survey.steps_from[state] if step.target in lost] for state in lost}
    for group in _groups(ways):
        entered = any(target in group for state, targets in ways.items() if state not in group for target in targets)
        if not entered:
            state = _first(survey, group)
            yield survey.at("E301", state.where, "没有哪条路能走到这个状态。请给它一个来处，或删掉它。")


def check_no_end(survey: Survey) -> Iterator[Finding]:
    """E302 and E303: no way from here leads to an end; of states that only lead to each other, the first."""
    stuck = _without_end(survey)
    ways = {state: [step.target for step in survey.steps_from[state] if step.target in stuck] for state in stuck}
    for group in _groups(ways):
        if any(target not in group for state in group for target in ways[state]):
            continue
        state = _first(survey, group)
        if state.id not in survey.reached or _is_unfinished(state):
            continue
        if any(ways[name] for name in group):
            yield survey.at("E302", state.where, "进了这里就到不了终点：往下的路都绕在里面。请给一条通往终点的路。")
        else:
            yield survey.at("E303", state.where, "进了这里就出不去：没有动作或到点的规则离开它，它也不是终点。")


def _is_unfinished(state: State) -> bool:
    """Whether what leads on from here is missing, which is a finding of its own (E701, E702)."""
    children, waits, vote = state.children, state.waits_for, state.vote
    return (
        (children is not None and children.done is None)
        or (waits is not None and not waits.outcomes)
        or (vote is not None and None in (vote.passed, vote.rejected))
    )


def _without_end(survey: Survey) -> list[str]:
    """States from which no end is reached, in written order."""
    before: dict[str, set[str]] = {state: set() for state in survey.workflow.states}
    for step in survey.steps:
        if step.source is not None:
            before[step.target].add(step.source)
    good = {state.id for state in survey.workflow.states.values() if state.final is not None}
    waiting = list(good)
    while waiting:
        for source in before[waiting.pop()] - good:
            good.add(source)
            waiting.append(source)
    return [state for state in survey.workflow.states if state not in good]


def check_ended_moves(survey: Survey) -> Iterator[Finding]:
    """E305: what could still move or ring in an end."""
    for state in survey.workflow.states.values():
        if state.final is None:
            continue
        for action in state.actions.values():
            yield survey.at("E305", action.where, "事情到这里已经结束，不能再有动作。请删掉它，或去掉 final。")
        for timer in state.timers:
            yield survey.at("E305", timer.where, "事情到这里已经结束，不能再有到点的规则。请删掉它，或去掉 final。")
        if state.due is not None and not state.timers:
            yield survey.at("E305", state.due.where, "事情到这里已经结束，不能再有时限。请删掉它，或去掉 final。")


def check_last_of(survey: Survey) -> Iterator[Finding]:
    """E201: a `last_of` that some way there has visited no state of."""
    for state, target in _targets_back(survey):
        if state in survey.reached_without(frozenset(target.last_of)) and state not in target.last_of:
            place = survey.workflow.places.get((*target.where.path, "last_of"), target.where)
            yield survey.at("E201", place, f"有的路走到「{state}」时，这几个状态一个也没有去过。请把去过的补进来。")


def _targets_back(survey: Survey) -> Iterator[tuple[str, Target]]:
    seen = set()
    for state in survey.living:
        found = [action.to for action in survey.workflow.actions_of(state.id).values()]
        found += [rule.rule.to for rule in survey.rules[state.id]]
        for target in found:
            if target is not None and target.last_of and target.where not in seen:
                seen.add(target.where)
                yield state.id, target


def _first(survey: Survey, group: Iterable[str]) -> State:
    return min(
        (survey.workflow.states[name] for name in group), key=lambda state: (state.where.line, state.where.column)
    )


def _groups(ways: Mapping[str, list[str]]) -> list[frozenset[str]]:
    """Return the states that lead to each other, group by group."""
    ahead = {state: _all_from(state, ways) for state in ways}
    return list(
        dict.fromkeys(
            frozenset(other for other in ahead[state] | {state} if other == state or state in ahead[other])
            for state in ways
        )
    )


def _all_from(state: str, ways: Mapping[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(ways[state])
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting.extend(ways[here])
    return seen
