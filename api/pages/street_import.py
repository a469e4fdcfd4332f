"""Take in a street from a workbook: upload, see what it would do, confirm."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.dependencies import BY_WRITER, Asked, AskedNow, Posted
from api.rendering import draw
from engine.core.terms import Ability
from engine.errors import BadFile, Busy
from engine.services.import_street import MEDIA_TYPE, Looked, changes_made, confirm_street, keep_street
from engine.services.street_rows import MOST_SHOWN, SHEETS
from engine.services.street_template import write_street_template
from engine.services.table import MAX_FILE_BYTES

router = APIRouter()

PATH = "/people/import"
SECTION = "people"


@router.get(PATH)
def show_import(asked: AskedNow, done: Annotated[str, Query(max_length=80)] = "") -> Response:
    """Show the form for the workbook; *done* is the upload that has just been taken in."""
    asked.require(Ability.PEOPLE)
    return _page(asked, done=changes_made(asked.sanlian.uow, done) if done else None)


@router.get(f"{PATH}/template")
def send_template(asked: AskedNow) -> Response:
    """Send the workbook to fill in."""
    asked.require(Ability.PEOPLE)
    headers = {
        "Content-Disposition": "attachment; filename=\"street.xlsx\"; filename*=UTF-8''%E8%A1%97%E9%81%93.xlsx",
        "Cache-Control": "no-store",
    }
    return Response(write_street_template(), media_type=MEDIA_TYPE, headers=headers)


@router.post(PATH)
async def upload(asked: AskedNow, posted: Posted) -> Response:
    """Look at a workbook and show what it would do; nothing changes yet."""
    asked.require(Ability.PEOPLE)
    given = posted.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        return _page(asked, problem="选一个 .xlsx 文件。")
    data, name = await given.read(MAX_FILE_BYTES + 1), given.filename
    return await run_in_threadpool(_look, asked, data, name)


@router.post(f"{PATH}/{{wanted}}", dependencies=BY_WRITER)
def confirm(asked: AskedNow, wanted: str) -> Response:
    """Do what was shown of an upload."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    confirm_street(asked.sanlian.uow, wanted, shelf=asked.sanlian.door.shelf, by=by, now=asked.now)
    asked.wake()
    return RedirectResponse(f"{PATH}?done={quote(wanted)}", status_code=303)


def _look(asked: Asked, data: bytes, name: str) -> Response:
    sanlian = asked.sanlian
    try:
        looked = keep_street(
            sanlian.uow, data, where=name, shelf=sanlian.door.shelf, ids=sanlian.door.ids, now=asked.now
        )
    except (BadFile, Busy) as error:
        return _page(asked, problem=str(error), status=503 if isinstance(error, Busy) else 422)
    return _page(asked, looked=looked, name=name[:60])


def _page(
    asked: Asked, *, looked: Looked | None = None, name: str = "", problem: str = "", done: int | None = None,
    status: int = 422,
) -> Response:  # fmt: skip
    faulty = bool(problem) or (looked is not None and looked.plan.faults.count > 0)
    context: dict[str, Any] = {
        **asked.frame(SECTION), "looked": looked, "name": name, "problem": problem, "done": done,
        "sheets": "、".join(SHEETS), "most": MOST_SHOWN,
    }  # fmt: skip
    return draw("people/import.html", context, status=status if faulty else 200)
