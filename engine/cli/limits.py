"""`sanlian limits`: what another limits table would do to the matters open now, and the table as a spreadsheet."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.cli.given import content_of, flow_given
from engine.cli.output import print_or_write
from engine.cli.refusal import FOUND, USAGE, refusals
from engine.core.workflow.declaration import Limits, Workflow
from engine.core.workflow.limits_sheet import limits_to_rows, rows_to_limits
from engine.errors import BadWorkflow, NotFound
from engine.services.dry_run import DryRun, dry_run
from engine.services.library import read_source
from engine.services.propose_limits import base_of, sources_of
from engine.services.publish import examine_in

MOST_SHOWN = 40

# Without it spreadsheets take the file for one in the old encoding of their country.
BYTE_ORDER_MARK = "\ufeff"

LimitsFile = Annotated[Path, typer.Argument(metavar="LIMITS_FILE", help="时限表文件，旁边要有它的流程。")]

app = typer.Typer(name="limits", help="时限表：发布以前试算，换成表格改。", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Add the group to *main*."""
    main.add_typer(app)


@app.command("dry-run", help="照这份时限表，现在在办的事会怎样：几件马上超时，几件提前或推后。什么也不改。")
def try_limits(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="流程的代号，例如 three_tier。")],
    file: Annotated[Path, typer.Argument(metavar="LIMITS_FILE", help="新的时限表文件。")],
) -> None:
    """Check the table and rehearse it; exits 1 when it has faults or would strand matters."""
    with opened() as sanlian:
        source = read_source(file)
        shelf, now = sanlian.door.shelf, sanlian.clock.now()
        with sanlian.uow.read() as tx:
            version = base_of(tx, flow)
            flow_source, limits, catalogues = sources_of(version, source.data)
            new, findings = examine_in(tx, flow_source, limits=limits, catalogues=catalogues)
            for one in findings:
                typer.echo(str(one), err=True)
            if new is None or any(one.severity == "error" for one in findings):
                raise typer.Exit(FOUND)
            tried = dry_run(tx, shelf, base=shelf.workflow(tx, version.digest), new=new, now=now)
    _say(tried, new)
    if tried.holds_up:
        raise typer.Exit(FOUND)


@app.command("sheet", help="把时限表的行写成表格（CSV），用表格软件改。")
def write_sheet(
    file: LimitsFile,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.csv", help="写到这个文件；不写就打在屏幕上。")
    ] = None,
) -> None:
    """Print or write the rows of a table as CSV: ids, labels, then a line a row."""
    with refusals(found=(BadWorkflow,)):
        rows = limits_to_rows(_limits(file))
    text = rows if out is None else BYTE_ORDER_MARK + rows
    print_or_write(text, out, said=f"写好了：{out}。改完用 sanlian limits fill 放回去。", usage=USAGE)


@app.command("fill", help="把改好的表格放回时限表，只换行，别的原样；有不对的格子一处一处列出来，什么也不写。")
def fill(
    file: LimitsFile,
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="改好的表格，CSV，UTF-8。")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="写到这个文件；不写就打在屏幕上。")] = None,
) -> None:
    """Put the rows of a spreadsheet into the text of a table; exits 1 when a cell is wrong."""
    with refusals(found=(BadWorkflow,)):
        _limits(file)
        base = content_of(file, expected="一个可以读的文件").decode()
        cells = content_of(sheet, expected="一份可以读的表格")
    text, findings = rows_to_limits(cells, file=sheet.name, base=base)
    for one in findings:
        typer.echo(str(one), err=True)
    if text is None:
        raise typer.Exit(FOUND)
    print_or_write(text, out, said=f"写好了：{out}。发布以前先 sanlian check。", usage=USAGE)


def _limits(file: Path) -> Limits:
    limits = flow_given(file).limits
    if limits is None:
        raise NotFound(what="时限表", found=file.name)
    return limits


def _say(tried: DryRun, flow: Workflow) -> None:
    typer.echo(f"{flow.label.zh}：在办的 {tried.scope} 件照现行时限，换成这一份：")
    typer.echo(f"  马上超时 {tried.late}，马上往上走 {tried.moves}")
    typer.echo(f"  到期提前 {tried.earlier}，推后 {tried.later}，不变 {tried.same}")
    if tried.older:
        typer.echo(f"  另有 {tried.older} 件照更早的版本办，不动")
    for place in tried.by_state:
        typer.echo(f"  {place.name}：超时 {place.late}，往上走 {place.moves}，提前 {place.earlier}，推后 {place.later}")
    for one in tried.touched[:MOST_SHOWN]:
        if one.late or one.moves_to:
            happens = ["马上超时"] if one.late else []
            happens += [f"转到「{one.moves_to}」"] if one.moves_to else []
            typer.echo(f"    {one.number or one.matter} {one.unit} {'，'.join(happens)}")
    if tried.holds_up:
        typer.echo(f"  有 {tried.holds_up} 件会停住，再也没有到点的规则：不能这样发布", err=True)
