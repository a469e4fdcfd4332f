"""The floors hold, and each contract of them can break."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# One fault for each contract. The files make a small project that the contracts of pyproject.toml are held against.
FAULTS = {
    "floors": {"engine/drawer.py": ""},
    "delivery": {"engine/services/act.py": "import api.app"},
    "core-floors": {"engine/core/matter.py": "import engine.core.decide"},
    "pure-core": {"engine/core/matter.py": "from time import time"},
    "store-door": {"api/app.py": "import engine.store.tables"},
    "web-in-api": {"engine/services/act.py": "import fastapi"},
    "one-machine": {"engine/core/decide.py": "import transitions"},
    "one-scheduler": {"engine/services/act.py": "from apscheduler.schedulers import background"},
    "procedures": {"engine/core/procedures/vote.py": "import engine.core.procedures.pause"},
    "no-cycles": {
        "engine/services/act.py": "import engine.services.sweep",
        "engine/services/sweep.py": "import engine.services.act",
    },
}
SOUND = {
    "engine/errors.py": "",
    "engine/core/terms.py": "import engine.errors",
    "engine/core/matter.py": "import engine.core.terms",
    "engine/core/workflow/machine.py": "import transitions",
    "engine/core/decide.py": "import engine.core.matter\nimport engine.core.procedures.registry",
    "engine/core/procedures/pause.py": "",
    "engine/core/procedures/vote.py": "",
    "engine/core/procedures/registry.py": "import engine.core.procedures.pause\nimport engine.core.procedures.vote",
    "engine/store/tables/matter.py": "import sqlmodel",
    "engine/services/act.py": "import engine.store.tables.matter\nimport engine.core.decide",
    "engine/services/sweep.py": "import engine.services.act",
    "engine/scheduler.py": "import apscheduler.schedulers\nimport engine.services.sweep",
    "engine/cli/main.py": "import api.app",
    "api/app.py": "import fastapi\nimport engine.services.act",
}


def _lay(files: dict[str, str], *, under: Path) -> None:
    for name, source in files.items():
        path = under / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source + "\n")
        for package in path.relative_to(under).parents:
            if package.parts:
                (under / package / "__init__.py").touch()


def _broken(folder: Path) -> tuple[set[str], str]:
    """Return the names of the contracts that *folder* breaks, and all that was said."""
    done = subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    broken = set(re.findall(r"^(.*) BROKEN", said, re.MULTILINE))
    assert (done.returncode == 0) == (broken == set() and "0 broken" in said), said
    return broken, said


def _names() -> dict[str, str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["id"]: contract["name"] for contract in contracts}


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A project with every floor, held against the real contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    _lay(SOUND, under=tmp_path)
    return tmp_path


def test_floors_hold_when_the_project_is_checked() -> None:
    """Every module of the project has a floor and imports only what it may."""
    broken, said = _broken(ROOT)

    assert not broken, said


def test_floors_hold_when_everything_is_where_it_belongs(small_project: Path) -> None:
    """The contracts allow what the floors are for."""
    broken, said = _broken(small_project)

    assert not broken, said


def test_every_contract_has_a_fault_when_one_is_added() -> None:
    """A new contract comes with the fault that breaks it."""
    assert set(_names()) == set(FAULTS)


@pytest.mark.parametrize("contract", FAULTS)
def test_contract_breaks_when_its_fault_is_planted(contract: str, small_project: Path) -> None:
    """Each contract finds the fault it is there for."""
    _lay(FAULTS[contract], under=small_project)

    broken, said = _broken(small_project)

    assert _names()[contract] in broken, said
