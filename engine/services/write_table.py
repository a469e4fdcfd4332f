"""Write tables that spreadsheets open: every cell is text there, none becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter

from engine.core.cell_text import disarmed
from engine.errors import BadInput

CSV_ENCODINGS = {"utf-8": "utf-8-sig", "gb18030": "gb18030"}
_WIDTHS = (10, 60)


def write_csv(rows: Iterable[Sequence[str]], *, encoding: str = "utf-8") -> bytes:
    """
    Return *rows* as CSV, every cell quoted; UTF-8 carries its mark, without which spreadsheets take it for GBK.

    Raises:
        BadInput: the encoding is none of ours.
    """
    if encoding not in CSV_ENCODINGS:
        raise BadInput(where="编码", found=encoding[:20], expected="、".join(CSV_ENCODINGS))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([disarmed(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode(CSV_ENCODINGS[encoding])


def write_workbook(rows: Sequence[Sequence[str]], *, sheet: str, made_at: datetime) -> bytes:
    """Return *rows*, the first of them headings, as a workbook with one sheet of texts; the same for the same input."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": made_at})
        text, head = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
        page = book.add_worksheet(sheet)
        for column in range(max((len(row) for row in rows), default=0)):
            widest = max(len(row[column]) * 2 for row in rows[:100] if column < len(row))
            page.set_column(column, column, min(max(widest, _WIDTHS[0]), _WIDTHS[1]), text)
        for n, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write_string(n, column, cell, text if n else head)
        page.freeze_panes(1, 0)
    return buffer.getvalue()
