"""A wheel holds all that the product needs to run: it may be installed where there is no checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

from tests.architecture.source_tree import ROOT, project_files

# What stands at the top of a checkout lies inside the package that reads it.
INSIDE = {"templates": "api", "workflows": "engine"}
PARTS = ("engine", "api", *INSIDE)
# The pattern of a new migration: those are written in a checkout.
LEFT_OUT = {"engine/store/migrations/script.py.mako"}


def _in_wheel(path: Path) -> str:
    return PurePosixPath(INSIDE.get(path.parts[0], ""), path).as_posix()


def test_wheel_holds_every_part_when_it_is_built(tmp_path: Path) -> None:
    """Modules, migrations, pages, styles and flows: nothing that runs is left out."""
    for path in project_files():
        if path.parts[0] in PARTS or len(path.parts) == 1:
            target = tmp_path / "checkout" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)

    subprocess.run(
        [sys.executable, "-c", "import setuptools.build_meta as it; it.build_wheel('..')"],
        cwd=tmp_path / "checkout",
        capture_output=True,
        check=True,
    )

    [wheel] = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {_in_wheel(path) for path in project_files() if path.parts[0] in PARTS} - held == LEFT_OUT
