"""`sanlian verify`, `history`, `digest`: prove the log, read one matter's history, make the copy for outside."""

from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from engine.cli.deployment import opened
from engine.cli.given import day_given
from engine.cli.output import print_or_write
from engine.core.clock.instants import format_instant, parse_instant
from engine.core.matter import Actor
from engine.errors import BadInput, Unavailable
from engine.services import look_back
from engine.services.audit import Report, note_run, verify
from engine.services.digest import OutsideCopy, digest_of_day, read_copy, write_copy
from engine.services.judge import UNREADABLE
from engine.wiring import Sanlian

# `verify` says with 2 that it cannot tell, so wrong usage of these commands has a code of its own.
USAGE = 3
SHOWN = 50
AUDITOR = Actor(post="command-line", role="auditor")

Copies = Annotated[list[Path] | None, typer.Option("--digest", metavar="FILE", help="存在外面的摘要，可以写多次。")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="text 给人看，json 给程序用。")]


class VerifyCommand(TyperCommand):
    """A command whose wrong usage exits with 3: with 2 it would say that the log cannot be judged."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line."""
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            vars(error)["exit_code"] = USAGE
            raise


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("verify", cls=VerifyCommand, help="核对整份记录：0 对得上，1 被动过，2 说不准，3 用法不对。")(
        verify_log
    )
    app.command("history", help="看一件事的办理过程。")(show_history)
    app.command("digest", help="取一天的摘要，存到这台机器以外的地方。")(show_digest)


def verify_log(
    copies: Copies = None,
    needs_outside: Annotated[bool, typer.Option("--require-outside", help="没有外部存样就算说不准。")] = False,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="用几个进程。")] = None,
    records: Annotated[bool, typer.Option("--record/--no-record", help="把这次核对记进记录。")] = True,
    format_: Format = "text",
) -> None:
    """Verify every layer of the log, and compare it with copies kept outside."""
    with opened(usage=USAGE) as sanlian:
        report = verify(
            sanlian.uow,
            sanlian.door.shelf,
            now=sanlian.clock.now(),
            copies=[_copy(path) for path in copies or []],
            needs_outside=needs_outside,
            processes=processes,
        )
        typer.echo(_as_json(report) if format_ == "json" else _as_text(report))
        if records:
            _record(sanlian, report)
    raise typer.Exit(report.exit_code)


def _record(sanlian: Sanlian, report: Report) -> None:
    try:
        note_run(sanlian.uow, report, by=AUDITOR, now=sanlian.clock.now())
    except (Unavailable, *UNREADABLE) as error:
        typer.echo(f"这次核对没能记进记录：{error}", err=True)


def _as_text(report: Report) -> str:
    shown = (f"{one.layer}.{one.kind}  {one.matter}  第 {one.seq} 条  {one.text}" for one in report.findings[:SHOWN])
    more = [f"……还有 {report.found - SHOWN} 处"] if report.found > SHOWN else []
    copies = [one.text for one in report.compared]
    counted = f"{report.events} 条记录，{report.chains} 条链，{report.digests} 天的摘要"
    return "\n".join([*shown, *more, *copies, counted, report.verdict])


def _as_json(report: Report) -> str:
    plain = {
        "exit_code": report.exit_code,
        "verdict": report.verdict,
        "events": report.events,
        "chains": report.chains,
        "digests": report.digests,
        "found": report.found,
        "findings": [one._asdict() for one in report.findings],
        "compared": [{"day": one.day, "agrees": one.agrees, "text": one.text} for one in report.compared],
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def _copy(path: Path) -> OutsideCopy:
    try:
        return read_copy(path.read_text(encoding="utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(where=str(path), found=type(error).__name__, expected="一份读得了的摘要文件") from error


def show_history(
    name: Annotated[str, typer.Argument(metavar="N", help="诉求编号，或事项的 id。")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="只看到这一刻为止，例如 2026-11-20T14:20:00+08:00。")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--open", metavar="WHY", help="连不公开的内容一起看，写明缘由；会留下记录。")
    ] = None,
    format_: Format = "text",
) -> None:
    """Print the history of a matter, as it stands or as it stood."""
    with opened(usage=USAGE) as sanlian:
        until = _until(at) if at is not None else None
        if reason is None:
            view = look_back.masked(sanlian.uow, sanlian.door.shelf, name, at=until)
        else:
            view = look_back.opened(
                sanlian.uow, sanlian.door.shelf, name, by=AUDITOR, reason=reason, now=sanlian.clock.now(), at=until
            )
    typer.echo(_view_json(view) if format_ == "json" else "\n".join(_view_lines(view)))


def _until(text: str) -> datetime:
    """The instant that somebody named; one without a fraction is the whole second, as the text shows it."""
    instant = parse_instant(text)
    return instant if "." in text else instant + timedelta(seconds=1) - timedelta.resolution


def _view_lines(view: look_back.View) -> list[str]:
    lines = [f"{view.number or view.id}  {view.state}"]
    for line in view.lines:
        where = f"{line.from_} → {line.to}" if line.from_ and line.from_ != line.to else line.to
        at, recorded = _seconds(line.at, view.zone), _seconds(line.recorded_at, view.zone)
        lines.append(f"{line.seq:>4}  {at}  {line.who}  {line.what}  {where}")
        if line.rule:
            lines.append(f"      规则 {line.rule}")
        if recorded != at:
            lines.append(f"      记于 {recorded}")
        lines.extend(f"      {name}：{value}" for name, value in line.private.items())
    return lines


def _seconds(instant: datetime, zone: tzinfo) -> str:
    """An instant as people read it; JSON has every fraction of it."""
    return format_instant(instant.replace(microsecond=0), zone)


def _view_json(view: look_back.View) -> str:
    plain = {
        "id": view.id,
        "number": view.number,
        "state": view.state,
        "history": [
            {
                "seq": line.seq, "at": format_instant(line.at, view.zone),
                "recorded_at": format_instant(line.recorded_at, view.zone), "who": line.who, "what": line.what,
                "from": line.from_, "to": line.to, "rule": line.rule, "private": dict(line.private),
            }
            for line in view.lines
        ],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def show_digest(
    day: Annotated[
        str | None, typer.Option("--day", metavar="D", help="哪一天，例如 2026-11-19；不写就是最近一天。")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="写到这个文件。")] = None,
) -> None:
    """Print or write the digest of a day."""
    with opened(usage=USAGE) as sanlian:
        wanted = day_given(day, option="--day") if day is not None else None
        digest, log = digest_of_day(sanlian.uow, sanlian.door.shelf, day=wanted, now=sanlian.clock.now())
        print_or_write(write_copy(digest, log=log), out, said=f"{digest.day} 的摘要写到了 {out}", usage=USAGE)
