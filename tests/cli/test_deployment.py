"""A command's deployment is closed behind it, however the command ends."""

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from engine.cli.deployment import opened
from engine.errors import NotFound
from engine.settings import Settings
from engine.wiring import Sanlian, wire


@pytest.mark.parametrize("error", [None, NotFound(what="诉求", found="x"), ZeroDivisionError(), KeyboardInterrupt()])
def test_deployment_is_closed_when_a_command_ends(error: BaseException | None, tmp_path: Path) -> None:
    """No connection stays open after a command that went well, was refused, broke or was stopped."""
    made: list[Sanlian] = []

    def wired() -> Sanlian:
        made.append(wire(replace(Settings(), database_url=f"sqlite:///{tmp_path}/town.db")))
        return made[0]

    try:
        with opened(wired) as sanlian:
            sanlian.prepare()
            if error is not None:
                raise error
    except (typer.Exit, ZeroDivisionError, KeyboardInterrupt):
        assert error is not None

    assert not list(tmp_path.glob("*-wal"))
