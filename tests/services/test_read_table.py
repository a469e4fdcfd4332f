"""Tables of others: read exactly, or refused with place, finding and advice; hostile ones cost little."""

import io
import resource
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadFile
from engine.services.confine import MAX_MEMORY_BYTES
from engine.services.read_table import read_csv, read_workbook
from engine.services.table import letters_of
from engine.services.write_table import write_csv
from tests.support.child_memory import children_peak_bytes

MEGA = 1024 * 1024
SHEET = "xl/worksheets/sheet1.xml"


def workbook(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("人员"))
    return buffer.getvalue()


def plain_book() -> bytes:
    return workbook(lambda _, page: page.write_row(0, 0, ["工单号", "事由"]))


def with_parts(parts: Mapping[str, bytes], *, base: bytes | None = None, zipped: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a workbook whose *parts* are replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(base or plain_book())) as old, zipfile.ZipFile(buffer, "w", zipped) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return buffer.getvalue()


def sheet_of(rows: str) -> bytes:
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return f"{head}{rows}</sheetData></worksheet>".encode()


def one_cell(where: str, row: int) -> bytes:
    return with_parts({SHEET: sheet_of(f'<row r="{row}"><c r="{where}{row}"><v>1</v></c></row>')})


def with_lie(data: bytes) -> bytes:
    """Say in the directory that the sheet is one byte long."""
    place = data.rindex(SHEET.encode()) - 46
    return data[: place + 24] + (1).to_bytes(4, "little") + data[place + 28 :]


def locked() -> bytes:
    data = bytearray(plain_book())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    return bytes(data)


def filled(book: xlsxwriter.Workbook, page: xlsxwriter.worksheet.Worksheet) -> None:
    day, moment = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    page.write_string(2, 1, "007")
    page.write_number(2, 2, 12)
    page.write_number(2, 3, 12.5)
    page.write_datetime(2, 4, date(2026, 1, 2), day)
    page.write_datetime(2, 5, datetime(2026, 1, 2), moment)  # noqa: DTZ001  # a cell has no zone
    page.write_datetime(2, 6, datetime(2026, 1, 2, 3, 4), moment)  # noqa: DTZ001  # a cell has no zone
    page.write_boolean(2, 7, True)
    page.write_formula(2, 8, '=B3&"x"', None, "007x")
    page.write_blank(2, 60, None, day)
    page.write_string(4, 0, "两行\n=1+1 'x")
    book.add_worksheet("藏起来的").hide()


def test_workbook_is_read_as_a_person_sees_it() -> None:
    """Numbers without a point, leading zeros kept, a time only where one is shown, hidden sheets left out."""
    (sheet,) = read_workbook(workbook(filled), where="表.xlsx")

    assert sheet.name == "人员"
    assert [row.number for row in sheet.rows] == [3, 5]
    assert sheet.rows[0].cells[1:9] == (
        "007", "12", "12.5", "2026-01-02", "2026-01-02 00:00", "2026-01-02 03:04", "是", "007x",
    )  # fmt: skip
    assert sheet.rows[1].cell(0) == "两行\n=1+1 'x"


BOMB = with_parts({SHEET: sheet_of(" " * (49 * MEGA))})
HOSTILE: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "空文件"),
    "text": (b"a,b", "别的格式"),
    "old or locked": (b"\xd0\xcf\x11\xe0" + b"x" * 100, "旧的 .xls"),
    "locked entry": (locked(), "加了密码"),
    "half": (plain_book()[:-40], "读不了的文件"),
    "too big": (b"PK\x03\x04" + b"x" * (10 * MEGA), "10.0 MB"),
    "no workbook": (with_parts({}, base=b"PK\x05\x06" + b"\0" * 18) + b"", "别的格式"),
    "bomb": (BOMB, "压缩了"),
    "bigger bomb": (with_parts({"xl/media/a.xml": b"0" * (51 * MEGA)}), "解压后"),
    "many entries": (with_parts({f"x/{n}": b"" for n in range(1001)}), "里面有"),
    "lying directory": (with_lie(with_parts({SHEET: sheet_of(" " * MEGA)}, zipped=zipfile.ZIP_STORED)), "读不了的文件"),
    "far row": (one_cell("A", 1_048_576), "第 1048576 行"),
    "far column": (one_cell("XFD", 1), "第 16384 列"),
    "beyond every sheet": (one_cell("ZZZZ", 999_999_999), "第 999999999 行"),
    "doctype": (with_parts({SHEET: b'<!DOCTYPE x [<!ENTITY a "b">]>' + sheet_of("")}), "DOCTYPE"),
    "broken part": (with_parts({SHEET: sheet_of("<row>")}), "坏了"),
    "number too long": (workbook(lambda _, page: page.write_number(1, 2, 2026112000000001)), "末几位"),
    "long cell": (workbook(lambda _, page: page.write_string(0, 0, "长" * 4001)), "4000"),
    "failed formula": (workbook(lambda _, page: page.write_formula(0, 3, "=1/0", None, "#DIV/0!")), "公式出错"),
    "formula without result": (
        with_parts({SHEET: sheet_of('<row r="7"><c r="B7"><f>1+1</f></c></row>')}), "没有算出结果",
    ),
    "a million cells": (with_parts({SHEET: sheet_of('<row r="1">' + '<c r="A1"><v>1</v></c>' * 1_300_000 + "</row>")},
                                   zipped=zipfile.ZIP_STORED), "MB"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "found"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_workbook_is_refused_when_it_is_read(data: bytes, found: str) -> None:
    """With the file's name and what was found, within bounded time."""
    began = time.monotonic()

    with pytest.raises(BadFile) as caught:
        read_workbook(data, where="坏表.xlsx")

    assert str(caught.value).startswith("坏表.xlsx")
    assert found in str(caught.value), str(caught.value)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("number too long", "「人员」，第 2 行 C 列"),
        ("failed formula", "「人员」，第 1 行 D 列"),
        ("formula without result", "「人员」，第 7 行 B 列"),
        ("far column", "第 1 行 XFD 列"),
    ],
)
def test_fault_of_a_workbook_names_sheet_row_and_column(name: str, place: str) -> None:
    """So that a person finds the cell."""
    with pytest.raises(BadFile, match=place):
        read_workbook(HOSTILE[name][0], where="坏表.xlsx")


