"""Diagrams: levels are lanes, arrows of clocks carry their instant, words are escaped."""

import re
from pathlib import Path

from engine.core.workflow.checks.steps import steps_of
from engine.core.workflow.diagram import draw_flow
from engine.services.library import load_flows
from tests.support.flows import flow, read

WORKFLOWS = Path(__file__).parents[3] / "workflows"
TEXT = flow(
    "  above: { label: '街道 \"督办\" <1>', held_by: head, review: 30d, actions: { end: { by: [head], to: done } } }\n",
    levels=(
        "  grid:\n    label: 网格\n    up: above\n    states:\n"
        "      doing: { label: 在办, held_by: worker, due: 3wd,"
        " timers: [ { at: due+1wd, do: escalate } ], actions: { solve: { label: 办完, by: [worker], to: done } } }\n"
    ),
)


def test_flow_is_drawn_with_lanes_and_instants() -> None:
    """A lane a level; what people do is a full arrow, what a clock does a dotted one with its instant."""
    assert draw_flow(read(TEXT)).splitlines() == [
        "flowchart TD",
        '  start_start(["resident"])',
        '  subgraph level_grid["网格"]',
        '    s_doing["在办<br/>3 个工作日"]',
        "  end",
        '  s_above["街道 #quot;督办#quot; #lt;1#gt;<br/>每 30 天一报"]',
        '  s_done(["done"])',
        "  start_start --> s_doing",
        '  s_doing -->|"办完"| s_done',
        '  s_doing -.->|"到期后 1 个工作日升级"| s_above',
        '  s_above -->|"end"| s_done',
    ]


def test_shipped_flow_is_drawn_whole() -> None:
    """Every state is a node, every step an arrow, every lane is closed."""
    for workflow in load_flows(WORKFLOWS).values():
        lines = draw_flow(workflow).splitlines()

        nodes = {match[1] for line in lines if (match := re.match(r"\s+s_(\w+)[\[(]", line))}
        arrows = {match.groups() for line in lines if (match := re.match(r"\s+(\w+) .*?>(?:\|.*\|)? s_(\w+)$", line))}
        assert nodes == set(workflow.states)
        assert arrows == {
            (f"s_{step.source}" if step.source else f"start_{step.name}", step.target) for step in steps_of(workflow)
        }
        assert sum(" subgraph " in line for line in lines) == lines.count("  end") == len(workflow.levels)
