"""
Whether the process lives, and whether it can work.

Neither waits for a thread in which pages are made: all of those may be taken, and that is when one asks.
"""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from api.dependencies import sanlian_of
from engine.services.readiness import readiness

router = APIRouter()


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """Answer as long as the process lives (asynchronously: in no thread)."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Answer 200 when the database is there with the right tables and the last tick is fresh enough, else 503."""
    sanlian = sanlian_of(request)
    state = await asyncio.to_thread(readiness, sanlian.database, sanlian.uow, now=sanlian.clock.now())
    body = {
        "status": "ready" if state.is_ready else "not_ready", "database": state.database, "schema": state.schema,
        "last_sweep_age_seconds": state.sweep_age_seconds,
    }  # fmt: skip
    return JSONResponse(body, status_code=200 if state.is_ready else 503)
