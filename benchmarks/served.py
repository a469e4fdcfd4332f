"""
Serve the product or the bare application in a process of its own, as `sanlian serve` does: one worker on loopback.

    python -m benchmarks.served ours|bare DATABASE [--district demo] [--frame FILE]

The clock of the product stands still, so that pages of a database kept from an earlier run stay the same.
"""

import argparse
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn

from benchmarks.bare.app import create_bare, open_bare
from benchmarks.load import Address
from benchmarks.street import DISTRICT
from engine.cli.serve import run
from engine.settings import Settings
from engine.wiring import wire
from tests.support.clock import FixedClock
from tests.support.demo import NOW

HOST = "127.0.0.1"
START_SECONDS = 60


def main() -> None:
    """Serve until stopped; the first line that is printed ends with the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=("ours", "bare"))
    parser.add_argument("database")
    parser.add_argument("--frame", type=Path)
    parser.add_argument("--now", type=datetime.fromisoformat, default=NOW)
    given = parser.parse_args()
    if given.subject == "ours":
        sanlian = wire(Settings(database_url=given.database, district=DISTRICT), clock=FixedClock(given.now))
        run(sanlian, host=HOST, port=0)
        return
    _serve_bare(given.database, given.frame)


def _serve_bare(url: str, frame: Path | None) -> None:
    before, after = json.loads(frame.read_text(encoding="utf-8")) if frame is not None else ("", "")
    app = create_bare(open_bare(url), district=DISTRICT, frame=(before, after))
    config = uvicorn.Config(app, host=HOST, port=0, log_level="warning", access_log=False)
    listener = config.bind_socket()
    print(f"http://{HOST}:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


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
