"""Every error as an answer: RFC 9457 problems for programs, a page with the same words for people."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.dependencies import Asked, PageFrame, look_of
from api.faults import faults_of, said_of
from api.navigation import LIST
from api.rendering import RETRY_SECONDS, draw
from api.writing import HEADER
from engine.core.terms import Ability
from engine.errors import (
    BadInput,
    Broken,
    Busy,
    Conflict,
    Forbidden,
    KeyReused,
    NotFound,
    NotSignedIn,
    PasswordChangeNeeded,
    PasswordNeeded,
    PostChanged,
    PostEnded,
    Refused,
    SanlianError,
    TokenOnlyReads,
    TokenRefused,
    TooManyTries,
    Unavailable,
    WrittenByAnother,
)

logger = logging.getLogger(__name__)

TYPE = "urn:sanlian:error:"
# What somebody wrote of a matter is sent under such a name; what was chosen is an id or a small number.
_WRITTEN, _REASONS = "f-", frozenset({"reason", "text"})
_CHOSEN = re.compile(r"[A-Za-z][\w.-]{0,63}|[0-9]{0,5}", re.ASCII)
# Below it programs are answered, whatever they accept.
API = "/api/v1/"
_HEADERS = {503: {"Retry-After": str(RETRY_SECONDS)}, 401: {"WWW-Authenticate": 'Cookie realm="sanlian"'}}
_HEADERS_OF = {TokenRefused.code: {"WWW-Authenticate": 'Bearer realm="sanlian", error="invalid_token"'}}
_STATUS: tuple[tuple[type[SanlianError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (NotSignedIn, 401),
    (PasswordNeeded, 403),
    (PasswordChangeNeeded, 403),
    (TooManyTries, 429),
    (KeyReused, 422),
    (Conflict, 409),
    (PostChanged, 409),
    (Refused, 409),
    (Unavailable, 503),
    (Broken, 500),
    (BadInput, 422),
)
_TITLES = {
    400: "这个请求看不懂",
    401: "请先登录",
    403: "这次提交没有处理",
    404: "没有这一页",
    405: "这里不能这样做",
    409: "这件事刚刚有了变化",
    412: "这件事刚刚有了变化",
    413: "交的东西太大了",
    422: "有内容要改",
    428: "页面太旧了",
    429: "试的次数太多了",
    500: "出错了",
    503: "暂时存不进去",
}
_TITLE_OF: dict[type[SanlianError], str] = {
    NotFound: "没有这件事",
    Busy: "现在用的人太多",
    Forbidden: "这一页不归这个岗位",
    TokenOnlyReads: "这个令牌只能读",
    TokenRefused: "这个令牌不算数",
    PasswordNeeded: "要再输一次密码",
    WrittenByAnother: "这是别人写的，没有交",
    PostChanged: "岗位换过了，没有交",
    PostEnded: "那个岗位结束了，没有交",
    PasswordChangeNeeded: "先换掉一次性密码",
}
# Of a request that nothing was read of.
GO_BACK = "按浏览器的「返回」，写好的还在那一页。"
_DETAILS = {
    400: "请从列表重新打开这一页再试。",
    404: "地址可能抄错了，或者这件事不存在。可以到诉求列表按编号或事由找。",
    405: "请从列表重新打开这一页再试。",
    500: "没有存进去，时限照常走。请稍后再试；一直这样就告诉管理员，把时间一起说。",
}


_DETAILS_FOR_PROGRAMS = {
    400: "请求体读不成 JSON：要完整，用 UTF-8，一层套一层不超过 100 层，整数不超过 4,000 位。",
    404: f"没有这个接口，有哪些见 {API}openapi.json。",
    405: "这个接口不这样用，能用的方法在 Allow 里。",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something a person wrote, shown again so that nothing typed is lost."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where a person may go on from here."""

    path: str
    label: str


