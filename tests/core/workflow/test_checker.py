"""The checker as a whole: the shipped flows are clean, findings come in order, one fault gives one finding."""

from pathlib import Path

import pytest

from engine.core.workflow.checker import check
from engine.core.workflow.checks.survey import Survey
from engine.core.workflow.loader import read_flow
from engine.services.check_file import check_flow
from engine.services.library import read_flow_file, read_folder
from tests.support.flows import CLOSES, SOLVE, findings_in, flow, library_of, read

WORKFLOWS = Path(__file__).parents[3] / "workflows"


@pytest.mark.parametrize("name", sorted(read_folder(WORKFLOWS).flows))
def test_shipped_flow_is_clean(name: str) -> None:
    """What we ship has neither error nor warning."""
    folder = read_folder(WORKFLOWS)
    file = read_flow_file(WORKFLOWS / f"{name}.yaml", folder)

    assert file.workflow is not None, "\n".join(map(str, file.findings))
    assert check_flow(file.workflow, folder) == ()


@pytest.mark.parametrize("name", ["task", "topic"])
def test_check_gives_places_in_the_file_when_any_line_is_gone(name: str) -> None:
    """Whatever line of a shipped flow is taken out, reading or checking tells it, in order, inside the file."""
    folder = read_folder(WORKFLOWS)
    lines = folder.flows[name].data.decode().split("\n")
    for number in range(len(lines)):
        rest = lines[:number] + lines[number + 1 :]
        workflow, findings = read_flow("\n".join(rest), file=f"{name}.yaml", library=folder.library)
        if workflow is not None:
            findings = check(workflow, folder.library)

        assert list(findings) == sorted(set(findings))
        assert all(0 < one.column <= len(rest[one.line - 1]) + 1 for one in findings)


def test_findings_come_in_the_order_of_the_file_when_there_are_several() -> None:
    """All faults at once, from top to bottom."""
    text = flow(
        "  doing: { held_by: worker, due: 3d, actions: { solve: { to: done } } }\n"
        f"  lost: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ solve: {{ by: [head], to: done }} }} }}\n"
    )

    findings = findings_in(text)

    assert [(finding.line, finding.code) for finding in findings] == [
        (10, "E401"),
        (10, "E501"),
        (11, "E301"),
        (11, "E502"),
    ]
    assert list(findings) == sorted(findings)


def test_findings_name_the_path_when_they_are_told() -> None:
    """A message begins with the keys that lead to the fault."""
    (finding,) = findings_in(flow(f"  »doing: {{ held_by: worker, due: 3d, {SOLVE} }}\n".replace("»", "")))

    assert finding.message.startswith("states.doing：")
    assert finding.severity == "error"


def test_survey_keeps_classes_apart_when_a_start_sorts_them() -> None:
    """A class that conditions keep out of a state is not looked for there; `set` and forms change it."""
    text = flow(
        f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n"
        f"  fast: {{ held_by: worker, due: 3d, {CLOSES},"
        " actions: { calm: { by: [worker], to: slow, set: { kind: small } } } }\n"
        f"  slow: {{ held_by: worker, due: 3d, {CLOSES}, actions: {{ sort: {{ by: [worker], require: [kind] }} }} }}\n",
        fields="  kind: { type: choice, of: [quick, small, big], default: small }\n",
        start="start: { by: [resident], optional: [kind],"
        " to: [ { when: \"kind = 'quick'\", is: fast }, { is: doing } ] }\n",
        extra="classes: kind\n",
    )

    survey = Survey(read(text), library_of(), {})

    assert survey.classes_in["fast"] == {"quick"}
    assert survey.classes_in["doing"] == {"small", "big"}
    assert survey.classes_in["slow"] == {"quick", "small", "big"}
    assert survey.filled_in["slow"] == {"kind"}
