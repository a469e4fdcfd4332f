"""`sanlian orders in` and `orders out`: work orders of an upper platform, in from a table and back into one."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from engine.cli.deployment import opened
from engine.cli.given import content_of, day_given
from engine.cli.refusal import FOUND, STOPPED
from engine.core.clock.instants import midnight
from engine.errors import BadFile, BadInput
from engine.services.give_back_orders import FORMS, OrdersBack, give_back_orders
from engine.services.read_orders import open_orders
from engine.services.take_in_orders import (
    CHANGED,
    KNOWN,
    NEW,
    REFUSED,
    REPEATED,
    OrderPlan,
    TakenIn,
    hash_of_file,
    order_desk,
    plan_orders,
    take_in_orders,
)
from engine.wiring import Sanlian

XLSX, CSV = ".xlsx", ".csv"

orders_app = typer.Typer(name="orders", help="工单：收上级平台的工单，把签收、回复、结果交回去。", no_args_is_help=True)

Post = Annotated[str | None, typer.Option("--by", metavar="POST", help="由哪个岗位收、交；不写就用服务中心的。")]


def register(app: typer.Typer) -> None:
    """Add the group to *app*."""
    app.add_typer(orders_app)


@orders_app.command("in")
def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="工单表，CSV 或 .xlsx。")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会怎样，不收。")] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="ENCODING", help="CSV 的编码：utf-8、gb18030、utf-16。")
    ] = None,
    by: Post = None,
) -> None:
    """收工单：同号的不收第二次，也不改已有的；停在半路，再运行一次同样的命令就接着收。"""
    try:
        with opened() as sanlian:
            sanlian.prepare()
            data = content_of(file, expected="一个可以读的文件")
            read = open_orders(data, where=file.name, encoding=encoding, zone=_zone(sanlian))
            services, clock = sanlian.door, sanlian.clock.now
            desk = order_desk(sanlian.uow, by, services=services, now=clock())
            if dry_run:
                taken = plan_orders(sanlian.uow, read, by=desk, services=services)
            else:
                taken = take_in_orders(
                    sanlian.uow, read, by=desk, sha256=hash_of_file(data), services=services, clock=clock, tell=_tell
                )
    except KeyboardInterrupt:
        typer.echo("已停下。再运行一次同样的命令，收过的不会再收。", err=True)
        raise typer.Exit(STOPPED) from None
    _print_taken(taken, file.name, verb="会收下" if dry_run else "收下")
    raise typer.Exit(FOUND if taken.has_faults else 0)


@orders_app.command("out")
def give_back(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="写到哪里；.csv 或 .xlsx，已有的文件不覆盖。")],
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="从哪天起的都交；不写就交上次以后的。")
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="ENCODING", help="CSV 的编码：utf-8 或 gb18030。")
    ] = "utf-8",
    by: Post = None,
) -> None:
    """交工单：每件的签收、首次回复和办理结果；记下哪些已经交过。"""
    with opened() as sanlian:
        sanlian.prepare()
        zone, now = _zone(sanlian), sanlian.clock.now()
        form = _form_of(file, encoding)
        desk = order_desk(sanlian.uow, by, services=sanlian.door, now=now)
        made = give_back_orders(
            sanlian.uow, sanlian.door.ids(), since=_start_of(since, zone), by=desk, services=sanlian.door, now=now
        )
        _write(file, made, form=form, zone=zone)
    typer.echo(f"{len(made.orders)} 件写到了 {file}。" if made.orders else "没有新的签收、回复和结果，没有写文件。")


def _write(file: Path, made: OrdersBack, *, form: str, zone: ZoneInfo) -> None:
    if made.orders:
        with file.open("xb") as out:
            out.write(made.table(form, zone=zone))


def _form_of(file: Path, encoding: str) -> str:
    if file.exists():
        raise BadFile(where=str(file), found="已有的文件", expected="一个新的文件名")
    if not file.absolute().parent.is_dir():
        raise BadFile(where=str(file), found="没有这个文件夹", expected="已有的文件夹")
    if file.suffix.lower() == XLSX:
        return "xlsx"
    form = encoding.strip().lower()
    if file.suffix.lower() != CSV or form not in FORMS or form == "xlsx":
        raise BadInput(where=str(file), found=f"{file.suffix} {encoding}", expected=".csv（utf-8、gb18030）或 .xlsx")
    return form


def _start_of(since: str | None, zone: ZoneInfo) -> datetime | None:
    if since is None:
        return None
    return midnight(day_given(since, option="--since"), zone)


def _zone(sanlian: Sanlian) -> ZoneInfo:
    with sanlian.uow.read() as tx:
        return sanlian.door.shelf.world(tx).calendar(None).zone


def _tell(done: int, total: int) -> None:
    if done < total:
        typer.echo(f"{done} / {total}", err=True)


def _print_taken(taken: TakenIn, name: str, *, verb: str) -> None:
    for fault in taken.faults:
        typer.echo(f"{name}:{fault.row}: {fault.number} 没有收：{fault.text}")
    for plan in taken.of(REFUSED, CHANGED):
        typer.echo(_line(name, plan))
    unsure = [plan for plan in taken.of(NEW) if plan.text]
    for plan in unsure:
        typer.echo(_line(name, plan))
    if taken.beside:
        typer.echo(f"这几列没有对应的地方，写进了事情里：{'、'.join(taken.beside)}")
    typer.echo(
        f"{len(taken.plans) + len(taken.faults)} 行：{verb} {len(taken.of(NEW))} 件，已有 {len(taken.of(KNOWN))} 件，"
        f"重复 {len(taken.of(REPEATED))} 行，要核对 {len(taken.of(CHANGED, REFUSED)) + len(taken.faults)} 行。"
    )


def _line(name: str, plan: OrderPlan) -> str:
    return f"{name}:{plan.order.row}: {plan.order.number} {plan.text}"
