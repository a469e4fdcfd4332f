"""
Board, daily sheet and dispatch table among few and among many demands: they must cost what they show.

Each is measured as on a busy street: nothing that was read before is at hand.
"""

import argparse
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from benchmarks.deployment import FILED, Deployment, databases, deployed
from engine.core.matter import Actor
from engine.core.workflow.declaration import Workflow
from engine.services.board import board_of, lanes_of
from engine.services.daily_sheet import daily_sheet
from engine.services.dispatching import waiting_table
from engine.services.figures import WHOLE, Frame, figure_list, frame_of
from engine.store.matters import MATTER
from engine.store.tables.schema import METADATA
from engine.store.unit_of_work import Transaction, UnitOfWork

NOW = FILED + timedelta(days=4, hours=3)
HEAD = Actor(post="bench", role="street_head", unit="street1")
CENTRE = Actor(post="bench", role="service_centre", unit="street1")
ROUNDS = 5
DEMAND = METADATA.tables["demand"]


def main() -> None:
    """Measure on each database and print a line for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--closed", type=int, default=1_000_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite",))) as urls:
        for name, url in urls.items():
            with deployed(url) as town:
                town.file(1, prefix="template")
                copy(town, 1, given.few, is_open=True)
                few = measured(town)
                copy(town, given.few + 1, given.open, is_open=True)
                copy(town, given.open + 1, given.open + given.closed, is_open=False)
                many = measured(town)
            for page, seconds in few.items():
                print(
                    f"{name}: {page} among {given.few:,} open {seconds * 1e3:.1f} ms, among {given.open:,} open and "
                    f"{given.closed:,} closed {many[page] * 1e3:.1f} ms, ratio {many[page] / seconds:.2f}"
                )


def measured(town: Deployment) -> dict[str, float]:
    """Return the best of some rounds for each page."""
    pages: dict[str, Callable[[Transaction, Frame], object]] = {
        "board counts": board_of,
        "board table": lambda tx, frame: figure_list(tx, "open", frame, WHOLE, cursor=""),
        "board lanes": lambda tx, frame: lanes_of(tx, frame, unit=""),
        "daily sheet": lambda tx, frame: daily_sheet(tx, frame, with_texts=True, categories={}),
        "dispatch table": lambda tx, frame: waiting_table(
            tx, CENTRE, reason="", world=frame.world, flows=frame.flows, flow_of=frame.flow_of, now=NOW
        ),
    }
    return {name: min(_once(town, page) for _ in range(ROUNDS)) for name, page in pages.items()}


def _once(town: Deployment, page: Callable[[Transaction, Frame], object]) -> float:
    shelf = town.door.shelf
    with UnitOfWork(town.database, district=town.uow.district).read() as tx:
        flows: tuple[Workflow, ...] = tuple(shelf.workflow(tx, one) for one in tx.workflows.current_digests().values())
        frame = frame_of(
            HEAD, world=shelf.world(tx), flows=flows, flow_of=lambda digest: shelf.workflow(tx, digest), now=NOW
        )
        # SQLite works in this process: its CPU time says the same whatever else the machine does.
        clock = time.process_time if town.database.is_sqlite else time.perf_counter
        began = clock()
        page(tx, frame)
        return clock() - began


def copy(town: Deployment, first: int, until: int, *, is_open: bool) -> None:
    """Let there be copies of one demand, a minute apart: open ones due around now, closed ones over three years."""
    lite = town.database.is_sqlite
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :until)"
        if lite
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:until AS int)) AS n)"
    )
    back = (
        "datetime(filed_at, '-' || (n % 1500000) || ' minutes')"
        if lite
        else "filed_at - n % 1500000 * interval '1 minute'"
    )
    due = (
        "datetime(filed_at, '+' || (n % 20000) || ' minutes')" if lite else "filed_at + n % 20000 * interval '1 minute'"
    )
    changed = {
        "id": "'copy' || n",
        "matter_id": "'copy' || n",
        "root": "'copy' || n",
        "number": "'x' || n",
        "place": "'grid' || (1 + n % 3)",
    }
    if is_open:
        changed |= {"due_at": due}
    else:
        changed |= {"outcome": "'solved'", "ended_at": back, "filed_at": back, "entered_at": back, "at": back}
    given = {"first": first, "until": until, "district": town.uow.district}
    with town.database.writing() as connection:
        for table, key in ((MATTER, "id"), (DEMAND, "matter_id")):
            columns = [column.name for column in table.columns]
            named = ", ".join(f'"{name}"' for name in columns)
            chosen = ", ".join(changed.get(name, f'"{name}"') for name in columns)
            rows = f"SELECT {chosen} FROM {table.name}, numbers WHERE district_id = :district AND {key} = 'template0'"
            insert = f"INSERT INTO {table.name} ({named})"
            connection.execute(text(f"{insert} {numbers} {rows}" if lite else f"{numbers} {insert} {rows}"), given)


if __name__ == "__main__":
    main()
