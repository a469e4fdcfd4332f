"""Jobs: long work cut into pieces, and how far it is."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from engine.store.bulk import is_sqlite
from engine.store.repository import Repository, table

JOB = table("job")
_SELECT = select(JOB.c.id, JOB.c.kind, JOB.c.args, JOB.c.progress, JOB.c.state, JOB.c.at, JOB.c.error)


@dataclass(frozen=True, slots=True)
class Job:
    """Long work cut into pieces; `args` and `progress` are JSON."""

    id: str
    kind: str
    args: bytes
    progress: bytes
    state: str
    at: datetime
    error: str | None = None


class Jobs(Repository):
    """The jobs of a district."""

    def put(self, job: Job) -> None:
        """Keep *job* in place of what was kept under its id; who waits to lock it finds it as it is then."""
        row = {name: cell for name, cell in asdict(job).items() if name != "id"}
        same = update(JOB).where(JOB.c.district_id == self.district, JOB.c.id == job.id)
        if not self.connection.execute(same.values(**row)).rowcount:
            self.connection.execute(insert(JOB).values(district_id=self.district, id=job.id, **row))

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        self.connection.execute(delete(JOB).where(JOB.c.district_id == self.district, JOB.c.id == job_id))

    def get(self, job_id: str) -> Job | None:
        """Return a job, without locking it."""
        return self._read(_SELECT.where(JOB.c.district_id == self.district, JOB.c.id == job_id))

    def lock(self, job_id: str) -> Job | None:
        """Do the same; nobody else takes it up before this writing transaction ends."""
        query = _SELECT.where(JOB.c.district_id == self.district, JOB.c.id == job_id)
        return self._read(query if is_sqlite(self.connection) else query.with_for_update())

    def _read(self, query: Select[Any]) -> Job | None:
        row = self.connection.execute(query).one_or_none()
        return Job(*row) if row else None

    def of_kind(self, kind: str) -> list[Job]:
        """Return the jobs of a kind, oldest first."""
        rows = self.connection.execute(_SELECT.where(JOB.c.district_id == self.district, JOB.c.kind == kind))
        return sorted((Job(*row) for row in rows), key=lambda job: (job.at, job.id))
