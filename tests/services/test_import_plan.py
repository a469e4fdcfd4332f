"""A log's steps in the words of the flow declared for it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from engine.core.workflow.declaration import Workflow
from engine.services.import_plan import Plan, Roll
from engine.services.xes import Step, Trace
from tests.support.support_lines import PAIRS, support_lines

START = datetime(2021, 3, 3, 7, 0, tzinfo=UTC)


def step(minute: int, pair: str, *, group: str = "T1", resource: str = "Tova", impact: str = "Low") -> Step:
    status, _, substatus = pair.partition("/")
    line = 3 if group.endswith("3rd") else 2 if group.endswith("2nd") else 1
    at = START + timedelta(minutes=minute)
    return Step(at, status, substatus, group, line, resource, impact, "PROD7", 10 * minute)


def trace(*steps: Step, id_: str = "9-1") -> Trace:
    return Trace(id_, 1, steps)


def roll_of(*steps: Step) -> Roll:
    roll = Roll()
    for each in steps:
        roll.note(each)
    roll.prefix = "log"
    return roll


@pytest.fixture(scope="module")
def flow() -> Workflow:
    return support_lines()


@pytest.fixture(scope="module")
def plan(flow: Workflow) -> Plan:
    return Plan(flow, district="d")


def acts(plan: Plan, one: Trace) -> list[str | None]:
    roll = roll_of(*one.steps)
    made = [plan.act(one, n, roll.actor(s, plan.lines[s.line])) for n, s in enumerate(one.steps)]
    return [act.action if act is not None else None for act in made]


@pytest.mark.parametrize("group", ["T1", "T4 2nd", "T9 3rd"], ids=["line1", "line2", "line3"])
@pytest.mark.parametrize("pair", PAIRS)
def test_every_recorded_status_has_an_action_on_every_line(plan: Plan, flow: Workflow, pair: str, group: str) -> None:
    """Each status pair leads to its line, whether the log goes on after it or not; a cancelled one always ends."""
    again = step(2, pair, group=group)
    first, last = acts(plan, trace(step(0, pair, group=group), again))

    assert first is not None
    assert last is not None
    level = f"line{again.line}"
    targets = {a: flow.states[flow.actions_of("registered")[a].to.states[0]] for a in (first, last)}  # type: ignore[union-attr] # every action of this state leads somewhere
    assert {state.level for state in targets.values()} == {level}
    assert targets[last].final == {
        "Completed/Closed": "closed",
        "Completed/In Call": "in_call",
        "Completed/Cancelled": "cancelled",
    }.get(pair)
    assert targets[first].final == ("cancelled" if pair == "Completed/Cancelled" else None)


def test_flow_moves_nothing_by_itself(flow: Workflow) -> None:
    """No rule of the flow leaves a state; what waits, pauses and has a cap."""
    waits = [state for state in flow.states.values() if "wait" in state.id]

    assert [timer for state in flow.states.values() for timer in state.timers] == []
    assert len(waits) == 15
    assert all(state.pause and state.due is not None for state in waits)
    assert flow.states["registered"].level is None


def test_status_is_unknown_when_the_flow_has_no_action_for_it(plan: Plan) -> None:
    """A status the flow does not name gives no act."""
    assert acts(plan, trace(step(0, "Accepted/In Orbit"))) == [None]


def test_act_carries_only_what_changed(plan: Plan) -> None:
    """Team, impact and product are given when they differ from the step before."""
    one = trace(
        step(0, "Accepted/Wait"),
        step(1, "Accepted/Wait", resource="Liv"),
        step(2, "Accepted/Wait", group="T4 2nd", resource="Liv", impact="High"),
    )
    roll = roll_of(*one.steps)

    made = [plan.act(one, n, roll.actor(s, plan.lines[s.line])) for n, s in enumerate(one.steps)]
    filed = plan.filing(one, roll.actor(one.steps[0], plan.lines[1]))

    assert [act.values for act in made if act] == [{}, {}, {"impact": "High", "team": "support_lines.T4 2nd"}]
    assert [act.at for act in made if act] == [START + timedelta(minutes=n) for n in range(3)]
    assert filed.values == {"incident": "9-1", "impact": "Low", "product": "PROD7", "team": "support_lines.T1"}
    assert filed.at == START
    assert made[2] is not None
    assert (made[2].actor.role, made[2].actor.unit) == ("line2", "support_lines.line2")


def test_person_has_one_post_on_each_line() -> None:
    """The same person on two lines is one person with two posts; no name is in an id."""
    roll = roll_of(
        step(5, "Accepted/Wait"),
        step(6, "Accepted/Wait", group="T4 2nd"),
        step(1, "Accepted/Wait"),
        step(7, "Accepted/Wait", resource="Liv"),
    )

    members = [(member.person, member.post, member.name, member.line) for member in roll.members()]

    assert members == [
        ("log.p1", "log.p1.1", "Tova", 1),
        ("log.p1", "log.p1.2", "Tova", 2),
        ("log.p2", "log.p2.1", "Liv", 1),
    ]
    assert roll.since == START + timedelta(minutes=1)
    assert roll.teams == {"T1": 1, "T4 2nd": 2}


def test_matter_id_stays_the_same_for_the_same_incident(plan: Plan, flow: Workflow) -> None:
    """The id is a UUID of version 7 by the first instant; it follows from district, flow and incident alone."""
    one = trace(step(0, "Accepted/Wait"))
    later = trace(step(0, "Accepted/Wait"), step(1, "Accepted/Wait"))
    other = trace(step(0, "Accepted/Wait"), id_="9-2")
    id_ = uuid.UUID(plan.matter_id(one))

    assert id_.version == 7
    assert id_.variant == uuid.RFC_4122
    assert id_.int >> 80 == int(START.timestamp() * 1000)
    assert plan.matter_id(later) == str(id_)
    assert plan.matter_id(other) != str(id_)
    assert Plan(flow, district="e").matter_id(one) != str(id_)
