"""Every way a matter can move, as a list of steps; what the checks walk along."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import Action, State, Target, TargetCase, TimerRule, Workflow
from engine.core.workflow.written import Where


class StepKind(StrEnum):
    """What moves a matter."""

    START = "start"
    ACTION = "action"
    TIMER = "timer"
    BUDGET = "budget"
    CLOCK = "clock"
    CHILDREN = "children"
    TOPIC = "topic"
    VOTE = "vote"


@dataclass(frozen=True, slots=True)
class Step:
    """
    A way from `source` (None: filing) to `target`.

    `classes`: the classes it serves (None: all). It is open when `whens` hold and `unless` do not. `asks` are fields
    a person may fill on the way, `fills` those surely filled then, `sets` the constants written. `back`: `last_of`.
    """

    kind: StepKind
    name: str
    source: str | None
    target: str
    where: Where
    classes: frozenset[str] | None = None
    whens: tuple[Condition, ...] = ()
    entering: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    asks: frozenset[str] = frozenset()
    fills: frozenset[str] = frozenset()
    sets: tuple[tuple[str, object], ...] = ()
    limit: int | None = None
    back: bool = False
    rule: TimerRule | None = None

    @property
    def automatic(self) -> bool:
        """Whether a clock takes it, without anybody acting."""
        return self.kind in (StepKind.TIMER, StepKind.BUDGET, StepKind.CLOCK)


@dataclass(frozen=True, slots=True)
class Served:
    """A timer rule of a state's clock, and the classes it serves there (None: all)."""

    rule: TimerRule
    classes: frozenset[str] | None

    def serves(self, class_id: str) -> bool:
        """Whether it runs for matters of that class."""
        return self.classes is None or class_id in self.classes


def rules_of(workflow: Workflow, state: State) -> tuple[Served, ...]:
    """Return the rules of a state's clock: its own in written order, then the ladder's that it does not replace."""
    own = tuple(Served(rule, None) for rule in state.timers)
    if state.due is None or not state.ladder or workflow.limits is None:
        return own
    replaced = {rule.do for rule in state.timers}
    ladders: dict[str, set[str]] = {}
    for class_id in workflow.class_ids:
        ladders.setdefault(class_id if class_id in workflow.limits.escalation else "else", set()).add(class_id)
    return own + tuple(
        Served(rule, frozenset(classes))
        for name, classes in ladders.items()
        for rule in workflow.limits.escalation.get(name, ())
        if rule.do not in replaced
    )


def targets_of(workflow: Workflow, state: State, rule: TimerRule) -> Target | None:
    """Return where a rule leads from a state; an escalation without a target takes the way up of the level."""
    if not rule.do.leaves or rule.to is not None:
        return rule.to
    level = workflow.level_of(state.id)
    if level is None or level.up is None:
        return None
    higher = workflow.levels.get(level.up)
    arrives = level.up if higher is None else higher.entry
    return None if arrives is None else Target((TargetCase(arrives, None),), (), rule.where)


def steps_of(workflow: Workflow) -> Iterator[Step]:
    """Yield every step of a flow, starts first, then state by state in written order."""
    for start in workflow.starts.values():
        filled = frozenset(start.require)
        asks = filled | frozenset(start.optional)
        make = partial(Step, StepKind.START, start.id, None, where=start.where, asks=asks, fills=filled)
        yield from _along(make, start.to)
    for state in workflow.states.values():
        if state.final is None:
            yield from _steps_of_state(workflow, state)


def _steps_of_state(workflow: Workflow, state: State) -> Iterator[Step]:
    for action in workflow.actions_of(state.id).values():
        yield from _action_steps(state, action)
    for served in rules_of(workflow, state):
        yield from _rule_steps(workflow, state, served, StepKind.TIMER)
    level = workflow.level_of(state.id)
    if level is not None and level.over_budget is not None and level.budget is not None:
        yield from _rule_steps(workflow, state, Served(level.over_budget, None), StepKind.BUDGET)
    elsewhere = [rule for clock in workflow.clocks.values() for rule in clock.timers]
    elsewhere += [milestone.overdue for milestone in state.milestones.values()]
    for rule in elsewhere:
        yield from _rule_steps(workflow, state, Served(rule, None), StepKind.CLOCK)
    yield from _procedure_steps(state)


def _action_steps(state: State, action: Action) -> Iterator[Step]:
    if action.to is None:
        return
    required = frozenset(action.require)
    make = partial(
        Step,
        StepKind.ACTION,
        action.id,
        state.id,
        where=action.where,
        whens=_given(action.when),
        asks=required | frozenset(action.optional),
        fills=required | frozenset(action.set),
        sets=tuple(action.set.items()),
        limit=action.limit,
    )
    yield from _along(make, action.to)


def _rule_steps(workflow: Workflow, state: State, served: Served, kind: StepKind) -> Iterator[Step]:
    rule = served.rule
    target = targets_of(workflow, state, rule)
    if not rule.do.leaves or target is None:
        return
    make = partial(
        Step,
        kind,
        rule.id,
        state.id,
        where=rule.where,
        classes=served.classes,
        whens=_given(rule.when),
        limit=rule.limit,
        rule=rule,
    )
    yield from _along(make, target)


def _procedure_steps(state: State) -> Iterator[Step]:
    children, waits, vote = state.children, state.waits_for, state.vote
    if children is not None and children.done is not None:
        filled = frozenset(children.done_require)
        make = partial(Step, StepKind.CHILDREN, "done", state.id, where=children.where, asks=filled, fills=filled)
        yield from _along(make, children.done)
    if waits is not None:
        for outcome, to in waits.outcomes.items():
            yield Step(StepKind.TOPIC, outcome, state.id, to, waits.where)
    if vote is not None:
        for name, end in (("passed", vote.passed), ("rejected", vote.rejected), ("no_quorum", vote.no_quorum)):
            if end is not None and end.to is not None:
                filled = frozenset(end.require)
                make = partial(Step, StepKind.VOTE, name, state.id, where=vote.where, asks=filled, fills=filled)
                yield from _along(make, end.to)


def _given(when: Condition | None) -> tuple[Condition, ...]:
    return () if when is None else (when,)


def _along(make: Callable[..., Step], target: Target) -> Iterator[Step]:
    """Yield the step once for each state the target can name, with what chooses it and what before it must not."""
    if len(target.cases) == 1 and target.cases[0].when is None:
        yield make(target=target.cases[0].state)
        return
    before: tuple[Condition, ...] = ()
    for case in target.cases:
        yield make(target=case.state, entering=_given(case.when), unless=before)
        if case.when is None:
            break
        before += (case.when,)
    for state in target.last_of:
        yield make(target=state, back=True)
