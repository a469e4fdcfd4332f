"""`sanlian account`: what only who runs the server may do: a code for the first run, a new one-time password."""

from typing import Annotated

import typer

from engine.cli.deployment import opened
from engine.core.abilities import office_of
from engine.services.accounts import everybody, reset_by_login
from engine.services.api_tokens import READ, TokenAsked, list_tokens, make_token, revoke_token
from engine.services.first_run import make_code
from engine.wiring import Sanlian, wire

account_app = typer.Typer(name="account", help="账号：只有管服务器的人能做的几件事。", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    app.add_typer(account_app)


@account_app.callback()
def _account() -> None:
    """账号：只有管服务器的人能做的几件事。"""


@account_app.command("code")
def code() -> None:
    """打印首次使用的码：还没有人能登录时，用它定下三个管理员；30 分钟内有效，只能用一次。"""
    with opened(wire) as sanlian:
        sanlian.prepare()
        typer.echo(first_run_words(sanlian))


@account_app.command("reset")
def reset(login: Annotated[str, typer.Argument(metavar="LOGIN", help="工号。")]) -> None:
    """给一个账号打印一次性密码；他原来的登录全部退出，登录以后要先换成自己的。"""
    with opened() as sanlian:
        password = reset_by_login(sanlian.uow, login, keys=sanlian.keys, now=sanlian.clock.now())
    typer.echo(f"{login} 的一次性密码：{password}")


@account_app.command("list")
def show() -> None:
    """列出账号：工号、姓名、管理员的职务、是否停用。"""
    with opened() as sanlian, sanlian.uow.read() as tx:
        people = everybody(tx)
    for one in people:
        office = office_of(one.office or "")
        marks = [office.label if office is not None else "", "停用" if one.disabled_at is not None else ""]
        typer.echo("  ".join(part for part in (one.login or "", one.name, *marks) if part))


@account_app.command("token")
def token(
    post: Annotated[str, typer.Argument(metavar="POST", help="以哪个岗位的身份调用。")],
    *,
    label: Annotated[str, typer.Option("--label", help="做什么用。")],
    scope: Annotated[str, typer.Option("--scope", help="read 只读，write 也能办。")] = READ,
    days: Annotated[int, typer.Option("--days", help="几天以后失效。")] = 90,
) -> None:
    """给程序做一个令牌，只显示这一次；它做的事记在这个岗位名下。"""
    wanted = TokenAsked(post=post, scope=scope, label=label, days=days)
    with opened() as sanlian:
        made = make_token(sanlian.uow, wanted, ids=sanlian.door.ids, salts=sanlian.door.salts, now=sanlian.clock.now())
    typer.echo(made)


@account_app.command("tokens")
def show_tokens() -> None:
    """列出令牌：编号、岗位、只读还是能办、用途、到什么时候。"""
    with opened() as sanlian:
        now = sanlian.clock.now()
        with sanlian.uow.read() as tx:
            tokens = list_tokens(tx)
    for one in tokens:
        over = "已收回" if one.revoked_at is not None else "已过期" if one.expires_at <= now else ""
        parts = (one.id, one.post, one.scope, one.label, f"到 {one.expires_at.date().isoformat()}", over)
        typer.echo("  ".join(part for part in parts if part))


@account_app.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="令牌的编号（tokens 里列着）。")]) -> None:
    """收回一个令牌，马上失效。"""
    with opened() as sanlian:
        revoke_token(sanlian.uow, token_id, now=sanlian.clock.now())
    typer.echo("收回了。")


def first_run_words(sanlian: Sanlian) -> str:
    """Make a code of the first run and return what is printed of it."""
    made = make_code(sanlian.uow, salts=sanlian.door.salts, now=sanlian.clock.now())
    return f"还没有人能登录。打开网页，用这个码定下三个管理员（30 分钟内有效，只能用一次）：\n\n    {made}\n"