HOME = Way("/", "回首页")
_WHOLE_LIST = Way(LIST, "去诉求列表")
_WAYS = dict.fromkeys((PostChanged.code, PostEnded.code), Way("/as", "看我的岗位"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, for people and programs; `advice` is for people in front of a page."""

    status: int
    code: str
    title: str
    detail: str
    kept: tuple[Kept, ...] = ()
    advice: str = ""


def problem_of(error: SanlianError, *, kept: Sequence[Kept] = ()) -> Problem:
    """Return the problem that an error of ours is."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    title = _TITLE_OF.get(type(error)) or _title(status)
    detail = _DETAILS[500] if isinstance(error, Broken) else str(error)
    return Problem(status=status, code=error.code, title=title, detail=detail, kept=tuple(kept))


def words_sent(request: Request, label: str = "你写的") -> tuple[Kept, ...]:
    """Return what somebody wrote in the form of *request*, as far as it was read."""
    posted = getattr(request.state, "posted", None) or FormData()
    return tuple(
        Kept(label, value)
        for name, value in posted.multi_items()
        if name.startswith(_WRITTEN) or name in _REASONS
        if isinstance(value, str) and not _CHOSEN.fullmatch(value.strip())
    )


def plain_problem(status: int, detail: str = "") -> Problem:
    """Return the problem of a bare status."""
    code = HTTPStatus(status).phrase.lower().replace(" ", "_")
    return Problem(status=status, code=code, title=_title(status), detail=detail or _DETAILS.get(status, ""))


def _title(status: int) -> str:
    return _TITLES.get(status, "出错了")


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(API)


def answer(request: Request, problem: Problem) -> Response:
    """Return *problem* as a page or as `application/problem+json`."""
    headers = _HEADERS_OF.get(problem.code) or _HEADERS.get(problem.status, {})
    if wants_page(request):
        way = _WAYS.get(problem.code) or _way_on(request)
        response = draw("problem.html", {**_frame(request), "problem": problem, "way": way}, status=problem.status)
        response.headers.update(headers)
        return response
    return problem_json(problem, headers=headers)


def _frame(request: Request) -> dict[str, Any]:
    """The frame of who asked, as far as the request came."""
    found = getattr(request.state, "asked", None)
    if isinstance(found, Asked):
        return found.frame()
    return {"page": PageFrame(here="/", look=look_of(request), viewer=None)}


def _way_on(request: Request) -> Way:
    """A page that who asked may open: the list for who works with it, else what leads everybody to a page of theirs."""
    found = getattr(request.state, "asked", None)
    works = isinstance(found, Asked) and found.viewer is not None and found.viewer.may(Ability.WORK)
    return _WHOLE_LIST if works else HOME


def problem_json(
    problem: Problem, *, headers: dict[str, str] | None = None, more: Mapping[str, object] = MappingProxyType({})
) -> Response:
    """Return *problem* for programs; *more* are members beside those of RFC 9457."""
    body = {
        "type": f"{TYPE}{problem.code}", "title": problem.title, "status": problem.status, "detail": problem.detail,
        "code": problem.code, **more,
    }  # fmt: skip
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status_code=problem.status, media_type="application/problem+json", headers=headers)


async def turn_away(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """
    Answer a request that never reached a page: with one for people, in JSON for programs.

    Our own script gets JSON too: it shows the words on the page where what was written still stands.
    """
    request = Request(scope)
    response = problem_json(problem) if HEADER in request.headers else answer(request, problem)
    if problem.status == HTTPStatus.REQUEST_TIMEOUT:
        response.headers["Connection"] = "close"
    await response(scope, receive, send)


def _methods_at(request: Request) -> list[str]:
    """Every method this path knows: the framework names those of its first route only."""
    known = (route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE)
    return sorted({method for route in known for method in getattr(route, "methods", None) or ()})


def install(app: FastAPI) -> None:
    """Let every error of *app* be answered here."""

    @app.exception_handler(SanlianError)
    def ours(request: Request, error: SanlianError) -> Response:
        if isinstance(error, Broken):
            logger.error("broken promise", exc_info=error)
        return answer(request, problem_of(error, kept=words_sent(request)))

    @app.exception_handler(WrittenByAnother)  # to sign in would be no way out: somebody has
    def of_another(request: Request, error: WrittenByAnother) -> Response:
        return answer(request, problem_of(error, kept=words_sent(request, "写了这些，可以复制")))

    @app.exception_handler(HTTPException)
    def bare(request: Request, error: HTTPException) -> Response:
        for_programs = _DETAILS_FOR_PROGRAMS if request.url.path.startswith(API) else {}
        response = answer(request, plain_problem(error.status_code, for_programs.get(error.status_code, "")))
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(_methods_at(request))
        return response

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        if request.url.path.startswith(API):
            return problem_json(plain_problem(422, said_of(error)), more={"errors": faults_of(error)})
        return answer(request, plain_problem(400))

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> Response:
        logger.error("unforeseen error", exc_info=error)
        return answer(request, plain_problem(500))
