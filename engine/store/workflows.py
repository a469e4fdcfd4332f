"""Published workflows and calendars: texts by content hash, and which of them is current."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, TextClause, and_, bindparam, insert, select, text, update

from engine.store.bulk import is_sqlite
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

WORKFLOW = table("workflow_version")
CALENDAR = table("calendar_version")

_NAMES = (
    "digest",
    "id",
    "version",
    "flow_text",
    "limits_text",
    "limits_version",
    "beside",
    "published_at",
    "published_by",
    "current",
)
_CALENDAR_NAMES = ("digest", "id", "texts", "stored_at", "current")
_CURRENT = Prepared(
    select(WORKFLOW.c.id, WORKFLOW.c.digest).where(WORKFLOW.c.district_id == bindparam("district"), WORKFLOW.c.current)
)
# One lock per district on what is current; its number stands beside those of the migrations.
_HOLD = text("SELECT pg_advisory_xact_lock_shared(7301003, hashtext(:district))")
_ALONE = text("SELECT pg_advisory_xact_lock(7301003, hashtext(:district))")


@dataclass(frozen=True, slots=True)
class WorkflowVersion:
    """A published version of a flow with its limits, as texts."""

    digest: str
    id: str
    version: int
    flow_text: bytes
    limits_text: bytes | None
    limits_version: int | None
    beside: bytes
    published_at: datetime
    published_by: str
    current: bool = True


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """A version of a calendar; `texts` is the JSON from which it is read."""

    digest: str
    id: str
    texts: bytes
    stored_at: datetime
    current: bool = True


class Workflows(Repository):
    """The published workflows and calendars of a district."""

    def hold(self) -> None:
        """
        Let what is current stay so until this transaction ends; whoever is just changing it is waited for.

        What is read afterwards is what others will find to have been current when this transaction was committed.
        """
        self._lock(_HOLD)

    def change_alone(self) -> None:
        """Let nobody else change what is current, nor rely on it, until this transaction ends."""
        self._lock(_ALONE)

    def _lock(self, how: TextClause) -> None:
        # In SQLite only one transaction writes at a time.
        if not is_sqlite(self.connection):
            self.connection.execute(how, {"district": self.district})

    def publish(self, version: WorkflowVersion) -> None:
        """Keep *version* and make it the current one of its flow; an old one may become current again."""
        self._make_current(WORKFLOW, version.id, digest=version.digest, row=_row(version, _NAMES))

    def store_calendar(self, version: CalendarVersion) -> None:
        """Keep *version* and make it the current one of its calendar."""
        self._make_current(CALENDAR, version.id, digest=version.digest, row=_row(version, _CALENDAR_NAMES))

    def _make_current(self, kept_in: Table, name: str, *, digest: str, row: dict[str, Any]) -> None:
        here = kept_in.c.district_id == self.district
        current = and_(here, kept_in.c.id == name, kept_in.c.current)
        self.connection.execute(update(kept_in).where(current).values(current=False))
        same = and_(here, kept_in.c.digest == digest)
        if self.connection.execute(update(kept_in).where(same).values(current=True)).rowcount == 0:
            self.connection.execute(insert(kept_in).values(district_id=self.district, **row))

    def get(self, digest: str) -> WorkflowVersion | None:
        """Return the version with that content hash."""
        query = select(*(WORKFLOW.c[name] for name in _NAMES))
        query = query.where(WORKFLOW.c.district_id == self.district, WORKFLOW.c.digest == digest)
        row = self.connection.execute(query).one_or_none()
        return WorkflowVersion(*row) if row else None

    def current_digests(self) -> dict[str, str]:
        """Return the content hash of the current version of every flow."""
        return dict(_CURRENT.rows(self.connection, district=self.district))

    def digests(self) -> list[str]:
        """Return the content hash of every version ever published."""
        query = select(WORKFLOW.c.digest).where(WORKFLOW.c.district_id == self.district)
        return list(self.connection.execute(query).scalars())

    def versions(self, workflow: str | None = None) -> list[WorkflowVersion]:
        """Return every version (of one flow), oldest first."""
        query = select(*(WORKFLOW.c[name] for name in _NAMES)).where(WORKFLOW.c.district_id == self.district)
        if workflow is not None:
            query = query.where(WORKFLOW.c.id == workflow)
        rows = self.connection.execute(query.order_by(WORKFLOW.c.published_at, WORKFLOW.c.id, WORKFLOW.c.digest))
        return [WorkflowVersion(*row) for row in rows]

    def calendar(self, digest: str) -> CalendarVersion | None:
        """Return the calendar with that content hash."""
        query = select(*(CALENDAR.c[name] for name in _CALENDAR_NAMES))
        query = query.where(CALENDAR.c.district_id == self.district, CALENDAR.c.digest == digest)
        row = self.connection.execute(query).one_or_none()
        return CalendarVersion(*row) if row else None

    def current_calendars(self) -> list[CalendarVersion]:
        """Return the current version of every calendar, in id order."""
        query = select(*(CALENDAR.c[name] for name in _CALENDAR_NAMES))
        query = query.where(CALENDAR.c.district_id == self.district, CALENDAR.c.current)
        return [CalendarVersion(*row) for row in self.connection.execute(query.order_by(CALENDAR.c.id))]

    def current_calendar_digests(self) -> dict[str, str]:
        """Return the content hash of the current version of every calendar."""
        query = select(CALENDAR.c.id, CALENDAR.c.digest)
        rows = self.connection.execute(query.where(CALENDAR.c.district_id == self.district, CALENDAR.c.current))
        return {row.id: row.digest for row in rows}


def _row(version: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(version, name) for name in names}
