"""The machine of a flow: the bound one answers as the stock one does, and lets nothing through that is not declared."""

from random import Random

import pytest
from transitions import Machine, MachineError

from engine.core.workflow.machine import Arrow, Cursor, FlowMachine, machine_of
from tests.support.shipped import shipped_flows

FLOWS = ("three_tier", "task", "topic")


@pytest.mark.parametrize("flow", FLOWS)
def test_bound_machine_answers_as_the_stock_one_for_any_event_and_target(flow: str) -> None:
    """For random states, events and targets of a flow, both machines move or refuse alike."""
    workflow = shipped_flows()[flow]
    bound, stock = FlowMachine(workflow), FlowMachine(workflow, Machine)
    random = Random(1)
    states = [*workflow.states, "@new"]
    events = sorted({arrow.event for arrow in bound.arrows})
    moved = 0

    for _ in range(3000):
        declared = random.choice(sorted(bound.arrows, key=str)) if random.random() < 0.5 else None
        arrow = declared or Arrow(random.choice(events), random.choice(states), random.choice([*states, None]))
        answers = {_step(machine, arrow) for machine in (bound, stock)}
        assert len(answers) == 1, arrow
        moved += answers != {None}

    assert moved > 500


def _step(machine: FlowMachine, arrow: Arrow) -> str | None:
    try:
        return machine.step(arrow.source, arrow.event, arrow.target)
    except MachineError:
        return None


@pytest.mark.parametrize("flow", FLOWS)
def test_step_is_taken_if_and_only_if_the_flow_declares_it(flow: str) -> None:
    """Every declared step is let through to its target, and an undeclared target of the same event is refused."""
    machine = machine_of(shipped_flows()[flow])

    for arrow in machine.arrows:
        assert machine.step(arrow.source, arrow.event, arrow.target) == (arrow.target or arrow.source)
        with pytest.raises(MachineError):
            machine.step(arrow.source, arrow.event, "nowhere")


def test_machine_is_made_once_per_content() -> None:
    """The machine is cached by the content hash of its flow."""
    flow = shipped_flows()["task"]

    assert machine_of(flow) is machine_of(flow)


def test_step_leaves_the_transition_it_took_on_the_cursor() -> None:
    """No state changes without a transition object of the library."""
    machine = FlowMachine(shipped_flows()["task"])
    cursor = Cursor("assigned", "doing")

    assert machine._machine.events["accept"].trigger(cursor)

    assert cursor.taken is not None
    assert (cursor.taken.source, cursor.taken.dest) == ("assigned", "doing")
