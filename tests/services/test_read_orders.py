"""Work orders are read from tables as they are sent: headings by many names, due instants exactly, nothing lost."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.scope import Organisation, Unit
from engine.errors import BadFile
from engine.services.find_place import PlaceFinder
from engine.services.read_orders import HEADINGS, due_of, open_orders, plain_heading
from engine.store.places import Building
from tests.support.orders import as_csv, as_workbook, order_rows

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-25 17:00", "2026-11-25T17:00:00+08:00"),
        ("2026-11-25 17:00:30", "2026-11-25T17:00:30+08:00"),
        ("2026/11/5 7:05", "2026-11-05T07:05:00+08:00"),
        ("2026年11月25日 17时30分", "2026-11-25T17:30:00+08:00"),
        ("2026年11月25日17时", "2026-11-25T17:00:00+08:00"),
        ("２０２６－１１－２５　１７：００", "2026-11-25T17:00:00+08:00"),
        ("2026-11-25T17:00:00+08:00", "2026-11-25T17:00:00+08:00"),
        ("2026-11-25T09:00:00Z", "2026-11-25T17:00:00+08:00"),
        ("2026-11-25", "2026-11-26T00:00:00+08:00"),
        ("2026-11-25 24:00", "2026-11-26T00:00:00+08:00"),
        ("2026-11-25 00:00", "2026-11-25T00:00:00+08:00"),
        ("2026-12-31", "2027-01-01T00:00:00+08:00"),
        ("9999-12-31", None),
        ("9999-12-31 10:00", None),
        ("2200-01-01", None),
        ("0001-01-01 00:00", None),
        ("2026-02-30 10:00", None),
        ("2026-11-25 25:00", None),
        ("2026-11-25 17", None),
        ("下周", None),
        ("", None),
        ("46351.7", None),
    ],
)
def test_due_instant_is_read_exactly_or_not_at_all(text: str, instant: str | None) -> None:
    """As senders write it, in their local time; a bare date ends with its day."""
    found = due_of(text, zone=ZONE)

    assert found == (datetime.fromisoformat(instant) if instant is not None else None)


@pytest.mark.parametrize("heading", ["* 工单号", "工单号（必填）", " 工 单 号 ：", "工单号(15位)", "工单编号"])
def test_heading_is_known_whatever_stands_around_it(heading: str) -> None:
    """Stars, blanks, colons and remarks in brackets say nothing."""
    text = f"{heading},截止时间,事由\n1,2026-11-25,灯\n"

    read = open_orders(text.encode(), where="x.csv", encoding=None, zone=ZONE)

    assert [order.number for order in read.orders] == ["1"]


def test_names_of_headings_belong_to_one_thing_each() -> None:
    """And are written as they are compared."""
    names = [name for some in HEADINGS.values() for name in some]

    assert len(names) == len(set(names))
    assert all(plain_heading(name) == name for name in names)


def test_unknown_columns_go_into_the_text() -> None:
    """Under their own heading, where something stands in them; two columns of places are one place."""
    text = "某市工单表\n工单号,截止时间,事由,承办单位,事发地址,满意度,回访\n1,2026-11-25,灯,甲社区,三号楼,满意,\n"

    read = open_orders(text.encode(), where="x.csv", encoding=None, zone=ZONE)

    (order,) = read.orders
    assert (order.row, order.text, order.place) == (3, "灯\n满意度：满意", "甲社区 三号楼")
    assert read.beside == ("满意度", "回访")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("甲,乙\n1,2\n", "「工单号」、「截止时间」、「事由」"),
        ("工单号,事由\n1,灯\n", "表头里有「截止时间」"),
        ("\n\n", "空表"),
    ],
)
def test_table_without_its_headings_is_refused_with_those_that_miss(text: str, found: str) -> None:
    """Only what is missing is asked for."""
    with pytest.raises(BadFile, match=found):
        open_orders(text.encode(), where="x.csv", encoding=None, zone=ZONE)


def test_first_sheet_with_headings_is_read() -> None:
    """The same orders as from CSV."""
    rows = order_rows(7)

    from_book = open_orders(as_workbook(rows), where="x.xlsx", encoding=None, zone=ZONE)
    from_csv = open_orders(as_csv(rows), where="x.csv", encoding=None, zone=ZONE)

    assert from_book == from_csv
    assert len(from_book.orders) == 7


TOWN = Organisation(
    [
        Unit(id="street", kind="street", name="测试街道"),
        Unit(id="zhu", kind="community", name="珠玑东社区", parent="street"),
        Unit(id="zhu-1", kind="grid", name="珠玑东一网格", parent="zhu"),
        Unit(id="zhu-2", kind="grid", name="珠玑东二网格", parent="zhu"),
        Unit(id="jin", kind="community", name="金邑社区", parent="street"),
        Unit(id="jin-1", kind="grid", name="一网格", parent="jin"),
        Unit(id="water", kind="department", name="区自来水公司"),
    ]
)
BUILDINGS = (
    Building(id="b1", unit="zhu-2", name="3号楼", address="珠玑东里3号楼"),
    Building(id="b2", unit="jin-1", name="3号楼", address="金邑家园3号楼"),
)


@pytest.mark.parametrize(
    ("told", "unit", "is_sure"),
    [
        ("珠玑东一网格", "zhu-1", True),
        ("珠玑东社区 一网格", "zhu-1", True),
        ("金邑社区一网格", "jin-1", True),
        ("金邑社区3号楼", "jin-1", True),
        ("珠玑东里 ３号楼 二单元", "zhu-2", True),
        ("珠玑东社区居委会", "zhu", True),
        ("珠玑东", "zhu", True),
        ("3号楼", "street", False),
        ("区自来水公司", "street", False),
        ("", "street", False),
    ],
)
def test_place_is_found_by_the_longest_name_of_one_unit(told: str, unit: str, *, is_sure: bool) -> None:
    """Buildings, grids, communities; a name that several have says nothing."""
    found = PlaceFinder(TOWN, BUILDINGS, fallback="street").find(told)

    assert (found.unit, found.is_sure) == (unit, is_sure)
