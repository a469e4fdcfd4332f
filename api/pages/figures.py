"""The list behind a figure: as long as the figure says, with the words of what it counts."""

from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.days import day_of
from api.dependencies import Asked, AskedNow, Viewer
from api.rendering import draw
from engine.core.clock.instants import parse_instant
from engine.core.matter import Holder
from engine.core.terms import Ability
from engine.errors import Forbidden, SanlianError
from engine.services.figures import Frame, Pick, figure_list, frame_of
from engine.services.naming import holder_name, unit_name
from engine.services.worklist import FlowOf

router = APIRouter()


def frame_in(asked: Asked, viewer: Viewer, *, flow_of: FlowOf, day: date | None = None) -> Frame:
    """Return the frame in which *viewer* counts; *flow_of* reads pinned flows."""
    return frame_of(viewer.actor, world=asked.world, flows=asked.flows, flow_of=flow_of, now=asked.now, day=day)


def reader_of(asked: Asked) -> Viewer:
    """
    Return who reads figures.

    Raises:
        Forbidden: neither the sheet nor the board is theirs.
    """
    viewer = asked.viewer
    if viewer is None or not (viewer.may(Ability.SHEET) or viewer.may(Ability.BOARD)):
        raise Forbidden(what=Ability.SHEET.label)
    return viewer


def url_of(name: str, pick: Pick, *, day: date | None = None, after: str = "") -> str:
    """Return the address of the list behind a figure."""
    given = {
        "unit": pick.unit, "role": pick.role, "level": pick.level, "category": pick.category,
        "at": pick.at.isoformat() if pick.at is not None else "", "day": day.isoformat() if day else "",
        "after": after,
    }  # fmt: skip
    query = urlencode({key: value for key, value in given.items() if value})
    return f"/figures/{name}?{query}" if query else f"/figures/{name}"


@router.get("/figures/{name}")
def figure(
    name: str,
    asked: AskedNow,
    unit: Annotated[str, Query(max_length=80)] = "",
    role: Annotated[str, Query(max_length=40)] = "",
    level: Annotated[str, Query(max_length=40)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    at: Annotated[str, Query(max_length=40)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """Show one page of the list behind a figure."""
    viewer = reader_of(asked)
    pick = Pick(unit=unit, role=role, level=level, category=category, at=_instant(at))
    wanted_day = day_of(day)
    with asked.sanlian.uow.read() as tx:
        frame = frame_in(asked, viewer, flow_of=asked.flows_in(tx), day=wanted_day)
        found = figure_list(tx, name, frame, pick, cursor=after)
    context = {
        **asked.frame("sheet"), "found": found, "of": _of(pick, frame),
        "next_url": url_of(name, pick, day=wanted_day, after=found.next_cursor) if found.next_cursor else "",
        "first_url": url_of(name, pick, day=wanted_day) if after else "",
    }  # fmt: skip
    return draw("sheet/figure.html", context)


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except SanlianError:
        return None


def _of(pick: Pick, frame: Frame) -> str:
    """Which part of the figure this is, in words."""
    said = []
    if pick.role:
        flow = next((one for one in frame.flows if pick.role in one.roles), None)
        holder = Holder(role=pick.role, unit=pick.unit or None)
        said.append(
            holder_name(holder, workflow=flow, organisation=frame.organisation) if flow is not None else pick.role
        )
    elif pick.unit:
        said.append(unit_name(pick.unit, frame.organisation))
    if pick.level:
        labels = (flow.levels[pick.level].label.zh for flow in frame.flows if pick.level in flow.levels)
        said.append(next(labels, pick.level))
    if pick.category:
        fields = (flow.fields["category"].choice_labels for flow in frame.flows if "category" in flow.fields)
        said.append(next((words[pick.category].zh for words in fields if pick.category in words), pick.category))
    return "，".join(said)
