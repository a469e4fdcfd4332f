"""What keeps the engine itself: answers to repeated requests, alarms, jobs, facts of the deployment."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from engine.store.tables.row import Row, one_of

JOB_STATES = ("waiting", "running", "done", "failed", "stopped")
STANDING = text("cleared_at IS NULL")


class IdempotencyRow(Row, table=True):
    """What was answered to a request with this key, so that a repeat gets the same answer and no second effect."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_at", "district_id", "at"),)

    district_id: str = Field(primary_key=True)
    actor: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: bytes
    answer: bytes
    at: datetime


class AlarmRow(Row, table=True):
    """Something a person must look at; it stands until cleared."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index("ix_alarm_standing", "district_id", "at", sqlite_where=STANDING, postgresql_where=STANDING),
    )

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    matter_id: str | None
    text: str
    at: datetime
    cleared_at: datetime | None


class JobRow(Row, table=True):
    """Long work cut into pieces (import, export): what was asked and how far it is, both JSON."""

    __tablename__ = "job"
    __table_args__ = (one_of("state", JOB_STATES), Index("ix_job_state", "district_id", "state"))

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    args: bytes
    progress: bytes
    state: str
    at: datetime
    error: str | None


class DeploymentRow(Row, table=True):
    """A fact of this deployment: `log` (id of the log), `organisation` (version), `ticked` (last tick) …"""

    __tablename__ = "deployment"

    district_id: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    value: str
