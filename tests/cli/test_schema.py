"""`sanlian schema` prints, writes and checks the schema."""

import json
from pathlib import Path

from typer.testing import CliRunner

from engine.cli.schema import app
from engine.core.workflow.schema import make_schema


def test_schema_prints_itself_when_asked() -> None:
    """Without options the schema goes to the output."""
    result = CliRunner().invoke(app)

    assert result.exit_code == 0
    assert json.loads(result.output) == make_schema()


def test_schema_check_fails_when_a_file_is_old(tmp_path: Path) -> None:
    """A file that is missing or old gives 1, the written one 0."""
    path = tmp_path / "schema.json"

    assert CliRunner().invoke(app, ["--check", str(path)]).exit_code == 1
    assert CliRunner().invoke(app, ["--write", str(path)]).exit_code == 0
    assert CliRunner().invoke(app, ["--check", str(path)]).exit_code == 0
    path.write_text("{}", "utf-8")
    assert CliRunner().invoke(app, ["--check", str(path)]).exit_code == 1
