"""`sanlian test`: live through case files and say where they and the engine differ."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.refusal import FOUND, refusals
from engine.core.scope import Organisation, World
from engine.services.calendars import load_calendars
from engine.services.library import load_flows, read_folder, read_source
from engine.services.read_case import read_case
from engine.services.run_case import Stage, run_case

DEFAULT_CALENDAR = "cn_office"


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command(name="test")(live_through)


def live_through(
    files: Annotated[list[Path], typer.Argument(help="办件例子的文件或文件夹", metavar="FILE…")],
    flows: Annotated[Path | None, typer.Option(help="流程所在的文件夹；不写就是例子上一层的文件夹")] = None,
) -> None:
    """按办件例子走一遍：哪里和例子说的不一样，一处一处列出来。全部相符退出码 0，有不符 1，用法不对 2。"""
    with refusals():
        cases = _case_files(files)
        stage = _stage(flows or cases[0].resolve().parent.parent)
        wrong = sum(_run_one(file, stage) for file in cases)
    typer.echo(f"{len(cases)} 个例子，{len(cases) - wrong} 个相符，{wrong} 个不符。")
    raise typer.Exit(FOUND if wrong else 0)


def _case_files(files: list[Path]) -> list[Path]:
    found: list[Path] = []
    for file in files:
        found += sorted(file.glob("*.yaml")) if file.is_dir() else [file]
    if not found:
        raise typer.BadParameter("没有找到办件例子的文件。")
    return found


def _stage(folder: Path) -> Stage:
    world = World(
        organisation=Organisation(()),
        calendars=load_calendars(folder / "calendars"),
        default_calendar=DEFAULT_CALENDAR,
    )
    catalogue = read_folder(folder).library.catalogues.get("categories")
    return Stage(flows=load_flows(folder), world=world, catalogue=catalogue)


def _run_one(file: Path, stage: Stage) -> bool:
    source = read_source(file)
    case, findings = read_case(source.data, source.file)
    mismatches = run_case(case, stage) if case is not None else ()
    wrong = bool(findings or mismatches)
    typer.echo(f"{'不符' if wrong else '相符'}  {file.name}  {case.title if case is not None else ''}")
    for line in (*findings, *mismatches):
        typer.echo(f"  {line}")
    return wrong
