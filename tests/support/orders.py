"""Work orders as an upper platform sends them, made up for the tests."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.services.write_table import write_workbook
from tests.support.demo import NOW

HEADINGS = ("工单号", "截止时间", "来电人", "联系电话", "事由", "地点", "类别")
GRIDS = ("珠玑东一网格", "望坛新苑二网格", "景翼四网格", "金邑水岸社区", "不知道在哪")
ENCODINGS = {"utf-8": "utf-8", "utf-8 with mark": "utf-8-sig", "gb18030": "gb18030", "utf-16": "utf-16"}


def order_rows(count: int, *, first: int = 1) -> list[tuple[str, ...]]:
    """Return *count* orders; texts with everything that tables get wrong: quotes, commas, lines, formulas, 𠮷."""
    return [
        (
            f"20261120{n:07d}",
            due_text(n),
            f"测试{n}",
            f"1300000{n:04d}",
            (f'=1+{n} 楼道"灯"不亮，{n} 天', f"第一行,{n}\n第二行 𠮷", f"@楼 {n}", f"007 {n}", f"'引号开头 {n}")[n % 5],
            f"{GRIDS[n % len(GRIDS)]} {n} 号",
            "咨询",
        )
        for n in range(first, first + count)
    ]


def due_text(n: int) -> str:
    """Return the due instant of order *n* as it is written, in Shanghai time."""
    return f"{due_at(n) + timedelta(hours=8):%Y-%m-%d %H:%M}"


def due_at(n: int) -> datetime:
    """Return the due instant of order *n*."""
    return NOW + timedelta(days=3, minutes=n)


def as_csv(rows: Sequence[Sequence[str]], *, encoding: str = "utf-8") -> bytes:
    """Return orders as a CSV file of somebody else: only quoted where needed."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([HEADINGS, *rows])
    return buffer.getvalue().encode(encoding)


def as_workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """Return orders as a workbook."""
    return write_workbook([HEADINGS, *rows], sheet="工单", made_at=NOW)
