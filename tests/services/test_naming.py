"""Posts and titles in words."""

from pathlib import Path

import pytest

from engine.services.library import load_flows
from engine.services.naming import post_words, role_name

FLOWS = load_flows(Path(__file__).parents[2] / "workflows")


@pytest.mark.parametrize(
    ("unit", "role", "said"),
    [
        ("珠玑东一网格", "网格员", "珠玑东一网格 网格员"),
        ("区级中心", "区级中心", "区级中心"),
        ("演示街道", "街道办", "演示街道 街道办"),
    ],
)
def test_post_says_nothing_twice(unit: str, role: str, said: str) -> None:
    """Unit and role, once each."""
    assert post_words(unit, role) == said


def test_role_named_like_its_kind_of_unit_is_a_desk() -> None:
    """Never a bare department on a page."""
    assert role_name(FLOWS["task"], "department") == "经办岗"
    assert role_name(FLOWS["three_tier"], "grid_worker") == "网格员"


def test_role_of_every_street_is_said_in_chinese_when_no_flow_names_it() -> None:
    """The supervisor stands in no flow, and answers in any of them."""
    assert role_name(FLOWS["three_tier"], "supervisor") == "督导员"
