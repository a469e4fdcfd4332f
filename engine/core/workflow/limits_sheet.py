"""The rows of a limits table as a spreadsheet (CSV), and back into the text of its file."""

import csv
import io
import json
import re
from dataclasses import dataclass, field

from engine.core.cell_text import disarmed, rearmed
from engine.core.clock.duration import parse_duration
from engine.core.workflow.declaration import Limits
from engine.core.workflow.document import read_document
from engine.core.workflow.encoding import decode
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.limits import BASIS, WHEN
from engine.core.workflow.reader import did_you_mean
from engine.core.workflow.tree import Items, Node, Table, Text
from engine.errors import BadDuration

_LABELS = {WHEN: "条件", BASIS: "依据"}


def limits_to_rows(limits: Limits) -> str:
    """Return the rows as CSV: a line of ids, a line of labels, then one line a row; what falls through is empty."""
    columns = list(limits.columns)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([WHEN, *columns, BASIS])
    writer.writerow(map(disarmed, [_LABELS[WHEN], *(limits.columns[name].zh for name in columns), _LABELS[BASIS]]))
    for row in limits.rows:
        cells = (str(row.cells[name]) if name in row.cells else "" for name in columns)
        writer.writerow(
            [disarmed(row.when.text) if row.when else "", *cells, disarmed(row.basis.zh) if row.basis else ""]
        )
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Base:
    """The limits file the rows go into: its lines, where its rows stand, its columns and bilingual bases."""

    lines: list[str]
    first: int
    end: int
    columns: tuple[str, ...]
    labels: dict[str, str]
    bases: dict[str, str]


@dataclass(slots=True)
class _Sheet:
    """The lines of a spreadsheet that are rows, and what is wrong with them; a cell's place is its line and number."""

    file: str
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def fault(self, code: str, message: str, *, line: int, cell: int) -> None:
        self.findings.append(finding(code, message, file=self.file, line=line, column=cell))


def rows_to_limits(data: bytes | str, *, file: str, base: str) -> tuple[str | None, tuple[Finding, ...]]:
    """
    Put the rows of a spreadsheet into the text of a limits file; everything but its rows stays as it is.

    Args:
        data: CSV as `limits_to_rows` writes it; the line of labels may be missing.
        base: the limits file they belong to, without faults.
    Returns:
        The new text, or None with findings (`column` is the number of the cell). Conditions are not looked at here:
        the new text is read and checked like any other.
    """
    text = decode(data, file)
    if isinstance(text, Finding):
        return None, (text,)
    home = _home(base)
    if home is None:
        message = "旁边的时限表写法特别，换不了行；请先把 columns 和 rows 写成每行一条。"
        return None, (finding("E107", message, file=file, line=1, column=1),)
    sheet = _read_sheet(text, file, home)
    if not sheet.rows and not sheet.findings:
        sheet.fault("E107", "一行时限也没有。", line=1, cell=1)
    if sheet.findings:
        return None, tuple(sorted(sheet.findings))
    written = ["rows:", *(_write_row(row, home) for _, row in sheet.rows)]
    return "\n".join([*home.lines[: home.first], *written, *home.lines[home.end :]]), ()


def _home(base: str) -> _Base | None:
    document = read_document(base, "")
    root = document.root
    rows = root.entries.get("rows") if isinstance(root, Table) else None
    columns = root.entries.get("columns") if isinstance(root, Table) else None
    if not isinstance(root, Table) or rows is None or columns is None or not isinstance(columns.value, Table):
        return None
    lines = re.split("\r\n|\r|\n", document.text)
    later = [entry.key.line - 1 for entry in root.entries.values() if entry.key.line > rows.key.line]
    end = min(later, default=len(lines))
    while end > rows.key.line and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    if rows.key.column != 1 or any(entry.key.column != 1 for entry in root.entries.values()):
        return None
    labels = {name: _zh(entry.value) for name, entry in columns.value.entries.items()}
    return _Base(lines, rows.key.line - 1, end, tuple(columns.value.entries), labels, _bases(rows.value))


def _zh(node: Node) -> str:
    if isinstance(node, Table) and (zh := node.entries.get("zh")):
        node = zh.value
    return node.value if isinstance(node, Text) else ""


def _bases(rows: Node) -> dict[str, str]:
    """Return the bases that have an English text, by their Chinese, as they are written in a file."""
    found: dict[str, str] = {}
    for row in rows.items if isinstance(rows, Items) else ():
        basis = row.entries.get(BASIS) if isinstance(row, Table) else None
        english = basis.value.entries.get("en") if basis and isinstance(basis.value, Table) else None
        if basis and english and isinstance(english.value, Text):
            zh = _zh(basis.value)
            found[zh] = f"{{ zh: {_quoted(zh)}, en: {_quoted(english.value.value)} }}"
    return found


def _read_sheet(text: str, file: str, home: _Base) -> _Sheet:
    sheet = _Sheet(file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            plain = [rearmed(cell.strip()) for cell in cells]
            if not any(plain):
                continue
            if not header:
                header = plain
                _check_header(header, sheet, (reader.line_num, home))
            elif not _is_labels(header, plain, home):
                sheet.rows.append((reader.line_num, dict(zip(header, plain, strict=False))))
                _check_cells(header, plain, sheet, reader.line_num)
    except csv.Error:
        sheet.fault("E100", "这一行读不懂，请检查引号。", line=reader.line_num, cell=1)
    if len(sheet.rows) > 0 and sheet.rows[-1][1].get(WHEN):
        sheet.fault("E107", "最后一行不写条件，好让每件事都有时限。", line=sheet.rows[-1][0], cell=1)
    return sheet


def _check_header(header: list[str], sheet: _Sheet, place: tuple[int, _Base]) -> None:
    line, home = place
    known = (WHEN, *home.columns, BASIS)
    for number, name in enumerate(header, 1):
        if name not in known:
            sheet.fault("E101", f"没有叫「{name}」的列。{did_you_mean(name, known)}", line=line, cell=number)
        elif name in header[: number - 1]:
            sheet.fault("E102", f"列「{name}」写了两次。", line=line, cell=number)
    for name in known:
        if name not in header and not any(fault.code == "E101" for fault in sheet.findings):
            sheet.fault("E106", f"少了列「{name}」。", line=line, cell=1)


def _is_labels(header: list[str], cells: list[str], home: _Base) -> bool:
    labels = {**home.labels, **_LABELS}
    return all(cell == labels.get(name, cell) for name, cell in zip(header, cells, strict=False))


def _check_cells(header: list[str], cells: list[str], sheet: _Sheet, line: int) -> None:
    if len(cells) > len(header) and any(cells[len(header) :]):
        sheet.fault("E107", "这一行比表头多出格子。", line=line, cell=len(header) + 1)
    for number, (name, cell) in enumerate(zip(header, cells, strict=False), 1):
        if name in (WHEN, BASIS) or not cell:
            continue
        try:
            parse_duration(cell)
        except BadDuration as error:
            sheet.fault("E103", str(error), line=line, cell=number)


def _write_row(row: dict[str, str], home: _Base) -> str:
    """Return one row of the file; a row without any cell keeps its place, for its basis or condition says something."""
    parts = [f"{WHEN}: {_quoted(row[WHEN])}"] if row.get(WHEN) else []
    parts += [f"{name}: {row[name]}" for name in home.columns if row.get(name)]
    if basis := row.get(BASIS):
        parts.append(f"{BASIS}: {home.bases.get(basis, _quoted(basis))}")
    return f"  - {{ {', '.join(parts)} }}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
