"""`sanlian doctor`, `held`: is the engine well, what does it hold back, and let it go."""

from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.core.matter import Actor
from engine.services.doctor import Health, examine
from engine.services.held import held_back, release, retry, trust_clock
from engine.wiring import Sanlian

UNWELL = 1
SUPERVISOR = Actor(post="command-line", role="supervisor")


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.command("doctor", help="自查：每件事都有定时，定时都对，通知送得出去。")(doctor)
    app.command("held", help="看压着没执行的规则；核对后放行。")(held)


def doctor() -> None:
    """Print what is not as promised; exit 1 when there is something."""
    with opened() as sanlian:
        health = examine(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now())
    typer.echo("\n".join(_health_lines(health)))
    if health.found:
        raise typer.Exit(UNWELL)


def _health_lines(health: Health) -> list[str]:
    lines = [f"{one.kind}  {one.matter or '-'}  {one.text}" for one in health.problems]
    if health.found > len(health.problems):
        lines.append(f"……还有 {health.found - len(health.problems)} 处")
    ticked = health.ticked_at.isoformat(timespec="seconds") if health.ticked_at else "还没有"
    lines.append(
        f"没结束的 {health.open} 件，定时 {health.armed} 条（压着 {health.held}，放在一边 {health.parked}），"
        f"待送通知 {health.waiting} 条，警报 {health.alarms} 个，上一次走动 {ticked}"
    )
    if health.gaps:
        first = health.gaps[0]
        since = first.since.isoformat(timespec="minutes")
        lines.append(f"今后 30 天有 {len(health.gaps)} 段没人值班，最近的是 {first.desk}，从 {since} 起")
    lines.append(f"有 {health.found} 处要看" if health.found else "都正常")
    return lines


def held(
    lets_go: Annotated[bool, typer.Option("--release", help="放行因停机压着的规则。")] = False,
    retries: Annotated[bool, typer.Option("--retry", help="让执行出错、放在一边的规则再试一次。")] = False,
    trusts: Annotated[bool, typer.Option("--trust-clock", help="核对过这台机器的时间，没有错。")] = False,
) -> None:
    """Print what is held back, or let it go."""
    with opened() as sanlian:
        now = sanlian.clock.now()
        if trusts:
            trust_clock(sanlian.uow, by=SUPERVISOR, now=now)
            typer.echo("记下了：时间没有错。引擎下一次走动就照它执行。")
        if lets_go:
            count = release(sanlian.uow, by=SUPERVISOR, now=now)
            typer.echo(f"放行了 {count} 条规则，引擎下一次走动就执行。")
        if retries:
            count = retry(sanlian.uow, by=SUPERVISOR, now=now)
            typer.echo(f"{count} 条规则再试一次，引擎下一次走动就执行。")
        if not (trusts or lets_go or retries):
            typer.echo("\n".join(_held_lines(sanlian)))


def _held_lines(sanlian: Sanlian) -> list[str]:
    back = held_back(sanlian.uow)
    lines = [f"时钟：{back.clock}，到点规则停着"] if back.clock else []
    for one in back.held:
        until = one.held_until.isoformat(timespec="minutes") if one.held_until else ""
        lines.append(f"压着  {'/'.join(map(str, one.timer.key))}  到 {until} 自己放行")
    lines.extend(f"放在一边  {'/'.join(map(str, one.timer.key))}  {one.error}" for one in back.parked)
    return lines or ["没有压着的规则。"]
