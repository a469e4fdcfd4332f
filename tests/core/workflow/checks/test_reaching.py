"""Reachability: every state is reached, leads to an end, and an end stays one."""

import pytest

from tests.support.flows import CLOSES, SOLVE, flow, found_and_expected

DOING = f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n"
BACK = (
    f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ go: {{ by: [worker], to: check }} }} }}\n"
    f"  check: {{ held_by: worker, due: 3d, {CLOSES},"
    " actions: { again: { by: [worker], to: { last_of: [doing] } } } }\n"
)
GOOD = {"one state": flow(DOING), "way back": flow(BACK)}

BAD = {
    "unreachable state": (
        "E301",
        flow(DOING + f"  »lost: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n"),
    ),
    "unreachable end": ("E301", flow(DOING + "  »other: { final: other }\n")),
    "only the first of states that lead to each other": (
        "E301",
        flow(
            DOING
            + "  »lost: { held_by: worker, due: 3d, timers: [ { at: due, do: advance, to: too } ],"
            + " actions: { go: { by: [worker], to: too } } }\n"
            + "  too: { held_by: worker, due: 3d, timers: [ { at: due, do: close, to: done } ],"
            + " actions: { back: { by: [worker], to: lost } } }\n"
        ),
    ),
    "only the first of states that follow": (
        "E301",
        flow(
            DOING
            + "  »lost: { held_by: worker, due: 3d, timers: [ { at: due, do: advance, to: too } ],"
            + " actions: { go: { by: [worker], to: too } } }\n"
            + f"  too: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n"
        ),
    ),
    "dead end behind a state that leads nowhere else": (
        "E303",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ go: {{ by: [worker], to: middle }} }} }}\n"
            "  middle: { held_by: worker, no_deadline: 试, actions: { go: { by: [worker], to: stuck } } }\n"
            "  »stuck: { held_by: worker }\n"
        ),
    ),
    "trap of two states": (
        "E302",
        flow(
            "  doing: { held_by: worker, due: 3d, timers: [ { at: due, do: close, to: done } ],"
            " actions: { go: { by: [worker], to: here } } }\n"
            "  »here: { held_by: worker, no_deadline: 试, actions: { go: { by: [worker], to: there } } }\n"
            "  there: { held_by: worker, no_deadline: 试, actions: { go: { by: [worker], to: here } } }\n"
        ),
    ),
    "dead end": (
        "E303",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ go: {{ by: [worker], to: stuck }} }} }}\n"
            "  »stuck: { held_by: worker }\n"
        ),
    ),
    "action of an end": (
        "E305",
        flow(DOING, done="  done: { final: done, actions: { »again: { by: [worker], to: doing } } }\n"),
    ),
    "rule of an end": (
        "E305",
        flow(DOING, done="  done: { final: done, timers: [ »{ at: entry, do: advance, to: doing } ] }\n"),
    ),
    "way back to where some have not been": (
        "E201",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ ask: {{ by: [worker], to: other }},"
            " straight: { by: [worker], to: check } } }\n"
            f"  other: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ go: {{ by: [worker], to: check }} }} }}\n"
            f"  check: {{ held_by: worker, due: 3d, {CLOSES},"
            " actions: { again: { by: [worker], to: { last_of: »[other] } } } }\n"
        ),
    ),
}


@pytest.mark.parametrize(("code", "text"), BAD.values(), ids=BAD.keys())
def test_reaching_finds_the_place_when_a_way_is_missing(code: str, text: str) -> None:
    """A fault gives one finding, exactly at the state or action that is wrong."""
    found, expected = found_and_expected(code, text)

    assert found == expected


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_reaching_finds_nothing_when_every_state_leads_to_an_end(text: str) -> None:
    """A flow that is whole has no finding."""
    found, expected = found_and_expected("", text)

    assert found == expected == []
