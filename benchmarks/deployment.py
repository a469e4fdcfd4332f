"""A deployment to measure on: the shipped flows in the small town, and as many open demands as asked."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from engine.core.command import File
from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import read_catalogue
from engine.services.advance import Done, Door, Entry, advance
from engine.services.calendars import calendar_sources
from engine.services.case_town import DISTRICT, build_town
from engine.services.library import load_flows, read_folder, read_source
from engine.services.look_up import Shelf
from engine.services.organise import open_log, save_organisation
from engine.services.publish import publish, store_calendar
from engine.store.database import Database, open_database
from engine.store.migrate import migrate
from engine.store.unit_of_work import UnitOfWork
from tests.support.pg_cluster import DURABLE, start_cluster, stop_cluster

FOLDER = Path("workflows")
FILED = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
FLOWS = ("task", "topic", "three_tier")
RESIDENT = Actor(post="r1", role="resident", person="r1")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a benchmark is given."""

    database: Database
    uow: UnitOfWork
    door: Door

    def file(self, number: int, *, at: datetime = FILED, prefix: str = "m") -> None:
        """File *number* small demands, in batches, a second of their filing apart in each hundred."""
        for first in range(0, number, BATCH):
            entries = [self._filing(f"{prefix}{n}") for n in range(first, min(first + BATCH, number))]
            outcomes = advance(self.uow, entries, now=at, services=self.door)
            assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes[0]

    @staticmethod
    def _filing(name: str) -> Entry:
        return Entry(
            File(
                matter=name, district=DISTRICT, workflow="three_tier", start="resident", actor=RESIDENT,
                place="grid1", reporter=RESIDENT, values={"detail": "楼道灯不亮", "kind": "small", "category": "A1"},
            )
        )  # fmt: skip


@contextmanager
def deployed(url: str) -> Iterator[Deployment]:
    """Open a fresh deployment at *url* with calendars, organisation and flows."""
    database = open_database(url)
    migrate(database)
    uow = UnitOfWork(database, district=DISTRICT)
    numbers = count(1)
    door = Door(shelf=Shelf(), ids=lambda: f"i{next(numbers):09d}", salts=lambda: next(numbers).to_bytes(32, "big"))
    since = FILED - timedelta(days=400)
    open_log(uow, log="benchmark")
    for calendar in sorted((FOLDER / "calendars").glob("*.yaml")):
        base, tables = calendar_sources(calendar)
        store_calendar(uow, base, tables, by=SYSTEM, now=since)
    catalogue_source = read_source(FOLDER / "catalogues" / "categories.yaml")
    catalogue, _ = read_catalogue(catalogue_source.data, catalogue_source.file)
    town = build_town({"r1": "resident"}, workflows=load_flows(FOLDER).values(), catalogue=catalogue)
    save_organisation(uow, town.organisation, by=SYSTEM, now=since)
    folder = read_folder(FOLDER)
    for flow in FLOWS:
        publish(
            uow, folder.flows[flow], limits=folder.library.limits.get(flow), catalogues=(catalogue_source,),
            flows=tuple(folder.flows[name] for name in FLOWS), by=SYSTEM, now=since,
        )  # fmt: skip
    yield Deployment(database=database, uow=uow, door=door)
    database.close()


@contextmanager
def databases(names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield an empty database for each of *names* (`sqlite`, `postgres`), both durable as in production."""
    with tempfile.TemporaryDirectory() as folder:
        urls: dict[str, str] = {}
        cluster = start_cluster(owner=os.getpid(), options=DURABLE) if "postgres" in names else None
        try:
            if "sqlite" in names:
                urls["sqlite"] = f"sqlite:///{folder}/benchmark.db"
            if cluster is not None:
                urls["postgres"] = cluster.admin_url
            yield urls
        finally:
            if cluster is not None:
                stop_cluster(cluster)
