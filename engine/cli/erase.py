"""`sanlian erase`: take what a demand holds of people away for good, by whoever has the machine in hand."""

from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.core.terms import ErasurePart
from engine.services.ask_erasure import Gone, Wanted, erase_at_host, look, number_of, read_wanted
from engine.services.erase import Held
from engine.services.say_erased import counted

NOT_CONFIRMED = 1
_PARTS = "、".join(f"{part.value} {part.label}" for part in ErasurePart)


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("erase", help="按要求把一件事里的姓名电话、文字、照片永远删去；办理过程照样能核验。")(erase)


def erase(
    name: Annotated[str, typer.Argument(metavar="N", help="诉求编号，或事项的 id。派出去的任务跟着一起删。")],
    *,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="WHY",
            help="依据，记进办理过程：requested 本人要求，withdrawn 收回同意，achieved 不再需要，"
            "expired 保存期满，unlawful 不该收集。",
        ),
    ],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PART", help=f"只删哪些，可以写多次：{_PARTS}。")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会删什么、会留什么，什么都不动。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="不再问，直接删。")] = False,
) -> None:
    """Say what would go and what stays, ask, and erase: 0 done or nothing left, 1 not confirmed, 2 wrong usage."""
    with opened() as sanlian:
        wanted = read_wanted(only or [part.value for part in ErasurePart], reason)
        there = look(sanlian.uow, name, services=sanlian.door)
        typer.echo("\n".join(_lines(there, wanted, number=number_of(sanlian.uow, there))))
        if dry_run or not there.has(wanted.parts):
            return
        if not yes and not typer.confirm("删了就找不回来。删吗", default=False):
            typer.echo("没有删。")
            raise typer.Exit(NOT_CONFIRMED)
        gone = erase_at_host(sanlian.uow, name, wanted, now=sanlian.clock.now(), services=sanlian.door)
        is_sqlite = sanlian.database.is_sqlite
    typer.echo("\n".join(_done(gone, said=_what(there, wanted), is_sqlite=is_sqlite)))


def _lines(there: Held, wanted: Wanted, *, number: str) -> list[str]:
    if not there.has(wanted.parts):
        return [f"{number}：没有可删的了，要么已按要求删去，要么本来就没有。"]
    lines = [
        f"{number}（依据：{wanted.reason.label}）",
        f"会删：{_what(there, wanted)}",
        "会留：办理过程、每一步的时刻和岗位、结果、类别和地点，以及每条记录的校验值；删过这件事也记在里面",
    ]
    if there.matter.is_open:
        lines.append("注意：这件事还没办完，删了以后经办的人也看不到。")
    return lines


def _what(there: Held, wanted: Wanted) -> str:
    return counted({part: there.count(part) for part in wanted.parts})


def _done(gone: Gone, *, said: str, is_sqlite: bool) -> list[str]:
    lines = [f"删去了：{said}。", "导出过的表、打印过的单子、存走的备份不在这里，要另外处理。"]
    if not is_sqlite:
        lines.append("旧的字节要等 PostgreSQL 自己清理（VACUUM）；预写日志要等它轮换。")
    elif not gone.is_clean:
        lines.append("数据库正有人用，日志里还留着旧的字节；服务会在一分钟内清掉。")
    return lines
