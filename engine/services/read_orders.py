"""
Read the work orders of an upper platform from a table: headings by their usual names, one order a row.

Nothing is lost: a column we have no place for goes into the text of the order under its own heading. The sender's due
instant is kept as written; a bare date ends with that day.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from engine.core.clock.instants import day_end, is_a_deadline
from engine.errors import BadFile
from engine.services.read_table import read_csv, read_workbook
from engine.services.table import Row, Sheet, letters_of, place_of

NUMBER, DUE, TEXT = "number", "due", "text"
NAME, PHONE, PLACE, CATEGORY = "name", "phone", "place", "category"
HEADINGS: Mapping[str, tuple[str, ...]] = {
    NUMBER: ("工单号", "工单编号", "工单编码", "来单编号", "受理编号", "受理单号", "诉求编号", "案件编号", "编号"),
    DUE: (
        "截止时间",
        "截止日期",
        "办结时限",
        "办结期限",
        "办理期限",
        "办理时限",
        "限办时间",
        "要求办结时间",
        "到期时间",
    ),
    NAME: ("来电人", "来电人姓名", "诉求人", "诉求人姓名", "反映人", "市民姓名", "联系人", "姓名"),
    PHONE: ("电话", "联系电话", "来电号码", "来电电话", "来电人电话", "手机", "手机号", "联系方式"),
    TEXT: ("事由", "诉求内容", "工单内容", "来电内容", "反映内容", "主要内容", "问题描述", "事件描述", "内容"),
    PLACE: ("地点", "单位", "地点/单位", "事发地点", "事发地址", "诉求地址", "地址", "承办单位", "社区", "网格"),
    CATEGORY: ("类别", "诉求类别", "问题类别", "诉求分类", "分类"),
}
# Enough to prove an encoding by.
PROOF = frozenset((*HEADINGS[NUMBER], *HEADINGS[DUE], *HEADINGS[TEXT]))
LABELS = {key: names[0] for key, names in HEADINGS.items()}
_REQUIRED = (NUMBER, DUE, TEXT)
_HEAD_WITHIN = 10
_MAX_NUMBER, _MAX_NAME, _MAX_PHONE = 64, 60, 40
_MIDNIGHT = (24, 0, 0)
_REMARK = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_DUE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日{0,1}"
    r"(?:[\sT]*(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*分?)?(?:\s*:?\s*(\d{1,2})(?:\.0+)?\s*秒?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)


class Order(msgspec.Struct, frozen=True):
    """A work order as it was sent; `row` is where it stood."""

    row: int
    number: str
    due: datetime
    text: str
    name: str = ""
    phone: str = ""
    place: str = ""
    category: str = ""


class RowFault(msgspec.Struct, frozen=True):
    """A row that cannot be taken: where, what was found, what is expected, what to do."""

    row: int
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class OrdersRead:
    """What stands in a table: orders and faults in order of rows, and headings that went into the text."""

    orders: tuple[Order, ...]
    faults: tuple[RowFault, ...]
    beside: tuple[str, ...]


class _Bad(Exception):
    """A cell has a fault; the arguments are its column, what was found and what is expected."""


def open_orders(data: bytes, *, where: str, encoding: str | None, zone: ZoneInfo) -> OrdersRead:
    """
    Return the orders in a file, a workbook or CSV by its first bytes; of a workbook the first sheet with headings.

    Raises:
        BadFile: it cannot be read, or has no headings of orders.
    """
    if not data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return read_orders(read_csv(data, where=where, encoding=encoding, headings=PROOF), where=where, zone=zone)
    sheets = [sheet for sheet in read_workbook(data, where=where) if sheet.rows]
    if not sheets:
        raise BadFile(where=where[:60], found="空表", expected="有表头、有工单的表")
    wanted = next((sheet for sheet in sheets if _has_headings(sheet)), sheets[0])
    return read_orders(wanted, where=where, zone=zone)


def _has_headings(sheet: Sheet) -> bool:
    known = {_KNOWN.get(plain_heading(text)) for row in sheet.rows[:_HEAD_WITHIN] for text in row.cells}
    return known.issuperset(_REQUIRED)


def read_orders(sheet: Sheet, *, where: str, zone: ZoneInfo) -> OrdersRead:
    """
    Return the orders in *sheet*; a faulty row is listed and the others are read all the same.

    Args:
        zone: the local time of the sender.
    Raises:
        BadFile: no row of headings, or one that is needed is missing.
    """
    head, columns = _columns(sheet, where)
    beside = {n: text.strip() for n, text in enumerate(head.cells) if text.strip() and n not in _taken(columns)}
    orders: list[Order] = []
    faults: list[RowFault] = []
    for row in sheet.rows:
        if row.number <= head.number:
            continue
        try:
            orders.append(_order(row, columns, beside=beside, zone=zone))
        except _Bad as bad:
            column, found, expected = bad.args
            number = row.cell(columns[NUMBER][0]).strip()[:_MAX_NUMBER]
            text = (
                f"{letters_of(column)} 列「{head.cell(column).strip()[:20]}」：收到「{found[:40]}」，应当是 {expected}"
            )
            faults.append(RowFault(row.number, number, text))
    return OrdersRead(tuple(orders), tuple(faults), tuple(beside.values()))


def _columns(sheet: Sheet, where: str) -> tuple[Row, dict[str, list[int]]]:
    """Return the row of headings and the columns of each thing we know."""
    best: list[str] = list(_REQUIRED)
    for row in sheet.rows[:_HEAD_WITHIN]:
        columns: dict[str, list[int]] = {}
        for column, text in enumerate(row.cells):
            key = _KNOWN.get(plain_heading(text))
            if key is not None and (key not in columns or key == PLACE):
                columns.setdefault(key, []).append(column)
        missing = [key for key in _REQUIRED if key not in columns]
        if not missing:
            return row, columns
        best = min(best, missing, key=len)
    seen = "、".join(text.strip() for text in sheet.rows[0].cells if text.strip())[:80] if sheet.rows else "空表"
    expected = f"表头里有{'、'.join(f'「{LABELS[key]}」' for key in best)}"
    raise BadFile(where=place_of(where, sheet.name, row=sheet.rows[0].number if sheet.rows else 0), found=seen,
                  expected=expected)  # fmt: skip


def plain_heading(text: str) -> str:
    """Return a heading without width, blanks, stars, colons and remarks in brackets."""
    plain = _REMARK.sub("", "".join(unicodedata.normalize("NFKC", text).split()))
    return plain.strip("*:： ")


_KNOWN = {name: key for key, names in HEADINGS.items() for name in names}


def _taken(columns: Mapping[str, list[int]]) -> set[int]:
    return {column for some in columns.values() for column in some}


def _order(row: Row, columns: Mapping[str, list[int]], *, beside: Mapping[int, str], zone: ZoneInfo) -> Order:
    def cell(key: str) -> str:
        return row.cell(columns[key][0]).strip() if key in columns else ""

    number, text = cell(NUMBER), cell(TEXT)
    if not number or len(number) > _MAX_NUMBER or not number.isprintable():
        raise _Bad(columns[NUMBER][0], number or "空", f"{_MAX_NUMBER} 个字以内的工单号")
    if not text:
        raise _Bad(columns[TEXT][0], "空", "来电人说的事")
    for key, longest in ((NAME, _MAX_NAME), (PHONE, _MAX_PHONE)):
        if len(cell(key)) > longest:
            raise _Bad(columns[key][0], f"{len(cell(key))} 个字", f"{longest} 个字以内")
    due = due_of(cell(DUE), zone=zone)
    if due is None:
        raise _Bad(columns[DUE][0], cell(DUE) or "空", "2026-11-25 17:00 这样的时间")
    places = [row.cell(column).strip() for column in columns.get(PLACE, ())]
    return Order(
        row=row.number, number=number, due=due, text="\n".join((text, *_lines(row, beside))), name=cell(NAME),
        phone=cell(PHONE), place=" ".join(one for one in places if one), category=cell(CATEGORY),
    )  # fmt: skip


def _lines(row: Row, beside: Mapping[int, str]) -> Iterator[str]:
    for column, heading in beside.items():
        if row.cell(column).strip():
            yield f"{heading}：{row.cell(column).strip()}"


def due_of(text: str, *, zone: ZoneInfo) -> datetime | None:
    """Return the instant that *text* names, None where it names none; a bare date ends with that day (24:00)."""
    written = _DUE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if written is None:
        return None
    year, month, day, hour, minute, second, offset = written.groups()
    try:
        on = date(int(year), int(month), int(day))
        clock = (int(hour or 24), int(minute or 0), int(second or 0))
        # 24:00 is the end of the day, and so is a day without a time.
        local = datetime.combine(on, time(*clock), tzinfo=zone) if clock != _MIDNIGHT else day_end(on, zone)
        if offset is not None:
            local = datetime.fromisoformat(f"{local:%Y-%m-%dT%H:%M:%S}{offset}")
        return local.astimezone(UTC) if is_a_deadline(local) else None
    except (ValueError, OverflowError):
        return None
