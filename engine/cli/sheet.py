"""`sanlian sheet`: the daily sheet as one HTML file, the same page as in the browser."""

from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api.days import day_of
from api.pages.sheet import category_words, copy_of
from engine.core.matter import Actor
from engine.core.terms import Office
from engine.errors import BadInput, SanlianError
from engine.services.daily_sheet import daily_sheet
from engine.services.figures import frame_of
from engine.wiring import Sanlian, wire_existing

USAGE = 3
# Nobody has signed in here, so it shows what an auditor sees: every figure, and nothing of what people wrote.
READER = Actor(post="command-line", role=Office.AUDITOR.value)


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("sheet", help="今日调度单，一页 A4，可以直接打印。")(sheet)


def sheet(
    day: Annotated[
        str | None, typer.Option("--date", metavar="D", help="哪一天，例如 2026-11-19；不写就是今天。")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="写到这个文件；不写就打在屏幕上。")
    ] = None,
) -> None:
    """Print or write the sheet of a day."""
    try:
        sanlian = wire_existing()
    except SanlianError as error:
        _stop(error)
    try:
        text = _page(sanlian, _day(day) if day is not None else None)
        if out is None:
            typer.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")
            typer.echo(f"调度单写到了 {out}，用浏览器打开就能打印")
    except OSError as error:
        typer.echo(f"写不了 {out}：{error.strerror}", err=True)
        raise typer.Exit(USAGE) from error
    except SanlianError as error:
        _stop(error)
    finally:
        sanlian.close()


def _page(sanlian: Sanlian, day: date | None) -> str:
    shelf, now = sanlian.door.shelf, sanlian.clock.now()
    with sanlian.uow.read() as tx:
        digests = tx.workflows.current_digests()
        flows = tuple(shelf.workflow(tx, digests[name]) for name in sorted(digests))
        frame = frame_of(
            READER, world=shelf.world(tx), flows=flows, flow_of=lambda digest: shelf.workflow(tx, digest), now=now,
            day=day,
        )  # fmt: skip
        return copy_of(daily_sheet(tx, frame, with_texts=False, categories=category_words(flows)))


def _day(text: str) -> date:
    day = day_of(text)
    if day is None:
        raise BadInput(where="--date", found=text[:20], expected="2026-11-19 这样的日期")
    return day


def _stop(error: SanlianError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(USAGE) from error
