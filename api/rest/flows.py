"""Flows, limits tables and calendars for programs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from api.dependencies import Asked
from api.rest.access import Calling
from api.rest.encoding import plain
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.services.describe_flow import (
    CalendarFacts,
    DueFacts,
    FlowFacts,
    LimitsFacts,
    describe_calendar,
    describe_flow,
    describe_limits,
    due_in_days,
)

router = APIRouter(prefix="/api/v1", tags=["flows"])

Name = Annotated[str, Path(max_length=80)]


@router.get("/workflows", summary="现行的流程", response_model=list[FlowFacts])
def flows(asked: Calling) -> Response:
    """List the flows that new matters begin with, step by step in words."""
    return JSONResponse(plain([describe_flow(flow) for flow in asked.flows]))


@router.get("/workflows/{name}", summary="一条流程", response_model=FlowFacts)
def flow(asked: Calling, name: Name) -> Response:
    """Show the current version of a flow."""
    return JSONResponse(plain(describe_flow(_flow(asked, name))))


@router.get("/workflows/{name}/limits", summary="一条流程的时限表", response_model=LimitsFacts)
def limits(asked: Calling, name: Name) -> Response:
    """Show the limits table that a flow now works with."""
    table = _flow(asked, name).limits
    if table is None:
        raise NotFound(what="时限表", found=name)
    return JSONResponse(plain(describe_limits(table)))


@router.get("/calendars", summary="工作日历", response_model=list[CalendarFacts], tags=["calendars"])
def calendars(asked: Calling) -> Response:
    """List the working calendars."""
    found = [describe_calendar(name, one) for name, one in sorted(asked.world.calendars.items())]
    return JSONResponse(plain(found))


@router.get("/calendars/{name}/due", summary="一个时限到什么时候", response_model=DueFacts, tags=["calendars"])
def due(
    asked: Calling,
    name: Name,
    start: Annotated[AwareDatetime, Query(description="开始的时刻，带时区")],
    limit: Annotated[str, Query(max_length=20, description="例如 3wd、4wh、3d roll")],
) -> Response:
    """Tell when a limit ends, and day by day why."""
    begun: datetime = start
    return JSONResponse(plain(due_in_days(_calendar(asked, name), begun, limit=limit)))


def _flow(asked: Asked, name: str) -> Workflow:
    found = next((flow for flow in asked.flows if flow.id == name), None)
    if found is None:
        raise NotFound(what="流程", found=name)
    return found


def _calendar(asked: Asked, name: str) -> WorkingCalendar:
    found = asked.world.calendars.get(name)
    if found is None:
        raise NotFound(what="日历", found=name)
    return found
