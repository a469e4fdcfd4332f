"""Dead things: actions and rules that never happen are found at their place."""

import pytest

from tests.support.flows import CLOSES, SOLVE, flow, found_and_expected, limits

KIND = "  kind: { type: choice, of: [quick, small], default: small }\n"
START = "start: { to: doing, by: [resident], optional: [kind] }\n"
GO = "solve: { by: [worker], to: done }"


def timers(*written: str, due: str = "due: 3d, ") -> str:
    """A flow with one state and these timers."""
    return flow(
        f"  doing: {{ held_by: worker, {due}timers: [ {', '.join(written)} ], {SOLVE} }}\n", fields=KIND, start=START
    )


CLOSE = "{ at: due, do: close, to: done }"
BAD = {
    "action whose condition is never true": (
        "E304",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ {GO},"
            " »never: { by: [worker], to: done, when: \"kind = 'quick' and kind = 'small'\" } } }\n",
            fields=KIND,
            start=START,
        ),
        "",
    ),
    "action that asks for another level": (
        "E304",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ {GO},"
            " »never: { by: [worker], to: done, when: \"level = 'grid'\" } } }\n",
            levels=f"  grid:\n    states:\n      first: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n",
            start="start: { by: [resident], external: [number],"
            " to: [ { when: external, is: first }, { is: doing } ] }\n",
        ),
        "",
    ),
    "action allowed when all are gone": (
        "E304",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES},"
            f" actions: {{ {GO}, »late: {{ by: [worker], to: done, not_before: 5d }} }} }}\n"
        ),
        "",
    ),
    "rule behind one that always leaves": ("E304", timers(CLOSE, "»{ at: due+1d, do: remind }"), ""),
    "rule in the shadow of one at the same instant": ("E304", timers(CLOSE, "»{ at: due, do: remind }"), ""),
    "rule whose condition is never true": (
        "E304",
        timers(CLOSE, "»{ at: due-1d, do: remind, when: \"kind = 'quick' and kind = 'small'\" }"),
        "",
    ),
    "period longer than any stay": ("E304", timers(CLOSE, "»{ at: every 30d, do: progress }"), ""),
    "instant before the entry": ("E409", timers("{ at: »due-5d, do: remind }", CLOSE), ""),
    "hours before one working day": (
        "E409",
        timers("{ at: »due-1wd, do: remind }", CLOSE, due="due: 4wh, "),
        "",
    ),
    "no due to count from": (
        "E409",
        timers("{ at: »50%, do: remind }", "{ at: every 7d, do: progress }", due="no_deadline: 试点, "),
        "",
    ),
    "a ladder that nobody uses": (
        "E409",
        timers(CLOSE, due="due: limits.work, ladder: none, "),
        limits(
            "columns: { work: 办理 }\nrows: [ { work: 3wd } ]\nescalation:\n  else: [ { at: »due-1wd, do: remind } ]\n"
        ),
    ),
    "a step of the ladder before every entry": (
        "E409",
        timers(CLOSE, due="due: limits.work, "),
        limits(
            "columns: { work: 办理 }\nrows: [ { work: 3wd } ]\nescalation:\n  else: [ { at: »due-4wd, do: remind } ]\n"
        ),
    ),
}
GOOD = {
    "rule before the end": timers("{ at: due-1d, do: remind }", CLOSE),
    "rule at the entry": timers("{ at: due-3d, do: remind }", CLOSE),
    "late is recorded at due": timers(CLOSE, "{ at: due, do: late, tell: [superior] }"),
    "the move waits for the opening": timers(
        "{ at: due, do: close, to: done, fires: opening }", "{ at: due+1h, do: remind }"
    ),
    "another gets more time first": timers(
        "{ at: due-1d, do: reassign, to_role: head, more: 5d }", CLOSE, "{ at: due+1d, do: remind }"
    ),
    "only some are moved": timers(
        "{ at: due, do: close, to: done, when: \"kind = 'quick'\" }", "{ at: due+1d, do: close, to: done }"
    ),
    "action inside the stay": flow(
        f"  doing: {{ held_by: worker, due: 3d, {CLOSES},"
        f" actions: {{ {GO}, late: {{ by: [worker], to: done, not_before: 2d }} }} }}\n"
    ),
}


@pytest.mark.parametrize(("code", "text", "table"), BAD.values(), ids=BAD.keys())
def test_dead_finds_the_place_when_something_never_happens(code: str, text: str, table: str) -> None:
    """A fault gives one finding, exactly at its place."""
    found, expected = found_and_expected(code, text, table=table)

    assert found == expected


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_dead_finds_nothing_when_everything_can_happen(text: str) -> None:
    """What can happen for some record is no finding."""
    found, _ = found_and_expected("", text)

    assert found == []
