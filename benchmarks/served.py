"""
Serve the product or the bare application in a process of its own, as `sanlian serve` does: one worker on loopback.

    python -m benchmarks.served ours|bare DATABASE [--district demo] [--frame FILE]

The clock of the product begins at the same moment each time, so that pages of a database kept from an earlier run stay
the same, and runs: what is kept for a moment must not look as if it held for ever.
"""

import argparse
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from benchmarks.bare.app import create_bare, open_bare
from benchmarks.load import Address
from benchmarks.street import DISTRICT
from engine.cli.serve import run
from engine.core.terms import EventType
from engine.services.library import load_flows
from engine.settings import Settings
from engine.wiring import wire
from tests.support.demo import FLOWS, NOW

HOST = "127.0.0.1"
START_SECONDS = 60


class RunningClock:
    """A clock that was set to *start* when it was made."""

    def __init__(self, start: datetime) -> None:
        self._ahead = start - datetime.now(UTC)

    def now(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self._ahead


def main() -> None:
    """Serve until stopped; the first line that is printed ends with the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=("ours", "bare"))
    parser.add_argument("database")
    parser.add_argument("--frame", type=Path)
    parser.add_argument("--now", type=datetime.fromisoformat, default=NOW)
    given = parser.parse_args()
    if given.subject == "ours":
        sanlian = wire(Settings(database_url=given.database, district=DISTRICT), clock=RunningClock(given.now))
        run(sanlian, host=HOST, port=0)
        return
    _serve_bare(given.database, given.frame)


def _serve_bare(url: str, frame: Path | None) -> None:
    before, after = json.loads(frame.read_text(encoding="utf-8")) if frame is not None else ("", "")
    app = create_bare(open_bare(url), district=DISTRICT, frame=(before, after), words=_words())
    config = uvicorn.Config(app, host=HOST, port=0, log_level="warning", access_log=False)
    listener = config.bind_socket()
    print(f"http://{HOST}:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def _words() -> dict[str, str]:
    """What levels, roles, steps and entries of the shipped flows are called."""
    words = {one.value: one.label for one in EventType}
    for flow in load_flows(FLOWS).values():
        for named in (flow.levels, flow.roles, flow.states):
            words |= {ident: one.label.zh for ident, one in named.items()}
    return words


@contextmanager
def served(subject: str, database: str, *options: str) -> Iterator[Address]:
    """Serve *subject* on *database* in a process of its own."""
    command = [sys.executable, "-u", "-m", "benchmarks.served", subject, database, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = line.split("（")[0].strip().rpartition(":")[2]
            assert port.isdigit(), f"{subject} did not start: {line}"
            _wait_until_up(int(port))
            yield Address(HOST, int(port))
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _wait_until_up(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port)).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    main()
