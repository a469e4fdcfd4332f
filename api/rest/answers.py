"""What programs are answered: problems with pointers, versions of a matter, pages by a cursor."""

from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from api.errors import plain_problem, problem_json
from engine.core.decision import Refusal
from engine.core.terms import RefusalCode

_STATUS = {
    RefusalCode.STALE: 412, RefusalCode.REQUIRED: 422, RefusalCode.FIELD: 422, RefusalCode.ROLE: 403,
    RefusalCode.SCOPE: 403,
}  # fmt: skip


# The engine says it to people in front of a page.
_STALE = "这件事在读过以后有了变化，没有办。用 GET 再读一次，看过新的情况，把新的 ETag 放进 If-Match 再交。"


def refused(refusal: Refusal) -> Response:
    """Return why the engine will not do it."""
    status = _STATUS.get(refusal.code, 409)
    problem = plain_problem(status, _STALE if refusal.code is RefusalCode.STALE else refusal.text)
    more: dict[str, object] = {"refusal": refusal.code.value}
    if refusal.field is not None:
        more["field"] = refusal.field
    return problem_json(problem, more=more)


def lacking(status: int, detail: str) -> Response:
    """Return that a header is missing."""
    return problem_json(plain_problem(status, detail))


def quoted(etag: str) -> str:
    """Return the version of a matter as an entity tag."""
    return f'"{etag}"'


def unquoted(header: str | None) -> str:
    """Return the version that `If-Match` names, empty where it names none."""
    text = (header or "").strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else ""


def next_link(request: Request, cursor: str) -> dict[str, str]:
    """Return the `Link` header that leads to the next page."""
    if not cursor:
        return {}
    query = {**request.query_params, "cursor": cursor}
    return {"Link": f'<{request.url.path}?{urlencode(query)}>; rel="next"'}
