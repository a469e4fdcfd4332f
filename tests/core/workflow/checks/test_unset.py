"""Conditions ask only for what is surely filled (E205), and for what somebody can change (W412)."""

import pytest

from tests.support.flows import CLOSES, SOLVE, flow, found_and_expected, limits

FIELDS = (
    "  kind: { type: choice, of: [quick, small], default: small }\n"
    "  area: { type: choice, of: [x, y] }\n"
    "  homes: { type: number, min: 1, default: 1 }\n"
)


def asking(when: str, *, start: str = "optional: [area, kind, homes]", more: str = "") -> str:
    """A flow whose one action asks *when*."""
    return flow(
        f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ solve: {{ by: [worker], to: done }},"
        f' part: {{ by: [worker], to: done, when: "{when}" }}{more} }} }}\n',
        fields=FIELDS,
        start=f"start: {{ to: doing, by: [resident], {start} }}\n",
    )


def table(rows: str) -> str:
    """A limits table with these rows."""
    return limits(f"columns: {{ work: 办理 }}\nseasons: {{ heat: 11-15..03-15 }}\nrows:\n{rows}")


BY_TABLE = flow(
    f"  doing: {{ held_by: worker, due: limits.work, {CLOSES}, {SOLVE} }}\n",
    fields=FIELDS,
    start="start: { to: doing, by: [resident], optional: [area, kind, homes] }\n",
)
BAD = {
    "not filled on every path": ("E205", asking("»area = 'x'"), ""),
    "the second word of a condition": ("E205", asking("homes > 3 and »area = 'x'"), ""),
    "filled by nobody": ("E205", asking("»area = 'x'", start="optional: [kind, homes]"), ""),
    "filled on one of two paths": (
        "E205",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ sort: {{ by: [worker], to: other,"
            " require: [area] }, skip: { by: [worker], to: other } } }\n"
            f"  other: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ end: {{ by: [worker], to: done,"
            " when: \"»area = 'x'\" }, close: { by: [worker], to: done } } }\n",
            fields=FIELDS,
        ),
        "",
    ),
    "asked by a row of the table": (
        "E205",
        BY_TABLE,
        table("  - { when: \"»area = 'x'\", work: 2h }\n  - { work: 3wd }\n"),
    ),
    "a default that nobody changes": ("W412", asking("»kind = 'quick'", start="optional: [homes]"), ""),
    "a counter that nothing raises": ("W412", asking("»returns > 0"), ""),
    "a work order that never comes": ("W412", asking("not »external"), ""),
    "a row behind one that takes all of it": (
        "W412",
        BY_TABLE,
        table('  - { when: "homes > 3", work: 2h }\n  - { when: "»homes > 5", work: 1h }\n  - { work: 3wd }\n'),
    ),
    "a row that is never true": (
        "W412",
        BY_TABLE,
        table('  - { when: "»homes < 1", work: 2h }\n  - { work: 3wd }\n'),
    ),
    "a row behind the one for all": (
        "W412",
        BY_TABLE,
        table("  - { work: 3wd }\n  - »{ work: 1h }\n"),
    ),
    "a start that is never chosen": (
        "W412",
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n",
            fields=FIELDS,
            start="start: { by: [resident], optional: [homes],"
            ' to: [ { when: "»homes < 1", is: done }, { is: doing } ] }\n',
        ),
        "",
    ),
}
GOOD = {
    "required at the start": (asking("area = 'x'", start="require: [area], optional: [kind, homes]"), ""),
    "with a default": (asking("homes > 3"), ""),
    "a counter that an action raises": (
        asking("returns > 0", more=", back: { by: [worker], counts: returns }"),
        "",
    ),
    "a counter of the engine": (asking("reminders > 0"), ""),
    "set by the action before": (
        flow(
            f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ sort: {{ by: [worker], to: other,"
            " set: { area: x } } } }\n"
            f"  other: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ end: {{ by: [worker], to: done,"
            " when: \"area = 'x'\" }, close: { by: [worker], to: done } } }\n",
            fields=FIELDS,
        ),
        "",
    ),
    "rows of a season": (
        BY_TABLE,
        table("  - { when: \"season = 'heat' and homes > 3\", work: 2h }\n  - { work: 3wd }\n"),
    ),
}


@pytest.mark.parametrize(("code", "text", "rows"), BAD.values(), ids=BAD.keys())
def test_unset_finds_the_word_when_a_condition_asks_in_vain(code: str, text: str, rows: str) -> None:
    """A fault gives one finding, exactly at the word."""
    found, expected = found_and_expected(code, text, table=rows)

    assert found == expected


@pytest.mark.parametrize(("text", "rows"), GOOD.values(), ids=GOOD.keys())
def test_unset_finds_nothing_when_the_field_is_surely_filled(text: str, rows: str) -> None:
    """What every path fills, and what can change, may be asked for."""
    found, _ = found_and_expected("", text, table=rows)

    assert found == []
