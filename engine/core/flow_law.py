"""What one workflow version allows, laid out for look-ups by whoever judges a history."""

from dataclasses import dataclass
from functools import lru_cache

from engine.core.matter import STATE_CLOCK
from engine.core.terms import BuiltIn, Covers
from engine.core.workflow.declaration import Action, State, TimerRule, Workflow
from engine.core.workflow.machine import arrows_of


@dataclass(frozen=True, slots=True)
class ActionLaw:
    """What an action needs, as far as a history can show it."""

    by: frozenset[str]
    targets: frozenset[str | None]
    limit: int | None
    other_than: str | None


class FlowLaw:
    """What one workflow version allows, laid out for look-ups."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.targets: dict[tuple[str, str], set[str | None]] = {}
        for arrow in arrows_of(workflow):
            self.targets.setdefault((arrow.source, arrow.event), set()).add(arrow.target)
        self.actions = {state.id: _actions_of(workflow, state) for state in workflow.states.values()}
        self.finals = {state.id: state.final for state in workflow.states.values()}
        self.covers = {role.id: role.covers for role in workflow.roles.values()}
        self._must_fire: dict[tuple[str, str], tuple[TimerRule, ...]] = {}
        self.rule = lru_cache(maxsize=8192)(self._look_up)

    def leads(self, source: str, event: str, target: str | None) -> bool:
        """Whether the flow declares that *event* leads from *source* to *target* (None: stays)."""
        return target in self.targets.get((source, event), ())

    def _look_up(self, state_id: str, klass: str, clock: str, rule_id: str) -> TimerRule | None:
        """The rule of that id on a clock of the state; lateness has one even where none is written."""
        kind, _, name = clock.partition(".")
        state, flow = self.workflow.states[state_id], self.workflow
        rules: tuple[TimerRule | None, ...] = ()
        if clock == STATE_CLOCK:
            rules = flow.rules_of_state(state_id, klass)
        elif kind == "named" and name in flow.clocks:
            rules = flow.clocks[name].timers
        elif kind == "level" and name in flow.levels:
            rules = (flow.levels[name].over_budget,)
        elif kind == "milestone" and name in state.milestones:
            rules = (state.milestones[name].overdue,)
        return next((rule for rule in rules if rule is not None and rule.id == rule_id), None)

    def due_rules(self, state_id: str, klass: str) -> tuple[TimerRule, ...]:
        """Rules of a state's clock that must have fired when their instant has passed."""
        known = self._must_fire.get((state_id, klass))
        if known is None:
            rules = self.workflow.rules_of_state(state_id, klass)
            known = tuple(rule for rule in rules if rule.at.anchor == "due" and rule.when is None and not rule.limit)
            self._must_fire[state_id, klass] = known
        return known

    def is_never_late(self, state_id: str) -> bool:
        """Whether a state is held by somebody who acts for himself, who is never late."""
        held_by = self.workflow.states[state_id].held_by
        return held_by is None or self.covers.get(held_by) is Covers.OWN


def _actions_of(workflow: Workflow, state: State) -> dict[str, ActionLaw]:
    if state.final is not None:
        return {}
    declared = dict(workflow.actions_of(state.id))
    laws = {action.id: _law_of(action) for action in declared.values()}
    workers = frozenset(role for action in declared.values() for role in action.by)
    holder = frozenset((state.held_by,) if state.held_by else ())
    built_in: dict[str, frozenset[str]] = {BuiltIn.NOTE: workers | holder}
    if state.extend is not None:
        built_in[BuiltIn.ASK_EXTENSION] = frozenset(state.extend.ask)
        built_in[BuiltIn.GRANT_EXTENSION] = built_in[BuiltIn.DENY_EXTENSION] = frozenset(state.extend.approve)
    if state.children is not None:
        built_in[BuiltIn.ASSIGN] = holder
    if settled := [action for action in declared.values() if action.settle is not None]:
        built_in[BuiltIn.UNDO] = frozenset(role for action in settled for role in action.by)
    for word, by in built_in.items():
        laws.setdefault(str(word), ActionLaw(by, frozenset({None}), None, None))
    return laws


def _law_of(action: Action) -> ActionLaw:
    moves = action.to is not None and action.settle is None
    targets: frozenset[str | None] = frozenset(action.to.states) if moves and action.to else frozenset({None})
    return ActionLaw(frozenset(action.by), targets, action.limit, action.other_than)
