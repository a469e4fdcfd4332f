"""Workbooks of a small street, made for the tests: whole, and with one thing changed."""

import io
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime
from typing import Any, TypeAlias

import xlsxwriter

from engine.services.street_rows import SHEETS

Cell: TypeAlias = Any
Rows: TypeAlias = list[list[Cell]]
Street: TypeAlias = dict[str, Rows]

STREET: Street = {
    "单位": [
        ["qu", "新区", "区", "", ""],
        ["jie", "新街道", "街道", "qu", ""],
        ["dong", "东社区", "社区", "新街道", ""],
        ["dong-1", "东一网格", "网格", "dong", ""],
        ["dong-2", "东二网格", "网格", "东社区", ""],
        ["shui", "水务所", "部门", "qu", "pipes"],
    ],
    "人员": [
        ["001", "甲", "jia", "13800000001"],
        ["002", "乙", "yi", ""],
        ["003", "丙", "", ""],
        ["004", "丁", "ding", "010-6500000"],
    ],
    "岗位": [
        ["001", "网格员", "东一网格", "2026-03-01", ""],
        ["002", "网格员", "dong-2", "2026/3/1", "2026年12月31日"],
        ["003", "社区专干", "东社区", date(2026, 3, 1), ""],
        ["004", "值班岗", "新街道", "", ""],
        ["001", "值班岗", "jie", "", ""],
    ],
    "场所": [["东一网格", "议事亭", "议事亭", "3 号楼旁"], ["dong", "东社区议事厅", "议事厅", ""]],
    "楼栋": [["东一网格", "1 号楼", "东路 1 号", "54", "003"], ["东一网格", "2 号楼", "", 72, ""]],
    "值班": [
        ["jie", "值班岗", "004", "2026-03-09 00:00", "2026-03-16 00:00"],
        ["jie", "值班岗", "001", datetime(2026, 3, 16, 0, 0), datetime(2026, 3, 23, 8, 30)],  # noqa: DTZ001  # a cell
    ],
}


def street(**changed: Rows) -> Street:
    """Return the street with whole sheets changed."""
    return {**deepcopy(STREET), **changed}


def with_cell(sheet: str, row: int, column: int, cell: Cell) -> Street:
    """Return the street with one cell changed; *row* counts as in the workbook, from 2."""
    made = street()
    made[sheet][row - 2][column] = cell
    return made


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell]]] = STREET, *, headings: Mapping[str, Sequence[str]] | None = None
) -> bytes:
    """Return a workbook of *sheets*, each with the headings of the template unless others are given."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        day, moment = book.add_format({"num_format": "yyyy/m/d"}), book.add_format({"num_format": "yyyy/m/d h:mm"})
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            known = [column.heading for column in SHEETS.get(name, ())]
            page.write_row(0, 0, list((headings or {}).get(name, known)))
            for number, row in enumerate(rows, start=1):
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        page.write_datetime(number, column, cell, moment)
                    elif isinstance(cell, date):
                        page.write_datetime(number, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001  # a cell
                    else:
                        page.write(number, column, cell)
    return buffer.getvalue()
