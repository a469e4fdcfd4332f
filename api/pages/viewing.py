"""Whom a visitor acts as, and how pages look; both remembered in this browser, both without script."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse

from api.dependencies import (
    POST_COOKIE,
    SIZE_COOKIE,
    SIZES,
    THEME_COOKIE,
    THEMES,
    Asked,
    AskedNow,
    Posted,
    Viewer,
    as_viewer,
    local_path,
)
from api.rendering import draw
from engine.core.scope import Unit
from engine.core.terms import UnitKind
from engine.errors import NotFound

router = APIRouter()

YEAR_SECONDS = 365 * 24 * 3600
_OTHERS = "部门和单位"
_ABOVE = "街道和区"


@router.get("/as")
def choose(asked: AskedNow, next_page: Annotated[str, Query(alias="next")] = "/matters") -> HTMLResponse:
    """Show the posts one may act as."""
    context = {**asked.frame("as"), "groups": _groups(asked), "next": local_path(next_page)}
    return draw("as.html", context)


@router.post("/as")
def act_as(asked: AskedNow, posted: Posted) -> RedirectResponse:
    """Act as the chosen post from now on."""
    post = asked.world.organisation.posts.get(str(posted.get("post", "")))
    if post is None or not post.is_held(asked.now):
        raise NotFound(what="岗位", found=str(posted.get("post", ""))[:40])
    return _remembering(local_path(posted.get("next")), {POST_COOKIE: post.id})


@router.post("/look")
def look(asked: AskedNow, posted: Posted) -> RedirectResponse:
    """Remember how pages should look."""
    kept: dict[str, str] = {}
    for name, cookie, known in (("theme", THEME_COOKIE, THEMES), ("size", SIZE_COOKIE, SIZES)):
        if name in posted:
            value = str(posted[name])
            kept[cookie] = value if value in known else ""
    del asked
    return _remembering(local_path(posted.get("next")), kept)


def _remembering(path: str, cookies: dict[str, str]) -> RedirectResponse:
    answer = RedirectResponse(path, status_code=303)
    for name, value in cookies.items():
        answer.set_cookie(name, value, max_age=YEAR_SECONDS, httponly=True, samesite="strict")
    return answer


def _groups(asked: Asked) -> list[tuple[str, list[Viewer]]]:
    """Posts by community, then those of street and district, then those of departments."""
    organisation = asked.world.organisation
    groups: dict[str, list[Viewer]] = {}
    for post in organisation.posts.values():
        if not post.is_held(asked.now) or not any(post.role in flow.roles for flow in asked.flows):
            continue
        unit = organisation.units.get(post.unit) if post.unit is not None else None
        viewer = as_viewer(post, organisation=organisation, flows=asked.flows)
        if post.unit is not None and post in organisation.on_duty(post.role, post.unit, asked.now):
            viewer = replace(viewer, label=f"{viewer.label}（正在值班）")
        groups.setdefault(_group(unit, asked), []).append(viewer)
    last = {_ABOVE: 1, _OTHERS: 2}
    return sorted(groups.items(), key=lambda group: last.get(group[0], 0))


def _group(unit: Unit | None, asked: Asked) -> str:
    if unit is None:
        return _ABOVE
    if unit.kind == UnitKind.DEPARTMENT:
        return _OTHERS
    community = asked.world.organisation.unit_above(unit.id, UnitKind.COMMUNITY.value)
    return asked.world.organisation.units[community].name if community is not None else _ABOVE
