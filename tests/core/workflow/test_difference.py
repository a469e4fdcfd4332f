"""Differences speak of rules, each told once."""

import pytest

from engine.core.workflow.difference import differences
from tests.support.flows import CLOSES, flow, limits, read

TEXT = flow(
    f"  doing: {{ label: 在办, held_by: worker, due: limits.grid, {CLOSES},"
    " actions: { solve: { label: 办完, by: [worker], to: done, limit: 2 } } }\n"
    f"  other: {{ label: 另办, held_by: worker, due: 3d, {CLOSES},"
    " actions: { back: { label: 回去, by: [worker], to: doing } } }\n",
    fields="  kind: { type: choice, of: [quick, small], default: small, label: 怎么办 }\n",
    extra="classes: kind\n",
)
TABLE = limits(
    "columns: { grid: 网格办理, total: 总时限 }\n"
    'rows:\n  - { when: "kind = \'quick\'", grid: 2h }\n  - { when: "returns > 1", grid: 1d }\n'
    "  - { grid: 3wd, total: 30wd }\n"
    "escalation:\n  else:\n    - { at: due-1wd, do: remind }\n    - { at: due+1wd, do: supervise }\n"
)
CASES = {
    "a cell": (("", ""), ("grid: 3wd", "grid: 2wd"), ["网格办理（其余）：3 个工作日 → 2 个工作日"]),
    "a cell of a row": (("", ""), ("grid: 2h", "grid: 1h"), ["网格办理（「怎么办」是quick）：2 小时 → 1 小时"]),
    "a new cell": (("", ""), ("grid: 1d }", "grid: 1d, total: 9d }"), ["总时限（退回次数大于 1）：看下面的行 → 9 天"]),
    "a row less": (
        ("", ""),
        ('  - { when: "returns > 1", grid: 1d }\n', ""),
        ["删去时限表的一行（退回次数大于 1）：网格办理 1 天"],
    ),
    "a step of the ladder": (
        ("", ""),
        ("due+1wd", "due+2wd"),
        ["升级阶梯（其余）的督办规则：到期后 1 个工作日由上级督办 → 到期后 2 个工作日由上级督办"],
    ),
    "rows change places": (
        ("", ""),
        (
            '  - { when: "kind = \'quick\'", grid: 2h }\n  - { when: "returns > 1", grid: 1d }\n',
            '  - { when: "returns > 1", grid: 1d }\n  - { when: "kind = \'quick\'", grid: 2h }\n',
        ),
        ["时限表各行的次序：kind = 'quick' / returns > 1 / 其余 → returns > 1 / kind = 'quick' / 其余"],
    ),
    "a limit of an action": (("limit: 2", "limit: 3"), ("", ""), ["「在办」的动作「办完」最多：2 次 → 3 次"]),
    "an action more": (
        ("actions: { back", "actions: { note: { label: 记一笔, by: [worker] }, back"),
        ("", ""),
        ["新增「另办」的动作「记一笔」：worker可以「记一笔」，事情留在这里。"],
    ),
    "a deadline of a state": (("due: 3d", "due: 5d"), ("", ""), ["「另办」的时限：3 天 → 5 天"]),
    "a holder": (
        ("label: 另办, held_by: worker", "label: 另办, held_by: head"),
        ("", ""),
        ["「另办」的经办人：worker → head"],
    ),
    "only a comment": (("sanlian: 1\n", "sanlian: 1  # 说明\n"), ("", ""), ["写法：旧 → 新（规则没有变）"]),
    "nothing": (("", ""), ("", ""), []),
}


@pytest.mark.parametrize(("text", "table", "said"), CASES.values(), ids=CASES.keys())
def test_difference_tells_the_rule_when_it_changed(
    text: tuple[str, str], table: tuple[str, str], said: list[str]
) -> None:
    """One change of the text is one sentence about the rule."""
    old = read(TEXT, table=TABLE)
    new = read(TEXT.replace(*text) if text[0] else TEXT, table=TABLE.replace(*table) if table[0] else TABLE)

    assert [str(change) for change in differences(old, new)] == said


def test_difference_tells_a_new_state_once() -> None:
    """What belongs to a new or removed state is not told again rule by rule."""
    old, new = read(TEXT.split("  other:")[0] + "  done: { final: done }\n", table=TABLE), read(TEXT, table=TABLE)

    assert [str(change) for change in differences(old, new)] == ["新增状态「另办」"]
    assert [str(change) for change in differences(new, old)] == ["删去状态「另办」"]
    assert differences(old, new)[0].path == ("states", "other")
