"""`sanlian calendar`: ask a working calendar, check its files, and add them to the deployment."""

from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.cli.refusal import FOUND, refusals
from engine.core.clock.duration import Duration, Unit, parse_duration
from engine.core.clock.instants import format_instant, parse_instant
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.clocks import due_of
from engine.core.matter import Change, Clock
from engine.errors import BadInput, CalendarFaults, NotFound
from engine.services.add_calendar import Added, add_calendars, recompute_open
from engine.services.calendars import SUFFIX, check_calendar_file, load_calendar
from engine.services.publish_files import actor_of
from engine.wiring import wire

FAULTY = (CalendarFaults,)

app = typer.Typer(name="calendar", help="工作日历：算到期时刻、检查日历文件、加一年的放假安排。", no_args_is_help=True)

CalendarName = Annotated[str, typer.Argument(metavar="CALENDAR", help="日历文件的路径，或日历文件夹里的编号。")]
Folder = Annotated[Path, typer.Option("--folder", help="按编号找日历的文件夹。")]
From = Annotated[str, typer.Option("--from", metavar="INSTANT", help="开始的时刻，带时区。")]
Budget = Annotated[str, typer.Option("--budget", metavar="DURATION", help="时限，例如 3wd、4wh、3d roll。")]
CALENDARS = Path("workflows/calendars")


def register(main: typer.Typer) -> None:
    """Add the group to *main*."""
    main.add_typer(app)


@app.command("due", help="算到期时刻。")
def show_due(
    calendar: CalendarName,
    *,
    start: From,
    budget: Budget,
    pauses: Annotated[list[str] | None, typer.Option("--pause", metavar="A/B", help="一段暂停，可以写多次。")] = None,
    folder: Folder = CALENDARS,
) -> None:
    """Print when a budget ends, as one RFC 3339 line in the calendar's local time."""
    with refusals(found=FAULTY):
        working = _open(calendar, folder)
        begun = parse_instant(start)
        held = _pauses(pauses or [], since=begun, zone=working.zone)
        limit = str(parse_duration(budget))
        end = due_of(Clock(visit=1, calendar=calendar, started=begun, limit=limit, changes=held), working)
    assert end is not None  # every pause read here has its end
    typer.echo(format_instant(end.at, working.zone))
    if end.provisional:
        typer.echo("暂定：其中有一年还没有放假安排，先按平常的星期算。", err=True)


@app.command("elapsed", help="算两个时刻之间用去多少。")
def show_elapsed(
    calendar: CalendarName,
    *,
    start: From,
    end: Annotated[str, typer.Option("--to", metavar="INSTANT", help="结束的时刻，带时区。")],
    unit: Annotated[str, typer.Option("--unit", help="单位：m、h、d、wm、wh 或 wd。")] = Unit.WORKING_MINUTES.value,
    folder: Folder = CALENDARS,
) -> None:
    """Print how many whole units of time have passed between two instants."""
    with refusals(found=FAULTY):
        working = _open(calendar, folder)
        left, right = parse_instant(start), parse_instant(end)
        if right < left:
            raise BadInput(where="--to", found=end, expected=f"不早于 --from 的时刻（{start}）")
        typer.echo(str(working.elapsed(left, right, unit=_unit(unit))))


@app.command("explain", help="一天一天说明为什么这时到期。")
def show_explanation(calendar: CalendarName, *, start: From, budget: Budget, folder: Folder = CALENDARS) -> None:
    """Say day by day why a budget ends when it does."""
    with refusals(found=FAULTY):
        working = _open(calendar, folder)
        begun, duration = parse_instant(start), parse_duration(budget)
        _explain(working, begun, duration)


@app.command("check", help="检查日历文件。")
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="日历文件，或某一年的放假表。")],
) -> None:
    """Check calendar files: every fault with its place."""
    with refusals(found=FAULTY):
        findings = [finding for file in files for finding in check_calendar_file(file)]
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        raise typer.Exit(FOUND)


@app.command("add", help="把日历或某一年的放假表存进库里，并按它重算在办的事。")
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="日历文件，或某一年的放假表。")],
    *,
    by: Annotated[str | None, typer.Option("--by", metavar="POST", help="由哪个岗位加的。")] = None,
) -> None:
    """Store calendars and move the clocks of the open matters that they move; doing it again changes nothing."""
    with opened(wire, found=FAULTY) as sanlian:
        sanlian.prepare()
        now = sanlian.clock.now()
        for one in add_calendars(sanlian.uow, files, by=actor_of(sanlian.uow, by, now=now), now=now):
            typer.echo(_say_added(one))
        done = recompute_open(sanlian.uow, now=now, services=sanlian.door)
    beside = f"，另有 {done.rearmed} 件只改了到点动作的时刻" if done.rearmed else ""
    typer.echo(f"在办的 {done.looked_at} 件都看过：重算时限 {done.moved} 件{beside}。")


def _say_added(added: Added) -> str:
    calendar = added.calendar
    if not added.is_new:
        return f"{calendar.id}：和库里的一样，没有变。"
    years = "、".join(map(str, sorted(calendar.rules.tables)))
    return f"{calendar.id}：存好了，有 {years} 年的安排。" if years else f"{calendar.id}：存好了。"


def _explain(working: WorkingCalendar, begun: datetime, duration: Duration) -> None:
    end = working.due(begun, duration)
    lines = working.explain(begun, duration)
    typer.echo(f"从 {format_instant(begun, working.zone)} 起，时限 {duration}：")
    for line in lines:
        typer.echo(line.text)
    unsure = "（暂定：其中有一年还没有放假安排）" if end.provisional else ""
    typer.echo(f"到期：{format_instant(end.at, working.zone)}{unsure}")


def _open(name: str, folder: Path) -> WorkingCalendar:
    path = Path(name)
    if path.suffix in {SUFFIX, ".yml"} or path.is_file():
        return load_calendar(path)
    known = folder / f"{name}{SUFFIX}"
    if Path(name).name != name or not known.is_file():
        raise NotFound(what="日历", found=name)
    return load_calendar(known)


def _pauses(written: list[str], *, since: datetime, zone: tzinfo) -> tuple[Change, ...]:
    """Read the pauses of a clock that began at *since*, in order; they may not overlap."""
    pauses = sorted((_pause(text) for text in written), key=lambda pause: pause[0])
    free_from = since
    for held_at, until in pauses:
        if held_at < free_from or until < held_at:
            found = f"{format_instant(held_at, zone)}/{format_instant(until, zone)}"
            expected = f"不早于 {format_instant(free_from, zone)}、先后不重叠的一段"
            raise BadInput(where="暂停", found=found, expected=expected)
        free_from = until
    return tuple(Change(at=held_at, until=until) for held_at, until in pauses)


def _pause(text: str) -> tuple[datetime, datetime]:
    held_at, slash, until = text.partition("/")
    if not slash:
        raise BadInput(where="--pause", found=text, expected="两个时刻，中间一个斜杠：A/B")
    return parse_instant(held_at), parse_instant(until)


def _unit(text: str) -> Unit:
    try:
        return Unit(text)
    except ValueError as error:
        raise BadInput(where="--unit", found=text, expected="、".join(unit.value for unit in Unit)) from error
