"""`sanlian import xes` and `sanlian report levels`: take in an event log, and say how matters moved through levels."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from engine.cli.deployment import opened
from engine.cli.refusal import FOUND, STOPPED
from engine.cli.street import import_workbook
from engine.services.import_log import ImportReport, Tell, import_log, publish_shipped
from engine.services.reports import LevelFigures, report_levels
from engine.wiring import wire

FLOWS = Path("workflows")
IMPORTED_FLOW = "support_lines"
DAY = timedelta(days=1)

import_app = typer.Typer(name="import", help="导入：把别处的记录收进来。", no_args_is_help=True)
report_app = typer.Typer(name="report", help="报表：从办理过程里数出来的数。", no_args_is_help=True)

FlowName = Annotated[str, typer.Option("--workflow", metavar="FLOW", help="流程的代号。")]


def register(app: typer.Typer) -> None:
    """Add both groups to *app*."""
    import_app.command("street")(import_workbook)
    app.add_typer(import_app)
    app.add_typer(report_app)


@import_app.callback()
def _import() -> None:
    """导入：把别处的记录收进来。"""


@report_app.callback()
def _report() -> None:
    """报表：从办理过程里数出来的数。"""


@import_app.command("xes")
def import_xes(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="XES 事件记录，可以是 .gz")],
    *,
    workflow: FlowName = IMPORTED_FLOW,
    folder: Annotated[Path, typer.Option("--flows", help="流程还没有发布时，从这个文件夹发布。")] = FLOWS,
) -> None:
    """导入一份 XES 事件记录，每一步都照记录的时刻、人和线入账。停下后再运行一次，接着导。有没收下的步骤时退出码 1。"""
    try:
        with opened(wire) as sanlian:
            sanlian.prepare()
            if publish_shipped(sanlian.uow, workflow, folder=folder, now=sanlian.clock.now()):
                typer.echo(f"流程 {workflow} 还没有发布过，已从 {folder} 发布。")
            with _bar() as tell:
                report = import_log(
                    sanlian.uow, log, workflow=workflow, services=sanlian.door, clock=sanlian.clock.now, tell=tell
                )
    except KeyboardInterrupt:
        typer.echo("已停下。再运行一次同样的命令，从停下的地方接着导。", err=True)
        raise typer.Exit(STOPPED) from None
    _print_import(report, log.name)
    raise typer.Exit(FOUND if report.refused else 0)


@report_app.command("levels")
def print_levels(
    *,
    workflow: FlowName = IMPORTED_FLOW,
    field: Annotated[str, typer.Option("--by", metavar="FIELD", help="另按哪个字段数步骤。")] = "impact",
) -> None:
    """一个流程的事情在各级之间怎么走：步数、最先到和最高到哪一级、上行下行、办了多久。"""
    with opened() as sanlian:
        sanlian.prepare()
        _print_figures(report_levels(sanlian.uow, workflow=workflow, field=field, services=sanlian.door))


@contextmanager
def _bar() -> Iterator[Tell]:
    columns = (
        TextColumn("导入"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("步"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _print_import(report: ImportReport, name: str) -> None:
    for step in report.refused:
        typer.echo(f"{name}:{step.line}: {step.incident} 没有收下：{step.reason}")
    went_on = f"（前 {report.resumed_at} 件上次已经导过）" if report.resumed_at else ""
    refused = len(report.refused)
    typer.echo(f"{report.incidents} 件，{report.steps} 步：收下 {report.taken} 步，没有收下 {refused} 步。{went_on}")


def _print_figures(figures: LevelFigures) -> None:
    typer.echo(f"流程\t{figures.workflow}")
    typer.echo(f"件数\t{figures.matters:,}")
    typer.echo(f"步数\t{figures.acts:,}")
    if figures.first_at is not None and figures.last_at is not None:
        first, last = (_minute(at, figures.zone) for at in (figures.first_at, figures.last_at))
        typer.echo(f"起止（{figures.zone}）\t{first} 到 {last}")
    typer.echo(f"各级步数\t{_counts(figures.acts_on)}")
    typer.echo(f"最先到的一级\t{_counts(figures.first_level)}")
    typer.echo(f"最高到的一级\t{_counts(figures.highest_level)}")
    typer.echo(f"上行\t{figures.moves_up:,}")
    typer.echo(f"下行\t{figures.moves_down:,}")
    typer.echo(f"从未上行的件数\t{figures.never_up:,}")
    if figures.life is not None:
        life = figures.life
        share = f"中位 {_days(life.median)} · 九成以内 {_days(life.nine_of_ten)} · 最长 {_days(life.longest)}"
        typer.echo(f"办了多久（天）\t{share}")
    typer.echo(f"按 {figures.field}\t{_counts(figures.by_field)}")
    typer.echo(f"按动作\t{_counts(figures.by_action)}")


def _counts(counted: Mapping[str, int]) -> str:
    return " · ".join(f"{name} {count:,}" for name, count in counted.items())


def _minute(instant: datetime, zone: tzinfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}"


def _days(span: timedelta) -> str:
    return f"{span / DAY:,.2f}"
