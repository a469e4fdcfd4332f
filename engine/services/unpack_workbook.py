"""
The child that reads a workbook: looks at everything before it is unpacked or parsed, and answers rows or a fault.

The native reader lays a sheet out as a rectangle, so one far cell would take all memory: a streaming parser that
expands no entity looks at the cells first. The reader is then given a new archive of the checked parts alone, so that
it cannot see another file than the one that was checked (doubled names, lying sizes).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, SheetMetadata, SheetTypeEnum, SheetVisibleEnum

from engine.services.confine import confine, give_back, taken_in
from engine.services.look_at_parts import BadParts, Looked, look_at
from engine.services.table import MAX_CELL, MAX_ROWS, Fault, Row, Sheet

MAX_ENTRIES = 1_000
MAX_EXPANDED_BYTES = 50 * 1024 * 1024
MAX_RATIO = 100
MAX_SHEETS = 50
MAX_TEXT = 20_000_000
_SMALL_BYTES = 64 * 1024
_EXACT = 10**15
# What says something of cells. Links to other files, pictures and remarks are not even unpacked.
_LEFT_OUT = "externalLinks/|media/|drawings/|charts/|comments|threadedComments/|persons/"
_WANTED = re.compile(rf"(?:\[Content_Types\]\.xml|_rels/\.rels|xl/(?!{_LEFT_OUT}).*\.(?:xml|rels))")
_WORKBOOK = "xl/workbook.xml"
_NOT_A_WORKBOOK = "Excel 表（.xlsx）。请在 Excel 或 WPS 里另存为 .xlsx 再传"

Answer = tuple[Fault | None, tuple[Sheet, ...]]
_Cell = int | float | str | bool | time | date | datetime | timedelta


class _Stop(Exception):
    """The workbook has a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def read(data: bytes) -> tuple[Sheet, ...]:
    """Return the sheets a person sees; raises `_Stop` with the fault."""
    try:
        parts = _parts(data)
        looked = look_at(parts)
        book = CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts)))
        shown = [one for one in book.sheets_metadata if _is_shown(one)]
        if len(shown) > MAX_SHEETS:
            raise _Stop(Fault(f"{len(shown)} 张表", f"最多 {MAX_SHEETS} 张表"))
        return tuple(_sheet(book, one.name, looked) for one in shown)
    except BadParts as bad:
        raise _Stop(bad.fault) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, CalamineError):
        raise _Stop(Fault("读不了的文件", _NOT_A_WORKBOOK)) from None


def _parts(data: bytes) -> dict[str, bytes]:
    """Check the directory of the archive, then unpack the parts that say something, never more than was declared."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _check_directory(entries, len(data))
        named = {_name(entry): entry for entry in entries}
        return {name: archive.read(entry) for name, entry in named.items() if _WANTED.fullmatch(name)}


def _name(entry: zipfile.ZipInfo) -> str:
    """Return the name of a part; some programs write its folders with backslashes."""
    return entry.filename.replace("\\", "/")


def _check_directory(entries: list[zipfile.ZipInfo], size: int) -> None:
    names = {_name(entry).casefold() for entry in entries}
    expanded = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise _Stop(Fault(f"里面有 {len(entries)} 个文件", f"最多 {MAX_ENTRIES} 个"))
    if len(names) != len(entries):
        raise _Stop(Fault("里面有同名的文件", "每个文件只有一份"))
    if any(entry.flag_bits & 1 for entry in entries):
        raise _Stop(Fault("加了密码的文件", "没有密码的 .xlsx"))
    if expanded > MAX_EXPANDED_BYTES:
        found = f"解压后 {expanded // (1024 * 1024)} MB"
        raise _Stop(Fault(found, f"解压后 {MAX_EXPANDED_BYTES // (1024 * 1024)} MB 以内"))
    for inside, outside in ((expanded, size), *((entry.file_size, entry.compress_size) for entry in entries)):
        # A short part may well shrink more than that: only what is big can do harm.
        if inside > _SMALL_BYTES and inside > MAX_RATIO * max(outside, 1):
            raise _Stop(Fault(f"压缩了 {inside // max(outside, 1)} 倍", f"压缩 {MAX_RATIO} 倍以内的正常表格"))
    if _WORKBOOK not in {_name(entry) for entry in entries}:
        raise _Stop(Fault("别的格式", _NOT_A_WORKBOOK))


def _packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _is_shown(sheet: SheetMetadata) -> bool:
    return sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible


def _sheet(book: CalamineWorkbook, name: str, looked: Looked) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    first_row, first_column = sheet.start or (0, 0)
    with_time = looked.with_time.get(name, frozenset())
    rows = []
    for number, cells in enumerate(sheet.to_python(skip_empty_area=True), start=first_row + 1):
        texts = tuple(
            _text(cell, name, number, column, has_time=(number, column) in with_time)
            for column, cell in enumerate(cells, start=first_column)
        )
        if any(text.strip() for text in texts):
            rows.append(Row(number, ("",) * first_column + texts))
    if len(rows) > MAX_ROWS:
        raise _Stop(Fault(f"{len(rows)} 行", f"最多 {MAX_ROWS} 行，请分成几份", name))
    if sum(len(text) for row in rows for text in row.cells) > MAX_TEXT:
        raise _Stop(Fault("文字太多", f"全部文字 {MAX_TEXT // 10_000} 万字以内，请分成几份", name))
    return Sheet(name, tuple(rows))


def _text(cell: _Cell, sheet: str, row: int, column: int, *, has_time: bool) -> str:
    """Return a cell as a person sees it; a number that a spreadsheet cannot hold exactly is a fault."""
    if isinstance(cell, str):
        if len(cell) > MAX_CELL:
            raise _Stop(Fault(f"{len(cell)} 个字", f"一格最多 {MAX_CELL} 个字", sheet, row, column))
        if "\x00" in cell:
            raise _Stop(Fault("看不见的空字符", "能看见的文字", sheet, row, column))
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            expected = "15 位以内的数字；编号、电话请把这一列设成「文本」格式再填"
            raise _Stop(Fault(f"{cell:.0f}，末几位已经被表格软件丢掉", expected, sheet, row, column))
        return str(int(cell)) if cell == int(cell) else format(cell, ".15g")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds" if cell.second else "minutes")
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00" if has_time else cell.isoformat()
    return cell.isoformat(timespec="minutes") if isinstance(cell, time) else str(cell)


def answer(data: bytes) -> bytes:
    """Return what was read, or the fault, as it is given back."""
    found: Answer
    try:
        found = (None, read(data))
    except _Stop as stop:
        found = (stop.fault, ())
    return msgspec.msgpack.encode(found)


def pieces(answered: bytes) -> Iterator[Fault | Sheet]:
    """Yield what a child answered: one fault, or the sheets."""
    fault, sheets = msgspec.msgpack.decode(answered, type=Answer)
    yield from (fault,) if fault is not None else sheets


if __name__ == "__main__":
    confine()
    give_back(answer(taken_in()))
