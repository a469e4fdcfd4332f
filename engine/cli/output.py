"""What a command made: printed, or written to a file that was named."""

from pathlib import Path

import typer


def print_or_write(text: str, out: Path | None, *, said: str, usage: int) -> None:
    """
    Print *text*, or write it to *out* and say *said*.

    Raises:
        typer.Exit: the file cannot be written; *usage* is the exit code.
    """
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"写不了 {out}：{error.strerror}", err=True)
        raise typer.Exit(usage) from error
    typer.echo(said)
