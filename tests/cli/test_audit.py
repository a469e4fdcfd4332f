"""`sanlian verify`, `history`, `digest`, `doctor`, `held`: what they print and how they exit."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from tests.support.intruder import LATE, edit_body, intrude
from tests.support.logged import AFTER, file, living, settle_with_history
from tests.support.town import DISTRICT

Run = Callable[..., Result]


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def run(prepared_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the town's database."""
    monkeypatch.setenv("SANLIAN_DATABASE_URL", prepared_sqlite_url)
    monkeypatch.setenv("SANLIAN_DISTRICT", DISTRICT)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def tamper(url: str) -> None:
    """Change one word of one event."""
    with living(url) as town:
        intrude(town, edit_body)


def test_verify_exits_0_when_good_and_2_when_outside_proof_is_asked_for(run: Run) -> None:
    """Without a copy outside it says what it cannot prove, and does not call that good."""
    good, asked = run("verify", "--processes", 1), run("verify", "--processes", 1, "--require-outside")

    assert (good.exit_code, asked.exit_code) == (0, 2)
    assert "没有外部存样，只能证明前后相连" in good.stdout
    assert "说不准" in asked.stdout
    assert "连得上" not in asked.stdout


def test_verify_agrees_with_the_digest_that_was_written(run: Run, tmp_path: Path) -> None:
    """`digest --out` and `verify --digest` fit together."""
    copy = tmp_path / "copy.txt"

    written = run("digest", "--day", "2026-03-05", "--out", copy)
    verified = run("verify", "--processes", 1, "--digest", copy)

    assert written.exit_code == 0
    assert verified.exit_code == 0
    assert "与 03-05 存在外面的摘要一致" in verified.stdout


def test_verify_exits_1_with_kind_matter_and_seq_when_tampered(run: Run, prepared_sqlite_url: str) -> None:
    """The finding is on one line, and as JSON."""
    tamper(prepared_sqlite_url)

    text, plain = run("verify", "--processes", 1), run("verify", "--processes", 1, "--format", "json", "--no-record")

    found = json.loads(plain.stdout)
    assert (text.exit_code, plain.exit_code) == (1, 1)
    assert "chain.chain  m000001  第 2 条" in text.stdout
    assert found["findings"][0]["kind"] == "chain"
    assert (found["findings"][0]["matter"], found["findings"][0]["seq"]) == ("m000001", 2)


@pytest.mark.parametrize(
    "words",
    [("--nonsense",), ("--processes", "0"), ("--digest", "no-such-file"), ("--format", "xml")],
    ids=["option", "number", "file", "format"],
)
def test_verify_exits_3_when_used_wrongly(run: Run, words: tuple[str, ...]) -> None:
    """Wrong usage is neither good nor «cannot tell»."""
    assert run("verify", *words).exit_code == 3


def test_history_prints_the_events_without_private_values(run: Run) -> None:
    """Times, who, from where to where, rule and line; what is private is masked."""
    result = run("history", "2603-0002")

    assert result.exit_code == 0
    assert "2026-03-05T14:31:00+08:00  规则  升级  等网格接 → 等社区接" in result.stdout
    assert "规则 state.escalate three_tier.limits.yaml:" in result.stdout
    assert "（不公开）" in result.stdout
    assert "井盖" not in result.stdout


def test_history_shows_how_it_stood_at_an_instant(run: Run) -> None:
    """`--at` ends the list there, and names the step of then."""
    result = run("history", LATE, "--at", "2026-03-04T00:00:00+08:00")

    assert result.stdout.splitlines()[0] == "2603-0002  等网格接"
    assert "升级" not in result.stdout


def test_history_opened_leaves_an_event(run: Run, prepared_sqlite_url: str) -> None:
    """Whoever looks at private values is in the log, with the reason."""
    result = run("history", "2603-0002", "--open", "核对")

    with living(prepared_sqlite_url) as town, town.uow.read() as tx:
        bodies = [event.body for event in tx.events.of("system/access")]
    assert "井盖响了一夜" in result.stdout
    assert len(bodies) == 1
    assert "核对".encode() in bodies[0]


def test_history_and_digest_exit_3_when_there_is_none(run: Run) -> None:
    """An unknown number, a day that is not over, an instant without zone."""
    assert run("history", "2603-9999").exit_code == 3
    assert run("history", LATE, "--at", "2026-03-04T00:00:00").exit_code == 3
    assert run("digest", "--day", "2999-01-01").exit_code == 3
    assert run("digest", "--day", "yesterday").exit_code == 3


def test_doctor_exits_1_when_the_engine_never_ticked(run: Run) -> None:
    """It says what is wrong and what to do."""
    result = run("doctor")

    assert result.exit_code == 1
    assert "never_ticked" in result.stdout
    assert "sanlian serve" in result.stdout


def test_held_says_what_is_held_and_lets_go(run: Run) -> None:
    """With nothing held it says so; letting go is noted."""
    assert "没有压着的规则" in run("held").stdout
    assert "放行了 0 条规则" in run("held", "--release").stdout
    assert "时间没有错" in run("held", "--trust-clock").stdout


def test_history_says_seconds_to_people_and_every_fraction_to_programs(run: Run, prepared_sqlite_url: str) -> None:
    """Text stops at seconds, and what it prints finds the very event again; JSON has the instant as recorded."""
    with living(prepared_sqlite_url) as town:
        file(town, "路灯不亮", at=AFTER + timedelta(microseconds=123_456))
    shown = run("history", "2603-0004").stdout
    plain = json.loads(run("history", "2603-0004", "--format", "json").stdout)
    instant = shown.splitlines()[1].split()[1]

    assert "." not in instant
    assert plain["history"][0]["at"].startswith(f"{instant[:19]}.123456")
    assert (plain["number"], plain["history"][0]["seq"]) == ("2603-0004", 1)
    assert run("history", "2603-0004", "--at", instant).stdout == shown
