"""The sheets of the workbook of a street: their columns, their rows, and every fault with its place."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process, utils

from engine.services.table import Row, Sheet, letters_of

UNITS, PEOPLE, POSTS, VENUES, BUILDINGS, DUTIES = "单位", "人员", "岗位", "场所", "楼栋", "值班"
NOTES = "说明"
PHONE = "电话"
MOST_SHOWN = 200
# Of two characters one may be wrong in a cell; a sheet or a column beside ours may well be called nearly like them.
_ALIKE, _MUCH_ALIKE = 50, 60
_LONGEST = 200
_FORMULA = "=+-@＝＋－＠"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, whether every row fills it, and what stands in it."""

    heading: str
    required: bool
    note: str


def _must(heading: str, note: str) -> Column:
    return Column(heading, required=True, note=note)


def _may(heading: str, note: str) -> Column:
    return Column(heading, required=False, note=note)


SHEETS: Mapping[str, tuple[Column, ...]] = {
    UNITS: (
        _must("编号", "自己定，定了不再改，例如 zhujidong-1"),
        _must("名称", "例如 珠玑东一网格"),
        _must("类别", "区、街道、社区、村、小区、网格、部门"),
        _may("上级", "上级单位的编号或名称；最上面一级留空"),
        _may("负责类别", "只有部门填：负责哪些诉求类别，几个之间用顿号"),
    ),
    PEOPLE: (
        _must("工号", "自己定，一人一个，定了不再改"),
        _must("姓名", "姓名"),
        _may("登录名", "登录页上填的那个，2 到 32 个字母、数字、点、横线；不登录的人留空"),
        _may(PHONE, "工作电话"),
    ),
    POSTS: (
        _must("工号", "「人员」表里的工号"),
        _must("岗位", "流程里的岗位，例如 网格员、社区专干"),
        _must("单位", "单位的编号或名称"),
        _may("起始日期", "从哪天起担任；留空就是导入那天"),
        _may("结束日期", "做到哪天为止，当天还在岗；一直做就留空"),
    ),
    VENUES: (
        _must("单位", "单位的编号或名称"),
        _must("名称", "同一个单位里不重名"),
        _must("类别", "议事厅、议事亭、议事室、楼前院内、社区服务站"),
        _may("地址", "怎么找到"),
    ),
    BUILDINGS: (
        _must("单位", "网格或小区的编号或名称"),
        _must("楼号", "例如 3 号楼；同一个单位里不重"),
        _may("地址", "路名和门牌"),
        _may("户数", "整数"),
        _may("包楼人", "包这栋楼的人的工号，要先有岗位"),
    ),
    DUTIES: (
        _must("单位", "单位的编号或名称"),
        _must("岗位", "要排班的岗位，例如 值班岗"),
        _must("工号", "谁值班，要先有这个岗位"),
        _must("开始", "例如 2026-11-23 08:30"),
        _must("结束", "例如 2026-11-23 17:30"),
    ),
}


@dataclass(frozen=True, slots=True)
class StreetFault:
    """What is wrong where: a cell, a row or a sheet; `meant` is what was probably meant."""

    sheet: str
    row: int
    column: str
    heading: str
    found: str
    expected: str
    meant: str = ""

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Where it stands among all: by sheet as the template has them, then row, then column; unknown sheets first."""
        sheet = list(SHEETS).index(self.sheet) if self.sheet in SHEETS else -1
        return sheet, self.row, len(self.column), self.column

    @property
    def place(self) -> str:
        """Where it stands: 「人员」第 3 行 C 列「登录名」."""
        row = f"第 {self.row} 行" if self.row else ""
        column = f" {self.column} 列" if self.column else ""
        heading = f"「{self.heading}」" if self.heading else ""
        return f"「{self.sheet}」{row}{column}{heading}"

    def __str__(self) -> str:
        meant = f"是不是想写「{self.meant}」？" if self.meant else ""
        return f"{self.place}：收到「{self.found}」，应当是{self.expected}。{meant}"


@dataclass(slots=True)
class Faults:
    """All faults found so far: all are counted, those that stand first in the workbook are listed."""

    count: int = 0
    _kept: list[StreetFault] = field(default_factory=list)

    def add(self, fault: StreetFault) -> None:
        """Note a fault."""
        self.count += 1
        self._kept.append(fault)
        if len(self._kept) >= 2 * MOST_SHOWN:
            self._kept = self.listed

    @property
    def listed(self) -> list[StreetFault]:
        """The first of them, in the order of the workbook."""
        return sorted(self._kept, key=lambda fault: fault.order)[:MOST_SHOWN]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a sheet with its cells by heading; faults are noted where they stand."""

    sheet: str
    row: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]
    faults: Faults

    def text(self, heading: str) -> str:
        """Return a cell, empty where there is none."""
        return self.cells.get(heading, "")

    def nearest(self, heading: str, known: Iterable[str]) -> str:
        """Return the word of *known* that a cell was probably meant to be; nothing once no fault is listed any more."""
        return nearest(self.text(heading), known) if self.faults.count < MOST_SHOWN else ""

    def fault(self, heading: str, expected: str, *, meant: str = "", found: str | None = None) -> None:
        """Note that the cell under *heading* is wrong."""
        column = letters_of(self.columns[heading]) if heading in self.columns else ""
        shown = self.text(heading) if found is None else found
        self.faults.add(StreetFault(self.sheet, self.row, column, heading, shown[:60], expected, meant))


