"""`sanlian import xes` and `sanlian report levels` on the command line."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.cli.xes import register
from tests.support.support_lines import ROOT, SAMPLE

FLOWS = str(ROOT / "workflows")


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANLIAN_DATABASE_URL", f"sqlite:///{tmp_path / 'sanlian.db'}")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, arguments)


def test_import_and_report_work_on_a_fresh_deployment() -> None:
    """One command takes the log in, publishing the flow first; the other prints its figures from the store."""
    imported = run("import", "xes", str(SAMPLE), "--workflow", "support_lines", "--flows", FLOWS)
    report = run("report", "levels")

    assert imported.exit_code == 0, imported.output
    assert imported.stdout.splitlines()[-1] == "8 件，43 步：收下 43 步，没有收下 0 步。"
    assert report.exit_code == 0, report.output
    lines = dict(line.split("\t") for line in report.stdout.splitlines())
    assert lines["件数"] == "8"
    assert lines["各级步数"] == "line1 22 · line2 12 · line3 9"
    assert lines["起止（Asia/Shanghai）"] == "2021-03-03 15:00 到 2021-04-20 07:10"
    assert lines["办了多久（天）"].endswith("最长 17.72")


def test_import_lists_what_it_did_not_take(tmp_path: Path) -> None:
    """A step the flow has no action for is named with file, line and incident, and the command ends with 1."""
    log = tmp_path / "log.xes"
    log.write_text(SAMPLE.read_text(encoding="utf-8").replace("Wait - Customer", "Wait - Stars"), encoding="utf-8")

    done = run("import", "xes", str(log), "--flows", FLOWS)

    assert done.exit_code == 1
    assert "log.xes:148: 9-0002 没有收下：流程里没有「Accepted/Wait - Stars」在第 1 线的动作。" in done.stdout
    assert done.stdout.splitlines()[-1] == "8 件，43 步：收下 42 步，没有收下 1 步。"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "xes", str(ROOT / "pyproject.toml"), "--flows", FLOWS], "pyproject.toml:1:"),
        (["import", "xes", "nowhere.xes", "--flows", FLOWS], "nowhere.xes"),
        (["import", "xes", str(SAMPLE), "--workflow", "nothing", "--flows", FLOWS], "没有找到流程「nothing」"),
        (["report", "levels"], "没有找到数据库"),
    ],
    ids=["no-log", "no-file", "no-flow", "nothing-imported"],
)
def test_command_ends_with_2_when_it_cannot_begin(arguments: list[str], said: str) -> None:
    """What cannot be read or found is one sentence, not a trace."""
    done = run(*arguments)

    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
