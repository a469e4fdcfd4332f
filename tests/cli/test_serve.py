"""Serving: on this machine only, and the demo made whole or not at all."""

import socket
from pathlib import Path

import pytest
import typer
import uvicorn
from typer.testing import CliRunner

from api.connection import MOST_CONNECTIONS, Connection
from engine.cli.demo import open_demo
from engine.cli.main import app
from engine.cli.serve import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_loopback(host: str) -> None:
    """Every way to say «here»."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_addresses_are_not(host: str) -> None:
    """Whatever others could reach."""
    assert not is_loopback(host)


@pytest.mark.parametrize("command", [["serve"], ["demo"]])
def test_server_refuses_to_listen_outside_with_a_plain_message(tmp_path: Path, command: list[str]) -> None:
    """Passwords need https, and the message says who gives it; nothing is made first."""
    database = tmp_path / "sanlian.db"
    extra = ["--database", str(database)] if command == ["demo"] else []
    environment = {"SANLIAN_DATABASE_URL": f"sqlite:///{database}"}

    result = CliRunner().invoke(app, [*command, "--host", "0.0.0.0", *extra], env=environment)

    assert result.exit_code == 2
    assert "反向代理" in result.output
    assert not database.exists()


def test_server_says_which_port_to_try_when_one_is_taken(tmp_path: Path) -> None:
    """The next step is in the message."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {"SANLIAN_DATABASE_URL": f"sqlite:///{tmp_path / 'sanlian.db'}"}
        result = CliRunner().invoke(app, ["serve", "--port", str(port)], env=environment)

    assert result.exit_code == 2
    assert f"--port {port + 1}" in result.output


def test_server_has_no_endless_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections end when their client dawdles, and there is an end to how many there are."""
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, **_: served.append(server.config))
    environment = {"SANLIAN_DATABASE_URL": f"sqlite:///{tmp_path / 'sanlian.db'}"}

    result = CliRunner().invoke(app, ["serve", "--port", "0"], env=environment)

    assert result.exit_code == 0
    assert [(one.http, one.limit_concurrency) for one in served] == [(Connection, MOST_CONNECTIONS)]


def test_demo_is_made_once_and_made_anew_when_asked(tmp_path: Path) -> None:
    """What was done in the demo stays until `--fresh`."""
    database = tmp_path / "var" / "demo.db"
    with open_demo(database, fresh=False).uow.read() as tx:
        log = tx.facts.get("log")
    with open_demo(database, fresh=False).uow.read() as tx:
        again = tx.facts.get("log")
    with open_demo(database, fresh=True).uow.read() as tx:
        anew = tx.facts.get("log")

    assert log == again != anew
    assert sorted(file.name for file in database.parent.iterdir() if file.suffix == ".making") == []


def test_commands_are_gathered() -> None:
    """Every group that exists is in the help."""
    text = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output

    assert all(f" {word} " in text for word in ("serve", "demo", "check", "publish", "verify", "calendar", "import"))
    assert isinstance(app, typer.Typer)
