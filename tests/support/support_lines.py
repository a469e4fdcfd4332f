"""The flow for event logs as shipped, and what is known of the logs it is for."""

from pathlib import Path

from engine.core.workflow.declaration import Workflow
from engine.services.library import read_flow_file

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "tests" / "data" / "sample.xes"
PAIRS = (
    "Accepted/In Progress",
    "Queued/Awaiting Assignment",
    "Completed/Resolved",
    "Completed/Closed",
    "Accepted/Wait - User",
    "Accepted/Assigned",
    "Completed/In Call",
    "Accepted/Wait",
    "Accepted/Wait - Implementation",
    "Accepted/Wait - Vendor",
    "Accepted/Wait - Customer",
    "Unmatched/Unmatched",
    "Completed/Cancelled",
)


def support_lines() -> Workflow:
    """Return the flow as it lies in `workflows/`."""
    read = read_flow_file(ROOT / "workflows" / "support_lines.yaml")
    assert read.workflow is not None, read.findings
    return read.workflow
