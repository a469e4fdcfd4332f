"""Work orders of an upper platform: look at a file, take it in; what is outstanding; give back what has happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from api.days import day_of
from api.dependencies import BY_WRITER, Asked, AskedNow, Posted, Viewer
from api.errors import answer, plain_problem
from api.pages.forms import Problem, key_in
from api.pages.posted import text_of
from api.rendering import draw
from engine.core.clock.instants import midnight
from engine.core.terms import Ability
from engine.errors import BadFile, BadInput, Busy
from engine.services.give_back_orders import OrdersBack, give_back_orders, read_export
from engine.services.keep_orders import keep_orders, orders_file, take_in_kept
from engine.services.outstanding_orders import orders_desk
from engine.services.read_orders import HEADINGS, open_orders
from engine.services.read_table import ENCODINGS
from engine.services.table import MAX_FILE_BYTES
from engine.services.take_in_orders import CHANGED, KNOWN, NEW, REFUSED, REPEATED, hash_of_file

router = APIRouter()

MOST_AT_ONCE = 2_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = {"utf-8": ("csv", "text/csv"), "gb18030": ("csv", "text/csv"), "xlsx": ("xlsx", _XLSX)}
_WORDS = {NEW: "收下", KNOWN: "已有", CHANGED: "要核对", REPEATED: "重复", REFUSED: "收不了"}
_NEEDED = tuple(names[0] for names in HEADINGS.values())


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file as the page lists it."""

    row: int
    number: str
    what: str
    text: str
    is_bad: bool
    due: datetime | None = None
    place: str = ""
    ours: str = ""


@router.get("/orders")
def desk(asked: AskedNow, empty: str = "") -> Response:
    """Show what is outstanding, and how to take in and give back."""
    asked.require(Ability.ORDERS)
    return _desk(asked, is_empty=bool(empty))


@router.post("/orders/in")
def look(asked: AskedNow, posted: Posted) -> Response:
    """Read a file and show what would happen; nothing is filed yet."""
    viewer = asked.require(Ability.ORDERS)
    encoding = _text(posted, "encoding") or None
    try:
        name, data = _file(posted)
        read = open_orders(data, where=name, encoding=encoding, zone=asked.zone)
        if len(read.orders) > MOST_AT_ONCE:
            expected = f"一次 {MOST_AT_ONCE} 行以内；更多的分成几份，或用命令 sanlian orders in"
            raise BadFile(where=name, found=f"{len(read.orders)} 行", expected=expected)
    except (BadInput, Busy) as error:
        status = 503 if isinstance(error, Busy) else 422
        return _desk(asked, problems=(Problem(str(error), "orders-file"),), encoding=encoding or "", status=status)
    sanlian = asked.sanlian
    kept = keep_orders(
        sanlian.uow, read, name=name, sha256=hash_of_file(data), by=viewer.actor, ids=sanlian.door.ids, now=asked.now
    )
    return RedirectResponse(f"/orders/in/{kept}", status_code=303)


@router.get("/orders/in/{kept}")
def show(kept: str, asked: AskedNow) -> Response:
    """Show what would happen to a file, or what became of it."""
    viewer = asked.require(Ability.ORDERS)
    found = orders_file(asked.sanlian.uow, kept, by=viewer.actor, services=asked.sanlian.door)
    lines = [
        Line(fault.row, fault.number, "收不了", fault.text, is_bad=True) for fault in found.taken.faults
    ]  # fmt: skip
    units = asked.world.organisation.units
    for plan in found.taken.plans:
        place = units[plan.place].name if plan.place in units else plan.place
        bad = plan.what in (CHANGED, REFUSED)
        lines.append(
            Line(plan.order.row, plan.order.number, _WORDS[plan.what], plan.text, bad, plan.order.due, place, plan.ours)
        )
    lines.sort(key=lambda line: (not line.is_bad, line.row))
    taken = found.taken
    context: dict[str, Any] = {
        **asked.frame("orders"), "file": found, "lines": lines, "new": len(taken.of(NEW)),
        "known": len(taken.of(KNOWN, REPEATED)), "bad": len(taken.faults) + len(taken.of(CHANGED, REFUSED)),
        "unsure": sum(1 for plan in taken.of(NEW) if not plan.is_sure),
    }  # fmt: skip
    return draw("orders/file.html", context)


