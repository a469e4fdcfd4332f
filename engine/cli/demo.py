"""The demo: a street with five communities, six weeks of which have been played, served at once."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.refusal import refusals
from engine.cli.serve import HOST, PORT, Host, Port, refuse_outside, run
from engine.core.terms import SUPERVISOR
from engine.services.demo_clock import AheadClock, read_ahead
from engine.services.demo_people import PASSWORD, make_demo_people, shown_people
from engine.services.demo_setup import set_up_demo
from engine.services.naming import post_name
from engine.settings import Settings
from engine.wiring import Sanlian, wire

_ENGINE = Path(__file__).resolve().parents[1]
# A wheel carries them inside this package; in a checkout they stand beside it.
FLOWS = next(folder for folder in (_ENGINE / "workflows", _ENGINE.parent / "workflows") if folder.is_dir())
DATABASE = Path("var/demo.db")
_BESIDE = ("", "-wal", "-shm")
_GREETING = """
  演示数据，人物都是编的：一条街道，五个社区，将近九十件诉求，过去六周一步一步办出来的。
  可以用这些工号登录，密码都是 {password}（网页上点一下就行）：

{people}

  每个岗位都有工号：网格员 wg-网格、网格长 wgz-网格、居民 jm-网格、社区专干 zg-社区、
  社区书记 sj-社区、议事会 ys-社区、部门经办 bm-部门、部门负责人 bmz-部门。"""


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command("demo", help="用演示数据打开网页。")(demo)


def demo(
    port: Port = PORT,
    host: Host = HOST,
    database: Annotated[Path, typer.Option("--database", help="演示数据放在哪个文件。")] = DATABASE,
    fresh: Annotated[bool, typer.Option("--fresh", help="丢掉原来的演示数据，重新做一份。")] = False,
    clock: Annotated[bool, typer.Option("--clock", help="页面上可以让时间快进，看没人动手时规则怎么走。")] = False,
) -> None:
    """Serve the demo, made anew where there is none."""
    refuse_outside(host)
    with refusals():
        sanlian = open_demo(database, fresh=fresh)
        ahead = AheadClock(sanlian.clock, read_ahead(sanlian.uow))
        passes = clock or bool(ahead.ahead)  # once put ahead, it stays so: what has happened lies ahead of the wall
        if passes:
            sanlian = replace(sanlian, clock=ahead)
    try:
        run(sanlian, host=host, port=port, greeting=_greeting(sanlian), ahead=ahead if passes else None)
    finally:
        sanlian.close()


def _greeting(sanlian: Sanlian) -> str:
    lines = (f"    {login:<18}{who}" for login, who in who_can_sign_in(sanlian))
    return _GREETING.format(password=PASSWORD, people="\n".join(lines))


def who_can_sign_in(sanlian: Sanlian) -> list[tuple[str, str]]:
    """Return whom to try: the account, and who that is."""
    with sanlian.uow.read() as tx:
        organisation = tx.organisation.load()
        digests = tx.workflows.current_digests()
        flows = [sanlian.door.shelf.workflow(tx, digest) for digest in digests.values()]
        shown = shown_people(tx, organisation, now=sanlian.clock.now())
    found = []
    for one in shown:
        post = organisation.posts.get(one.post or "")
        flow = next((flow for flow in flows if post is not None and post.role in flow.roles), None)
        if one.office is not None:
            found.append((one.login, one.office.label))
        elif post is not None and post.role == SUPERVISOR:
            found.append((one.login, "督导员"))
        elif post is not None and flow is not None:
            found.append((one.login, post_name(post, workflow=flow, organisation=organisation)))
    return found


def open_demo(database: Path, *, fresh: bool) -> Sanlian:
    """
    Return the demo's deployment in the file *database*, played up to now where it is new.

    The data is made beside and moved into place when whole, so an interrupted start leaves no half demo.
    """
    if fresh:
        remove(database)
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        making = database.with_suffix(".making")
        remove(making)
        typer.echo("正在准备演示数据，十来秒……")
        _make(making)
        for suffix in _BESIDE:
            if (beside := Path(f"{making}{suffix}")).exists():
                beside.rename(f"{database}{suffix}")
    sanlian = _wire(database)
    sanlian.prepare()
    make_demo_people(sanlian.uow, hasher=sanlian.hasher, now=sanlian.clock.now())  # also in a demo made before
    return sanlian


def remove(database: Path) -> None:
    """Remove a SQLite file and what lies beside it."""
    for suffix in _BESIDE:
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _make(database: Path) -> None:
    sanlian = _wire(database)
    try:
        sanlian.prepare()
        played = set_up_demo(sanlian.uow, services=sanlian.door, folder=FLOWS, now=sanlian.clock.now())
    finally:
        sanlian.close()
    typer.echo(f"做好了：立案 {played.filed} 件，办理 {played.pressed} 步，规则自动执行 {played.fired} 次。")
    for line in played.refused:
        typer.echo(f"  没有演成：{line}", err=True)


def _wire(database: Path) -> Sanlian:
    return wire(replace(Settings(), database_url=f"sqlite:///{database.resolve()}"))
