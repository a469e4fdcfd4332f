"""Look at the parts of a workbook with a streaming parser, before the reader lays them out: how far, how many, what."""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from xml.parsers import expat

from engine.services.table import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Fault

_CELL = re.compile(r"([A-Z]{1,4})([0-9]{1,9})")
_BUILT_IN_WITH_TIME = frozenset((18, 19, 20, 21, 22, 45, 46, 47))
_TIME_FORMAT = re.compile(r"[hs]", re.IGNORECASE)
_NOT_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^hms\]]*\]')
_WORKBOOK, _LINKS, _STYLES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"


class BadParts(Exception):
    """A part has a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Looked:
    """What the reader would lose: which cells of a sheet show a time of day."""

    with_time: Mapping[str, frozenset[tuple[int, int]]]


@dataclass(slots=True)
class _Names:
    """What the small parts say: sheets by the id of their link, targets by that id, styles that show a time."""

    sheets: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    formats: set[int] = field(default_factory=lambda: set(_BUILT_IN_WITH_TIME))
    timed: set[str] = field(default_factory=set)
    styles: int = 0
    in_styles: bool = False

    def take(self, tag: str, given: dict[str, str]) -> None:
        """Take in an element of the workbook, its links or its styles."""
        if tag == "sheet":
            self.sheets[next((value for key, value in given.items() if key.endswith(":id")), "")] = given.get(
                "name", ""
            )
        elif tag == "Relationship":
            self.targets[given.get("Id", "")] = given.get("Target", "")
        elif tag == "numFmt" and _TIME_FORMAT.search(_NOT_FORMAT.sub("", given.get("formatCode", ""))):
            self.formats.add(_number(given.get("numFmtId", "")))
        elif tag == "cellXfs":
            self.in_styles = True
        elif tag == "cellStyles":
            self.in_styles = False
        elif tag == "xf" and self.in_styles:
            if _number(given.get("numFmtId", "")) in self.formats:
                self.timed.add(str(self.styles))
            self.styles += 1

    def sheet_of(self, part: str) -> str:
        """Return the name of the sheet that *part* holds, the part's own where no link says."""
        for link, target in self.targets.items():
            path = target.removeprefix("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if path == part and link in self.sheets:
                return self.sheets[link]
        return part


class _Cells:
    """The cells of one part on their way through the parser."""

    def __init__(self, sheet: str, timed: set[str]) -> None:
        self.sheet = sheet
        self.timed = timed
        self.with_time: set[tuple[int, int]] = set()
        self.row, self.column, self.count, self.length = 0, -1, 0, 0
        self.in_cell = self.in_text = self.has_formula = self.has_value = False

    def start(self, name: str, given: dict[str, str]) -> None:
        """Take in the beginning of an element."""
        tag = name.rpartition(":")[2] if ":" in name else name
        if tag == "c":
            self._begin(given)
        elif tag in ("v", "is") and self.in_cell:
            self._valued()
        elif tag == "row":
            self.row, self.column = _number(given.get("r", "")) or self.row + 1, -1
        elif tag == "f" and self.in_cell:
            self.has_formula = True
        elif tag == "si":
            self.length = 0
        elif tag == "t":
            self.in_text = True

    def _begin(self, given: dict[str, str]) -> None:
        written = _CELL.fullmatch(given.get("r", ""))
        self.column = column_of(written[1]) if written else self.column + 1
        self.row = int(written[2]) if written else self.row
        self.in_cell, self.has_formula, self.has_value, self.length = True, False, False, 0
        if given.get("t") == "e":
            raise BadParts(self._fault("公式出错的格（#REF!、#DIV/0! 之类）", "改好公式，或直接填上结果"))
        if given.get("s") in self.timed:
            self.with_time.add((self.row, self.column))

    def _valued(self) -> None:
        self.has_value = True
        self.count += 1
        if self.row > MAX_ROWS:
            raise BadParts(self._fault(f"第 {self.row} 行有内容", f"最多 {MAX_ROWS} 行，请分成几份"))
        if self.column >= MAX_COLUMNS:
            raise BadParts(self._fault(f"第 {self.column + 1} 列有内容", f"最多 {MAX_COLUMNS} 列"))
        if self.count > MAX_ROWS * MAX_COLUMNS:
            raise BadParts(Fault("格子太多", f"最多 {MAX_ROWS} 行 {MAX_COLUMNS} 列", self.sheet))

    def end(self, name: str) -> None:
        """Take in the end of an element."""
        tag = name.rpartition(":")[2] if ":" in name else name
        if tag == "c":
            if self.has_formula and not self.has_value:
                raise BadParts(self._fault("没有算出结果的公式", "先在 Excel 或 WPS 里打开、保存一次，或直接填上结果"))
            self.in_cell = False
        elif tag == "t":
            self.in_text = False

    def text(self, some: str) -> None:
        """Take in a piece of text."""
        if self.in_text:
            self.length += len(some)
            if self.length > MAX_CELL:
                raise BadParts(self._fault(f"超过 {MAX_CELL} 个字", f"一格最多 {MAX_CELL} 个字"))

    def _fault(self, found: str, expected: str) -> Fault:
        return Fault(found, expected, self.sheet, self.row, self.column if self.in_cell else -1)


def look_at(parts: Mapping[str, bytes]) -> Looked:
    """
    Look at every part and return what the reader would lose.

    Raises:
        BadParts: a cell too far out, too many cells, a text too long, a formula without a result, an entity.
    """
    names = _Names()
    for name in (_WORKBOOK, _LINKS, _STYLES):
        if name in parts:
            _walk(parts[name], name, start=lambda tag, given: names.take(tag.rpartition(":")[2], given))
    with_time: dict[str, frozenset[tuple[int, int]]] = {}
    for name, content in parts.items():
        cells = _Cells(names.sheet_of(name) if name.startswith("xl/") else "", names.timed)
        if name == "xl/sharedStrings.xml":
            cells.sheet = ""
        _walk(content, name, start=cells.start, end=cells.end, text=cells.text)
        with_time[cells.sheet] = frozenset(cells.with_time)
    return Looked(with_time)


def _walk(
    content: bytes,
    part: str,
    *,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _no_doctype
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadParts(Fault(f"{part[:60]} 坏了（第 {error.lineno} 行）", "完整的 .xlsx")) from None


def _no_doctype(*_: object) -> None:
    raise BadParts(Fault("表格里夹带的定义（DOCTYPE）", "Excel 或 WPS 存出的 .xlsx"))


@lru_cache(maxsize=1024)
def column_of(letters: str) -> int:
    """Return the column (from 0) of *letters*."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
