"""What goes up by itself today is counted from every timer that rings, however many there are."""

from datetime import timedelta

import pytest

from engine.core.matter import Timer
from engine.core.terms import MatterKind
from engine.core.timers import rule_of, rules_of
from engine.services.escalating import escalating, escalating_by, leaving_rules
from engine.store.matters import Stand
from engine.wiring import Sanlian
from tests.support.demo import NOW
from tests.support.shipped import STARTS, shipped_flows


@pytest.mark.parametrize("flow", STARTS)
def test_leaving_rules_are_all_rules_that_lead_out_of_a_state(flow: str) -> None:
    """No rule that any clock of any state counts on is forgotten: what is forgotten would not be counted."""
    workflow = shipped_flows()[flow]
    known = leaving_rules(workflow)
    clocks = ["state", "review", "settle", *(f"level.{one}" for one in workflow.levels)]
    clocks += [f"named.{one}" for one in workflow.clocks]
    clocks += [f"milestone.{one}" for state in workflow.states.values() for one in state.milestones]

    for state in workflow.states.values():
        for klass in workflow.class_ids:
            standing = Stand("demand", workflow.digest, state.id, state.level, klass, "p")
            for clock in clocks:
                leading = {rule.id for rule in rules_of(workflow, standing, clock) if rule.do.leaves}
                assert leading <= known


@pytest.mark.parametrize("hours", [1, 9, 24, 24 * 30])
def test_what_goes_up_is_what_the_first_leaving_rule_of_each_matter_says(demo: Sanlian, hours: int) -> None:
    """Held against all armed timers of all matters, one by one."""
    shelf, until = demo.door.shelf, NOW + timedelta(hours=hours)
    with demo.uow.read() as tx:
        matters = {one.matter.id: one.matter for one in tx.matters.all(only_open=True)}
        timers = tx.timers.of_many(list(matters))
        expected = {}
        for ident, matter in matters.items():
            flow = shelf.workflow(tx, matter.digest)

            def leads(timer: Timer) -> bool:
                rule = rule_of(flow, matter, timer.clock, timer.rule)  # noqa: B023 (used within the turn)
                return rule is not None and rule.do.leaves

            first = next((one for one in timers[ident] if NOW < one.fire < until and leads(one)), None)
            if matter.kind == MatterKind.DEMAND and first is not None and first.rule == "escalate":
                expected[ident] = (first.fire, matter.place)

        found = escalating(tx, flow_of=lambda digest: shelf.workflow(tx, digest), now=NOW, until=until)

        assert {ident: (one.at, one.place) for ident, one in found.items()} == expected
        for at in {one.at for one in found.values()}:
            picked = escalating_by(tx, flow_of=lambda digest: shelf.workflow(tx, digest), now=NOW, until=until, at=at)
            assert set(picked) == {ident for ident, one in found.items() if one.at == at}
    assert expected or hours < 24 * 30
