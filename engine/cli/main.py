"""The command line: which command stands in which module; a module is loaded when its command is asked for."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# `check` needs neither pages nor a database, and loading those takes ten times as long as checking a flow.
MODULES = {
    "calendar": "calendar",
    "schema": "schema",
    "serve": "serve",
    "demo": "demo",
    "check": "language",
    "explain": "language",
    "draw": "language",
    "diff": "language",
    "test": "cases",
    "publish": "publish",
    "export": "publish",
    "limits": "limits",
    "import": "xes",
    "report": "xes",
    "orders": "orders",
    "verify": "audit",
    "history": "audit",
    "digest": "audit",
    "sheet": "sheet",
    "doctor": "operate",
    "held": "operate",
    "account": "account",
    "erase": "erase",
}


class Commands(TyperGroup):
    """All commands by name, each loaded with its module."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, None where there is none."""
        if cmd_name in MODULES and cmd_name not in self.commands:
            gathered = typer.Typer(callback=_no_more)
            import_module(f"engine.cli.{MODULES[cmd_name]}").register(gathered)
            self.commands.update(get_group(gathered).commands)
        return super().get_command(ctx, cmd_name)


def _no_more() -> None:
    """Nothing happens before a command."""


app = typer.Typer(
    name="sanlian",
    cls=Commands,
    help="三级联动：小事在网格办，大事社区商量，难事部门联办；到点没人办，自动往上走。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    callback=_no_more,
)

if __name__ == "__main__":
    app()
