"""Files of at most 400 lines, functions of at most 60; migrations are exempt."""

import ast

from tests.architecture.source_tree import python_files, read

FILE_LINES = 400
FUNCTION_LINES = 60


def long_functions(source: str, *, limit: int) -> list[str]:
    """Return `name (lines)` of each function of *source* with more than *limit* lines, docstring included."""
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    sizes = ((node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions)
    return [f"{name} ({lines})" for name, lines in sizes if lines > limit]


def test_files_stay_short_when_they_grow() -> None:
    """A file that no longer fits is two subjects."""
    sizes = {str(path): len(read(path).splitlines()) for path in python_files()}

    assert {path: lines for path, lines in sizes.items() if lines > FILE_LINES} == {}


def test_functions_stay_short_when_they_grow() -> None:
    """A function that no longer fits does two things."""
    long = {str(path): long_functions(read(path), limit=FUNCTION_LINES) for path in python_files()}

    assert {path: names for path, names in long.items() if names} == {}


def test_long_functions_are_found_when_they_are_methods_or_async() -> None:
    """The rule sees every kind of function, and counts its last line."""
    source = "class A:\n    def two(self):\n        pass\n\n\nasync def three():\n    a = 1\n    return a\n"

    assert long_functions(source, limit=2) == ["three (3)"]
    assert long_functions(source, limit=1) == ["three (3)", "two (2)"]
