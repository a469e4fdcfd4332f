"""How a command ends when something cannot be done: a line for whoever called it, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from engine.errors import SanlianError

FOUND, USAGE, STOPPED = 1, 2, 130


@contextmanager
def refusals(*, usage: int = USAGE, found: tuple[type[SanlianError], ...] = ()) -> Iterator[None]:
    """
    Say an error of ours in a line and end the command.

    Args:
        usage: the exit code.
        found: errors that are what the command looks for: it ends with `FOUND` then.
    Raises:
        typer.Exit: there was such an error.
    """
    try:
        yield
    except SanlianError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FOUND if isinstance(error, found) else usage) from error
