"""Random lives through the shipped flows: what must always hold, holds after every step."""

from datetime import timedelta

import pytest

from engine.core.decision import Decision
from engine.core.forecast import forecast
from engine.core.history import Event, as_of
from engine.core.matter import Matter, patch_between
from engine.core.rehearse import Rehearsal
from engine.core.workflow.declaration import Workflow
from tests.support.lives import Life
from tests.support.shipped import shipped_flows, shipped_world

LIVES = range(16)
ZERO, SECOND = timedelta(0), timedelta(seconds=1)


@pytest.mark.parametrize("flow", ["three_tier", "task", "topic", "support_lines"])
def test_lives_keep_every_invariant_when_people_do_anything_allowed(flow: str) -> None:
    """After every step the timers are those of the facts, the fold is the matter, and nothing fires twice or early."""
    decisions = counted = 0
    for seed in LIVES if flow == "three_tier" else range(4):
        life = Life(flow, flows=shipped_flows(), world=shipped_world(), seed=seed)

        for _ in range(150):
            life.step()

        decisions += len(life.engine.log)
        counted += life.engine.counted
    assert decisions > 100
    assert counted > 10


def test_forecast_is_what_happens_when_nobody_acts() -> None:
    """Let the clock run with nobody acting, and exactly the forecast events happen, each at its instant."""
    compared = 0
    for seed in range(100, 112):
        life = Life("three_tier", flows=shipped_flows(), world=shipped_world(), seed=seed)
        for _ in range(60):
            life.step()
        for matter in [m for m in life.engine.matters.values() if m.is_open]:
            said = forecast(
                matter,
                now=life.now,
                workflow=life.engine.pinned[matter.id],
                world=life.world,
                family=_family(life.engine, matter),
                flows=shipped_flows(),
            )

            happened = _let_time_pass(life, matter, until=max((c.at for c in said), default=life.now))

            assert [(c.at, c.do.value, c.state, c.ends) for c in said] == happened
            compared += len(said)
    assert compared > 150


def _family(engine: Rehearsal, matter: Matter) -> list[tuple[Matter, Workflow]]:
    near = [*(c for c, s in matter.seats.items() if s.outcome is None), *(t for t, o in matter.topics.items() if not o)]
    return [(engine.matters[name], engine.pinned[name]) for name in near]


def _let_time_pass(life: Life, matter: Matter, *, until: object) -> list[tuple[object, str, str, str | None]]:
    """Run a copy of the whole town to *until*, and return what happened to the matter by itself."""
    town = Rehearsal(
        [(m, life.engine.pinned[name]) for name, m in life.engine.matters.items()],
        flows=shipped_flows(),
        world=life.world,
    )
    now, seen = life.now, set()
    happened: list[tuple[object, str, str, str | None]] = []
    while (timers := town.timers()) and timers[0].fire <= until:  # type: ignore[operator]  # an instant
        timer = timers[0]
        now = max(now, timer.fire)
        decisions = town.fire(timer, now)
        assert isinstance(decisions, list)
        for decision in decisions:
            occurrence = decision.occurrence
            if decision.after.id != matter.id or occurrence.data.get("passed_over"):
                continue
            own = occurrence.type == "fired"
            repeat = (timer.clock, timer.rule, timer.visit)
            if own and timer.slot > 1 and repeat in seen:
                continue
            seen.add(repeat)
            happened.append(
                (occurrence.at, occurrence.action if own else "advance", decision.after.state, decision.after.outcome)
            )
    return happened


def test_matter_as_of_an_instant_is_the_fold_of_its_events_up_to_then() -> None:
    """As it stood at any instant is what the decisions up to then had made of it."""
    compared = 0
    for seed in range(3):
        life = Life("three_tier", flows=shipped_flows(), world=shipped_world(), seed=seed)
        for _ in range(80):
            life.step()
        for name in life.engine.matters:
            decisions = [decision for decision in life.engine.log if decision.after.id == name]
            events = [_event(decision) for decision in decisions]
            for instant in {decision.after.at + shift for decision in decisions for shift in (-SECOND, ZERO, SECOND)}:
                past = [decision.after for decision in decisions if decision.after.at <= instant]

                assert as_of(events, instant) == (past[-1] if past else None)
                compared += 1
    assert compared > 200


def _event(decision: Decision) -> Event:
    occurrence, after = decision.occurrence, decision.after
    return Event(
        v=1, log="log", matter=after.id, seq=after.seq, type=occurrence.type, to=occurrence.to,
        action=occurrence.action, actor=occurrence.actor, at=occurrence.at, recorded_at=occurrence.at,
        workflow=after.digest, calendar="c", from_=occurrence.from_,
        data={**occurrence.data, "patch": patch_between(decision.before, after)},
    )  # fmt: skip


def test_lives_are_the_same_for_the_same_seed() -> None:
    """A life is replayed exactly by its seed, so a failing one can be looked at again."""
    first, second = (Life("three_tier", flows=shipped_flows(), world=shipped_world(), seed=7) for _ in range(2))

    for life in (first, second):
        for _ in range(80):
            life.step()

    assert first.engine.matters == second.engine.matters
    assert first.now - second.now == timedelta(0)
