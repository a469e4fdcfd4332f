"""E601: two rules of one clock never pull at one instant."""

import pytest

from tests.support.flows import SOLVE, findings_in, flow, found_and_expected, limits

KIND = "  kind: { type: choice, of: [quick, small], default: small }\n"
START = "start: { to: doing, by: [resident], optional: [kind] }\n"


def timers(*written: str) -> str:
    """A flow with one state, these timers and two ends."""
    return flow(
        f"  doing: {{ held_by: worker, due: 3d, timers: [ {', '.join(written)} ], {SOLVE} }}\n"
        "  other: { final: other }\n",
        fields=KIND,
        start=START,
        extra="classes: kind\n",
    )


def test_competing_finds_the_later_rule_when_both_always_fit() -> None:
    """Two unconditional moves at one instant are a fault of the second."""
    text = timers("{ at: due, do: close, to: done }", "»{ at: due, do: advance, to: other }")

    found, expected = found_and_expected("E601", text)

    assert found == expected


def test_competing_shows_the_record_when_conditions_overlap() -> None:
    """The finding names a record that fits both."""
    text = timers("{ at: due, do: close, to: done }", "{ at: due, do: advance, to: other, when: \"kind = 'quick'\" }")

    (finding,) = findings_in(text)

    assert finding.code == "E601"
    assert "kind = 'quick'" in finding.message


def test_competing_finds_the_own_rule_against_the_ladder_when_both_leave_at_once() -> None:
    """A ladder's rule and a state's own one compete like two of the state."""
    text = flow(
        f"  doing: {{ held_by: worker, due: 3d, timers: [ {{ at: due, do: close, to: done }} ], {SOLVE} }}\n"
        "  other: { final: other }\n"
    )
    table = limits(
        "columns: { work: 办理 }\nrows: [ { work: 3wd } ]\n"
        "escalation:\n  else: [ »{ at: due, do: advance, to: other } ]\n"
    )

    found, expected = found_and_expected("E601", text, table=table)

    assert found == expected


@pytest.mark.parametrize(
    "written",
    [
        ("{ at: due, do: close, to: done }", "{ at: due-1d, do: advance, to: other, when: \"kind = 'quick'\" }"),
        (
            "{ at: due, do: close, to: done, when: \"kind = 'quick'\" }",
            "{ at: due, do: advance, to: other, when: \"kind = 'small'\" }",
        ),
    ],
    ids=["other instants", "no record fits both"],
)
def test_competing_finds_nothing_when_one_rule_at_most_fits(written: tuple[str, ...]) -> None:
    """Rules apart in time or in what they fit do not compete."""
    found, _ = found_and_expected("", timers(*written))

    assert found == []
