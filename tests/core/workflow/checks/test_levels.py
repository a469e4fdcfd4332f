"""Levels: escalations go up (E410), a state fits into the budget of its level (W411)."""

import pytest

from tests.support.flows import SOLVE, flow, found_and_expected

CLOSES = "timers: [ { at: due, do: close, to: done } ]"
UP = "{ at: due, do: escalate }"


def tiers(grid: str = "", *, first: str = "due: 3wd", timer: str = UP, community: str = "", to: str = "done") -> str:
    """A flow of two levels; *grid* and *community* are keys of the levels, *first* keys of the lowest state."""
    levels = (
        f"  grid:\n    up: community\n    entry: first\n{grid}"
        f"    states:\n      first: {{ held_by: worker, {first}, timers: [ {timer} ], {SOLVE} }}\n"
        f"  community:\n{community}    entry: second\n"
        "    states:\n      second: { held_by: worker, due: 5d, timers: [ { at: due, do: advance, to: above } ],"
        f" {SOLVE} }}\n"
    )
    return flow(
        f"  above: {{ held_by: head, due: 5d, {CLOSES}, actions: {{ end: {{ by: [head], to: {to} }} }} }}\n",
        levels=levels,
        start="start: { to: first, by: [resident] }\n",
    )


BUDGET = "    budget: 6wd\n    over_budget: { do: escalate%s }\n"
BAD = {
    "escalation inside its level": (
        "E410",
        tiers(timer="{ at: due, do: escalate, to: »other, limit: 1 }, { at: due+1d, do: escalate }").replace(
            "      first:", f"      other: {{ held_by: worker, due: 1d, {CLOSES}, {SOLVE} }}\n      first:"
        ),
    ),
    "escalation that goes down": (
        "E410",
        tiers(community="    up: above\n").replace(
            "{ at: due, do: advance, to: above }",
            "{ at: due, do: escalate, to: »first, limit: 1 }, { at: due+1d, do: advance, to: above }",
        ),
    ),
    "budget that stays inside": ("E410", tiers(BUDGET % ", to: »first, limit: 1")),
    "a level's way up that leads down": (
        "E410",
        tiers(community="    up: »grid\n"),
    ),
    "deadline longer than the budget": ("W411", tiers(BUDGET % "", first="due: »7wd")),
    "deadline of hours longer than the budget": ("W411", tiers(BUDGET % "", first="due: »900h")),
}
GOOD = {
    "up to the next level": tiers(),
    "up to a state above": tiers(timer="{ at: due, do: escalate, to: above, limit: 1 }, { at: due+1d, do: escalate }"),
    "deadline inside the budget": tiers(BUDGET % ""),
    "deadline as long as the budget": tiers(BUDGET % "", first="due: 6wd"),
    "perhaps longer": tiers(BUDGET % "", first="due: 8d"),
    "the budget is held": tiers(BUDGET % "", first="due: 30wd, stops: level, basis: 规则"),
}


@pytest.mark.parametrize(("code", "text"), BAD.values(), ids=BAD.keys())
def test_levels_finds_the_place_when_a_way_does_not_go_up(code: str, text: str) -> None:
    """A fault gives one finding, exactly at its place."""
    found, expected = found_and_expected(code, text)

    assert found == expected


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_levels_finds_nothing_when_ways_go_up_and_time_fits(text: str) -> None:
    """Going up, and a deadline that is not surely longer than the budget, are no findings."""
    found, _ = found_and_expected("", text)

    assert found == []
