"""The list of matters: filters in the address, page after page by a cursor."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.dependencies import Asked, AskedNow
from api.rendering import draw
from engine.core.terms import MatterKind
from engine.services.count_totals import Totals
from engine.services.naming import LevelMark, level_mark
from engine.services.worklist import Filters, Row, communities, work_page

router = APIRouter()

MAX_TEXT = 60
SHOWS = (
    ("", "在办的诉求"),
    ("mine", "我手里的"),
    ("late", "超时的"),
    ("supervised", "督办的"),
    ("listed", "挂账的"),
    ("children", "任务和议题"),
    ("ended", "已经结束的"),
)


@dataclass(frozen=True, slots=True)
class ListView:
    """What the list page shows."""

    heading: str
    filters: Filters
    counts: Totals
    rows: tuple[Row, ...]
    shows: tuple[tuple[str, str], ...]
    levels: tuple[LevelMark, ...]
    units: tuple[tuple[str, str], ...]
    roles: tuple[tuple[str, str], ...]
    next_url: str
    first_url: str
    empty_heading: str
    empty_text: str


@router.get("/matters")
def matters(
    asked: AskedNow,
    show: Annotated[str, Query(max_length=20)] = "",
    level: Annotated[str, Query(max_length=40)] = "",
    unit: Annotated[str, Query(max_length=80)] = "",
    role: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=400)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """Show one page of the list."""
    asked.require_content()
    known = show if show in dict(SHOWS) else ""
    filters = Filters(show=known, level=level, unit=unit, role=role, text=q.strip()[:MAX_TEXT])
    view = _view(asked, filters, after=after)
    response = draw("matters/list.html", {**asked.frame("mine" if known == "mine" else "all"), "view": view})
    if view.next_url:
        response.headers["Link"] = f'<{view.next_url}>; rel="next"'
    return response


def _view(asked: Asked, filters: Filters, *, after: str) -> ListView:
    with asked.sanlian.uow.read() as tx:
        page = work_page(
            tx, filters, cursor=after, viewer=asked.actor, world=asked.world,
            flow_of=asked.flows_in(tx), flows=asked.flows, now=asked.now,
        )  # fmt: skip
    demands = [flow for flow in asked.flows if flow.matter == MatterKind.DEMAND and flow.levels]
    levels = [level_mark(flow, name) for flow in demands for name in flow.levels]
    roles = {
        state.held_by: flow.roles[state.held_by].label.zh
        for flow in demands
        for state in flow.states.values()
        if state.held_by is not None
    }
    heading = dict(SHOWS)[filters.show] if filters.show else "诉求"
    return ListView(
        heading=heading, filters=filters, counts=page.totals, rows=page.rows, shows=SHOWS,
        levels=tuple(mark for mark in levels if mark is not None), units=communities(asked.world.organisation),
        roles=tuple(roles.items()),
        next_url=_url(filters, page.next_cursor) if page.next_cursor else "",
        first_url=_url(filters, "") if after else "",
        empty_heading=_empty_heading(filters), empty_text=_empty_text(filters),
    )  # fmt: skip


def _empty_heading(filters: Filters) -> str:
    if filters.text:
        return f"没有找到「{filters.text}」"
    return "手里没有要办的" if filters.show == "mine" else "这里现在没有事"


def _empty_text(filters: Filters) -> str:
    if filters.text:
        return "少写几个字试试，或者到「已经结束的」里找。"
    return "换一个条件看看，或者报一件。"


def _url(filters: Filters, cursor: str) -> str:
    given = {
        "show": filters.show, "level": filters.level, "unit": filters.unit, "role": filters.role,
        "q": filters.text, "after": cursor,
    }  # fmt: skip
    query = urlencode({name: value for name, value in given.items() if value})
    return f"/matters?{query}" if query else "/matters"
