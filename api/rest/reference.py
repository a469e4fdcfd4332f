"""What the interface for programs offers: its OpenAPI document, and a page that reads it to people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, JSONResponse

from api import health
from api.dependencies import AskedByAnybody
from api.rendering import draw
from api.rest import files, flows, matters

VERSION = "1"
PREFIX = "/api/v1"
TITLE = "三级联动：给程序用的接口"
INTRO = (
    "登录用 `Authorization: Bearer 令牌`（`sanlian account token` 做一个）。改动要带 `Idempotency-Key`；"
    "办一步还要带 `If-Match`。出错时回 `application/problem+json`（RFC 9457）。时刻带时区（RFC 3339）。"
)
ROUTERS = (matters.router, files.router, flows.router, health.router)

_ALWAYS = frozenset({"Idempotency-Key"})
_TEXT = {"type": "string"}
_FAULTS = {"type": "array", "items": {"type": "object", "properties": {"pointer": _TEXT, "detail": _TEXT}}}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457): `errors` and `field` say where, `refusal` why it is not done.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "code": _TEXT,
        "refusal": _TEXT, "field": _TEXT, "errors": _FAULTS,
    },
}  # fmt: skip
_PROBLEM_ANSWER = {
    "description": "出错了：说明在哪里、收到什么、应当是什么",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

router = APIRouter(prefix=PREFIX, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    place: str
    required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it; `body` and `answer` name the schemas."""

    method: str
    path: str
    title: str
    words: str
    parameters: tuple[Parameter, ...]
    body: str
    answer: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema as the page shows it."""

    name: str
    words: str
    members: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the OpenAPI document of what programs may call."""
    routes = [route for one in ROUTERS for route in one.routes]
    made = get_openapi(title=TITLE, version=VERSION, description=INTRO, routes=routes)
    for operation in (one for methods in made["paths"].values() for one in methods.values()):
        operation["responses"].pop("422", None)  # what the framework would answer; ours are all of one shape
        operation["responses"].update({"4XX": _PROBLEM_ANSWER, "5XX": _PROBLEM_ANSWER})
        for parameter in operation.get("parameters", ()):
            # Optional to the framework only so that a missing one is answered in our words.
            parameter["required"] = parameter["required"] or parameter["name"] in _ALWAYS
    for route in health.router.routes:
        made["paths"][getattr(route, "path", "")]["get"]["security"] = []  # a proxy asks without signing in
    schemas = made["components"]["schemas"]
    for foreign in ("HTTPValidationError", "ValidationError"):
        schemas.pop(foreign, None)
    schemas["Problem"] = _PROBLEM
    made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    made["security"] = [{"token": []}]
    return made


@router.get("/openapi.json")
def openapi() -> JSONResponse:
    """Return the document."""
    return JSONResponse(document())


@router.get("")
def page(asked: AskedByAnybody, request: Request) -> HTMLResponse:
    """Read the document to people."""
    del request
    context = {"operations": list(_operations(document())), "shapes": list(_shapes(document())), "intro": INTRO}
    return draw("rest/reference.html", {**asked.frame(), **context})


def _operations(made: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in made["paths"].items():
        for method, told in methods.items():
            yield Operation(
                method=method.upper(),
                path=path,
                title=told.get("summary", ""),
                words=told.get("description", ""),
                parameters=tuple(_parameter(one) for one in told.get("parameters", ())),
                body=_schema_of(told.get("requestBody", {})),
                answer=_schema_of(_answered(told)),
            )


def _parameter(one: Mapping[str, Any]) -> Parameter:
    words = one.get("description") or _type_of(one["schema"])
    return Parameter(name=one["name"], place=one["in"], required=bool(one.get("required")), words=words)


def _answered(told: Mapping[str, Any]) -> Mapping[str, Any]:
    responses: Mapping[str, Any] = told["responses"]
    return next((one for status, one in responses.items() if status.startswith("2")), {})


def _schema_of(told: Mapping[str, Any]) -> str:
    content = told.get("content", {}).get("application/json", {})
    return _type_of(content["schema"]) if "schema" in content else ""


def _shapes(made: Mapping[str, Any]) -> Iterator[Shape]:
    for name, schema in sorted(made["components"]["schemas"].items()):
        members = tuple((member, _type_of(one)) for member, one in schema.get("properties", {}).items())
        yield Shape(name=name, words=schema.get("description", "").split("\n\n")[0], members=members)


def _type_of(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " 或 ".join(dict.fromkeys(_type_of(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"{_type_of(schema.get('items', {}))} 的列表"
    if schema.get("type") == "null":
        return "空"
    return str(schema.get("format") or schema.get("type") or "任意")
