"""The stock machine against the declared arrows: the same steps, on random flows and on the shipped ones."""

from random import Random

import pytest
from transitions import MachineError

from engine.core.workflow.declaration import Workflow
from engine.core.workflow.machine import Arrow, arrows_of, machine_of
from tests.support.shipped import shipped_flows
from tests.support.small_flow import flow, read


def random_flow(random: Random) -> Workflow:
    """A flow of some states with random actions, rules and targets by condition."""
    names = [f"s{n}" for n in range(random.randint(2, 6))]
    ends = [*names, "done"]
    lines = []
    for name in names:
        actions = [f"a{n}: {{ by: [worker], {_target(random, ends)} }}" for n in range(random.randint(1, 4))]
        rules = [f"{{ at: due+{n}h, do: advance, to: {random.choice(ends)} }}" for n in range(1, random.randint(2, 4))]
        lines.append(
            f"  {name}: {{ held_by: worker, due: {random.randint(1, 9)}h, timers: [ {', '.join(rules)} ],"
            f" actions: {{ {', '.join(actions)} }} }}\n"
        )
    return read(flow("".join(lines), start=f"start: {{ to: {names[0]}, by: [resident] }}\n"))


def _target(random: Random, ends: list[str]) -> str:
    kind = random.randrange(3)
    if kind == 0:
        return "marks: [seen]"
    if kind == 1:
        return f"to: {random.choice(ends)}"
    return f"to: {{ last_of: [{', '.join(random.sample(ends[:-1], 2))}] }}"


def flows() -> list[Workflow]:
    """Twenty random flows and the shipped ones."""
    return [*(random_flow(Random(seed)) for seed in range(20)), *shipped_flows().values()]


def test_machine_takes_exactly_the_declared_steps_when_every_step_is_tried() -> None:
    """For every event, source and target the stock machine goes there if and only if the flow declares it."""
    tried = 0
    for workflow in flows():
        machine, declared = machine_of(workflow), frozenset(arrows_of(workflow))
        random = Random(workflow.digest)
        events = sorted({arrow.event for arrow in declared} | {"@rule.never", "to_done", "trigger"})
        places = [*workflow.states, None]
        steps = [(e, s, t) for e in events for s in workflow.states for t in places]
        for event, source, target in random.sample(steps, min(400, len(steps))):
            tried += 1
            try:
                reached: str | None = machine.step(source, event, target)
            except MachineError:
                reached = None
            expected = (target or source) if Arrow(event, source, target) in declared else None
            assert reached == expected, (workflow.id, event, source, target)
    assert tried > 5000


def test_machine_is_made_once_when_flows_have_one_content() -> None:
    """One machine per content hash: equal texts share it, other texts do not."""
    first, again, other = random_flow(Random(1)), random_flow(Random(1)), random_flow(Random(2))

    assert machine_of(first) is machine_of(again)
    assert machine_of(first) is not machine_of(other)


def test_machine_adds_no_way_back_when_a_state_is_final() -> None:
    """No arrow leads out of an end."""
    for workflow in flows():
        ends = {state.id for state in workflow.states.values() if state.final is not None}

        assert not [arrow for arrow in arrows_of(workflow) if arrow.source in ends]


def test_machine_refuses_a_step_that_is_not_declared() -> None:
    """A step that the flow does not declare is an error with its event and states."""
    workflow = random_flow(Random(3))

    with pytest.raises(MachineError, match="no step 'fly' from 's0' to 'done'"):
        machine_of(workflow).step("s0", "fly", "done")
