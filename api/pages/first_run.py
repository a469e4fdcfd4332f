"""The first run: a code from where the server was started lets three administrators in, and then is dead."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from api.dependencies import Asked, AskedByAnybody, PostedByAnybody
from api.pages.forms import Problem
from api.pages.posted import text_of
from api.pages.signing_in import FIRST_RUN, SIGN_IN
from api.rendering import draw
from api.sessions import address_of
from engine.core.terms import Office
from engine.errors import Busy, CodeRefused, TooManyTries
from engine.services.first_run import Administrator, is_first_run, make_administrators

router = APIRouter()

_DUTIES = {
    Office.SYSTEM_ADMIN: "开账号、重设密码。看不到诉求，也不给人岗位。",
    Office.SECURITY_ADMIN: "管单位和岗位，批准改时限。开不了账号。",
    Office.AUDITOR: "查办理过程，验有没有被改过。什么都改不了。",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """One of the three as the form shows it; `errors` by field."""

    office: Office
    duty: str
    login: str
    name: str
    errors: dict[str, str]


@router.get(FIRST_RUN)
def show_first_run(asked: AskedByAnybody) -> Response:
    """Show the form, as long as nobody can sign in."""
    if not _is_open(asked):
        return RedirectResponse(SIGN_IN, status_code=303)
    return _page(asked, code="", given=(), faults={})


@router.post(FIRST_RUN)
def press_first_run(asked: AskedByAnybody, posted: PostedByAnybody) -> Response:
    """Make the three, all or none."""
    if not _is_open(asked):
        return RedirectResponse(SIGN_IN, status_code=303)
    given = tuple(
        Administrator(
            office=office, login=text_of(posted, f"{office.value}-login"), name=text_of(posted, f"{office.value}-name"),
            password=text_of(posted, f"{office.value}-password"),
        )
        for office in Office
    )  # fmt: skip
    code = text_of(posted, "code")
    try:
        faults = make_administrators(
            asked.sanlian.uow, code, given, address=address_of(asked.request), keys=asked.sanlian.keys, now=asked.now
        )
    except (CodeRefused, TooManyTries, Busy) as error:
        return _page(asked, code=code, given=given, faults={"code": str(error)})
    if faults:
        found = {f"{one.office.value}-{one.field}": one.text for one in faults}
        return _page(asked, code=code, given=given, faults=found)
    return RedirectResponse(f"{SIGN_IN}?done=first-run", status_code=303)


def _is_open(asked: Asked) -> bool:
    with asked.sanlian.uow.read() as tx:
        return is_first_run(tx)


def _page(asked: Asked, *, code: str, given: tuple[Administrator, ...], faults: dict[str, str]) -> Response:
    typed = {one.office: one for one in given}
    seats = tuple(
        Seat(
            office=office, duty=_DUTIES[office], login=typed[office].login if office in typed else "",
            name=typed[office].name if office in typed else "",
            errors={field: faults[key] for field in ("login", "name", "password")
                    if (key := f"{office.value}-{field}") in faults},
        )
        for office in Office
    )  # fmt: skip
    problems = tuple(Problem(text=_words(target, text), target=target) for target, text in faults.items())
    context: dict[str, Any] = {
        **asked.frame(), "code": code, "code_error": faults.get("code", ""), "seats": seats, "problems": problems,
    }  # fmt: skip
    return draw("signing_in/first_run.html", context, status=422 if faults else 200)


def _words(target: str, text: str) -> str:
    office = next((one for one in Office if target.startswith(f"{one.value}-")), None)
    return f"{office.label}：{text}" if office is not None else text
