"""A folder of flows is read with what lies beside it; what is missing or broken is named."""

import shutil
from pathlib import Path

import pytest

from engine.errors import BadWorkflow, NotFound
from engine.services.library import load_flows, read_flow_file, read_folder

WORKFLOWS = Path(__file__).parents[2] / "workflows"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the shipped flows that a test may spoil."""
    return Path(shutil.copytree(WORKFLOWS, tmp_path / "workflows"))


def spoil(path: Path, old: str, new: str) -> None:
    """Replace text in a file."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_folder_gives_every_flow_when_it_is_ours() -> None:
    """The shipped folder has the three shipped flows and more, with limits, catalogue and calendars."""
    folder = read_folder(WORKFLOWS)

    assert {"three_tier", "task", "topic"} <= set(load_flows(WORKFLOWS))
    assert "three_tier" in folder.library.limits
    assert "cn_office" in (folder.library.calendars or ())
    assert folder.findings == ()


def test_categories_hold_the_leaves_of_the_domain_when_read() -> None:
    """Fifty-nine leaves in ten families, each with a pace, a proposed kind and units that are named."""
    catalogue = read_folder(WORKFLOWS).library.catalogues["categories"]

    assert catalogue is not None
    assert (len(catalogue.entries), len(catalogue.families)) == (59, 10)
    assert catalogue.entries["B3"].kind == "quick"
    assert catalogue.entries["F1"].units == ("police", "city_management")
    assert {entry.kind for entry in catalogue.entries.values()} <= {"quick", "small", "hard", "big"}


def test_flow_file_reads_its_limits_when_they_lie_beside_it(folder: Path) -> None:
    """A flow is read together with its table, whichever of the two is named."""
    by_flow = read_flow_file(folder / "three_tier.yaml")
    by_limits = read_flow_file(folder / "three_tier.limits.yaml")

    assert by_flow.workflow is not None
    assert by_flow.workflow.limits is not None
    assert by_limits.workflow is not None
    assert by_limits.workflow.digest == by_flow.workflow.digest


def test_findings_name_the_file_that_is_wrong_when_the_table_is(folder: Path) -> None:
    """A fault of the table carries the table's own path."""
    spoil(folder / "three_tier.limits.yaml", "4wh", "4 hours")

    (one,) = read_flow_file(folder / "three_tier.yaml").findings

    assert (one.file, one.code) == (str(folder / "three_tier.limits.yaml"), "E103")


def test_catalogue_is_the_only_fault_when_it_is_broken(folder: Path) -> None:
    """A broken catalogue is named itself; flows that use it are not blamed for it."""
    spoil(folder / "catalogues" / "categories.yaml", "pace: normal", "pace: norma")

    read = read_folder(folder)

    assert [one.code for one in read.findings] == ["E107"]
    assert read_flow_file(folder / "three_tier.yaml", read).findings == ()


def test_flow_is_not_blamed_when_another_cannot_be_read(folder: Path) -> None:
    """A flow that opens children of a broken flow has no fault of its own."""
    (folder / "task.yaml").write_text("sanlian: [1\n", "utf-8")

    assert read_flow_file(folder / "three_tier.yaml").findings == ()
    assert [one.code for one in read_flow_file(folder / "task.yaml").findings] == ["E100"]


def test_load_flows_names_all_faults_when_several_files_have_some(folder: Path) -> None:
    """Loading refuses the folder as a whole and lists every fault."""
    spoil(folder / "task.yaml", "due: 4wh", "due: 4 hours")
    spoil(folder / "topic.yaml", "to: collect", "to: colect")

    with pytest.raises(BadWorkflow) as caught:
        load_flows(folder)

    assert {"E103", "E201"} <= {one.code for one in caught.value.fields["findings"]}  # type: ignore[attr-defined] # a list of findings


@pytest.mark.parametrize("name", ["none", "none.yaml"])
def test_library_says_so_when_nothing_is_there(tmp_path: Path, name: str) -> None:
    """A folder or file that does not exist is named."""
    with pytest.raises(NotFound, match="none"):
        read_folder(tmp_path / name) if "." not in name else read_flow_file(tmp_path / name)
