"""The demo as it stood at one moment: played once for a whole run, copied for each test."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.services.demo_life import Played
from engine.services.demo_people import make_demo_people
from engine.services.demo_setup import set_up_demo
from engine.services.passwords import Cost, Hasher
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.clock import FixedClock

FLOWS = Path(__file__).parents[2] / "workflows"
CHEAP = Hasher(Cost(time=1, memory_kib=64, parallelism=1))  # the default takes 200 ms, and tests sign in often
NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)  # Friday 14:20 in Shanghai


def wired(file: Path, now: datetime = NOW) -> Sanlian:
    """Return a deployment on *file* whose clock stands still."""
    return wire(Settings(database_url=f"sqlite:///{file}", district="demo"), clock=FixedClock(now), hasher=CHEAP)


def play_demo(file: Path, now: datetime) -> Played:
    """Make the demo in *file*, played up to *now*."""
    sanlian = wired(file, now)
    sanlian.prepare()
    played = set_up_demo(sanlian.uow, services=sanlian.door, folder=FLOWS, now=now)
    make_demo_people(sanlian.uow, hasher=CHEAP, now=now)
    sanlian.close()
    return played


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    played = play_demo(file, NOW)
    assert (played.refused, played.missed) == ((), ())
    return file


@pytest.fixture
def demo(demo_file: Path, tmp_path: Path) -> Iterator[Sanlian]:
    """A deployment of one's own with the demo in it, its clock at `NOW`."""
    copy = tmp_path / "demo.db"
    shutil.copy(demo_file, copy)
    made = wired(copy)
    yield made
    made.close()
