"""Health and readiness."""

from datetime import datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from engine.core.guard import Reading
from engine.services.tick import Ticker
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.clock import FixedClock
from tests.support.demo import NOW


def tick_at(sanlian: Sanlian, at: datetime) -> None:
    """Let a scheduler tick at *at*."""
    Ticker(sanlian.uow, sanlian.door, read_clocks=lambda: Reading(at, at.timestamp(), "boot")).tick()


def test_healthz_answers_as_long_as_the_process_lives(client: TestClient) -> None:
    """It asks nothing of the database."""
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_tells_the_age_of_the_last_tick(client: TestClient, sanlian: Sanlian) -> None:
    """A scheduler that fell silent makes the deployment not ready."""
    tick_at(sanlian, NOW - timedelta(seconds=40))
    fresh = client.get("/readyz")
    assert isinstance(sanlian.clock, FixedClock)
    sanlian.clock.advance(timedelta(hours=1))
    silent = client.get("/readyz")

    assert (fresh.status_code, fresh.json()["last_sweep_age_seconds"]) == (200, 40)
    assert (silent.status_code, silent.json()["status"]) == (503, "not_ready")


def test_readyz_answers_503_when_the_tables_are_not_there(tmp_path: Path) -> None:
    """An empty database is not ready."""
    empty = wire(Settings(database_url=f"sqlite:///{tmp_path}/empty.db"), clock=FixedClock(NOW))
    with TestClient(create_app(empty)) as client:
        answer = client.get("/readyz")
    empty.close()

    assert answer.status_code == 503
    assert answer.json()["schema"] is False
