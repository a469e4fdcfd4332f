"""Accounts, for the system administrator: open, new one-time password, close, end sessions. No matter is seen here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, AskedNow, Posted, as_viewer
from api.pages.posted import text_of
from api.rendering import draw
from engine.core.abilities import office_of
from engine.core.terms import Ability
from engine.errors import BadInput, Busy, Conflict
from engine.services.accounts import (
    AT_A_TIME,
    Account,
    FirstPassword,
    close_account,
    end_sessions,
    first_passwords,
    list_accounts,
    open_account,
    reopen_account,
    reset_password,
    without_password,
)

router = APIRouter()

PATH = "/accounts"
SHOWN = 100
_DONE = {
    "close": "停用了，他的登录都退出了。",
    "reopen": "又可以登录了。",
    "end": "他的登录都退出了。",
}


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A person on the page: what they hold in words, and how the account stands."""

    account: Account
    holds: str
    state: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A one-time password, shown this once."""

    name: str
    login: str
    password: str


@router.get(PATH)
def show_accounts(
    asked: AskedNow, q: Annotated[str, Query(max_length=60)] = "", done: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Show who can sign in and who cannot."""
    asked.require(Ability.ACCOUNTS)
    return _page(asked, q=q, done=_DONE.get(done, ""))


@router.post(f"{PATH}/open")
def press_open(asked: AskedNow, posted: Posted) -> Response:
    """Open an account for somebody who is known, and show its one-time password once."""
    by = asked.require(Ability.ACCOUNTS).actor
    asked.require_fresh()
    person, login = text_of(posted, "person"), text_of(posted, "login")
    try:
        password = open_account(
            asked.sanlian.uow, person, login, organisation=asked.world.organisation, by=by, keys=asked.sanlian.keys,
            now=asked.now,
        )  # fmt: skip
    except (BadInput, Conflict, Busy) as error:
        return _page(asked, q=text_of(posted, "q"), faulty=(person, login, str(error)))
    return _handed(asked, posted, person, password)


@router.post(f"{PATH}/reset")
def press_reset(asked: AskedNow, posted: Posted) -> Response:
    """Give somebody a new one-time password and show it once."""
    by = asked.require(Ability.ACCOUNTS).actor
    asked.require_fresh()
    person = text_of(posted, "person")
    password = reset_password(asked.sanlian.uow, person, by=by, keys=asked.sanlian.keys, now=asked.now)
    return _handed(asked, posted, person, password)


@router.post(f"{PATH}/first")
def press_first(asked: AskedNow, posted: Posted) -> Response:
    """Give those who came with a workbook their first one-time passwords, to be printed and cut."""
    by = asked.require(Ability.ACCOUNTS).actor
    asked.require_fresh()
    del posted
    slips = first_passwords(asked.sanlian.uow, by=by, keys=asked.sanlian.keys, now=asked.now)
    return _page(asked, q="", slips=slips)


@router.post(f"{PATH}/close")
def press_close(asked: AskedNow, posted: Posted) -> Response:
    """Let somebody no longer sign in."""
    return _do(asked, posted, "close", close_account)


@router.post(f"{PATH}/reopen")
def press_reopen(asked: AskedNow, posted: Posted) -> Response:
    """Let somebody sign in again."""
    return _do(asked, posted, "reopen", reopen_account)


@router.post(f"{PATH}/end")
def press_end_sessions(asked: AskedNow, posted: Posted) -> Response:
    """End all sessions of somebody."""
    return _do(asked, posted, "end", end_sessions)


def _do(asked: Asked, posted: Posted, done: str, work: Callable[..., object]) -> Response:
    by = asked.require(Ability.ACCOUNTS).actor
    asked.require_fresh()
    work(asked.sanlian.uow, text_of(posted, "person"), by=by, now=asked.now)
    return RedirectResponse(f"{PATH}?done={done}", status_code=303)


def _handed(asked: Asked, posted: Posted, person: str, password: str) -> Response:
    account = next(one for one in _accounts(asked, "") if one.person == person)
    handed = Handed(name=account.name, login=account.login or "", password=password)
    return _page(asked, q=text_of(posted, "q"), handed=handed)


def _page(
    asked: Asked,
    *,
    q: str,
    done: str = "",
    handed: Handed | None = None,
    faulty: tuple[str, str, str] = ("", "", ""),
    slips: tuple[FirstPassword, ...] = (),
) -> Response:
    found = _accounts(asked, q)
    with asked.sanlian.uow.read() as tx:
        waiting = len(without_password(tx))
    person, typed, error = faulty
    context: dict[str, Any] = {
        **asked.frame("accounts"), "q": q, "rows": [_row(asked, one) for one in found[:SHOWN]], "count": len(found),
        "shown": SHOWN, "done": done, "handed": handed, "faulty": person, "typed": typed, "error": error,
        "slips": slips, "waiting": waiting, "at_a_time": AT_A_TIME,
    }  # fmt: skip
    return draw("signing_in/accounts.html", context, status=422 if error else 200)


def _accounts(asked: Asked, q: str) -> tuple[Account, ...]:
    with asked.sanlian.uow.read() as tx:
        return list_accounts(tx, asked.world.organisation, text=q, now=asked.now)


def _row(asked: Asked, account: Account) -> AccountRow:
    office = office_of(account.office or "")
    posts = (asked.world.organisation.posts[post] for post in account.posts)
    labels = [as_viewer(post, organisation=asked.world.organisation, flows=asked.flows).label for post in posts]
    return AccountRow(
        account=account, holds=office.label if office is not None else "、".join(labels), state=_state(account)
    )


def _state(account: Account) -> str:
    if account.login is None:
        return "没有账号"
    if account.is_closed:
        return "停用"
    if not account.has_password:
        return "还没有密码"
    if account.must_change:
        return "等他换掉一次性密码"
    return f"登录着 {account.sessions} 处" if account.sessions else "没有登录"
