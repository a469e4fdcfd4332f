"""
A sweep of 1,000 due timers among few and among many open matters: it must cost what is due, not what is open.

    python -m benchmarks.among_open [--few 10000] [--many 1000000] [--database sqlite] [--database postgres]
"""

import argparse
import time
from datetime import timedelta

from sqlalchemy import text

from benchmarks.deployment import FILED, Deployment, databases, deployed
from benchmarks.sweep import LATE
from engine.services.sweep import sweep
from engine.store.matters import MATTER
from engine.store.timers import TIMER

DUE = 1_000
ROUNDS = 3
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
    numbers = (
        "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :until)"
        if town.database.is_sqlite
        else "WITH numbers AS (SELECT generate_series(CAST(:first AS int), CAST(:until AS int)) AS n)"
    )
    matter = [column.name for column in MATTER.columns]
    timer = [column.name for column in TIMER.columns]
    copies = {"id": "'open' || n", "matter_id": "'open' || n", "root": "'open' || n"}
    given = {"first": first, "until": until - 1, "district": town.uow.district}
    with town.database.writing() as connection:
        for table, columns, key in (("matter", matter, "id"), ("timer", timer, "matter_id")):
            chosen = ", ".join(copies.get(name, f'"{name}"') for name in columns)
            named = ", ".join(f'"{name}"' for name in columns)
            connection.execute(
                text(
                    f"{numbers} INSERT INTO {table} ({named}) SELECT {chosen} FROM {table}, numbers "
                    f"WHERE district_id = :district AND {key} = 'template0'"
                )
                if not town.database.is_sqlite
                else text(
                    f"INSERT INTO {table} ({named}) {numbers} SELECT {chosen} FROM {table}, numbers "
                    f"WHERE district_id = :district AND {key} = 'template0'"
                ),
                given,
            )
        opened = TIMER.c.matter_id.like("open%") | (TIMER.c.matter_id == "template0")
        far = TIMER.update().where(opened).values(due_at=FAR, fire_at=FAR)
        connection.execute(far)


if __name__ == "__main__":
    main()