@dataclass(slots=True)
class Book:
    """The rows of the sheets that are there, by sheet."""

    sheets: dict[str, tuple[Entry, ...]]
    faults: Faults

    def rows(self, sheet: str) -> tuple[Entry, ...]:
        """Return the rows of a sheet, none where it is not there."""
        return self.sheets.get(sheet, ())

    def has(self, sheet: str) -> bool:
        """Whether the sheet is there: only then does it say something about what is not in it."""
        return sheet in self.sheets


def read_book(sheets: Iterable[Sheet]) -> Book:
    """Return the rows of the sheets we know, with the faults of sheets, headings and cells."""
    book = Book({}, Faults())
    for sheet in sheets:
        name = sheet.name.strip()
        if name in SHEETS:
            entries = _entries(sheet, name, book.faults)
            book.sheets[name] = (*book.rows(name), *entries)
        elif name != NOTES and (meant := nearest(name, SHEETS, least=_MUCH_ALIKE)):
            book.faults.add(StreetFault(name[:40], 0, "", "", name[:40], f"表名 {'、'.join(SHEETS)}", meant))
    if not book.sheets and not book.faults.count:
        book.faults.add(StreetFault("", 0, "", "", "没有一张认得的表", f"有这些表的工作簿：{'、'.join(SHEETS)}"))
    return book


def _entries(sheet: Sheet, name: str, faults: Faults) -> Iterator[Entry]:
    if not sheet.rows:
        return
    head, *rows = sheet.rows
    columns = _columns(head, name, faults)
    if columns is None:
        return
    for row in rows:
        cells = {heading: _cleaned(row.cell(column)) for heading, column in columns.items()}
        if not any(cells.values()):
            continue
        entry = Entry(name, row.number, cells, columns, faults)
        _check_cells(entry)
        yield entry


def _columns(head: Row, name: str, faults: Faults) -> dict[str, int] | None:
    """Return the place of every heading; None where one that is needed is not there."""
    found = {_cleaned(cell).removesuffix("*").strip(): place for place, cell in enumerate(head.cells) if cell.strip()}
    known = {column.heading: found[column.heading] for column in SHEETS[name] if column.heading in found}
    missing = [column for column in SHEETS[name] if column.heading not in known]
    for other, place in found.items():
        meant = nearest(other, [column.heading for column in missing], least=_MUCH_ALIKE)
        if other not in known and meant:
            faults.add(StreetFault(name, head.number, letters_of(place), "", other[:40], "认得的列名", meant))
    needed = [column.heading for column in missing if column.required]
    if not needed:
        return known
    shown = "、".join(found)[:60] or "空的"
    faults.add(StreetFault(name, head.number, "", "", shown, f"第一行是列名，还缺{'、'.join(needed)}"))
    return None


def _check_cells(entry: Entry) -> None:
    for column in SHEETS[entry.sheet]:
        text = entry.text(column.heading)
        if column.required and not text:
            entry.fault(column.heading, "填好的格（合并过的格只有第一格有内容，请先取消合并）", found="空的")
        elif len(text) > _LONGEST:
            entry.fault(column.heading, f"{_LONGEST} 字以内")
        elif text and text[0] in _FORMULA and column.heading != PHONE:
            entry.fault(column.heading, "不以 = + - @ 开头的文字（公式请换成它的结果）")
        elif any(unicodedata.category(letter) == "Cc" for letter in text):
            entry.fault(column.heading, "没有换行和看不见的字符", found=re.sub(r"[\x00-\x1f\x7f-\x9f]", "·", text))


def _cleaned(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def nearest(text: str, known: Iterable[str], *, least: int = _ALIKE) -> str:
    """Return the word of *known* that *text* was probably meant to be, empty where none is near."""
    found = process.extractOne(
        text, list(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=least
    )
    return str(found[0]) if found is not None else ""
