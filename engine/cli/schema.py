"""`sanlian schema`: the JSON schema of the language, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.refusal import FOUND
from engine.core.workflow.schema import make_schema

app = typer.Typer(name="schema", help="给编辑器用的 JSON Schema。")


def schema_text() -> str:
    """Return the schema as it stands in `workflows/schema.json`."""
    return json.dumps(make_schema(), ensure_ascii=False, indent=1) + "\n"


def register(main: typer.Typer) -> None:
    """Add the group to *main*."""
    main.add_typer(app)


@app.callback(invoke_without_command=True)
def show_schema(
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="写进这个文件。")] = None,
    check: Annotated[Path | None, typer.Option("--check", metavar="FILE", help="只看这个文件是不是最新的。")] = None,
) -> None:
    """Print the schema, write it to a file, or say whether a file holds it."""
    text = schema_text()
    if check is not None:
        if not check.is_file() or check.read_text("utf-8") != text:
            typer.echo(f"{check} 不是最新的，请运行 sanlian schema --write {check}", err=True)
            raise typer.Exit(FOUND)
        typer.echo(f"{check} 是最新的。")
    elif write is not None:
        write.write_text(text, "utf-8")
        typer.echo(f"写好了：{write}")
    else:
        typer.echo(text, nl=False)
