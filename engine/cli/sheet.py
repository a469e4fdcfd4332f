"""`sanlian sheet`: the daily sheet as one HTML file, the same page as in the browser."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.pages.sheet import category_words, copy_of
from engine.cli.deployment import opened
from engine.cli.given import day_given
from engine.cli.output import print_or_write
from engine.cli.refusal import USAGE
from engine.core.matter import Actor
from engine.core.terms import Office
from engine.services.daily_sheet import daily_sheet
from engine.services.figures import frame_of
from engine.wiring import Sanlian

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
    with opened() as sanlian:
        text = _page(sanlian, day_given(day, option="--date") if day is not None else None)
        print_or_write(text, out, said=f"调度单写到了 {out}，用浏览器打开就能打印", usage=USAGE)


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
