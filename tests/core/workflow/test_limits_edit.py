"""Single values of a limits table are changed in its text; everything else stays as it was written."""

from random import Random

import pytest

from engine.core.workflow.document import read_document
from engine.core.workflow.limits_edit import edit_limits
from engine.core.workflow.tree import Path, Text, walk
from engine.errors import BadText
from tests.support.shipped import FOLDER

SHIPPED = (FOLDER / "three_tier.limits.yaml").read_text(encoding="utf-8")
BLOCK = """\
# 手写的
limits: x
version: 3   # 第三版
columns: { sign: 签收, grid: 网格 }
rows:
  - when: "kind = 'a'"   # 急
    sign: '15m'  # 一刻钟
    basis: "依据：\\"某\\" 办法"
  # 兜底
  - sign: 4wh
    grid: 3wd
escalation:
  else:
    - at: due-1wd
      do: remind
      tell: [superior, reporter]
"""


def leaves(text: str) -> dict[Path, str]:
    """Every value of a text by its path."""
    document = read_document(text, "x")
    assert document.root is not None, document.findings
    return {path: node.value for path, _, node in walk(document.root) if isinstance(node, Text)}


def test_changed_cell_is_the_only_difference_in_the_shipped_table() -> None:
    """One line differs by one value; comments and order stand."""
    new = edit_limits(SHIPPED, {("rows", 5, "grid"): "2wd"})

    changed = [(a, b) for a, b in zip(SHIPPED.splitlines(), new.splitlines(), strict=True) if a != b]
    assert len(changed) == 1
    assert changed[0][1] == changed[0][0].replace("grid: 3wd", "grid: 2wd")


@pytest.mark.parametrize(
    ("edits", "gone", "there"),
    [
        ({("rows", 0, "sign"): "20m"}, "'15m'", "    sign: 20m  # 一刻钟\n"),
        ({("rows", 0, "grid"): "2h"}, "", "    grid: 2h\n    basis:"),
        ({("rows", 1, "grid"): ""}, "grid: 3wd", "  - sign: 4wh\nescalation"),
        ({("rows", 1, "sign"): ""}, "4wh", "  - grid: 3wd\n"),
        ({("rows", 0, "basis"): '"别的"'}, "某", '    basis: "别的"\n'),
        ({("version",): "4"}, "version: 3", "version: 4   # 第三版\n"),
        ({("escalation", "else", 0, "at"): "due-2wd"}, "due-1wd", "    - at: due-2wd\n"),
        ({("escalation", "else", 0, "tell"): "[holder]"}, "superior", "      tell: [holder]\n"),
    ],
)
def test_block_style_is_kept_when_a_value_changes(edits: dict[Path, str], gone: str, there: str) -> None:
    """Values are replaced, put in and taken out on their own lines, with the comments beside them."""
    new = edit_limits(BLOCK, edits)

    assert there in new
    assert not gone or gone not in new
    assert "# 兜底" in new
    for path, value in leaves(BLOCK).items():
        if not any(path[: len(one)] == one for one in edits):
            assert leaves(new)[path] == value


@pytest.mark.parametrize("text", [SHIPPED, BLOCK], ids=["shipped", "block"])
@pytest.mark.parametrize("seed", range(20))
def test_random_edits_read_back_as_asked_and_touch_nothing_else(text: str, seed: int) -> None:
    """Whatever cells are set, emptied or filled: the new text reads as the old one with just these differences."""
    random = Random(seed)
    cells = [path for path in leaves(text) if path[0] == "rows" and path[2] not in ("when", "basis")]
    columns = sorted({str(path[2]) for path in cells})
    edits: dict[Path, str] = {}
    for row in sorted({path[1] for path in cells}):
        for column in random.sample(columns, k=random.randint(0, len(columns) - 1)):
            edits["rows", row, column] = random.choice(["", f"{random.randint(1, 99)}wd", "3d roll"])
    kept = {path for path in cells if edits.get(path) != ""}
    rows = {path[1] for path in kept} | {path[1] for path, value in edits.items() if value}
    edits = {path: value for path, value in edits.items() if path[1] in rows}

    new = edit_limits(text, edits)

    wanted = {path: value for path, value in leaves(text).items() if path not in edits}
    assert leaves(new) == wanted | {path: value for path, value in edits.items() if value}
    assert [one for one in text.splitlines() if one.startswith("#")] == [
        one for one in new.splitlines() if one.startswith("#")
    ]


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("rows:\n  - { sign: 4wh }\n", ("rows", 0, "sign"), ""),
        ("rows: [ { sign: >\n  4wh\n } ]\n", ("rows", 0, "sign"), "1wd"),
        ("rows: []\n", ("rows", 0, "sign"), "1wd"),
        ("rows: nothing\n", ("rows", 3, "sign"), "1wd"),
        ("escalation: { else: [ { at: due, tell:\n  - superior\n } ] }", ("escalation", "else", 0, "tell"), "[x]"),
        ("a: {", ("a", "b"), "1wd"),
    ],
    ids=["the only key", "folded", "no row", "no list", "a list on lines", "unreadable"],
)
def test_unusual_writing_is_refused_and_never_spoiled(text: str, path: Path, value: str) -> None:
    """What cannot be changed alone says where, and that the text can be changed by hand."""
    with pytest.raises(BadText, match="直接改文字"):
        edit_limits(text, {path: value})
