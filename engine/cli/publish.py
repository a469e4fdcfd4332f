"""`sanlian publish` and `sanlian export workflows`: make flows the ones that count, and write them out again."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.errors import BadWorkflow, Conflict
from engine.services.export_workflows import Exported, export_workflows
from engine.services.publish_files import Published, actor_of, publish_files
from engine.wiring import wire

FAULTY = (BadWorkflow, Conflict)
FLOWS = Path("workflows")

export_app = typer.Typer(name="export", help="导出：把库里的写成文件。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("publish", help="发布流程：有问题一处一处列出来，没有问题就从现在起照它办新的事。")(publish)
    app.add_typer(export_app)


@export_app.callback()
def _export() -> None:
    """导出：把库里的写成文件。"""


def publish(
    files: Annotated[list[Path], typer.Argument(metavar="FLOW…", help="流程文件；旁边的时限表和目录一起读。")],
    *,
    by: Annotated[str | None, typer.Option("--by", metavar="POST", help="由哪个岗位发布。")] = None,
) -> None:
    """Publish flows; the same text again changes nothing and says so."""
    with opened(wire, found=FAULTY) as sanlian:
        sanlian.prepare()
        now = sanlian.clock.now()
        for one in publish_files(sanlian.uow, files, by=actor_of(sanlian.uow, by, now=now), now=now):
            typer.echo(_say_published(one))


@export_app.command("workflows")
def export(
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="写到哪个文件夹。")] = FLOWS,
) -> None:
    """把现在用的流程、时限表、目录和日历写成文件，和发布时一个字节不差；不覆盖内容不同的文件。"""
    with opened(wire, found=FAULTY) as sanlian:
        sanlian.prepare()
        exported = export_workflows(sanlian.uow, to)
    _print_exported(exported, to)


def _say_published(one: Published) -> str:
    flow = one.workflow
    if not one.is_new:
        return f"{flow.id} 第 {flow.version} 版已经在用，没有变。{flow.digest}"
    return f"{flow.id} 第 {flow.version} 版发布好了，新的事照它办。{flow.digest}"


def _print_exported(exported: Exported, folder: Path) -> None:
    for path in exported.written:
        typer.echo(f"写好了：{folder / path}")
    same = f"，{len(exported.unchanged)} 个本来就一样" if exported.unchanged else ""
    typer.echo(f"写了 {len(exported.written)} 个文件{same}。")
