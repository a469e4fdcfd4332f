"""
Read tables that others made: workbooks and CSV files, whatever is in them.

Every fault is a `BadFile` with the file, the sheet, the row and the letters of the column, what was found and what is
expected. Nothing is guessed: an encoding is proved or asked for, a number too long to be exact is refused.
"""

import codecs
import csv
import io
import unicodedata
from collections.abc import Collection, Iterator

from engine.core.cell_text import rearmed
from engine.errors import BadFile
from engine.services.confine import Overtaxed, run_confined
from engine.services.table import MAX_CELL, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, Fault, Row, Sheet
from engine.services.unpack_workbook import pieces

ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030", "utf-16": "UTF-16"}
_CHILD = "engine.services.unpack_workbook"
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MAX_LINE = MAX_COLUMNS * MAX_CELL * 2
_FIRST_ROWS = 5
_GB_SIMPLE = "gbk"


def read_workbook(data: bytes, *, where: str) -> tuple[Sheet, ...]:
    """
    Return the sheets of an .xlsx file that a person sees, hidden ones left out.

    Raises:
        BadFile: it is none, it is hostile, or a cell cannot be read exactly.
        Unavailable: no process could be started to read it.
    """
    _check_size(data, where)
    if data.startswith(_OLD):
        expected = "没有密码的 .xlsx。请在 Excel 或 WPS 里打开，去掉密码，另存为 .xlsx 再传"
        raise BadFile(where=where[:60], found="旧的 .xls，或加了密码的表", expected=expected)
    if not data.startswith(_ZIP):
        expected = "Excel 表（.xlsx）。请在 Excel 或 WPS 里另存为 .xlsx 再传"
        raise BadFile(where=where[:60], found="别的格式" if data else "空文件", expected=expected)
    try:
        answered = list(pieces(run_confined(_CHILD, data)))
    except Overtaxed as over:
        raise BadFile(where=where[:60], found=f"读它要的{over}太多", expected="小一些的表，请分成几份") from None
    for one in answered:
        if isinstance(one, Fault):
            raise one.error(where)
    return tuple(one for one in answered if isinstance(one, Sheet))


def read_csv(data: bytes, *, where: str, encoding: str | None = None, headings: Collection[str] = ()) -> Sheet:
    """
    Return the rows of a CSV file; quotes put before dangerous beginnings at the way out are taken off again.

    Args:
        encoding: one of `ENCODINGS`; None: the file must prove it.
        headings: words of which the right encoding shows at least one.
    Raises:
        BadFile: it is none, or its encoding can only be guessed.
    """
    _check_size(data, where)
    if data.startswith((_ZIP, _OLD)):
        raise BadFile(where=where[:60], found="Excel 表", expected="CSV；Excel 表请用 .xlsx 的名字传")
    text = decoded(data, where=where, encoding=encoding, headings=headings)
    try:
        return Sheet("", tuple(_rows(text)))
    except _BadRow as bad:
        raise bad.fault.error(where) from None


def decoded(data: bytes, *, where: str, encoding: str | None, headings: Collection[str]) -> str:
    """Return the text of *data*, by the encoding that was said or that the bytes prove."""
    if encoding is not None:
        name = encoding.strip().lower().replace("_", "-")
        if name not in ENCODINGS:
            raise BadFile(where="编码", found=encoding[:20], expected="、".join(ENCODINGS))
        text = _tried(data, name)
        if text is None:
            raise BadFile(where=where[:60], found=f"不是 {ENCODINGS[name]} 的字节", expected="与所选编码一致的文件")
        return text
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        proved = _tried(data, "utf-16")
    elif data.startswith(codecs.BOM_UTF8) or data.isascii():
        proved = _tried(data, "utf-8")
    else:
        proved = _proved(_tried(data, "utf-8"), _tried(data, "gb18030"), headings)
    if proved is None:
        tried = "、".join(ENCODINGS.values())
        raise BadFile(
            where=where[:60],
            found=f"认不出编码，{tried} 都试过",
            expected="说明编码，或在表格软件里另存为 UTF-8 的 CSV",
        )
    return proved


def _proved(as_utf8: str | None, as_gb: str | None, headings: Collection[str]) -> str | None:
    if as_utf8 is not None and (as_gb is None or _shows(as_utf8, headings) or not headings):
        return as_utf8
    if as_gb is not None and (_shows(as_gb, headings) if headings else _reads_plainly(as_gb)):
        return as_gb
    return as_utf8


def _tried(data: bytes, name: str) -> str | None:
    try:
        return data.decode("utf-8-sig" if name == "utf-8" else name)
    except UnicodeDecodeError:
        return None


def _shows(text: str, headings: Collection[str]) -> bool:
    head = "\n".join(text.splitlines()[:_FIRST_ROWS])
    return any(one in head for one in headings)


def _reads_plainly(text: str) -> bool:
    """Whether the first line is made of everyday characters: noise read as GB18030 is not."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    try:
        head.encode(_GB_SIMPLE)
    except UnicodeEncodeError:
        return False
    return all(unicodedata.category(letter)[0] != "C" for letter in head.replace("\t", ""))


class _BadRow(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _rows(text: str) -> Iterator[Row]:
    head = text[:_MAX_LINE].partition("\n")[0]
    delimiter = "\t" if "\t" in head and "," not in head else ","
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    number, width, kept = 0, 0, 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _BadRow(_unreadable(number, str(error))) from None
        cells = _trimmed(cells)
        if not cells:
            continue
        kept += 1
        if kept > _FIRST_ROWS and len(cells) > width:
            raise _BadRow(Fault(f"{len(cells)} 格", f"表头那样的 {width} 格；内容里有逗号的格要加引号", row=number))
        width = max(width, len(cells))
        yield Row(number, tuple(_checked(cells, number)))
        if kept > MAX_ROWS:
            raise _BadRow(Fault(f"多于 {MAX_ROWS} 行", f"最多 {MAX_ROWS} 行，请分成几份"))


def _lines(text: str) -> Iterator[str]:
    """Yield the lines as the reader wants them; one that no row could need is not even looked at."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > _MAX_LINE:
            raise _BadRow(Fault(f"一行 {len(line)} 个字", f"一行 {_MAX_LINE} 个字以内", row=number))
        if "\x00" in line:
            raise _BadRow(
                Fault("看不见的空字符", "能看见的文字", row=number, column=line[: line.index("\x00")].count(","))
            )
        yield line


def _unreadable(row: int, error: str) -> Fault:
    if "end of data" in error or "field larger" in error:
        return Fault("有开头没有结尾的引号", "成对的引号", row=row)
    return Fault("引号后面还有字", "成对的引号；引号本身写两遍", row=row)


def _trimmed(cells: list[str]) -> list[str]:
    """Leave out empty cells at the end."""
    last = len(cells)
    while last and not cells[last - 1].strip():
        last -= 1
    return cells[:last]


def _checked(cells: list[str], row: int) -> Iterator[str]:
    if len(cells) > MAX_COLUMNS:
        raise _BadRow(Fault(f"{len(cells)} 列", f"最多 {MAX_COLUMNS} 列", row=row))
    for column, cell in enumerate(cells):
        if len(cell) > MAX_CELL:
            raise _BadRow(Fault(f"{len(cell)} 个字", f"一格最多 {MAX_CELL} 个字", row=row, column=column))
        yield rearmed(cell)


def _check_size(data: bytes, where: str) -> None:
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // (1024 * 1024)
        raise BadFile(where=where[:60], found=f"{len(data) / (1024 * 1024):.1f} MB", expected=f"{limit} MB 以内")
