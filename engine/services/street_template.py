"""The workbook to fill in for a street: a sheet of notes, and every sheet with its headings, all cells as text."""

import io

import xlsxwriter

from engine.services.street_rows import NOTES, SHEETS

_WIDTH = 18
_NOTES = (
    "这份工作簿用来一次导入一个街道。先填「单位」，再填别的；用不到的表可以整张删掉。",
    "第一行是列名，不要改。带 * 的列每一行都要填。所有的格都是文本格式，请不要合并单元格，不要写公式。",
    "编号和工号定了就不再改：再导一次同一个编号，就是改这一个。",
    "同一份工作簿导两次，第二次什么都不会变。改过再导，先看会变什么，确认以后才写进去，要么全写进去，要么一处不写。",
    "「岗位」「场所」「楼栋」是「单位」表里那些单位的全部：表里不再写的岗位到导入时结束，不再写的场所和楼栋去掉。",
    "「值班」只改表里写到的岗位今后的班，已经过去的不动。",
    "日期写成 2026-11-23、2026/11/23 或 2026年11月23日；时刻写成 2026-11-23 08:30。",
)


def write_street_template() -> bytes:
    """Return the workbook to fill in."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as book:
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"num_format": "@", "bold": True})
        wrapped = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        notes = book.add_worksheet(NOTES)
        notes.set_column(0, 2, _WIDTH, wrapped)
        notes.set_column(3, 3, 4 * _WIDTH, wrapped)
        for row, line in enumerate(_NOTES):
            notes.merge_range(row, 0, row, 3, line, wrapped)
            notes.set_row(row, 34)
        row = len(_NOTES) + 1
        for at, heading in enumerate(("表", "列", "要填吗", "填什么")):
            notes.write_string(row, at, heading, head)
        for sheet, columns in SHEETS.items():
            page = book.add_worksheet(sheet)
            page.set_column(0, len(columns) - 1, _WIDTH, text)
            page.freeze_panes(1, 0)
            for place, column in enumerate(columns):
                page.write_string(0, place, f"{column.heading}{'*' if column.required else ''}", head)
                row += 1
                cells = (sheet, column.heading, "每行都填" if column.required else "可不填", column.note)
                for at, cell in enumerate(cells):
                    notes.write_string(row, at, cell, wrapped)
    return buffer.getvalue()
