"""What never happens: E304 (dead actions and timers), E409 (instants that never come)."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.clock.duration import Duration, Offset, Unit
from engine.core.terms import Do
from engine.core.workflow.checks.clocks import ClockUse, clock_uses
from engine.core.workflow.checks.lengths import choices_of, granted, longest_minutes, shortest_minutes, surely_longer
from engine.core.workflow.checks.steps import Served, targets_of
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.checks.unset import nobody_sets
from engine.core.workflow.checks.waiting import must_be_left, stays_for_ever
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import Action, Due, State
from engine.core.workflow.findings import Finding
from engine.core.workflow.regions import World, can_hold
from engine.core.workflow.written import Where

_SHORTEST_DAY_MINUTES = 300  # no office is open for less on a working day
_LONGEST_HOLIDAY_MINUTES = 14 * 1440
_AT_DUE = Offset("due")


def check_dead_actions(survey: Survey) -> Iterator[Finding]:
    """E304: an action whose condition is never true where it stands, or that may be taken only when all are gone."""
    homes: dict[Where, list[State]] = {}
    actions: dict[Where, Action] = {}
    for state in survey.living:
        for action in survey.workflow.actions_of(state.id).values():
            if survey.classes_in[state.id]:
                homes.setdefault(action.where, []).append(state)
                actions[action.where] = action
    for where, states in homes.items():
        action = actions[where]
        if action.when is not None and not _ever(survey, action.when, states):
            yield survey.at("E304", where, f"条件 {action.when.text} 在这里永远不成立，这个动作谁也做不了。")
        elif action.not_before is not None and all(_left_before(survey, state, action) for state in states):
            yield survey.at("E304", where, f"{action.not_before} 之后才能做，可是那时事情已经到点离开了。")


def _ever(survey: Survey, when: Condition, states: list[State]) -> bool:
    if nobody_sets(survey, when):
        return True  # that the field is never set is the finding (W412), not what follows from it
    return any(can_hold(when, world=survey.world_in(state)) for state in states)


def _left_before(survey: Survey, state: State, action: Action) -> bool:
    """Whether in every class an unconditional rule surely takes the matter away before the action may be taken."""
    after = action.not_before
    if after is None or state.due is None or state.due.given or state.extend is not None:
        return False
    for class_id in survey.classes_in[state.id]:
        use = Use(class_id, survey.rules[state.id], state.due, survey.world_of({class_id}, state.level))
        taken = any(_takes_away(other, use) and other.rule.at == _AT_DUE for other in use.rules)
        lengths = _lengths(survey, use)
        if not (taken and lengths and all(surely_longer(after, length) for length in lengths)):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Use:
    """One class in one clock: the rules of the clock in order, its limit, and the records it runs for."""

    class_id: str
    rules: tuple[Served, ...]
    due: Due | None
    world: World


def check_dead_timers(survey: Survey) -> Iterator[Finding]:
    """E304 and E409: a rule that never runs in any state and class it serves."""
    for served, uses in _used(survey):
        rule = served.rule
        if rule.when is not None and not nobody_sets(survey, rule.when) and not _fits(rule.when, uses):
            yield survey.at("E304", rule.where, f"条件 {rule.when.text} 在这里永远不成立，这条规则永远不会动。")
        elif not any(_comes(survey, rule.at, use) for use in uses):
            yield survey.at_instant("E409", rule, _why_never(survey, rule.at, uses))
        elif all(_overtaken(survey, served, use) for use in uses):
            yield survey.at("E304", rule.where, "到这个时候事情已经到点离开了，这条规则永远不会动。")
    yield from _ladders_of_nobody(survey)


def _used(survey: Survey) -> Iterator[tuple[Served, list[Use]]]:
    """Yield every rule that serves anything, with what it serves."""
    found: dict[Where, tuple[Served, list[Use]]] = {}
    for clock in clock_uses(survey):
        if clock.milestone is not None or _waits_for_ever(survey, clock):
            continue
        for served in clock.rules:
            if (
                clock.state is not None
                and served.rule.do.leaves
                and targets_of(survey.workflow, clock.state, served.rule) is None
            ):
                continue
            _, uses = found.setdefault(served.rule.where, (served, []))
            for class_id in survey.workflow.class_ids:
                if class_id in clock.classes and served.serves(class_id):
                    uses.append(Use(class_id, clock.rules, clock.due, survey.of_class(clock.world, class_id)))
    yield from (one for one in found.values() if one[1])


def _waits_for_ever(survey: Survey, clock: ClockUse) -> bool:
    """Whether a missing due is the finding (E401, E405) already, so that rules which count from it are none."""
    state = clock.state
    if state is None or clock.due is not None or not must_be_left(survey, state):
        return False
    return state.pause or bool(stays_for_ever(survey, state))


def _fits(when: Condition, uses: list[Use]) -> bool:
    return any(can_hold(when, world=use.world) for use in uses)


def _lengths(survey: Survey, use: Use) -> list[Duration]:
    if use.due is None or use.due.given:
        return []
    return [choice.length for choice, _ in granted(choices_of(survey, use.due, use.class_id), use.world)]


def _comes(survey: Survey, at: Offset, use: Use) -> bool:
    """Whether the instant can lie at or after the start of the clock."""
    if use.due is None:
        return at.anchor in ("entry", "every")
    if at.anchor != "due" or at.sign >= 0 or at.duration is None or use.due.given:
        return True
    shift, lengths = at.duration, _lengths(survey, use)
    return not lengths or any(not _surely_before(length, shift) for length in lengths)


def _surely_before(length: Duration, shift: Duration) -> bool:
    """Whether *shift* counted back from the end of *length* always comes out before its start."""
    if shift.unit is Unit.WORKING_DAYS and length.unit in (Unit.WORKING_MINUTES, Unit.WORKING_HOURS):
        return shortest_minutes(length) < shift.amount * _SHORTEST_DAY_MINUTES
    if length.unit.working and not shift.unit.working:
        return shortest_minutes(shift) > longest_minutes(length) + _LONGEST_HOLIDAY_MINUTES
    if shift.unit is Unit.WORKING_DAYS and length.unit is not Unit.WORKING_DAYS:
        return shift.amount * 1440 > longest_minutes(length)
    return surely_longer(shift, length)


def _why_never(survey: Survey, at: Offset, uses: list[Use]) -> str:
    if all(use.due is None for use in uses):
        return "这里没有写 due，这个时点不存在，规则永远不会动。"
    lengths = dict.fromkeys(str(length) for use in uses for length in _lengths(survey, use))
    return f"时限是 {'、'.join(lengths)}，{at} 在进入之前，这条规则永远不会动。"


def _overtaken(survey: Survey, served: Served, use: Use) -> bool:
    """Whether an earlier rule always takes the matter away first."""
    if any(other.rule.do is Do.REASSIGN for other in use.rules):
        return False
    rule, index = served.rule, use.rules.index(served)
    for position, other in enumerate(use.rules):
        if other is served or not _takes_away(other, use):
            continue
        if rule.at == other.rule.at:
            if position < index and not rule.do.leaves and rule.do is not Do.LATE:
                return True
        elif _comes(survey, other.rule.at, use) and _later(survey, (rule.at, other.rule.at), use):
            return True
    return False


def _takes_away(served: Served, use: Use) -> bool:
    """Whether the rule moves every matter of the class at its instant."""
    rule = served.rule
    always = rule.when is None and rule.limit is None and not rule.fires_at_opening
    return rule.do.leaves and always and served.serves(use.class_id)


def _later(survey: Survey, pair: tuple[Offset, Offset], use: Use) -> bool:
    """Whether the first instant is surely after the second."""
    one, other = pair
    if one.anchor == "every":
        lengths = _lengths(survey, use)
        soon = other.anchor in ("entry", "percent") or (other.anchor == "due" and other.sign <= 0)
        every = one.duration
        return soon and every is not None and bool(lengths) and all(surely_longer(every, length) for length in lengths)
    if other.anchor == "entry":
        return one.anchor in ("percent", "due") and one.sign >= 0
    if other.anchor == "percent":
        return one.percent > other.percent if one.anchor == "percent" else one.anchor == "due" and one.sign >= 0
    if other.anchor != "due" or one.anchor != "due":
        return False
    if one.sign != other.sign or one.duration is None or other.duration is None:
        return one.sign > other.sign
    longer, shorter = (one, other) if one.sign > 0 else (other, one)
    return (
        longer.duration is not None
        and shorter.duration is not None
        and surely_longer(longer.duration, shorter.duration)
    )


def _ladders_of_nobody(survey: Survey) -> Iterator[Finding]:
    """E409 on the first rule of a ladder that serves no state, and on an escalation that has nowhere to go."""
    limits = survey.workflow.limits
    serving = [served for rules in survey.rules.values() for served in rules]
    for name, ladder in limits.escalation.items() if limits is not None else ():
        in_use = [rule for rule in ladder if any(served.rule.where == rule.where for served in serving)]
        if ladder and not in_use:
            yield survey.at_instant("E409", ladder[0], f"没有哪个状态用得上「{name}」这一列阶梯，它永远不会动。")
        for rule in in_use:
            if rule.do.leaves and not any(step.where == rule.where for step in survey.steps):
                yield survey.at_instant("E409", rule, "用这个阶梯的状态都没有上一级可去，这条规则永远不会动。")
