"""
Take the pictures of `docs/`: play the demo up to one instant, walk through a day of each person, keep what is seen.

`python -m scripts.take_pictures` takes all of them, `python -m scripts.take_pictures resident auditor` two days.
Each day begins with the same demo in a database of its own, so days can be taken alone and in any order.
"""

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from api.app import create_app
from engine.core.guard import Reading
from engine.scheduler import Scheduler
from engine.services.demo_clock import AheadClock, FastForward
from engine.services.demo_people import make_demo_people
from engine.services.demo_setup import set_up_demo
from engine.services.passwords import Cost, Hasher
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from scripts.picture_days import DAYS
from scripts.pictures import Stage

ROOT = Path(__file__).resolve().parents[1]
FLOWS = ROOT / "workflows"
FOLDER = ROOT / "docs" / "pictures"
NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)  # Friday 14:20 in Shanghai
CHEAP = Hasher(Cost(time=1, memory_kib=64, parallelism=1))  # nothing here is to be kept from anybody
FLAGS = [
    "--lang=zh-CN",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
START_SECONDS = 20.0


class StillClock:
    """A clock that stands still; the fast forward of the demo puts it ahead."""

    def now(self) -> datetime:
        """Return the one instant."""
        return NOW


def main() -> None:
    """Take the pictures of the days that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("days", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(DAYS)}")
    named = parser.parse_args().days
    if unknown := set(named) - set(DAYS):
        parser.error(f"no such day: {', '.join(sorted(unknown))}; there are {', '.join(DAYS)}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        made = Path(folder) / "demo.db"
        play(made)
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=FLAGS, env={**os.environ, "LANGUAGE": "zh_CN"}
        )
        for name in named or DAYS:
            began = time.monotonic()
            copy = Path(folder) / f"{name}.db"
            shutil.copy(made, copy)
            take_day(name, copy, browser)
            print(f"{name}: {time.monotonic() - began:.0f} s")
        browser.close()
    print(f"{FOLDER.relative_to(ROOT)}: {sum(one.stat().st_size for one in FOLDER.glob('*.png')) / 1024:.0f} KB")


def wired(file: Path) -> Sanlian:
    """Return a deployment on *file* whose clock stands still."""
    return wire(Settings(database_url=f"sqlite:///{file}", district="demo"), clock=StillClock(), hasher=CHEAP)


def play(file: Path) -> None:
    """Make the demo in *file*."""
    sanlian = wired(file)
    sanlian.prepare()
    set_up_demo(sanlian.uow, services=sanlian.door, folder=FLOWS, now=NOW)
    make_demo_people(sanlian.uow, hasher=CHEAP, now=NOW)
    sanlian.close()


def take_day(name: str, file: Path, browser: Browser) -> None:
    """Walk through one day on the demo in *file*."""
    sanlian = wired(file)
    clock = AheadClock(sanlian.clock, sanlian.clock.now() - NOW)
    sanlian = replace(sanlian, clock=clock)
    scheduler = Scheduler(sanlian, read_clocks=lambda: Reading(clock.now(), clock.now().timestamp(), "pictures"))
    passing = FastForward(sanlian.uow, clock, tick=scheduler.tick, keep_house=scheduler.keep_house)
    scheduler.keep_house()
    with served(sanlian) as site:
        DAYS[name](Stage(browser=browser, site=site, sanlian=sanlian, passing=passing, folder=FOLDER))
    sanlian.close()


@contextmanager
def served(sanlian: Sanlian) -> Iterator[str]:
    """Serve *sanlian* on a free port of this machine; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(sanlian), log_level="warning", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start; its messages are above")
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join(timeout=START_SECONDS)


def find_browser() -> str:
    """Return the browser that the page tests use too."""
    found = subprocess.run(
        ["sh", ROOT / "scripts" / "browser.sh", "--print"], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        raise SystemExit(f"no browser: run `make browser` {found.stderr}")
    return found.stdout.strip()


if __name__ == "__main__":
    main()
