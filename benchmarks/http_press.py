"""
Fifty people who signed in press actions through HTTP, durable, against a bare application that inserts and updates.

    python -m benchmarks.http_press [--people 50] [--seconds 3] [--rounds 5] [--database sqlite] [--database postgres]

Everybody notes progress on demands of the own grid, each press with its version and its key, as the page sends it. The
bare application adds a row and changes a row in one commit as durable. Both serve in one process each, in turn.
"""

import argparse
import http.client
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.bare.app import make_things, open_bare
from benchmarks.deployment import databases
from benchmarks.load import WAIT_SECONDS, Address, Slice
from benchmarks.pages import COOKIE
from benchmarks.served import served
from benchmarks.street import make_street
from engine.wiring import Sanlian
from tests.support.people import token_for

EACH = 4
NOTE = "去现场看过，灯坏了两只，已约电工明天上午来换。"


@dataclass(slots=True)
class Demand:
    """A demand as the one who presses knows it; a note is one form more."""

    id: str
    visit: int
    forms: int


@dataclass(frozen=True, slots=True)
class Post:
    """A form to be sent."""

    path: str
    fields: dict[str, str]
    headers: dict[str, str]


Presses = Iterator[Post]


def main() -> None:
    """Measure on each database and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"))
    given = parser.parse_args()
    with databases(tuple(given.database or ("sqlite", "postgres"))) as urls:
        for name, url in urls.items():
            mine, theirs = measure(url, people=given.people, seconds=given.seconds, rounds=given.rounds)
            ours, bare = _rate(mine), _rate(theirs)
            print(
                f"{name}: {given.people} people, {ours:.0f} presses/s against {bare:.0f}/s, ratio {ours / bare:.2f}; "
                f"p50 {_at(mine, 50):.0f} ms, p95 {_at(mine, 95):.0f} ms against {_at(theirs, 50):.0f} and "
                f"{_at(theirs, 95):.0f} ms; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def measure(url: str, *, people: int, seconds: float, rounds: int) -> tuple[list[Slice], list[Slice]]:
    """Return the slices of the product and of the bare application, pressed in turn."""
    sanlian = make_street(url, opened=max(1_000, people * EACH * 2))
    pressing = _pressing(sanlian, people)
    sanlian.close()
    engine = open_bare(url)
    make_things(engine, people)
    engine.dispose()
    found: tuple[list[Slice], list[Slice]] = ([], [])
    with served("ours", url) as ours, served("bare", url) as bare:
        plain = [_bare(number) for number in range(people)]
        pairs = [(ours, pressing, found[0]), (bare, plain, found[1])]
        for address, presses, _ in pairs:
            press_all(address, presses, seconds=seconds / 3)
        for _ in range(rounds):
            for address, presses, slices in pairs:
                slices.append(press_all(address, presses, seconds=seconds))
            pairs.reverse()
    return found


def _pressing(sanlian: Sanlian, people: int) -> list[Presses]:
    """What each person presses: notes on demands of the own grid that nobody else has."""
    with sanlian.uow.read() as tx:
        workers = [post for post in tx.organisation.load().posts.values() if post.role == "grid_worker"]
        at_hand: dict[str, list[Demand]] = {}
        for stored in tx.matters.all(only_open=True):
            matter = stored.matter
            if matter.id.startswith("f") and matter.holder is not None and matter.holder.role == "grid_worker":
                at_hand.setdefault(matter.place, []).append(Demand(matter.id, matter.visit, matter.forms))
    found = []
    for number in range(people):
        worker = workers[number % len(workers)]
        waiting = at_hand[worker.unit or ""]
        own = [waiting.pop() for _ in range(EACH)]
        found.append(_notes(own, token=token_for(sanlian, worker.id), ids=sanlian.door.ids))
    return found


def _notes(demands: Sequence[Demand], *, token: str, ids: Callable[[], str]) -> Presses:
    while True:
        for demand in demands:
            fields = {"if-match": f"{demand.visit}.{demand.forms}", "key": ids(), "f-note": NOTE}
            yield Post(f"/matters/{demand.id}/do/note", fields, {"Cookie": f"{COOKIE}={token}"})
            demand.forms += 1


def _bare(number: int) -> Presses:
    while True:
        yield Post(f"/things/{number}/press", {"note": NOTE}, {})


def press_all(address: Address, people: Sequence[Presses], *, seconds: float) -> Slice:
    """Let everybody press, one after the other, for so long."""
    took: list[list[float]] = [[] for _ in people]
    faults: list[str] = []
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_press, args=(address, presses, began + seconds, mine, faults))
        for presses, mine in zip(people, took, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(f"{len(faults)} presses were not taken, the first: {faults[0]}")
    return Slice(time.perf_counter() - began, [one for mine in took for one in mine])


def _press(address: Address, presses: Presses, until: float, took: list[float], faults: list[str]) -> None:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=WAIT_SECONDS)
    browser = {"Accept": "text/html", "Origin": address.origin, "Content-Type": "application/x-www-form-urlencoded"}
    while time.perf_counter() < until and not faults:
        post = next(presses)
        began = time.perf_counter()
        connection.request("POST", post.path, body=urlencode(post.fields), headers={**browser, **post.headers})
        answer = connection.getresponse()
        body = answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != http.client.SEE_OTHER:
            faults.append(f"{post.path}: {answer.status} {body[-600:].decode(errors='replace')}")
    connection.close()


def _rate(slices: Sequence[Slice]) -> float:
    return statistics.median(one.rate for one in slices)


def _at(slices: Sequence[Slice], percent: int) -> float:
    """Milliseconds within which so many percent of all presses were answered."""
    return statistics.quantiles([one for part in slices for one in part.took], n=100)[percent - 1] * 1e3


if __name__ == "__main__":
    main()
