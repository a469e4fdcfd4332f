"""Which kind of file it is, is told by what stands in it."""

import shutil
from pathlib import Path

import pytest

from engine.services.check_file import check_file

SHIPPED = Path(__file__).parents[2] / "workflows"


@pytest.mark.parametrize("slip", ["", "workflw: three_tier\n"], ids=["missing", "misspelt"])
def test_flow_that_has_lost_its_name_is_still_read_as_a_flow(tmp_path: Path, slip: str) -> None:
    """One slip gives one finding, not a calendar's faults: a flow names its calendar too."""
    shutil.copytree(SHIPPED, tmp_path / "flows")
    file = tmp_path / "flows" / "three_tier.yaml"
    file.write_text(file.read_text("utf-8").replace("workflow: three_tier\n", slip, 1), "utf-8")

    found = check_file(file)

    assert [finding.code for finding in found] == ["E101" if slip else "E106"]
