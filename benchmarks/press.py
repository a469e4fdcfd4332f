"""
A press through the door, durable, against one bare durable commit of the same rows' size; and the actions of a list.

    python -m benchmarks.press [--presses 400] [--database sqlite] [--database postgres]
"""

import argparse
import time

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert

from benchmarks.deployment import FILED, Deployment, databases, deployed
from engine.core.command import Act
from engine.core.matter import Actor
from engine.core.offers import offers
from engine.services.advance import Done, Entry, advance

WORKER = Actor(post="grid_worker@grid1", role="grid_worker", unit="grid1", person="grid_worker@grid1")
LIST = 50
ROW_BYTES = 2_500  # event, matter and message rows of one press, measured on the shipped flow


def main() -> None:
    """Measure on each database and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=400)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite", "postgres"))) as urls:
        for name, url in urls.items():
            with deployed(url) as town:
                town.file(max(LIST, given.presses))
                press, bare = _presses(town, given.presses), _commits(town, given.presses)
                listed, loaded = _actions_of_a_list(town)
            print(f"{name}: press {press * 1e3:.2f} ms, bare commit {bare * 1e3:.2f} ms, ratio {press / bare:.1f}")
            print(f"{name}: actions of {LIST} {listed * 1e3:.1f} ms, loading them {loaded * 1e3:.1f} ms")


def _presses(town: Deployment, number: int) -> float:
    began = time.perf_counter()
    for n in range(number):
        act = Act(matter=f"m{n}", action="contact", actor=WORKER, values={"note": "已电话联系"}, expect="1.0")
        (outcome,) = advance(town.uow, [Entry(act, key=f"k{n}")], now=FILED, services=town.door)
        assert isinstance(outcome, Done), outcome
    return (time.perf_counter() - began) / number


def _commits(town: Deployment, number: int) -> float:
    rows = Table("bare", MetaData(), Column("n", Integer, primary_key=True), Column("body", LargeBinary))
    with town.database.writing() as connection:
        rows.create(connection)
    began = time.perf_counter()
    for n in range(number):
        with town.database.writing() as connection:
            connection.execute(insert(rows), {"n": n, "body": b"x" * ROW_BYTES})
    return (time.perf_counter() - began) / number


def _actions_of_a_list(town: Deployment) -> tuple[float, float]:
    ids = [f"m{n}" for n in range(LIST)]
    began = time.perf_counter()
    with town.uow.read() as tx:
        matters = [stored.matter for stored in tx.matters.read_many(ids).values()]
        around = town.door.shelf.surroundings(tx)
        flow = town.door.shelf.workflow(tx, matters[0].digest)
    loaded = time.perf_counter() - began
    began = time.perf_counter()
    for matter in matters:
        assert offers(flow, matter, WORKER, now=FILED, world=around.world)
    return time.perf_counter() - began, loaded


if __name__ == "__main__":
    main()
