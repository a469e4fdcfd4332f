"""The commands of the language: what they print and how they end."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.cli.language import register
from tests.support.flows import CLOSES, SOLVE, flow, limits

GOOD = flow(f"  doing: {{ label: 在办, held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n")
STUCK = flow(f"  doing: {{ held_by: worker, due: 3d, {SOLVE} }}\n")
BY_TABLE = flow(f"  doing: {{ held_by: worker, due: limits.work, {CLOSES}, {SOLVE} }}\n")
TABLE = limits("columns: { work: 办理 }\nrows: [ { work: 3wd } ]\n")


def run(*arguments: str | Path) -> Result:
    """What a command does."""
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def put(folder: Path, name: str, text: str) -> Path:
    """A file of the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_check_ends_well_when_nothing_is_wrong(tmp_path: Path) -> None:
    """A clean flow ends with 0."""
    result = run("check", put(tmp_path, "small.yaml", GOOD))

    assert (result.exit_code, result.stdout) == (0, "1 个文件，没有发现问题。\n")


def test_check_ends_with_one_when_something_is_wrong(tmp_path: Path) -> None:
    """A fault is shown with file, line, column and code."""
    path = put(tmp_path, "small.yaml", STUCK)

    result = run("check", path)

    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:10:3: E401 states.doing：")


def test_check_gives_json_when_asked(tmp_path: Path) -> None:
    """JSON is a list of findings, empty when there are none."""
    path = put(tmp_path, "small.yaml", STUCK)

    found = json.loads(run("check", "--format", "json", path).stdout)

    assert [list(one) for one in found] == [["file", "line", "column", "code", "severity", "message"]]
    assert {**found[0], "message": ""} == {
        "file": str(path),
        "line": 10,
        "column": 3,
        "code": "E401",
        "severity": "error",
        "message": "",
    }
    assert json.loads(run("check", "--format", "json", put(tmp_path / "b", "small.yaml", GOOD)).stdout) == []


def test_check_allows_warnings(tmp_path: Path) -> None:
    """A warning is shown and ends with 0."""
    text = flow(
        f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ solve: {{ by: [worker], to: done }},"
        ' part: { by: [worker], to: done, when: "returns > 0" } } }\n'
    )

    result = run("check", put(tmp_path, "small.yaml", text))

    assert result.exit_code == 0
    assert "W412" in result.stdout


def test_check_reads_what_lies_beside_the_file(tmp_path: Path) -> None:
    """A flow takes its limits table from beside it, and a table is checked with its flow; faults are told once."""
    path = put(tmp_path, "small.yaml", BY_TABLE)
    assert run("check", path).exit_code == 1
    table = put(tmp_path, "small.limits.yaml", TABLE)
    assert run("check", path, table).exit_code == 0

    put(tmp_path, "small.limits.yaml", TABLE.replace("3wd", "3 days"))
    result = run("check", path, table)

    assert result.exit_code == 1
    assert result.stdout.count("E103") == 1


def test_check_knows_calendars_and_catalogues_by_what_stands_in_them(tmp_path: Path) -> None:
    """A calendar or a catalogue is checked as what it is."""
    calendar = put(tmp_path, "calendars/office.yaml", "sanlian: 1\ncalendar: office\nzone: Nowhere/Town\n")
    catalogue = put(tmp_path, "catalogues/things.yaml", "sanlian: 1\ncatalogue: things\nversion: 1\n")

    assert "zone" in run("check", calendar).stdout or run("check", calendar).exit_code == 1
    assert "E106" in run("check", catalogue).stdout


@pytest.mark.parametrize(
    "arguments",
    [("check", "nowhere.yaml"), ("check",), ("check", "--format", "xml", "a.yaml"), ("explain", "nowhere.yaml")],
)
def test_commands_end_with_two_when_called_wrongly(arguments: tuple[str, ...]) -> None:
    """A missing file or a wrong option is usage."""
    result = run(*arguments)

    assert (result.exit_code, result.stdout) == (2, "")


def test_explain_and_draw_show_the_flow(tmp_path: Path) -> None:
    """Both print the whole flow; one state may be asked for."""
    path = put(tmp_path, "small.yaml", GOOD)

    assert "在办（doing）" in run("explain", path).stdout
    assert run("explain", path, "--state", "done").stdout == "done（done）\n  到这里事情结束。\n"
    assert run("explain", path, "--state", "dome").exit_code == 2
    assert run("draw", path).stdout.startswith("flowchart TD\n")


def test_diff_says_what_changed(tmp_path: Path) -> None:
    """Two versions are compared rule by rule; a flow with faults is no version."""
    old = put(tmp_path / "a", "small.yaml", GOOD)
    new = put(tmp_path / "b", "small.yaml", GOOD.replace("due: 3d", "due: 2d"))
    broken = put(tmp_path / "c", "small.yaml", GOOD.replace("due: 3d", "due: three"))

    assert run("diff", old, new).stdout == "「在办」的时限：3 天 → 2 天\n"
    assert run("diff", old, old).stdout == "两版没有不同。\n"
    assert run("diff", old, broken).exit_code == 1
