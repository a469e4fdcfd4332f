"""Waiting: every matter moves on by itself in the end, or the flow says why not."""

import pytest

from tests.support.flows import CLOSES, SOLVE, flow, found_and_expected, limits

KIND = "  kind: { type: choice, of: [quick, small], default: small }\n"
START = "start: { to: doing, by: [resident], optional: [kind] }\n"
LADDER = "columns: { work: 办理 }\nrows: [ { work: 3wd } ]\n"
GO = "actions: { go: { by: [worker], to: done } }"


def one_state(rest: str, extra: str = "") -> str:
    """A flow with one state, held by a worker who can solve it, with classes by `kind`."""
    return flow(
        f"  »doing: {{ held_by: worker, {rest}, {SOLVE} }}\n", fields=KIND, start=START, extra="classes: kind\n" + extra
    )


def unmarked(text: str) -> str:
    """The same text without its mark."""
    return text.replace("»", "")


BAD = {
    "nothing leaves": ("E401", one_state("due: 3d"), ""),
    "no due, so no rule rings": (
        "E401",
        flow(f"  »doing: {{ held_by: worker, timers: [ {{ at: entry, do: remind }} ], {SOLVE} }}\n"),
        "",
    ),
    "no due, so the rule that leaves has no instant": (
        "E401",
        flow(f"  »doing: {{ held_by: worker, timers: [ {{ at: 50%, do: remind }}, {CLOSES[10:-2]} ], {SOLVE} }}\n"),
        "",
    ),
    "the only rule that leaves is used up": (
        "E401",
        flow(
            "  »doing: { held_by: worker, due: 3d, timers: [ { at: due, do: advance, to: other, limit: 2 } ],"
            f" {SOLVE} }}\n"
            f"  other: {{ held_by: worker, due: 3d, timers: [ {{ at: due, do: advance, to: doing }} ], {SOLVE} }}\n"
        ),
        "",
    ),
    "the ladder of one class does not leave": (
        "E401",
        one_state("due: limits.work"),
        limits(
            LADDER + "escalation:\n  quick: [ { at: due, do: late } ]\n  else: [ { at: due, do: close, to: done } ]\n"
        ),
    ),
    "class without a time": (
        "E402",
        one_state(f"due: »{{ quick: 2h }}, {CLOSES}").replace("»doing", "doing"),
        "",
    ),
    "list of cases with a gap": (
        "E402",
        one_state(f"due: »[ {{ when: \"kind = 'quick'\", is: 2h }} ], {CLOSES}").replace("»doing", "doing"),
        "",
    ),
    "column without a cell for the rest": (
        "E402",
        one_state(f"due: »limits.work, {CLOSES}").replace("»doing", "doing"),
        limits("columns: { work: 办理, total: 总 }\nrows: [ { when: \"kind = 'quick'\", work: 2h }, { total: 3d } ]\n"),
    ),
    "two rules lead round and round": (
        "E404",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, timers: [ {{ at: due, do: advance, to: other }} ], {SOLVE} }}\n"
            f"  other: {{ held_by: worker, due: 3d, timers: [ »{{ at: due, do: advance, to: doing }} ], {SOLVE} }}\n"
        ),
        "",
    ),
    "a rule leads back to its own state": (
        "E404",
        flow(f"  doing: {{ held_by: worker, due: 3d, timers: [ »{{ at: due, do: advance, to: doing }} ], {SOLVE} }}\n"),
        "",
    ),
    "pause without a cap": (
        "E405",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ ask: {{ by: [worker], to: wait }} }} }}\n"
            "  »wait: { held_by: resident, pause: yes, actions: { back: { by: [resident], to: doing } } }\n"
        ),
        "",
    ),
    "pause without a cap but with a rule for its end": (
        "E405",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ ask: {{ by: [worker], to: wait }} }} }}\n"
            "  »wait: { held_by: resident, pause: yes, timers: [ { at: due, do: resume, to: doing } ],"
            " actions: { back: { by: [resident], to: doing } } }\n"
        ),
        "",
    ),
    "a review does not stop a round": (
        "E404",
        flow(
            "  doing: { held_by: worker, review: 30d, timers: [ »{ at: every 7d, do: advance, to: doing } ],"
            f" {SOLVE} }}\n"
        ),
        "",
    ),
    "conditions leave a gap": (
        "E602",
        one_state(
            "due: 3d, timers: [ »{ at: due, do: close, to: done, when: \"kind = 'quick'\" },"
            " { at: due, do: advance, to: done, when: \"kind = 'small' and returns > 0\" } ]"
        )
        .replace("»doing", "doing")
        .replace("to: done } }", "to: done }, again: { by: [worker], counts: returns } }"),
        "",
    ),
}
GOOD = {
    "unconditional rule": one_state(f"due: 3d, {CLOSES}"),
    "review": one_state("review: 30d"),
    "reason": one_state("no_deadline: 试点"),
    "every class has its time": one_state(f"due: {{ quick: 2h, small: 3wd }}, {CLOSES}"),
    "conditions cover every record": one_state(
        "due: 3d, timers: [ { at: due, do: close, to: done, when: \"kind = 'quick'\" },"
        " { at: due, do: advance, to: done, when: \"kind != 'quick'\" } ]"
    ),
    "a round that a limit ends": flow(
        "  doing: { held_by: worker, due: 3d, timers: [ { at: due, do: advance, to: other, limit: 2 },"
        f" {{ at: due+1d, do: close, to: done }} ], {SOLVE} }}\n"
        f"  other: {{ held_by: worker, due: 3d, timers: [ {{ at: due, do: advance, to: doing }} ], {SOLVE} }}\n"
    ),
    "a limited rule where nobody comes back": flow(
        f"  doing: {{ held_by: worker, due: 3d, timers: [ {{ at: due, do: close, to: done, limit: 1 }} ], {SOLVE} }}\n"
    ),
    "a class that cannot arrive needs no time": flow(
        f"  doing: {{ held_by: worker, due: {{ quick: 2h }}, {CLOSES}, {SOLVE} }}\n"
        f"  other: {{ held_by: worker, due: {{ small: 2h }}, {CLOSES}, {SOLVE} }}\n",
        fields=KIND,
        start="start: { by: [resident], optional: [kind],"
        " to: [ { when: \"kind = 'quick'\", is: doing }, { is: other } ] }\n",
        extra="classes: kind\n",
    ),
}


@pytest.mark.parametrize(("code", "text", "table"), BAD.values(), ids=BAD.keys())
def test_waiting_finds_the_place_when_a_matter_may_stay_for_ever(code: str, text: str, table: str) -> None:
    """A fault gives one finding, exactly at its place."""
    found, expected = found_and_expected(code, text, table=table)

    assert found == expected


def test_waiting_finds_nothing_when_the_own_rule_replaces_the_ladders() -> None:
    """A state's own rule stands in place of the ladder's of the same word."""
    text = flow(
        f"  doing: {{ held_by: worker, due: 3d, timers: [ {{ at: due+1d, do: close, to: done }} ], {SOLVE} }}\n"
    )
    table = limits(LADDER + "escalation:\n  else: [ { at: due-1d, do: remind }, { at: due, do: close, to: done } ]\n")

    found, _ = found_and_expected("", text, table=table)

    assert found == []


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_waiting_finds_nothing_when_clocks_move_every_matter_on(text: str) -> None:
    """What surely leaves, is reviewed or has its reason is no finding."""
    found, _ = found_and_expected("", unmarked(text))

    assert found == []
