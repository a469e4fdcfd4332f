"""Texts of people in cells: no formula comes of them, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core.cell_text import disarmed, rearmed


@given(st.text())
def test_disarmed_text_is_rearmed_to_itself(text: str) -> None:
    """And no disarmed text begins a formula."""
    assert rearmed(disarmed(text)) == text
    assert not disarmed(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
