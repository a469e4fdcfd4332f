"""The demo's town as it stood at one moment, served to the tests of pages."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from engine.services.demo_setup import set_up_demo
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.clock import FixedClock

FLOWS = Path(__file__).parents[2] / "workflows"
NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)
ORIGIN = "http://testserver"


def wired(file: Path, now: datetime = NOW) -> Sanlian:
    """Return a deployment on *file* whose clock stands still."""
    return wire(Settings(database_url=f"sqlite:///{file}", district="demo"), clock=FixedClock(now))


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the demo, played once up to Friday 20 November 2026, 14:20 in Shanghai."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    sanlian = wired(file)
    sanlian.prepare()
    played = set_up_demo(sanlian.uow, services=sanlian.door, folder=FLOWS, now=NOW)
    sanlian.close()
    assert played.refused == ()
    return file


@pytest.fixture
def sanlian(demo_file: Path, tmp_path: Path) -> Iterator[Sanlian]:
    """A deployment of one's own with the demo in it."""
    copy = tmp_path / "demo.db"
    shutil.copy(demo_file, copy)
    made = wired(copy)
    yield made
    made.close()


@pytest.fixture
def client(sanlian: Sanlian) -> Iterator[TestClient]:
    """A browser without script, sending forms as a browser does."""
    headers = {"Accept": "text/html", "Origin": ORIGIN}
    with TestClient(create_app(sanlian), base_url=ORIGIN, headers=headers, follow_redirects=False) as made:
        yield made
