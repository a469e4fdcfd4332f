"""
A sweep of 1,000 due timers among few and among many open matters: it must cost what is due, not what is open.

    python -m benchmarks.among_open [--few 10000] [--many 1000000] [--database sqlite] [--database postgres]
"""

import argparse
import time
from datetime import timedelta

from sqlalchemy import Connection, text

from benchmarks.deployment import FILED, Deployment, databases, deployed
from benchmarks.sweep import LATE
from engine.services.sweep import sweep
from engine.store.bulk import is_sqlite
from engine.store.matters import MATTER
from engine.store.timers import TIMER

DUE = 1_000
ROUNDS = 3
CHUNK = 20_000  # no statement may take longer than the 30 s that the store allows
FAR = FILED + timedelta(days=3000)


def main() -> None:
    """Measure on each database and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite", "postgres"))) as urls:
        for name, url in urls.items():
            with deployed(url) as town:
                _open(town, 1, given.few)
                few = min(_sweep(town, f"a{n}-") for n in range(ROUNDS))
                _open(town, given.few, given.many)
                many = min(_sweep(town, f"b{n}-") for n in range(ROUNDS))
            print(
                f"{name}: {DUE} due among {given.few:,} open {few * 1e3:.0f} ms, "
                f"among {given.many:,} {many * 1e3:.0f} ms, ratio {many / few:.2f}"
            )


def _sweep(town: Deployment, prefix: str) -> float:
    town.file(DUE, prefix=prefix)
    began = time.perf_counter()
    report = sweep(town.uow, now=LATE, services=town.door)
    took = time.perf_counter() - began
    assert report.fired == 2 * DUE, report
    return took


def _open(town: Deployment, first: int, until: int) -> None:
    """Let there be *until* open matters, copies of one, whose timers are years away."""
    if first == 1:
        town.file(1, prefix="template")
        with town.database.writing() as connection:
            connection.execute(TIMER.update().where(TIMER.c.matter_id == "template0").values(due_at=FAR, fire_at=FAR))
    for start in range(first, until, CHUNK):
        with town.database.writing() as connection:
            _copy(connection, town.uow.district, start, min(start + CHUNK, until) - 1)


def _copy(connection: Connection, district: str, first: int, last: int) -> None:
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
        if is_sqlite(connection)
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:last AS int)) AS n)"
    )
    copies = dict.fromkeys(("id", "matter_id", "root"), "'open' || n")
    for table, key in ((MATTER, MATTER.c.id), (TIMER, TIMER.c.matter_id)):
        names = [column.name for column in table.columns]
        chosen = ", ".join(copies.get(name, f'"{name}"') for name in names)
        named = ", ".join(f'"{name}"' for name in names)
        statement = (
            f"INSERT INTO {table.name} ({named}) {numbers} SELECT {chosen} FROM {table.name}, numbers "
            f"WHERE district_id = :district AND {key.name} = 'template0'"
        )
        connection.execute(text(statement), {"first": first, "last": last, "district": district})


if __name__ == "__main__":
    main()
