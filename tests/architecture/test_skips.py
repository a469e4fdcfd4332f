"""In CI a skipped test is a failed test."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

ONE_SKIPS = "import pytest\n\ndef test_runs(): pass\n\ndef test_waits(): pytest.skip('no browser here')\n"
ALL_SKIP = "import pytest\n\npytest.skip('no database here', allow_module_level=True)\n"


@pytest.mark.parametrize(
    ("ci", "code", "outcome"),
    [("true", 1, r"1 failed, 1 passed.* 1 error"), ("", 0, r"1 passed, 2 skipped")],
    ids=["in CI", "at a desk"],
)
def test_skip_fails_the_run_when_ci_is_true(ci: str, code: int, outcome: str, tmp_path: Path) -> None:
    """A test or a whole module that skips itself fails with CI=true, and only then; the reason is printed."""
    (tmp_path / "test_one.py").write_text(ONE_SKIPS)
    (tmp_path / "test_all.py").write_text(ALL_SKIP)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist"]

    done = subprocess.run(
        [*command, f"--rootdir={tmp_path}", "-c", os.devnull, "-rs", "--continue-on-collection-errors", tmp_path],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert re.search(outcome, done.stdout), done.stdout
    assert "no browser here" in done.stdout
    assert "no database here" in done.stdout
