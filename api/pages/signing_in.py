"""Sign in and out, give the password again, change it, see one's sessions, choose the post to act as."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, AskedByAnybody, AskedNow, Posted, PostedByAnybody, as_viewer, local_path
from api.navigation import OWN, home_of
from api.pages.posted import text_of
from api.rendering import draw
from api.sessions import address_of, device_of, hand_out, is_from_here, note_device, take_back, token_of
from api.writing import FIELD as WRITER
from engine.core.abilities import looks_after_others
from engine.errors import BadPassword, Busy, SanlianError, SignInRefused, TooManyTries
from engine.services.demo_people import PASSWORD as DEMO_PASSWORD
from engine.services.demo_people import DemoPerson, is_demo, shown_people
from engine.services.first_run import is_first_run
from engine.services.keep_sessions import (
    Browser,
    SessionKind,
    choose_post,
    end_own,
    hash_of,
    list_sessions,
    sign_out,
)
from engine.services.sign_in import Given, change_password, give_password_again, sign_in

router = APIRouter()

SIGN_IN = "/sign-in"
FIRST_RUN = "/first-run"
PASSWORD = "/password"  # noqa: S105 (a path)
AGAIN = "/password-again"
GIVEN_AGAIN = "password-again"
GOES_ON_AT = "goes-on-at"
SENT_BY = "sent-by"
# What our own pages around a form add to it; everything else is carried along.
_OURS = frozenset({GIVEN_AGAIN, GOES_ON_AT, SENT_BY, "login", "password", "phone", "next"})
_SILENT = frozenset({"key", "if-match", "start", WRITER})
_CHOSEN = re.compile(r"[A-Za-z][\w.-]{0,63}|[0-9]{0,5}", re.ASCII)
# The first sign that is found counts: most browsers call themselves by several names.
_DEVICES = (
    ("Android", "安卓手机"), ("HarmonyOS", "鸿蒙手机"), ("iPhone", "苹果手机"), ("iPad", "苹果平板"),
    ("Windows", "Windows 电脑"), ("Macintosh", "苹果电脑"), ("Linux", "Linux 电脑"),
)  # fmt: skip
_BROWSERS = (
    ("MicroMessenger", "微信"), ("DingTalk", "钉钉"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
Next = Annotated[str, Query(alias="next", max_length=600)]


@router.get("/")
def home(asked: AskedNow) -> RedirectResponse:
    """Lead to the page this post begins its day with."""
    if asked.viewer is None:
        return RedirectResponse(home_of((), paths=asked.paths), status_code=303)
    above = looks_after_others(asked.viewer.actor.role, asked.flows)
    where = home_of(asked.viewer.abilities, paths=asked.paths, looks_after_others=above)
    return RedirectResponse(where, status_code=303)


@router.get(SIGN_IN)
def show_sign_in(
    asked: AskedByAnybody, next_page: Next = "/", done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Show the form, or go on where somebody has signed in already."""
    if asked.signed is not None:
        return RedirectResponse(local_path(next_page), status_code=303)
    with asked.sanlian.uow.read() as tx:
        if is_first_run(tx):
            return RedirectResponse(FIRST_RUN, status_code=303)
    return _sign_in_page(asked, next_page=next_page, done=done)


