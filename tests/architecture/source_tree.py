"""The files of the project, as the rules of this folder read them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATIONS = Path("engine/store/migrations/versions")


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that is or would be committed, relative to ROOT."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = sorted({Path(name) for name in listed.stdout.split("\0") if name})
    return tuple(path for path in paths if (ROOT / path).is_file())


def python_files(*folders: str) -> list[Path]:
    """Return the Python files in *folders* (all of the project's when none is named), without migrations."""
    return [
        path
        for path in project_files()
        if path.suffix == ".py" and MIGRATIONS not in path.parents and (not folders or path.parts[0] in folders)
    ]


def read(path: Path) -> str:
    """Return the text of *path*, a path of this module's lists."""
    return (ROOT / path).read_text(encoding="utf-8")
