"""The core asks nobody for the time, for chance or for a name: all three arrive as arguments."""

import ast
from pathlib import Path

import pytest

from tests.architecture.source_tree import python_files, read

IMPURE_METHODS = {"now", "utcnow", "today"}
IMPURE_CALLS = {"open", "input", "print", "eval", "exec", "__import__"}
CORE = Path("engine/core")


def impure_calls(source: str) -> list[str]:
    """Return `line: name` of each call in *source* that reads a clock or touches the world."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [f"{call.lineno}: {name}" for call in calls if (name := _impure(call.func))]


def _impure(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute) and function.attr in IMPURE_METHODS:
        owner = function.value
        name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
        return f"{name}.{function.attr}" if name in {"datetime", "date"} else None
    return function.id if isinstance(function, ast.Name) and function.id in IMPURE_CALLS else None


def test_core_reads_no_clock_when_it_decides() -> None:
    """Nothing in the core calls datetime.now, date.today, open or print."""
    found = {str(path): impure_calls(read(path)) for path in python_files("engine") if CORE in path.parents}

    assert found
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("datetime.now(UTC)", ["1: datetime.now"]),
        ("datetime.datetime.utcnow()", ["1: datetime.utcnow"]),
        ("date.today()", ["1: date.today"]),
        ("open('x')", ["1: open"]),
        ("clock.now()", []),
        ("calendar.open(at)", []),
    ],
)
def test_impure_call_is_found_when_it_reads_the_world(source: str, found: list[str]) -> None:
    """The module's own clock is a call on datetime or date; methods of our values are none."""
    assert impure_calls(source) == found
