"""The flow for event logs as shipped, and what is known of the logs it is for."""

from datetime import UTC, datetime
from pathlib import Path

from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import Source
from engine.core.workflow.declaration import Workflow
from engine.services.calendars import Source as CalendarSource
from engine.services.library import read_flow_file
from engine.services.publish import publish, store_calendar
from engine.settings import Settings
from engine.wiring import Sanlian, Wall, wire

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
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


class FixedWall(Wall):
    """A wall clock that stands at `NOW`."""

    def now(self) -> datetime:
        """Return the instant at which tests import."""
        return NOW


def import_deployment(url: str) -> Sanlian:
    """Return a deployment at *url* (empty before) with a calendar and the flow published."""
    app = wire(Settings(database_url=url, district="d"), clock=FixedWall())
    app.prepare()
    base = ROOT / "workflows" / "calendars" / "cn_office.yaml"
    store_calendar(app.uow, CalendarSource(base.name, base.read_bytes()), by=SYSTEM, now=NOW)
    flow = ROOT / "workflows" / "support_lines.yaml"
    publish(app.uow, Source(flow.name, flow.read_bytes()), by=SYSTEM, now=NOW)
    return app
