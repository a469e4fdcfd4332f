"""Kept forecasts are the ones that would be made anew, whatever changed between."""

import random
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from engine.core.forecast import forecast, foresee, next_move
from engine.core.matter import Matter
from engine.core.scope import Organisation, World
from engine.core.workflow.declaration import Workflow
from engine.services.foresee import Foresight, coming_to
from engine.wiring import Sanlian
from tests.support.demo import NOW

INSTANTS = tuple(NOW + timedelta(hours=hours) for hours in (-300, -30, 0, 1, 20, 75, 400))


@pytest.fixture
def cases(demo: Sanlian) -> tuple[World, list[tuple[Matter, Workflow]]]:
    """The world of the demo, and every matter with its workflow."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        found = [(stored.matter, shelf.workflow(tx, stored.matter.digest)) for stored in tx.matters.all()]
        return shelf.world(tx), found


def test_kept_forecast_equals_a_fresh_one_at_every_instant(cases: tuple[World, list[tuple[Matter, Workflow]]]) -> None:
    """In any order of matters and instants, before and after their next event, kept and fresh are the same."""
    world, matters = cases
    asked = [(matter, flow, now) for matter, flow in matters for now in INSTANTS]
    random.Random(3).shuffle(asked)
    kept = Foresight()

    for matter, flow, now in asked:
        fresh = forecast(matter, now=now, workflow=flow, world=world)
        assert kept.coming(matter, now=now, workflow=flow, world=world) == fresh


def test_forecast_to_the_next_move_is_the_beginning_of_the_whole(
    cases: tuple[World, list[tuple[Matter, Workflow]]],
) -> None:
    """What a row is told begins as the whole forecast begins, and has the same next move."""
    world, matters = cases

    for matter, flow in matters:
        whole = forecast(matter, now=NOW, workflow=flow, world=world)
        beginning = foresee(matter, now=NOW, workflow=flow, world=world, to_next_move=True).coming
        assert beginning == whole[: len(beginning)]
        assert next_move(beginning) == next_move(whole)
        assert bool(beginning) == bool(whole)


def test_kept_forecast_is_given_up_when_matter_rules_or_world_change(
    cases: tuple[World, list[tuple[Matter, Workflow]]],
) -> None:
    """Same id and same seq are not enough: another limit, another organisation, another rule each forecast anew."""
    world, matters = cases
    matter, flow = max(matters, key=lambda case: len(forecast(case[0], now=NOW, workflow=case[1], world=world)))
    other = msgspec.structs.replace(matter, clocks={})
    rules = replace(flow, version=99, limits=None)
    around = replace(world, organisation=Organisation(units=(), posts=()))
    known = forecast(matter, now=NOW, workflow=flow, world=world)
    kept = Foresight()

    for one, its, world_then in ((other, flow, world), (matter, rules, world), (matter, flow, around)):
        assert kept.coming(matter, now=NOW, workflow=flow, world=world) == known
        fresh = forecast(one, now=NOW, workflow=its, world=world_then)
        assert fresh != known
        assert kept.coming(one, now=NOW, workflow=its, world=world_then) == fresh


def test_what_is_kept_is_bounded(
    cases: tuple[World, list[tuple[Matter, Workflow]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many matters are looked at, no more than a fixed number of forecasts stays."""
    world, matters = cases
    monkeypatch.setattr("engine.services.foresee.MOST_KEPT", 7)
    kept = Foresight()

    for matter, flow in matters:
        kept.coming(matter, now=NOW, workflow=flow, world=world)

    assert len(kept._kept) == 7


def test_nothing_comes_to_a_matter_that_has_ended(cases: tuple[World, list[tuple[Matter, Workflow]]]) -> None:
    """An ended matter has no forecast."""
    world, matters = cases
    ended, flow = next((matter, flow) for matter, flow in matters if not matter.is_open)

    assert coming_to(ended, now=NOW, workflow=flow, world=world) == ()
