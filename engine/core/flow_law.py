"""What one workflow version allows, laid out for look-ups by whoever judges a history."""

from dataclasses import dataclass
from functools import lru_cache

from engine.core.clock.duration import Offset
from engine.core.matter import STATE_CLOCK
from engine.core.terms import BuiltIn, Covers, Do, FieldType
from engine.core.workflow.declaration import Action, State, TimerRule, Workflow
from engine.core.workflow.machine import arrows_of, rule_event

_DUE = Offset("due")
_LATE, _SETTLE, _OWN = Do.LATE.value, Do.SETTLE.value, Covers.OWN.value


@dataclass(frozen=True, slots=True)
class ActionLaw:
    """What an action needs, as far as a history can show it."""

    by: frozenset[str]
    targets: frozenset[str | None]
    limit: int | None
    other_than: str | None


@dataclass(frozen=True, slots=True)
class RuleLaw:
    """What a rule needs: what it does (None: no such rule), its place after due (None: elsewhere), where it leads."""

    do: str | None
    at: Offset | None
    targets: frozenset[str | None]


class FlowLaw:
    """What one workflow version allows, laid out for look-ups."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.targets: dict[tuple[str, str], set[str | None]] = {}
        for arrow in arrows_of(workflow):
            self.targets.setdefault((arrow.source, arrow.event), set()).add(arrow.target)
        self.actions = {state.id: _actions_of(workflow, state) for state in workflow.states.values()}
        self.finals = {state.id: state.final for state in workflow.states.values()}
        self.covers: dict[str, str] = {role.id: role.covers.value for role in workflow.roles.values()}
        self.files = frozenset(name for name, rule in workflow.fields.items() if rule.type is FieldType.FILES)
        self.fires = lru_cache(maxsize=8192)(self._look_up)

    def leads(self, source: str, event: str, target: str | None) -> bool:
        """Whether the flow declares that *event* leads from *source* to *target* (None: stays)."""
        return target in self.targets.get((source, event), ())

    def _look_up(self, state_id: str, klass: str, clock: str, rule_id: str) -> RuleLaw:
        """The law of a rule that fires on a clock of the state; lateness and settling need none that is written."""
        targets = frozenset(self.targets.get((state_id, rule_event(rule_id)), ()))
        rule = next((rule for rule in self._rules_on(state_id, klass, clock) if rule.id == rule_id), None)
        offset = rule.at if rule is not None else _DUE if rule_id in (_LATE, _SETTLE) else None
        at = offset if offset is not None and offset.anchor == "due" else None
        return RuleLaw(rule.do.value if rule is not None else None, at, targets)

    def _rules_on(self, state_id: str, klass: str, clock: str) -> tuple[TimerRule, ...]:
        kind, _, name = clock.partition(".")
        state, flow = self.workflow.states.get(state_id), self.workflow
        rules: tuple[TimerRule | None, ...] = ()
        if state is None:
            return ()
        if clock == STATE_CLOCK:
            rules = flow.rules_of_state(state_id, klass)
        elif kind == "named" and name in flow.clocks:
            rules = flow.clocks[name].timers
        elif kind == "level" and name in flow.levels:
            rules = (flow.levels[name].over_budget,)
        elif kind == "milestone" and name in state.milestones:
            rules = (state.milestones[name].overdue,)
        return tuple(rule for rule in rules if rule is not None)

    def due_rules(self, state_id: str, klass: str) -> tuple[TimerRule, ...]:
        """Rules of a state's clock that must have fired when their instant has passed; being late is told apart."""
        return tuple(
            rule
            for rule in self.workflow.rules_of_state(state_id, klass)
            if rule.at.anchor == "due" and rule.when is None and not rule.limit and rule.do is not Do.LATE
        )

    def is_never_late(self, state_id: str) -> bool:
        """Whether a state is held by somebody who acts for himself, who is never late."""
        held_by = self.workflow.states[state_id].held_by
        return held_by is None or self.covers.get(held_by) == _OWN


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
