"""`sanlian sheet`: one file that needs no other, tells no texts and leads nowhere."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import app
from tests.support.demo import NOW

DAY = NOW.date().isoformat()


@pytest.fixture
def on_the_demo(demo_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on the demo."""
    monkeypatch.setenv("SANLIAN_DATABASE_URL", f"sqlite:///{demo_file}")
    monkeypatch.setenv("SANLIAN_DISTRICT", "demo")


@pytest.mark.usefixtures("on_the_demo")
def test_sheet_is_written_as_one_file_that_stands_alone(tmp_path: Path) -> None:
    """Style inside, no address anywhere, nothing of what people noted."""
    out = tmp_path / "sheet.html"

    answer = CliRunner().invoke(app, ["sheet", "--date", DAY, "--out", str(out)])

    text = out.read_text(encoding="utf-8")
    assert answer.exit_code == 0, answer.output
    assert "今日调度单" in text
    assert "2026年11月20日 周五" in text
    assert "@page sheet" in text
    assert "href=" not in text
    assert "上门见了人" not in text


@pytest.mark.usefixtures("on_the_demo")
@pytest.mark.parametrize("day", ["昨天", "0001-01-01", "9999-12-31", ""])
def test_sheet_refuses_a_day_it_cannot_read_or_reach(day: str) -> None:
    """Wrong usage exits with 2 and says what is wanted; the ends of all time are no days of ours."""
    answer = CliRunner().invoke(app, ["sheet", "--date", day])

    assert answer.exit_code == 2
    assert "2026-11-19" in answer.output