@router.post(SIGN_IN)
def press_sign_in(asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Begin a session under a new token, whatever this browser brought along."""
    kind = SessionKind.PHONE if posted.get("phone") else SessionKind.OFFICE
    browser = Browser(kind=kind, agent=asked.request.headers.get("user-agent", ""))
    given = Given(
        login=text_of(posted, "login"), password=text_of(posted, "password"), address=address_of(asked.request),
        browser=browser, device=device_of(asked.request),
    )  # fmt: skip
    old = token_of(asked.request)
    try:
        begun = sign_in(
            asked.sanlian.uow, given, keys=asked.sanlian.keys, now=asked.now, before=hash_of(old) if old else ""
        )
    except (SignInRefused, TooManyTries, Busy) as error:
        return _sign_in_page(asked, next_page=text_of(posted, "next"), posted=posted, error=error)
    answer = _went_on(posted) if GOES_ON_AT in posted and not begun.must_change else None
    if answer is None:
        where = PASSWORD if begun.must_change else local_path(posted.get("next"))
        answer = RedirectResponse(where, status_code=303)
    hand_out(asked.request, answer, begun.token, kind=kind)
    note_device(asked.request, answer, begun.device)
    return answer


def _went_on(posted: FormData) -> RedirectResponse:
    """Let the browser send the same form to where it was going (307), or just go there."""
    going_on = local_path(posted.get(GOES_ON_AT))
    return RedirectResponse(going_on, status_code=307 if text_of(posted, SENT_BY) == "post" else 303)


@router.post("/sign-out")
def press_sign_out(asked: AskedByAnybody) -> RedirectResponse:
    """End the session here and in the store."""
    if asked.signed is not None:
        sign_out(asked.sanlian.uow, asked.signed, now=asked.now)
    answer = RedirectResponse(SIGN_IN, status_code=303)
    take_back(asked.request, answer)
    return answer


@router.post(AGAIN)
def press_password_again(asked: AskedNow, posted: Posted) -> Response:
    """Take the password once more, then go on with what was to be done."""
    try:
        give_password_again(
            asked.sanlian.uow, asked.require_signed(), text_of(posted, GIVEN_AGAIN),
            address=address_of(asked.request), keys=asked.sanlian.keys, now=asked.now,
        )  # fmt: skip
    except (SignInRefused, TooManyTries, Busy) as error:
        said = "密码不对。" if isinstance(error, SignInRefused) else _said(asked, error)
        return again_page(asked, posted, sent=sent_again(posted), error=said, status=_status(error))
    return _went_on(posted)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was interrupted: where it was going, and how."""

    going_on: str
    by: str


def sent_again(posted: FormData) -> Sent:
    """Return the request that a page of ours has carried along."""
    return Sent(going_on=local_path(posted.get(GOES_ON_AT)), by=text_of(posted, SENT_BY))


def again_page(asked: Asked, posted: FormData, *, sent: Sent, error: str = "", status: int = 403) -> Response:
    """Ask for the password, carrying along everything that was typed."""
    context = {**asked.frame(), **_carried(posted), "sent": sent, "error": error}
    return draw("signing_in/again.html", context, status=status)


def gone_page(asked: Asked, posted: FormData, *, sent: Sent, back: str) -> Response:
    """Ask to sign in again, showing and carrying along everything that was typed."""
    return _sign_in_page(asked, next_page=back, posted=posted, sent=sent)


def _carried(posted: FormData) -> dict[str, Any]:
    """What was typed: all of it to be sent again, the texts to be read, and how many files must be chosen anew."""
    texts = [(name, value) for name, value in posted.multi_items() if isinstance(value, str) and name not in _OURS]
    files = sum(1 for _, value in posted.multi_items() if not isinstance(value, str) and value.filename)
    kept = [value for name, value in texts if name not in _SILENT and _is_text(value)]
    return {"carried": texts, "kept": kept, "files": files}


def _is_text(value: str) -> bool:
    """Whether somebody typed it: what was chosen travels as an id or a small number that says nothing to a reader."""
    return _CHOSEN.fullmatch(value.strip()) is None


@router.get(PASSWORD)
def show_password(asked: AskedByAnybody) -> Response:
    """Show the form of changing one's own password."""
    asked.require_signed()
    return _password_page(asked)


@router.post(PASSWORD)
def press_password(asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Change the password; every other session of this person ends."""
    signed = asked.require_signed()
    old, new, again = (text_of(posted, name) for name in ("old", "new", "again"))
    if new != again:
        return _password_page(asked, field="again", error="两次输入的新密码不一样。")
    try:
        ended = change_password(
            asked.sanlian.uow, signed, old, new, address=address_of(asked.request), keys=asked.sanlian.keys,
            now=asked.now,
        )  # fmt: skip
    except BadPassword as error:
        return _password_page(asked, field="new", error=str(error))
    except SignInRefused:
        return _password_page(asked, field="old", error="现在的密码不对。")
    except (TooManyTries, Busy) as error:
        return _password_page(asked, field="old", error=_said(asked, error), status=_status(error))
    return RedirectResponse(f"{OWN}?done=password&ended={ended}", status_code=303)


@router.get(OWN)
def show_own(
    asked: AskedNow, done: Annotated[str, Query(max_length=20)] = "", ended: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Show who signed in where, and what can be done about it."""
    signed = asked.require_signed()
    with asked.sanlian.uow.read() as tx:
        sessions = list_sessions(tx, signed, now=asked.now)
    context = {**asked.frame("own"), "sessions": sessions, "done": done, "ended": ended, "browser": browser_words}
    return draw("signing_in/own.html", context)


@router.post(OWN)
def press_end(asked: AskedNow, posted: Posted) -> Response:
    """End one of one's own sessions."""
    signed = asked.require_signed()
    was_this = end_own(asked.sanlian.uow, signed, text_of(posted, "session"), now=asked.now)
    answer = RedirectResponse(SIGN_IN if was_this else f"{OWN}?done=session", status_code=303)
    if was_this:
        take_back(asked.request, answer)
    return answer


@router.get("/as")
def show_posts(asked: AskedNow, next_page: Next = "/") -> Response:
    """Show the posts one holds."""
    organisation = asked.world.organisation
    posts = [as_viewer(post, organisation=organisation, flows=asked.flows) for post in asked.own_posts]
    return draw("signing_in/as.html", {**asked.frame("as"), "posts": posts, "next": local_path(next_page)})


@router.post("/as")
def press_post(asked: AskedNow, posted: Posted) -> RedirectResponse:
    """Act as another of one's own posts from now on."""
    choose_post(
        asked.sanlian.uow, asked.require_signed(), text_of(posted, "post"), organisation=asked.world.organisation,
        now=asked.now,
    )  # fmt: skip
    return RedirectResponse(local_path(posted.get("next")), status_code=303)


def browser_words(agent: str) -> str:
    """Return what a browser calls itself as people would say it: 「安卓手机 · Chrome」."""
    device = next((words for sign, words in _DEVICES if sign in agent), "")
    browser = next((words for sign, words in _BROWSERS if sign in agent), "")
    return " · ".join(part for part in (device, browser) if part) or "没说是什么浏览器"


def _sign_in_page(
    asked: Asked,
    *,
    next_page: str,
    posted: FormData | None = None,
    sent: Sent | None = None,
    error: SanlianError | None = None,
    done: str = "",
) -> Response:
    given = posted if posted is not None else FormData()
    if sent is None and GOES_ON_AT in given:
        sent = sent_again(given)
    context: dict[str, Any] = {
        **asked.frame(), **_carried(given), **_demo(asked), "sent": sent, "next": local_path(next_page),
        "login": text_of(given, "login") if error is not None else "", "phone": bool(given.get("phone")),
        "done": done,
        "error": _said(asked, error) if error is not None else "",
    }  # fmt: skip
    return draw("signing_in/sign_in.html", context, status=_status(error) if error is not None or sent is None else 401)


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody to try on the demo."""

    login: str
    label: str


def _demo(asked: Asked) -> dict[str, Any]:
    """Whom a visitor on this machine may sign in as with one press, where the deployment is a demo."""
    shown: tuple[Shown, ...] = ()
    if is_from_here(asked.request):
        with asked.sanlian.uow.read() as tx:
            people = shown_people(tx, asked.world.organisation, now=asked.now) if is_demo(tx) else ()
        shown = tuple(Shown(login=one.login, label=_label(asked, one)) for one in people)
    return {"demo_people": shown, "demo_password": DEMO_PASSWORD if shown else ""}


def _label(asked: Asked, one: DemoPerson) -> str:
    if one.office is not None:
        return one.office.label
    post = asked.world.organisation.posts.get(one.post or "")
    return as_viewer(post, organisation=asked.world.organisation, flows=asked.flows).label if post is not None else ""


def _status(error: SanlianError | None) -> int:
    if error is None:
        return 200
    if isinstance(error, Busy):
        return 503
    return 429 if isinstance(error, TooManyTries) else 422


def _said(asked: Asked, error: SanlianError) -> str:
    if isinstance(error, TooManyTries):
        until = error.until.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return f"试的次数太多了，请在 {asked.words.moment(until)} 以后再试。"
    return str(error)


def _password_page(asked: Asked, *, field: str = "", error: str = "", status: int = 422) -> Response:
    signed = asked.require_signed()
    context = {**asked.frame("own"), "field": field, "error": error, "must": signed.must_change, "login": signed.login}
    return draw("signing_in/password.html", context, status=status if error else 200)
