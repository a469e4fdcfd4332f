"""
What an auditor opens, in a short and in a long log: a search and one chain must cost what they show.

    python -m benchmarks.audit [--few 10000] [--events 1000000] [--database sqlite]

One demand is filed, acted on and swept through the door; its events and rows are then copied under other ids, over a
year. The copies are not hashed anew, because only the first demand is verified here.
"""

import argparse
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Table, text

from benchmarks.deployment import FILED, Deployment, databases, deployed
from benchmarks.verify import WORKER
from engine.core.command import Act
from engine.services.advance import Entry, advance
from engine.services.review_chain import review_chain
from engine.services.search_trail import Around, Search, search_trail
from engine.services.sweep import sweep
from engine.services.verify_one import verify_one
from engine.store.events import EVENT
from engine.store.matters import MATTER
from engine.store.tables.schema import METADATA
from engine.store.unit_of_work import Transaction

NOW = FILED + timedelta(days=30)
TEMPLATE = "template0"
ROUNDS = 5
DAYS = 365
DEMAND = METADATA.tables["demand"]
INSTANTS = {"event": ("at", "recorded_at"), "matter": ("filed_at", "entered_at", "at")}
Look = Callable[[Transaction, Around], object]


def main() -> None:
    """Measure on each database and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite",))) as urls:
        for name, url in urls.items():
            with deployed(url) as town:
                length = _live(town)
                copy(town, 1, given.few // length)
                few = measured(town)
                copy(town, given.few // length + 1, given.events // length)
                many = measured(town)
            for page, seconds in few.items():
                print(
                    f"{name}: {page} among {given.few:,} events {seconds * 1e3:.1f} ms, among {given.events:,} "
                    f"{many[page] * 1e3:.1f} ms, ratio {many[page] / seconds:.2f}"
                )


def _live(town: Deployment) -> int:
    """One demand accepted and then left alone; return how many events that made."""
    town.file(1, prefix="template")
    act = Act(matter=TEMPLATE, action="accept", actor=WORKER, values={"category": "A1"})
    advance(town.uow, [Entry(act)], now=FILED + timedelta(hours=1), services=town.door)
    for day in range(3, 30):
        sweep(town.uow, now=FILED + timedelta(days=day), services=town.door)
    with town.uow.read() as tx:
        return len(list(tx.events.of(TEMPLATE)))


def measured(town: Deployment) -> dict[str, float]:
    """Return the best of some rounds for each page."""
    pages: dict[str, Look] = {
        "newest": _searched(Search()),
        "one number": _searched(Search(number=TEMPLATE)),
        "a kind that is rare": _searched(Search(kind="migrated")),
        "a grid": _searched(Search(unit="grid1")),
        "a rule that never acted": _searched(Search(rule="nothing")),
        "one day": _searched(Search(since=FILED - timedelta(days=9), until=FILED - timedelta(days=8))),
        "system topic": _searched(Search(topic="workflows")),
        "one chain verified": lambda tx, _: verify_one(tx, TEMPLATE),
        "page of one chain": lambda tx, around: review_chain(tx, TEMPLATE, at=None, seq=None, around=around, now=NOW),
    }
    return {name: min(_once(town, page) for _ in range(ROUNDS)) for name, page in pages.items()}


def _searched(search: Search) -> Look:
    return lambda tx, around: search_trail(tx, search, cursor="", around=around)


def _once(town: Deployment, page: Look) -> float:
    shelf = town.door.shelf
    with town.uow.read() as tx:
        around = Around(
            world=shelf.world(tx), flow_of=lambda digest: shelf.workflow(tx, digest), catalogue={}, roles={}
        )
        # SQLite works in this process: its CPU time says the same whatever else the machine does.
        clock = time.process_time if town.database.is_sqlite else time.perf_counter
        began = clock()
        page(tx, around)
        return clock() - began


def copy(town: Deployment, first: int, until: int) -> None:
    """Let there be copies of the demand, a minute apart and over again each year."""
    lite = town.database.is_sqlite
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :until)"
        if lite
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:until AS int)) AS n)"
    )
    given = {"first": first, "until": until, "district": town.uow.district, "template": TEMPLATE}
    with town.database.writing() as connection:
        for table, key in ((MATTER, "id"), (DEMAND, "matter_id"), (EVENT, "matter_id")):
            named = ", ".join(f'"{column.name}"' for column in table.columns)
            chosen = ", ".join(_cell(table, column.name, lite=lite) for column in table.columns)
            rows = f"SELECT {chosen} FROM {table.name}, numbers WHERE district_id = :district AND {key} = :template"
            insert = f"INSERT INTO {table.name} ({named})"
            connection.execute(text(f"{insert} {numbers} {rows}" if lite else f"{numbers} {insert} {rows}"), given)


def _cell(table: Table, name: str, *, lite: bool) -> str:
    """How the copy number n of a cell is written in SQL."""
    if name in INSTANTS.get(table.name, ()):
        back = f"(n % {DAYS * 24 * 60})"
        if lite:
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', {name}, '-' || {back} || ' minutes')"
        return f"{name} - {back} * interval '1 minute'"
    if name in ("body", "snapshot"):
        here = "CAST({} AS text)" if lite else "convert_from({}, 'UTF8')"
        renamed = f"replace({here.format(name)}, :template, 'copy' || n)"
        return f"CAST({renamed} AS blob)" if lite else f"convert_to({renamed}, 'UTF8')"
    if name in ("id", "matter_id", "root"):
        return "'copy' || n"
    return {"number": "'x' || n", "timer_key": "'copy' || n || '/' || seq"}.get(name, f'"{name}"')


if __name__ == "__main__":
    main()
