"""Case files: the shipped ones hold, and a wrong one is found with its place."""

from pathlib import Path

import pytest

from engine.core.scope import Organisation, World
from engine.services.calendars import load_calendars
from engine.services.read_case import read_case
from engine.services.run_case import Stage, run_case
from tests.support.shipped import FOLDER, shipped_catalogue, shipped_flows

CASES = sorted((FOLDER / "cases").glob("*.yaml"))
HEAD = """case: 例子
workflow: three_tier
people: { r1: resident, g1: grid_worker }
"""


def stage() -> Stage:
    """The shipped flows and calendars."""
    world = World(
        organisation=Organisation(()), calendars=load_calendars(FOLDER / "calendars"), default_calendar="cn_office"
    )
    return Stage(flows=shipped_flows(), world=world, catalogue=shipped_catalogue())


@pytest.mark.parametrize("file", CASES, ids=lambda path: path.stem)
def test_shipped_case_is_lived_exactly(file: Path) -> None:
    """Every shipped case comes out as a supervisor reads it."""
    case, findings = read_case(file.read_bytes(), file.name)

    assert case is not None, findings
    assert [str(wrong) for wrong in run_case(case, stage())] == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        pytest.param("{ state: grid_doing }", "应当是 grid_doing，实际是 take_in", id="state"),
        pytest.param("{ due: 2026-11-16 14:31 }", "实际是 2026-11-16 14:30", id="due"),
        pytest.param("{ clocks: { sign: met } }", "实际是 2026-11-16 14:30", id="clock"),
        pytest.param("{ fired: [take_in.late] }", "实际是 []", id="fired"),
        pytest.param("{ superior: grid_leader }", "实际是 none", id="superior"),
        pytest.param("{ refused: role }", "实际是 做成了", id="refused"),
        pytest.param("{ notices: { filed: [grid_leader] } }", "实际是 [grid_worker]", id="notices"),
        pytest.param("{ outcome: solved }", "实际是 none", id="outcome"),
        pytest.param("{ explains: [春节] }", "explains", id="explains"),
    ],
)
def test_wrong_expectation_is_found_at_its_place(steps: str, said: str) -> None:
    """Each word of `expect` is looked at: a wrong one gives one mismatch, with line and column."""
    text = f"""{HEAD}steps:
  - at: 2026-11-16 09:00
    file: {{ by: r1, start: resident, detail: 灯坏了, kind: small }}
    expect: {steps}
"""
    case, findings = read_case(text, "例子.yaml")
    assert case is not None, findings

    mismatches = run_case(case, stage())

    assert len(mismatches) == 1
    assert said in mismatches[0].message
    assert mismatches[0].line == 7


def test_case_stops_where_a_step_is_refused() -> None:
    """A step that should work and is refused says why, and the case does not go on."""
    text = f"""{HEAD}steps:
  - {{ at: 2026-11-16 09:00, file: {{ by: r1, start: resident, detail: 灯坏了 }} }}
  - {{ at: 2026-11-16 10:00, do: solve, by: g1 }}
  - {{ at: 2026-11-16 11:00, expect: {{ state: nowhere }} }}
"""
    case, _ = read_case(text, "例子.yaml")
    assert case is not None

    mismatches = run_case(case, stage())

    assert [str(one) for one in mismatches] == [
        "例子.yaml:6:5: 应当能做，却不能：not_here，这件事现在是「等网格接」，没有这个动作。"
    ]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(HEAD + "steps:\n  - { at: 昨天 }\n", 5, "2026-09-30 16:00", id="not a time"),
        pytest.param(HEAD + "steps:\n  - { at: 2026-11-16 09:00, dо: x }\n", 5, "E101", id="unknown key"),
        pytest.param("case: 例子\nworkflow: three_tier\nsteps: []\n", 1, "people", id="people missing"),
        pytest.param(
            HEAD + "steps:\n  - { at: 2026-11-16 09:00 }\n  - { at: 2026-11-15 09:00 }\n", 6, "先后", id="not in order"
        ),
    ],
)
def test_faulty_case_file_says_where(text: str, line: int, said: str) -> None:
    """A case file that cannot be read names the place and what was expected."""
    case, findings = read_case(text, "例子.yaml")

    assert case is None
    assert findings[0].line == line
    assert said in str(findings[0])
