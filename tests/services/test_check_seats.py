"""Faults of a street's workbook in their order, and who holds what once it is imported."""

from collections.abc import Iterator

import pytest

from engine.core.workflow.catalogue import Source
from tests.services.test_import_street import FLOW, faults, look, take_in
from tests.support.pg import Prepare
from tests.support.street_book import STREET, street
from tests.support.town import Town, opened, settle


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town and a flow with the street's roles."""
    return lambda url: settle(url, flows=[Source("small.yaml", FLOW.encode())])


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_sqlite_url) as found:
        yield found


def test_fault_of_a_row_does_not_hide_another_in_it(town: Town) -> None:
    """What is wrong with a row is said at once: a number used twice and a telephone number that is none."""
    broken = street()
    broken["人员"].append(["001", "甲", "jia", "无"])
    broken["值班"][0] = ["dong", "值班岗", "004", "2026-03-16 00:00", "2026-03-09 00:00"]

    assert [(one.sheet, one.row, one.column) for one in faults(town, broken)] == [
        ("人员", 6, "A"), ("人员", 6, "D"), ("值班", 2, "A"), ("值班", 2, "E"),
    ]  # fmt: skip


def test_first_faults_of_the_workbook_are_listed_when_there_are_too_many(town: Town) -> None:
    """However late a check finds them, those that stand first come first."""
    many = street(人员=[[f"p {number}", "", "", ""] for number in range(300)])
    many["单位"].append(["dong-3", "东三网格", "网格", "没有的", ""])

    found = faults(town, many)

    assert (found[0].sheet, found[0].row) == ("单位", 8)
    assert [one.order for one in found] == sorted(one.order for one in found)


def test_whose_post_the_workbook_ends_looks_after_no_building_and_takes_no_shift(town: Town) -> None:
    """What holds once it is imported counts, not what still stood when it was checked."""
    take_in(town, STREET)
    gone = street()
    gone["岗位"] = [row for row in gone["岗位"] if row[0] != "004" and row[0] != "003"]

    assert [(one.sheet, one.row, one.column) for one in faults(town, gone)] == [("楼栋", 2, "E"), ("值班", 2, "C")]


def test_who_looks_after_a_building_is_a_name_in_what_would_change(town: Town) -> None:
    """Whoever confirms reads people, not ids."""
    plan = look(town, STREET)

    (one,) = [change.detail for change in plan.changes if change.what.endswith("1 号楼")]
    assert "包楼 丙（社区专干）" in one


def test_building_is_looked_after_in_the_post_nearest_to_it_and_stays_so(town: Town) -> None:
    """Of several posts the one at its place; another post that the same person gets later changes nothing."""
    take_in(town, STREET)
    more = street()
    more["岗位"].append(["003", "网格员", "dong-2", "2026-03-01", ""])
    more["楼栋"].append(["东二网格", "3 号楼", "", "", "003"])

    plan = look(town, more)

    assert [(one.sheet, one.kind) for one in plan.changes] == [("岗位", "新增"), ("楼栋", "新增")]
    assert "包楼 丙（网格员）" in plan.changes[1].detail