@router.post("/orders/in/{kept}", dependencies=BY_WRITER)
def take_in(kept: str, asked: AskedNow) -> Response:
    """Take the file in; the same again changes nothing."""
    viewer = asked.require(Ability.ORDERS)
    sanlian = asked.sanlian
    take_in_kept(sanlian.uow, kept, by=viewer.actor, services=sanlian.door, clock=sanlian.clock.now)
    asked.wake()
    return RedirectResponse(f"/orders/in/{kept}", status_code=303)


@router.post("/orders/out")
def give_back(asked: AskedNow, posted: Posted) -> Response:
    """Make an export, once for each key, and lead to its files."""
    viewer = asked.require(Ability.ORDERS)
    asked.require_fresh()
    key = key_in(posted)
    if not key:
        return answer(asked.request, plain_problem(428, "这个页面缺了编号，请重新打开「工单」再导出。"))
    try:
        since = _day(asked, _text(posted, "since"))
    except BadInput as error:
        return _desk(asked, problems=(Problem(str(error), "orders-since"),))
    made = _make(asked, viewer, key, since)
    if not made.orders:
        return RedirectResponse("/orders?empty=1", status_code=303)
    return RedirectResponse(f"/orders/out/{key}", status_code=303)


@router.get("/orders/out/{export}")
def exported(export: str, asked: AskedNow) -> Response:
    """Show an export and its files."""
    viewer = asked.require(Ability.ORDERS)
    made = read_export(asked.sanlian.uow, export, by=viewer.actor, services=asked.sanlian.door)
    return draw("orders/export.html", {**asked.frame("orders"), "made": made})


@router.get("/orders/out/{export}/{form}")
def download(export: str, form: str, asked: AskedNow) -> Response:
    """Give one file of an export."""
    viewer = asked.require(Ability.ORDERS)
    asked.require_fresh()
    made = read_export(asked.sanlian.uow, export, by=viewer.actor, services=asked.sanlian.door)
    content = made.table(form, zone=asked.zone)
    ending, media_type = FILES[form]
    stamp = f"{made.made_at.astimezone(asked.zone):%Y%m%d-%H%M}"
    headers = {
        "Content-Disposition": f'attachment; filename="orders-{stamp}.{ending}"',
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=media_type, headers=headers)


def _make(asked: Asked, viewer: Viewer, key: str, since: datetime | None) -> OrdersBack:
    sanlian = asked.sanlian
    return give_back_orders(sanlian.uow, key, since=since, by=viewer.actor, services=sanlian.door, now=asked.now)


def _desk(
    asked: Asked, *, problems: tuple[Problem, ...] = (), encoding: str = "", is_empty: bool = False, status: int = 422
) -> Response:
    with asked.sanlian.uow.read() as tx:
        found = orders_desk(tx, sight=asked.sight, world=asked.world, flow_of=asked.flows_in(tx), now=asked.now)
    context: dict[str, Any] = {
        **asked.frame("orders"), "desk": found, "problems": problems, "encodings": tuple(ENCODINGS.items()),
        "encoding": encoding, "key": asked.sanlian.door.ids(), "needed": _NEEDED, "is_empty": is_empty,
    }  # fmt: skip
    return draw("orders/orders.html", context, status=status if problems else 200)


def _file(posted: FormData) -> tuple[str, bytes]:
    given = posted.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        raise BadFile(where="工单表", found="没有选文件", expected="一个 .csv 或 .xlsx 文件")
    return given.filename[:60], given.file.read(MAX_FILE_BYTES + 1)


def _day(asked: Asked, text: str) -> datetime | None:
    if not text:
        return None
    day = day_of(text)
    if day is None:
        raise BadInput(where="从哪天起", found=text[:20], expected="2026-11-20 这样的日期")
    return midnight(day, asked.zone)


def _text(posted: FormData, name: str) -> str:
    return text_of(posted, name).strip()
