"""
The state machine of a flow: the only user of `transitions`.

One flat machine per workflow version, cached by its content hash, is driven by a small cursor. Actions of people,
timers, joins and topics are events of the same machine. Where an event may lead to several states, `decide` has
already chosen one; the machine's guard lets just that one through, so no state is entered that was not declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from transitions import Event, EventData, Machine, MachineError, Transition

from engine.core.terms import BuiltIn, Do
from engine.core.workflow.declaration import State, TimerRule, Workflow

BEFORE_FILING = "@new"
JOINED = "@joined"
CANCELLED = "@cancelled"
RECOMPUTED = "@recomputed"
MIGRATED = "@migrated"
LINKED = "@linked"
REVIEW = "review"
LATE_TOO = "late.0"


def start_event(start: str) -> str:
    """Event of filing through *start*."""
    return f"@start.{start}"


def rule_event(rule: str) -> str:
    """Event of a rule that leaves its state or stays."""
    return f"@rule.{rule}"


def topic_event(outcome: str) -> str:
    """Event of a topic's end."""
    return f"@topic.{outcome}"


class Cursor:
    """
    The machine's model for one step: where the matter is, and where `decide` wants it to go (None: it stays).

    `taken` is the transition object that let it through.
    """

    __slots__ = ("state", "taken", "target")

    def __init__(self, state: str, target: str | None) -> None:
        self.state = state
        self.target = target
        self.taken: Transition | None = None


class BoundEvent(Event):
    """
    An event that goes straight to its transition.

    Our transitions have no callbacks and one guard, «is this the chosen target», so nothing else of the stock event
    can happen. It costs 1 µs where the stock one costs 16; a test holds both to the same answers.
    """

    def trigger(self, model: object, *_: Any, **__: Any) -> bool:
        """Move the cursor *model* along the transition to its target; False where there is none."""
        if not isinstance(model, Cursor):
            raise TypeError(model)
        for transition in self.transitions.get(model.state, ()):
            if transition.dest == model.target:
                if transition.dest is not None:
                    model.state = transition.dest
                model.taken = transition
                return True
        return False


class BoundMachine(Machine):
    """A machine of bound events."""

    event_cls = BoundEvent


@dataclass(frozen=True, slots=True)
class Arrow:
    """A declared step: *event* leads from *source* to *target*, or stays when *target* is None."""

    event: str
    source: str
    target: str | None


class FlowMachine:
    """The machine of one workflow version."""

    def __init__(self, workflow: Workflow, machine: type[Machine] = BoundMachine) -> None:
        self._machine = machine(
            model=None,
            states=[BEFORE_FILING, *workflow.states],
            initial=None,
            auto_transitions=False,
            send_event=True,
            name=f"{workflow.id}@{workflow.digest[:12]}",
        )
        self.arrows = frozenset(arrows_of(workflow))
        for arrow in sorted(self.arrows, key=lambda arrow: (arrow.event, arrow.source, arrow.target or "")):
            self._machine.add_transition(arrow.event, arrow.source, arrow.target, conditions=_guard(arrow.target))

    def step(self, source: str, event: str, target: str | None) -> str:
        """
        Return the state after *event* in *source* with *target* chosen.

        Raises:
            MachineError: the flow declares no such step.
        """
        cursor = Cursor(source, target)
        declared = self._machine.events.get(event)
        if declared is None or source not in declared.transitions or not declared.trigger(cursor):
            raise MachineError(f"{self._machine.name}: no step {event!r} from {source!r} to {target!r}")
        return cursor.state


def _guard(target: str | None):  # type: ignore[no-untyped-def]  # transitions has no types for callbacks
    def chosen(data: EventData) -> bool:
        return bool(getattr(data.model, "target", "") == target)

    return chosen


MOST_CACHED = 256
_MACHINES: dict[str, FlowMachine] = {}


def machine_of(workflow: Workflow) -> FlowMachine:
    """Return the machine of *workflow*, made once per content hash."""
    known = _MACHINES.get(workflow.digest)
    if known is None:
        if len(_MACHINES) >= MOST_CACHED:
            _MACHINES.clear()
        known = _MACHINES[workflow.digest] = FlowMachine(workflow)
    return known


def arrows_of(workflow: Workflow) -> Iterator[Arrow]:
    """Yield every step the flow declares."""
    for start in workflow.starts.values():
        yield from (Arrow(start_event(start.id), BEFORE_FILING, to) for to in start.to.states)
    for state in workflow.states.values():
        if state.final is not None:
            continue
        yield from _arrows_of_state(workflow, state)


def _arrows_of_state(workflow: Workflow, state: State) -> Iterator[Arrow]:
    rules = (rule_event(Do.LATE), rule_event(LATE_TOO), rule_event(REVIEW))
    always = (CANCELLED, RECOMPUTED, MIGRATED, LINKED, *rules, *BuiltIn)
    yield from (Arrow(str(event), state.id, None) for event in always)
    for action in workflow.actions_of(state.id).values():
        targets = action.to.states if action.to is not None else (None,)
        yield from (Arrow(action.id, state.id, to) for to in targets)
        if action.settle is not None:
            yield Arrow(action.id, state.id, None)
            yield from (Arrow(rule_event(Do.SETTLE), state.id, to) for to in (None, *targets))
    for rule in rules_anywhere(workflow, state):
        event = rule_event(rule.id)
        yield Arrow(event, state.id, None)
        yield from (Arrow(event, state.id, to) for to in targets_of_rule(workflow, state, rule))
    if state.children is not None:
        yield Arrow(JOINED, state.id, None)
        if state.children.done is not None:
            yield from (Arrow(JOINED, state.id, to) for to in state.children.done.states)
    if state.waits_for is not None:
        for outcome, to in state.waits_for.outcomes.items():
            yield Arrow(topic_event(outcome), state.id, to)
            yield Arrow(topic_event(outcome), state.id, None)


def rules_anywhere(workflow: Workflow, state: State) -> Iterator[TimerRule]:
    """Yield every rule that may fire in *state*, for any class and clock."""
    yield from state.timers
    if state.due is not None and state.ladder and workflow.limits is not None:
        for ladder in workflow.limits.escalation.values():
            yield from ladder
    for milestone in state.milestones.values():
        yield milestone.overdue
    level = workflow.level_of(state.id)
    if level is not None and level.over_budget is not None:
        yield level.over_budget
    for clock in workflow.clocks.values():
        yield from clock.timers


def targets_of_rule(workflow: Workflow, state: State, rule: TimerRule) -> tuple[str, ...]:
    """States *rule* may lead to from *state*: its own, or where its level goes up."""
    if not rule.do.leaves:
        return ()
    if rule.to is not None:
        return rule.to.states
    up = state_above(workflow, state)
    return () if up is None else (up,)


def state_above(workflow: Workflow, state: State) -> str | None:
    """Where an escalation from *state* arrives: the entry of the next level, or the state its level names."""
    level = workflow.level_of(state.id)
    if level is None or level.up is None:
        return None
    higher = workflow.levels.get(level.up)
    return level.up if higher is None else higher.entry
