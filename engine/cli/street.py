"""`sanlian import street`: a whole street from one workbook, looked at first."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.cli.given import content_of
from engine.cli.refusal import FOUND, refusals
from engine.errors import BadFile
from engine.services.import_street import import_street, look_at_street
from engine.services.plan_street import Plan
from engine.services.publish_files import actor_of
from engine.services.street_rows import MOST_SHOWN
from engine.services.street_template import write_street_template
from engine.wiring import wire


def import_workbook(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="工作簿 .xlsx；和 --template 一起用时，是要写的文件。")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会变什么，什么都不写。")] = False,
    template: Annotated[bool, typer.Option("--template", help="写一份空的工作簿，里面有说明。")] = False,
    by: Annotated[str | None, typer.Option("--by", metavar="POST", help="由哪个岗位导入的。")] = None,
) -> None:
    """从一份工作簿导入一个街道：单位、人员、岗位、场所、楼栋、值班。有问题全列出来，一处也不写，退出码 1。"""
    with refusals():
        if template:
            _write_template(file)
            return
        data = content_of(file, expected="可以读的 .xlsx 文件")
    with opened(wire) as sanlian:
        sanlian.prepare()
        now, shelf = sanlian.clock.now(), sanlian.door.shelf
        if dry_run:
            plan = look_at_street(sanlian.uow, data, where=file.name, shelf=shelf, now=now)
        else:
            actor = actor_of(sanlian.uow, by, now=now)
            plan = import_street(sanlian.uow, data, where=file.name, shelf=shelf, by=actor, now=now)
    _print(plan, done=not dry_run)
    if plan.faults.count:
        raise typer.Exit(FOUND)


def _write_template(file: Path) -> None:
    try:
        with file.open("xb") as out:
            out.write(write_street_template())
    except OSError as error:
        raise BadFile(where=str(file), found=error.strerror or "写不了", expected="还没有的、可以写的文件") from error
    typer.echo(f"写好了：{file}。先看里面的「说明」。")


def _print(plan: Plan, *, done: bool) -> None:
    if plan.faults.count:
        for fault in plan.faults.listed:
            typer.echo(str(fault))
        more = plan.faults.count - len(plan.faults.listed)
        typer.echo(f"有 {plan.faults.count} 处要改{f'，还有 {more} 处没有列出来' if more else ''}。什么都没有写。")
        return
    for change in plan.changes[:MOST_SHOWN]:
        typer.echo(f"{change.sheet}  {change.kind}  {change.what}  {change.detail}".rstrip())
    if len(plan.changes) > MOST_SHOWN:
        typer.echo(f"……还有 {len(plan.changes) - MOST_SHOWN} 处")
    counts = "，".join(f"{sheet}{kind} {count}" for sheet, kind, count in plan.counts())
    said = f"：{counts}" if counts else ""
    typer.echo(f"{len(plan.changes)} 处变化{said}。{'' if done or not plan.changes else '还没有写进去。'}")
    if plan.new_accounts:
        typer.echo(f"新开 {plan.new_accounts} 个账号，都还没有密码：由系统管理员在「账号」页重设，当面交给本人。")
