"""Roles: an action has one (E501), a holder can act (E502)."""

import pytest

from tests.support.flows import CLOSES, flow, found_and_expected

LEVEL = (
    "  grid:\n    everywhere:\n      actions: { »note: { } }\n    states:\n"
    f"      doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ end: {{ by: [worker], to: done }} }} }}\n"
    f"      other: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ end: {{ by: [worker], to: doing }} }} }}\n"
)
BAD = {
    "action without a role": (
        "E501",
        flow(f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ »solve: {{ to: done }} }} }}\n"),
    ),
    "action of a whole level, told once": (
        "E501",
        flow("", levels=LEVEL, start="start: { to: other, by: [resident] }\n"),
    ),
    "holder who may do nothing": (
        "E502",
        flow(f"  »doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ solve: {{ by: [head], to: done }} }} }}\n"),
    ),
    "holder without any action": ("E502", flow(f"  »doing: {{ held_by: worker, due: 3d, {CLOSES} }}\n")),
}


@pytest.mark.parametrize(("code", "text"), BAD.values(), ids=BAD.keys())
def test_roles_finds_the_place_when_nobody_can_act(code: str, text: str) -> None:
    """A fault gives one finding, exactly at its place."""
    found, expected = found_and_expected(code, text)

    assert found == expected


def test_roles_finds_nothing_when_an_action_of_the_level_is_the_holders() -> None:
    """Actions of the whole level count for the holder."""
    text = LEVEL.replace("»note: { }", "note: { by: [worker] }").replace(
        ", actions: { end: { by: [worker]", ", actions: { end: { by: [head]"
    )

    found, _ = found_and_expected("", flow("", levels=text, start="start: { to: other, by: [resident] }\n"))

    assert found == []
