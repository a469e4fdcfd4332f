"""`sanlian limits dry-run`: figures of another table on the matters of today; nothing is written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.limits import app
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.support.demo import FLOWS, NOW

LIMITS = (FLOWS / "three_tier.limits.yaml").read_text(encoding="utf-8")


@pytest.fixture
def deployment(demo: Sanlian, monkeypatch: pytest.MonkeyPatch) -> Sanlian:
    """The demo, as the environment names it."""
    sweep(demo.uow, now=NOW, services=demo.door)
    monkeypatch.setenv("SANLIAN_DATABASE_URL", demo.settings.database_url)
    monkeypatch.setenv("SANLIAN_DISTRICT", demo.settings.district)
    return demo


def run(flow: str, file: Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["dry-run", flow, str(file)])


def test_dry_run_tells_who_becomes_late_and_writes_nothing(deployment: Sanlian, tmp_path: Path) -> None:
    """Shorter limits make some late at once; the store stands as it stood."""
    file = tmp_path / "limits.yaml"
    file.write_text(LIMITS.replace("grid: 3wd, community: 7wd", "grid: 1h, community: 1h"), encoding="utf-8")
    with deployment.uow.read() as tx:
        before = [(one.matter.id, one.matter.seq) for one in tx.matters.all()]

    done = run("three_tier", file)

    assert done.exit_code == 0, done.output
    assert "马上超时 0" not in done.output
    assert "马上超时" in done.output
    with deployment.uow.read() as tx:
        assert [(one.matter.id, one.matter.seq) for one in tx.matters.all()] == before
        assert tx.proposals.of() == []


def test_dry_run_of_the_table_as_it_is_changes_nothing(deployment: Sanlian) -> None:
    """The same text: everything stays."""
    done = run("three_tier", FLOWS / "three_tier.limits.yaml")

    assert done.exit_code == 0, done.output
    assert "马上超时 0，马上往上走 0" in done.output
    assert "到期提前 0，推后 0" in done.output


@pytest.mark.parametrize(
    ("flow", "text", "code", "said"),
    [
        ("three_tier", LIMITS.replace("grid: 3wd, community: 7wd, ", ""), 1, "E402"),
        ("three_tier", LIMITS.replace("grid: 1wd", "grid: soon"), 1, "E103"),
        ("nothing", LIMITS, 2, "没有找到时限表"),
    ],
    ids=["a column is missing", "no length", "no such flow"],
)
def test_dry_run_is_refused_when_it_cannot_be_tried(
    deployment: Sanlian, tmp_path: Path, flow: str, text: str, code: int, said: str
) -> None:
    """Faults are named with code and line; an unknown flow by its name."""
    file = tmp_path / "limits.yaml"
    file.write_text(text, encoding="utf-8")

    done = run(flow, file)

    assert done.exit_code == code
    assert said in done.output
