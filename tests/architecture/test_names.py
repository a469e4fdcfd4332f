"""Modules are named after their subject; packages re-export nothing."""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import python_files, read

DRAWER = re.compile(r"_?(utils?|helpers?|commons?|managers?|bases?|misc|stuff)", re.ASCII)


def drawers(path: Path) -> list[str]:
    """Return the parts of *path* that are names of drawers: they say nothing of what is inside."""
    return [part for part in (*path.parts[:-1], path.stem) if DRAWER.fullmatch(part)]


def test_modules_are_named_after_their_subject_when_they_are_shared() -> None:
    """Nothing is called utils, helpers, common, manager or base."""
    assert [str(path) for path in python_files() if drawers(path)] == []


def test_packages_re_export_nothing_when_imported() -> None:
    """Every `__init__.py` is empty: a name has one address."""
    packages = [path for path in python_files() if path.name == "__init__.py"]

    assert [str(path) for path in packages if read(path).strip()] == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("engine/utils.py", ["utils"]),
        ("engine/helpers/dates.py", ["helpers"]),
        ("api/_common.py", ["_common"]),
        ("engine/store/database.py", []),
        ("engine/core/baseline.py", []),
    ],
)
def test_drawer_is_found_when_a_part_of_a_path_is_one(path: str, found: list[str]) -> None:
    """File and folder names count, longer words that contain one do not."""
    assert drawers(Path(path)) == found
