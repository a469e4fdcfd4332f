"""`sanlian import street` on the command line: the template, a dry run, the import, and the same again."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from engine.cli.xes import register
from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import Source
from engine.services.publish import publish
from engine.wiring import wire
from tests.services.test_import_street import FLOW
from tests.support.street_book import STREET, with_cell, workbook
from tests.support.town import MONDAY


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANLIAN_DATABASE_URL", f"sqlite:///{tmp_path / 'sanlian.db'}")
    sanlian = wire()
    sanlian.prepare()
    publish(sanlian.uow, Source("small.yaml", FLOW.encode()), by=SYSTEM, now=MONDAY)
    sanlian.close()


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ("import", "street", *arguments))


def test_street_is_imported_once_when_the_command_runs_twice(tmp_path: Path) -> None:
    """A dry run writes nothing, the import says what it did, and the second finds nothing to do."""
    file = tmp_path / "街道.xlsx"
    file.write_bytes(workbook(STREET))

    looked, done, again = run(str(file), "--dry-run"), run(str(file)), run(str(file))

    assert [one.exit_code for one in (looked, done, again)] == [0, 0, 0], looked.output
    assert "还没有写进去" in looked.stdout
    assert "21 处变化：单位新增 6，人员新增 4，岗位新增 5" in done.stdout
    assert "新开 3 个账号" in done.stdout
    assert again.stdout == "0 处变化。\n"


def test_faults_are_listed_when_the_workbook_has_some(tmp_path: Path) -> None:
    """Every fault has a line, and the command fails; what is no workbook is a wrong use."""
    bad, none = tmp_path / "bad.xlsx", tmp_path / "none.xlsx"
    bad.write_bytes(workbook(with_cell("岗位", 2, 1, "网格圆")))
    none.write_bytes(b"PK\x03\x04 no workbook")

    faulty, useless, missing = run(str(bad)), run(str(none)), run(str(tmp_path / "missing.xlsx"))

    assert [one.exit_code for one in (faulty, useless, missing)] == [1, 2, 2]
    assert "「岗位」第 2 行 B 列「岗位」：收到「网格圆」" in faulty.stdout
    assert "有 1 处要改。什么都没有写。" in faulty.stdout


def test_template_is_written_but_never_over_a_file(tmp_path: Path) -> None:
    """The template goes into a new file; one that is there stays."""
    file = tmp_path / "new.xlsx"

    written, again = run("--template", str(file)), run("--template", str(file))

    assert [one.exit_code for one in (written, again)] == [0, 2]
    assert run(str(file), "--dry-run").stdout == "0 处变化。\n"
