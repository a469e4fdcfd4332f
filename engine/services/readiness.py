"""Whether the deployment can work: its database answers, has the newest tables, and the scheduler ticked lately."""

from dataclasses import dataclass
from datetime import datetime

from engine.errors import SanlianError
from engine.services.tick import last_tick
from engine.store.database import Database
from engine.store.migrate import newest_revision, stored_revision
from engine.store.unit_of_work import UnitOfWork

LONGEST_SILENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Readiness:
    """`sweep_age_seconds` is None before the first tick."""

    database: bool
    schema: bool
    sweep_age_seconds: int | None

    @property
    def is_ready(self) -> bool:
        """Whether requests may come; a scheduler that never ticked in this database does not stop them."""
        fresh = self.sweep_age_seconds is None or self.sweep_age_seconds <= LONGEST_SILENCE_SECONDS
        return self.database and self.schema and fresh


def readiness(database: Database, uow: UnitOfWork, *, now: datetime) -> Readiness:
    """Return how ready the deployment is."""
    try:
        schema = stored_revision(database) == newest_revision()
        with uow.read() as tx:
            ticked = last_tick(tx) if schema else None
    except SanlianError:
        return Readiness(database=False, schema=False, sweep_age_seconds=None)
    return Readiness(database=True, schema=schema, sweep_age_seconds=_age(ticked, now))


def _age(ticked: datetime | None, now: datetime) -> int | None:
    return max(0, int((now - ticked).total_seconds())) if ticked is not None else None