@pytest.mark.parametrize("name", ["bomb", "far row", "doctype"])
def test_hostile_workbook_costs_bounded_memory(name: str) -> None:
    """The child that reads it never takes more than its limit, and this process keeps what it had."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadFile):
        read_workbook(HOSTILE[name][0], where="坏表.xlsx")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    imports = "from engine.services.read_table import read_workbook"
    peak = children_peak_bytes(imports, 'read_workbook(content, where="x.xlsx")', HOSTILE[name][0])

    assert peak < MAX_MEMORY_BYTES
    assert grown < 64 * 1024


TEXT = "工单号,事由\r\n007,楼道灯不亮\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_encoding_of_a_csv_is_proved(encoding: str) -> None:
    """UTF-8 by its bytes, GB18030 by its headings, UTF-16 by its mark; without any mark UTF-16 is asked for."""
    data = TEXT.encode(encoding)

    if encoding == "utf-16-le":
        with pytest.raises(BadFile, match=r"UTF-8、GB18030、UTF-16 都试过|空字符"):
            read_csv(data, where="表.csv", headings=("工单号",))
    else:
        sheet = read_csv(data, where="表.csv", headings=("工单号",))
        assert [row.cells for row in sheet.rows] == [("工单号", "事由"), ("007", "楼道灯不亮")]


def test_encoding_said_is_the_one_taken() -> None:
    """A wrong one is refused and not mended."""
    assert read_csv(TEXT.encode("gb18030"), where="表.csv", encoding="GB18030").rows[0].cell(0) == "工单号"
    with pytest.raises(BadFile, match="不是 UTF-8 的字节"):
        read_csv(TEXT.encode("gb18030"), where="表.csv", encoding="utf-8")
    with pytest.raises(BadFile, match=r"utf-8、gb18030、utf-16"):
        read_csv(b"a", where="表.csv", encoding="latin-1")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ('编号,事由\n1,"没有结尾\n2,x\n', "第 2 行：收到「有开头没有结尾的引号」"),
        ('编号,事由\n1,"a"b\n', "第 2 行：收到「引号后面还有字」"),
        ("编号,事由\n1,a\n2,b\x00c\n", "第 3 行 B 列：收到「看不见的空字符」"),
        ("编号,事由\n" + "1,a\n" * 5 + "2,b,c\n", "第 7 行：收到「3 格」"),
        ("编号\n" + "长" * 4001, "第 2 行 A 列：收到「4001 个字」"),
        ("," * 64 + "a\n", "65 列"),
        ("a,b\n" * 20_002, "多于 20000 行"),
        ("a" * 600_000, "600000 个字"),
        ("PK\x03\x04", "Excel 表"),
    ],
    ids=["open quote", "text after quote", "nul", "ragged", "long", "wide", "tall", "one line", "workbook"],
)
def test_faulty_csv_is_refused_with_its_place(data: str, found: str) -> None:
    """Row and column as a person counts them."""
    with pytest.raises(BadFile) as caught:
        read_csv(data.encode(), where="坏表.csv")

    assert found in str(caught.value)


def test_unknown_bytes_are_asked_about() -> None:
    """Noise that no encoding proves is not guessed at."""
    with pytest.raises(BadFile, match="认不出编码"):
        read_csv(b"\xff\xfe\xfd\x80\x81,\x00", where="x.csv", headings=("工单号",))


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1),
                min_size=1, max_size=5))  # fmt: skip
def test_written_csv_is_read_back_exactly(rows: list[list[str]]) -> None:
    """Whatever the texts are: quotes, lines, formulas, quote marks before formulas."""
    rows = [["表头"] * 8, *(row[:8] for row in rows)]

    for encoding in ("utf-8", "gb18030"):
        back = read_csv(write_csv(rows, encoding=encoding), where="x.csv", encoding=encoding)
        found = {row.number: row.cells for row in back.rows}
        for number, row in enumerate(rows, start=1):
            assert [*found.get(number, ()), *[""] * 8][: len(row)] == [
                cell if any(one.strip() for one in row[n:]) else "" for n, cell in enumerate(row)
            ]


@pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16383, "XFD")])
def test_columns_have_the_letters_of_spreadsheets(column: int, letters: str) -> None:
    """A, Z, AA, ZZ, XFD."""
    assert letters_of(column) == letters
