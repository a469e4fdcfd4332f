"""
Verifying a long log: events a second, and the memory it takes.

    python -m benchmarks.verify [--events 1000000] [--processes 2] [--database sqlite]

The log is real in every layer: demands are filed, acted on and swept through the door, and their chains are then
copied under other ids, with commitments, hashes and heads made anew. The ratio is against the hashing of the same
bodies alone.
"""

import argparse
import hashlib
import os
import resource
import time
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import insert, select

from benchmarks.deployment import FILED, Deployment, databases, deployed
from engine.core.command import Act
from engine.core.history import chain_next, chain_origin, commitment
from engine.core.matter import Actor
from engine.services.advance import Done, Entry, advance
from engine.services.audit import verify
from engine.services.sweep import sweep
from engine.store.events import EVENT
from engine.store.matters import MATTER
from engine.store.vault import VAULT

TEMPLATES = 50
PREFIX = "aaaaaaa-"
LOG = "benchmark"
WORKER = Actor(post="grid_worker@grid1", role="grid_worker", unit="grid1", person="grid_worker@grid1")


def main() -> None:
    """Make the log, verify it, and print the rate, the ratio and the memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    given = parser.parse_args()
    with databases((given.database,)) as urls, deployed(urls[given.database]) as town:
        _live(town)
        _copy(town, given.events)
        hashing = _hash_alone(town)
        began, before = time.perf_counter(), _cpu()
        now = FILED + timedelta(days=60)
        report = verify(town.uow, town.door.shelf, now=now, processes=given.processes)
        took, worked = time.perf_counter() - began, _cpu() - before
        assert report.found == 0, report.findings[:3]
        parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{given.database}: {report.events:,} events, {given.processes} processes, "
        f"{report.events / took:,.0f} a second, {took / hashing:.1f} times the hashing alone, "
        f"CPU of all {worked / report.events * 1e6:.1f} µs an event, load {os.getloadavg()[0]:.1f}, "
        f"at most {child:.0f} MB a process (this one, with making the log, {parent:.0f} MB)"
    )


def _cpu() -> float:
    """Seconds of CPU that this process and its ended children have taken."""
    return sum(os.times()[:4])


def _live(town: Deployment) -> None:
    """A few demands through the door: accepted, noted, late, supervised, moved up."""
    town.file(TEMPLATES, prefix=PREFIX)
    for hours, action, values in (
        (1, "accept", {"category": "A1"}),
        (2, "contact", {"note": "已联系"}),
        (3, "note", {"note": "约了师傅"}),
        (26, "talk", {"note": "商量过"}),
    ):
        acts = [
            Entry(Act(matter=f"{PREFIX}{n}", action=action, actor=WORKER, values=dict(values)))
            for n in range(TEMPLATES)
        ]
        outcomes = advance(town.uow, acts, now=FILED + timedelta(hours=hours), services=town.door)
        assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes[0]
    for day in range(3, 30):
        sweep(town.uow, now=FILED + timedelta(days=day), services=town.door)


def _copy(town: Deployment, events: int) -> None:
    """Copy every chain under other ids until there are *events*."""
    with town.database.reading() as connection:
        rows = [
            dict(row._mapping) for row in connection.execute(select(EVENT).order_by(EVENT.c.matter_id, EVENT.c.seq))
        ]
        matters = {row.id: dict(row._mapping) for row in connection.execute(select(MATTER))}
        secrets = [dict(row._mapping) for row in connection.execute(select(VAULT))]
    chains = {name: [row for row in rows if row["matter_id"] == name] for name in matters}
    opened = {name: [row for row in secrets if row["matter_id"] == name] for name in matters}
    made = len(rows)
    for number in range(events):
        if made >= events:
            return
        with town.database.writing() as connection:
            for name, chain in chains.items():
                fresh = name.replace(PREFIX, f"{number:07d}-")
                copied, kept = _renamed(chain, opened[name], name, fresh)
                matter = _renamed_matter(matters[name], name, fresh, _bytes(copied[-1]["hash"]))
                connection.execute(insert(MATTER), [matter])
                connection.execute(insert(EVENT), copied)
                connection.execute(insert(VAULT), kept)
                made += len(copied)


def _bytes(cell: object) -> bytes:
    assert isinstance(cell, bytes)
    return cell


def _renamed_matter(row: dict[str, object], old: str, new: str, head: bytes) -> dict[str, object]:
    snapshot = _bytes(row["snapshot"])
    return {
        **row,
        "id": new,
        "root": new,
        "head": head,
        "snapshot": snapshot.replace(old.encode(), new.encode()),
    }


def _renamed(
    chain: list[dict[str, object]], secrets: list[dict[str, object]], old: str, new: str
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The same chain and its openings under another id: commitments, hashes and heads made anew."""
    kept, exchanged = [], []
    for secret in secrets:
        ref, salt, value = str(secret["ref"]), secret["salt"], secret["value"]
        assert isinstance(salt, bytes)
        assert isinstance(value, bytes)
        fresh = ref.replace(old, new)
        exchanged.append((commitment(salt, ref, value).encode(), commitment(salt, fresh, value).encode()))
        kept.append({**secret, "ref": fresh, "matter_id": new})
    copied, head = [], chain_origin(LOG, new)
    for row in chain:
        body = row["body"]
        assert isinstance(body, bytes)
        body = body.replace(old.encode(), new.encode())
        for was, now in exchanged:
            body = body.replace(was, now)
        head = chain_next(head, body)
        key = row["timer_key"]
        timer_key = key.replace(old, new) if isinstance(key, str) else None
        copied.append({**row, "matter_id": new, "body": body, "hash": head, "timer_key": timer_key})
    return copied, kept


def _hash_alone(town: Deployment) -> float:
    """Seconds to read every body and hash it, in one process."""
    began = time.perf_counter()
    for body in _bodies(town):
        hashlib.sha256(body).digest()
    return time.perf_counter() - began


def _bodies(town: Deployment) -> Iterator[bytes]:
    with town.database.reading() as connection:
        for (body,) in connection.execution_options(stream_results=True).execute(select(EVENT.c.body)):
            yield body


if __name__ == "__main__":
    main()
