"""The limits table is read as rows that fall through, and travels through a spreadsheet unchanged."""

import csv
import io

import pytest

from engine.core.clock.duration import parse_duration
from engine.core.workflow.declaration import Limits
from engine.core.workflow.limits_sheet import limits_to_rows, rows_to_limits
from tests.core.workflow.flow_text import FLOW, LIMITS, good

TABLE = LIMITS.replace(
    "  - { sign: 4wh",
    "  - { when: \"category = 'B1'\", total: 5d, basis: { zh: 供水条例, en: Water rules } }  # 夏\n  - { sign: 4wh",
)


def limits(text: str = TABLE) -> Limits:
    """Return the limits table of a text without faults."""
    found = good(FLOW, text).limits
    assert found is not None
    return found


def cells(text: str) -> list[list[str]]:
    """Return the cells of a CSV."""
    return list(csv.reader(io.StringIO(text)))


def test_row_keeps_empty_cells_when_they_fall_through() -> None:
    """A row holds only what it fills; the last one has no condition."""
    first, second, last = limits().rows

    assert first.cells == {"sign": parse_duration("1h"), "total": parse_duration("1d")}
    assert set(second.cells) == {"total"}
    assert second.basis is not None
    assert second.basis.en == "Water rules"
    assert last.when is None


def test_conditions_of_rows_hold_when_their_season_does() -> None:
    """A row's condition is asked with the seasons of the day."""
    when = limits().rows[0].when

    assert when is not None
    assert when.holds({"kind": "quick", "season": frozenset({"cold"})})
    assert not when.holds({"kind": "quick", "season": frozenset()})


def test_seasons_are_pairs_of_days_when_they_cross_the_year() -> None:
    """A season keeps its first and last day, whichever year they fall in."""
    assert limits().seasons == {"cold": ((11, 15), (3, 15))}


def test_ladder_points_at_the_limits_file_when_a_rule_comes_from_it() -> None:
    """A rule of the ladder knows that it is one, and where it stands."""
    (late,) = limits().escalation["quick"]

    assert late.from_ladder
    assert (late.where.file, late.where.line, late.where.column) == ("t.limits.yaml", 11, 12)


def test_sheet_shows_ids_labels_and_rows_when_written() -> None:
    """The first line names columns, the second says them in Chinese, empty cells fall through."""
    assert cells(limits_to_rows(limits())) == [
        ["when", "sign", "total", "basis"],
        ["条件", "签收", "总时限", "依据"],
        ["kind = 'quick' and season = 'cold'", "1h", "1d", ""],
        ["category = 'B1'", "", "5d", "供水条例"],
        ["", "4wh", "30wd", ""],
    ]


def test_sheet_gives_the_same_table_when_read_back() -> None:
    """Out and back changes no rule, and nothing but the rows of the file."""
    text, findings = rows_to_limits(limits_to_rows(limits()), file="x.csv", base=TABLE)

    assert findings == ()
    assert text is not None
    again = limits(text)
    assert [(row.when, row.cells, row.basis) for row in again.rows] == [
        (row.when, row.cells, row.basis) for row in limits().rows
    ]
    assert text.split("rows:")[0] == TABLE.split("rows:")[0]
    assert text.split("seasons:")[1] == TABLE.split("seasons:")[1]


def test_sheet_changes_a_limit_when_a_cell_does() -> None:
    """What a supervisor typed into a cell is the new limit; a file saved with a byte order mark is read."""
    sheet = limits_to_rows(limits()).replace("30wd", "20wd").encode("utf-8-sig")

    text, _ = rows_to_limits(sheet, file="x.csv", base=TABLE)

    assert limits(text or "").rows[-1].cells["total"] == parse_duration("20wd")


def test_sheet_needs_no_line_of_labels_when_it_is_short() -> None:
    """The line of labels is for people; rows start after the ids where it is missing."""
    text, findings = rows_to_limits("when,sign,total,basis\n,1wh,1wd,\n", file="x.csv", base=TABLE)

    assert findings == ()
    assert len(limits(text or "").rows) == 1


def test_sheet_keeps_quotes_when_a_cell_holds_them() -> None:
    """Quotes, commas and line ends of a cell come through both formats."""
    row = 'kind = \'quick\',1h,1d,"按""老""规定,先办"\r\n,4wh,30wd,\r\n'
    text, _ = rows_to_limits("when,sign,total,basis\r\n" + row, file="x.csv", base=TABLE)

    basis = limits(text or "").rows[0].basis
    assert basis is not None
    assert basis.zh == '按"老"规定,先办'


@pytest.mark.parametrize("basis", ["=1+1", "+x", "-x", "@x", "'=x", "＝1+1"])
def test_sheet_computes_nothing_when_a_text_looks_like_a_formula(basis: str) -> None:
    """A text that a spreadsheet would compute goes out marked and comes back as it was."""
    table = limits(LIMITS.replace("sign: 4wh", f'basis: "{basis}", sign: 4wh'))
    sheet = limits_to_rows(table)

    text, _ = rows_to_limits(sheet, file="x.csv", base=LIMITS)

    assert cells(sheet)[-1][-1][0] == "'"
    found = limits(text or "").rows[-1].basis
    assert found is not None
    assert found.zh == basis


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("when,sgin,total,basis\n,4wh,30wd,\n", [("E101", 1, 2)]),
        ("when,sign,total,total,basis\n,4wh,30wd,1d,\n", [("E102", 1, 4)]),
        ("when,sign,basis\n,4wh,\n", [("E106", 1, 1)]),
        ("when,sign,total,basis\n,4 hours,30 days,\n", [("E103", 2, 2), ("E103", 2, 3)]),
        ("when,sign,total,basis\n,4wh,30wd,,x\n", [("E107", 2, 5)]),
        ("when,sign,total,basis\nkind = 'quick',4wh,30wd,\n", [("E107", 2, 1)]),
        ("when,sign,total,basis\n", [("E107", 1, 1)]),
        ('when,sign,total,basis\n,"4wh,30wd,\n', [("E100", 2, 1)]),
        ("", [("E107", 1, 1)]),
    ],
    ids=["column", "twice", "missing", "cells", "too long", "condition at the end", "no row", "quote", "empty"],
)
def test_sheet_names_the_cell_when_it_is_wrong(sheet: str, found: list[tuple[str, int, int]]) -> None:
    """A fault of a spreadsheet stands at its line and cell, all at once, and no file comes of it."""
    text, findings = rows_to_limits(sheet, file="x.csv", base=TABLE)

    assert text is None
    assert [(one.code, one.line, one.column) for one in findings] == found


def test_sheet_is_told_its_encoding_when_it_is_not_utf_8() -> None:
    """A CSV saved by an old spreadsheet is told how it was saved."""
    _, findings = rows_to_limits(limits_to_rows(limits()).encode("gb18030"), file="x.csv", base=TABLE)

    assert [one.code for one in findings] == ["E100"]
    assert "GB18030" in findings[0].message
