"""Sentences: a flow is explained in words of the trade, nothing of it left out."""

from pathlib import Path

import pytest

from engine.core.clock.duration import parse_duration, parse_offset
from engine.core.workflow.condition import parse_condition
from engine.core.workflow.conditions import condition_types
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.sentences import explain_flow, explain_state
from engine.core.workflow.wording import say_condition, say_duration, say_instant
from engine.services.library import load_flows
from tests.support.flows import flow, limits, read

WORKFLOWS = Path(__file__).parents[3] / "workflows"
TEXT = flow(
    "  doing:\n"
    "    label: 在办\n"
    "    held_by: worker\n"
    "    due: limits.work\n"
    "    timers: [ { at: due+3wd, do: close, to: done, reason: 满期 } ]\n"
    "    extend: { times: 1, length: 5wd, ask: [worker], approve: [head] }\n"
    "    actions:\n"
    "      solve: { label: 办完, by: [worker, head], to: done, when: \"kind != 'quick'\", require: [note], limit: 2 }\n"
    "      ask: { label: 问一声, by: [worker], to: waiting, not_before: 1d, other_than: solve }\n"
    "  waiting: { label: 等着, held_by: resident, pause: yes, due: 2d,"
    " timers: [ { at: 50%, do: remind }, { at: due, do: resume, to: doing } ], ladder: none,"
    " actions: { back: { label: 补充, by: [resident], to: doing } } }\n",
    fields="  kind: { type: choice, of: [quick, small], default: small, label: 怎么办,"
    " choices: { quick: 急事, small: 小事 } }\n"
    "  note: { type: text, label: 情况 }\n",
    extra="classes: kind\n",
    start="start: { to: doing, by: [resident], optional: [kind] }\n",
)
TABLE = limits(
    "columns: { work: 办理 }\n"
    "rows:\n  - { when: \"kind = 'quick'\", work: 2h }\n  - { work: 3wd }\n"
    "escalation:\n  quick: [ { at: due, do: late, tell: [superior] } ]\n"
    "  else: [ { at: due-1wd, do: remind }, { at: due+1wd, do: supervise } ]\n"
)


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """A small flow with a limits table."""
    return read(TEXT, table=TABLE)


def test_state_is_explained_from_holder_to_actions(workflow: Workflow) -> None:
    """Who holds it, by when, what happens if nobody acts, what each action does."""
    assert explain_state(workflow, "doing") == [
        "在办（doing）",
        "  由worker经办，上级是head。",
        "  时限 办理：「怎么办」是急事 2 小时；其余 3 个工作日。",
        "  worker可以申请延期，head同意，每次 5 个工作日，最多 1 次。",
        "  没有人动时（急事）：到期后 3 个工作日结案，到「done」；到期记超时，告诉上级。",
        "  没有人动时（小事）：到期后 3 个工作日结案，到「done」；"
        "到期前 1 个工作日提醒经办人；到期后 1 个工作日由上级督办。",
        "  worker、head可以「办完」，只在（「怎么办」不是急事）时，要填情况，最多 2 次，到「done」。",
        "  worker可以「问一声」，进来 1 天之后，不能是做过「办完」的人，到「等着」。",
    ]


def test_pause_is_explained_with_what_it_holds(workflow: Workflow) -> None:
    """A pause says that the clock of the state before it stands."""
    lines = explain_state(workflow, "waiting")

    assert "  在这里，来处的时限停着；回去时接着算。" in lines
    assert "  没有人动时：时限过了 50% 提醒经办人；到期恢复办理，回到「在办」。" in lines


def test_flow_is_explained_state_by_state(workflow: Workflow) -> None:
    """Every state has its paragraph, ends too."""
    lines = explain_flow(workflow)

    assert [line for line in lines if line and not line.startswith(" ")][2:] == [
        "在办（doing）",
        "等着（waiting）",
        "done（done）",
    ]
    assert lines[-1] == "  到这里事情结束。"


def test_shipped_flows_are_explained_without_empty_words() -> None:
    """No sentence of a shipped flow has a hole or a word of the code in it."""
    for shipped in load_flows(WORKFLOWS).values():
        for line in explain_flow(shipped):
            assert "None" not in line
            assert "「」" not in line
            assert "<" not in line


@pytest.mark.parametrize(
    ("written", "said"),
    [("30m", "30 分钟"), ("4wh", "4 个工作小时"), ("3d roll", "3 天（遇休息日顺延）"), ("3wd", "3 个工作日")],
)
def test_duration_is_said_in_words(written: str, said: str) -> None:
    """Each kind of time has its own word."""
    assert say_duration(parse_duration(written)) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("entry", "一进来"),
        ("due", "到期"),
        ("due-1wd", "到期前 1 个工作日"),
        ("due+3wd", "到期后 3 个工作日"),
        ("every 7d", "每 7 天"),
        ("end", "另给的时间用完"),
    ],
)
def test_instant_is_said_in_words(written: str, said: str) -> None:
    """Each anchor has its own words."""
    assert say_instant(parse_offset(written)) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("kind in ['quick', 'small']", "「怎么办」是急事或小事"),
        ("not (kind = 'quick')", "「怎么办」不是急事"),
        ("returns >= 2 and not external", "退回次数不少于 2，并且不是上级平台来的工单"),
        (
            "kind = 'quick' and (external or class = 'small')",
            "「怎么办」是急事，并且（是上级平台来的工单，或者类别是小事）",
        ),
    ],
)
def test_condition_is_said_in_words(workflow: Workflow, written: str, said: str) -> None:
    """Fields and choices go by their labels."""
    types = condition_types(workflow.fields, classes=workflow.class_ids, levels=(), seasons=())

    assert say_condition(workflow, parse_condition(written, types=types)) == said


def test_season_is_said_by_its_days_when_it_stands_in_the_limits_table() -> None:
    """Its own name is for those who write the table, not for those who read it."""
    shipped = load_flows(WORKFLOWS)["three_tier"]
    assert shipped.limits is not None
    (when,) = (one.when for one in shipped.limits.rows if one.when is not None and "season" in one.when.names)

    assert say_condition(shipped, when) == "「类别」是供暖不热，并且在每年 11月15日到11月24日期间"
