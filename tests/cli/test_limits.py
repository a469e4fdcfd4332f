"""`sanlian limits dry-run`: figures of another table on the matters of today; nothing is written."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.given import flow_given
from engine.cli.limits import app
from engine.core.workflow.difference import differences
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


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The shipped limits table, with its flow beside it."""
    for path in FLOWS.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    shutil.copytree(FLOWS / "catalogues", tmp_path / "catalogues")
    shutil.copytree(FLOWS / "calendars", tmp_path / "calendars")
    return tmp_path / "three_tier.limits.yaml"


def test_table_goes_out_as_a_spreadsheet_and_back_with_one_cell_changed(table: Path, tmp_path: Path) -> None:
    """A supervisor changes one cell in a spreadsheet: that limit alone is another one."""
    sheet, fresh = tmp_path / "limits.csv", tmp_path / "fresh.yaml"

    out = CliRunner().invoke(app, ["sheet", str(table), "--out", str(sheet)])
    text = sheet.read_bytes().decode("utf-8-sig")
    sheet.write_bytes(text.replace("3wd,7wd", "2wd,7wd", 1).encode("utf-8-sig"))
    back = CliRunner().invoke(app, ["fill", str(table), str(sheet), "--out", str(fresh)])

    assert (out.exit_code, back.exit_code) == (0, 0), out.output + back.output
    assert text.startswith("when,")
    before, rest = flow_given(table), table.read_text(encoding="utf-8").partition("rows:")[0]
    fresh.replace(table)
    assert [str(one) for one in differences(before, flow_given(table))] == ["网格办理（其余）：3 个工作日 → 2 个工作日"]
    assert table.read_text(encoding="utf-8").startswith(rest)


def test_nothing_is_written_when_a_cell_is_wrong(table: Path, tmp_path: Path) -> None:
    """A length that is none is named with line and cell of the spreadsheet; an unknown file by its name."""
    sheet, fresh = tmp_path / "limits.csv", tmp_path / "fresh.yaml"
    CliRunner().invoke(app, ["sheet", str(table), "--out", str(sheet)])
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("3wd", "3 days", 1), encoding="utf-8")

    back = CliRunner().invoke(app, ["fill", str(table), str(sheet), "--out", str(fresh)])
    nowhere = CliRunner().invoke(app, ["fill", str(table), str(tmp_path / "no.csv")])

    assert (back.exit_code, fresh.exists()) == (1, False)
    assert "limits.csv:" in back.output
    assert "E103" in back.output
    assert (nowhere.exit_code, "no.csv" in nowhere.output) == (2, True)


def test_flow_without_a_table_has_none_to_write(table: Path) -> None:
    """The task flow says its limits itself."""
    answer = CliRunner().invoke(app, ["sheet", str(table.with_name("task.yaml"))])

    assert (answer.exit_code, "没有找到时限表" in answer.output) == (2, True)
