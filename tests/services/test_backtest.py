"""The past lived again: under its own limits exactly as recorded, under others exact up to where it parts."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.history import read_event
from engine.core.workflow.declaration import Workflow
from engine.services.backtest import Backtest, backtest
from engine.services.decide_proposal import take_effect
from engine.services.replay import Lived, Replay, recorded
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.core.test_repin import LIMITS, flow_with
from tests.services.test_propose_limits import sent, yes
from tests.support.demo import NOW

FLOW = "three_tier"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def try_past(sanlian: Sanlian, new: Workflow, *, most: int = 200) -> Backtest:
    """A backtest of *new* on the demo."""
    with sanlian.uow.read() as tx:
        return backtest(tx, sanlian.door.shelf, new=new, now=NOW, zone=SHANGHAI, most=most)


def lives(sanlian: Sanlian, flow: Workflow) -> list[tuple[Lived, Lived]]:
    """Every demand of the demo: as recorded, and lived again under *flow*."""
    found = []
    with sanlian.uow.read() as tx:
        world = sanlian.door.shelf.world(tx)
        for name in tx.matters.filed_since(FLOW, NOW - timedelta(days=90), limit=500):
            history = recorded(read_event(record.body) for record in tx.events.of(name))
            found.append((history.lived(), Replay(flow, history, world=world, until=NOW).live()))
    return found


def test_every_recorded_rule_comes_out_at_its_instant_under_its_own_limits(demo: Sanlian) -> None:
    """Fidelity: the demo's two months with their returns, tasks, topics and pauses are reproduced whole."""
    sweep(demo.uow, now=NOW, services=demo.door)
    with demo.uow.read() as tx:
        flow = demo.door.shelf.current(tx, FLOW)

    compared = lives(demo, flow)

    assert len(compared) > 80
    assert sum(len(old.rules) for old, _ in compared) > 100
    for old, new in compared:
        assert new.stopped is None, new.why
        assert [rule.name for rule in new.rules] == [rule.name for rule in old.rules]
        assert new.moves == old.moves


def test_same_limits_change_nothing(demo: Sanlian) -> None:
    """Another version number and nothing else: every demand is the same, and no figure differs."""
    found = try_past(demo, flow_with(LIMITS.replace("version: 1", "version: 2")))

    assert found.looked_at == found.reproduced == found.same > 80
    assert (found.notices, found.diverging, found.apart, found.listed) == (0, 0, (), ())
    assert all((one.late_old, one.up_old) == (one.late_new, one.up_new) for one in (*found.weeks, *found.levels))


def test_other_reminders_are_notices_and_shorter_limits_part(demo: Sanlian) -> None:
    """A reminder two days before is another notice; one working day in the grid leads some up that stayed there."""
    reminded = try_past(demo, flow_with(LIMITS.replace("{ at: due-1wd, do: remind }", "{ at: due-2wd, do: remind }")))
    shorter = try_past(demo, flow_with(LIMITS.replace("grid: 3wd, community: 7wd", "grid: 1wd, community: 4wd")))

    assert reminded.notices > 0
    assert reminded.diverging == 0
    assert shorter.diverging == len(shorter.listed) > 0
    assert shorter.is_thin
    assert shorter.same + shorter.notices + shorter.diverging == shorter.reproduced
    assert sum(one.up_new for one in shorter.weeks) == sum(one.up_new for one in shorter.levels) > 0
    assert sum(one.late_new for one in shorter.weeks) > sum(one.late_old for one in shorter.weeks)


def test_lives_are_the_same_before_they_part(demo: Sanlian) -> None:
    """Up to the step that goes another way every step is the recorded one; nothing is claimed after a refusal."""
    parted = 0
    for old, new in lives(demo, flow_with(LIMITS.replace("grid: 3wd, community: 7wd", "grid: 2wd, community: 2wd"))):
        common = next((n for n, (a, b) in enumerate(zip(old.moves, new.moves, strict=False)) if a != b), None)
        if common is not None:
            parted += 1
            assert new.moves[common][0] <= old.moves[common][0], "shorter limits never lead up later"
        if new.stopped is not None:
            assert all(at <= new.stopped for at, _ in new.moves)
    assert parted > 0


def test_what_went_over_to_other_limits_is_set_apart(demo: Sanlian) -> None:
    """A demand with two tables in its history is not compared, and the page says so."""
    sweep(demo.uow, now=NOW, services=demo.door)
    yes(demo, sent(demo))
    moved = take_effect(demo.uow, now=NOW, services=demo.door).moved

    found = try_past(demo, flow_with(LIMITS.replace("version: 1", "version: 3")))

    assert dict(found.apart) == {"中途换过时限表": moved}
    assert found.reproduced == found.looked_at - moved


@pytest.mark.parametrize("most", [1, 10])
def test_backtest_looks_at_the_newest_only_when_there_are_many(demo: Sanlian, most: int) -> None:
    """The work is bounded, and the page knows that it was cut."""
    found = try_past(demo, flow_with(LIMITS.replace("version: 1", "version: 2")), most=most)

    assert found.looked_at == most
    assert found.is_cut
