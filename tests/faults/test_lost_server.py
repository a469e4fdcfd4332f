"""The server goes away under people who write: what was acknowledged stays, what was not is done once when repeated."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import make_url

from engine.errors import Conflict, Unavailable
from engine.services.advance import Done, Entry, advance
from engine.services.sweep import sweep
from tests.faults.market import RUSH, SHELF, errand, settle_market
from tests.faults.test_kill import again
from tests.support.invariants import assert_invariants
from tests.support.pg import Prepare
from tests.support.pg_cluster import NoPostgres, start_cluster, stop_cluster
from tests.support.town import Town

WRITERS, EACH = 3, 12
PATIENCE = 400  # tries of 50 ms: far more than a server needs to come back


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town shortly before its rush."""
    return settle_market


@pytest.fixture
def own_server_url() -> Iterator[str]:
    """A town on a server of its own that writes commits to disk; it may be killed."""
    try:
        cluster = start_cluster(owner=os.getpid(), options=("fsync=off", "synchronous_commit=on"))
    except NoPostgres as missing:
        pytest.skip(str(missing))
    settle_market(cluster.admin_url)
    yield cluster.admin_url
    stop_cluster(cluster)


def admin(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Return a connection beside the product's."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


class Writers:
    """People who file until they are told it was done, each press with its own key."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._calm = threading.Event()
        self.acknowledged: dict[str, tuple[str, int]] = {}
        self.refusals = 0
        self.progress = threading.Semaphore(0)

    def write(self, writer: int) -> None:
        """File some errands; each one is tried again with its key until it is acknowledged."""
        for n in range(EACH):
            key = f"{writer}-{n}"
            for attempt in range(PATIENCE):
                try:
                    # A repeat brings a new id, as a page does that is sent again.
                    entry = Entry(errand(f"pressed-{key}-{attempt}"), key=key)
                    (outcome,) = advance(self._town.uow, [entry], now=RUSH, services=self._town.door)
                except (Unavailable, Conflict):
                    self.refusals += 1
                    self._calm.wait(0.05)
                    continue
                assert isinstance(outcome, Done)
                self.acknowledged[key] = (outcome.matter.id, outcome.seq)
                self.progress.release()
                break

    def run(self, disturb: Callable[[], None], *, times: int) -> None:
        """Let all write, and disturb them so many times, each time after some more was acknowledged."""
        with ThreadPoolExecutor(WRITERS) as pool:
            writing = [pool.submit(self.write, writer) for writer in range(WRITERS)]
            for _ in range(times):
                for _ in range(WRITERS * EACH // (times + 1)):
                    assert self.progress.acquire(timeout=20), "nobody got anything done"
                disturb()
            for one in writing:
                one.result()


def assert_nothing_lost_or_doubled(town: Town, writers: Writers) -> None:
    """Every acknowledged filing is there under its key, once, and nothing else was filed."""
    assert len(writers.acknowledged) == WRITERS * EACH
    with town.uow.read() as tx:
        filed = {one.matter.id for one in tx.matters.all() if one.matter.id.startswith("pressed-")}
    assert filed == {matter for matter, _ in writers.acknowledged.values()}
    assert_invariants(town.uow, SHELF)


def test_nothing_is_lost_or_doubled_when_connections_are_cut(prepared_pg_url: str) -> None:
    """Every connection of the product is ended by the server, again and again, in the middle of writing."""
    with again(prepared_pg_url) as town, admin(prepared_pg_url) as beside:
        writers = Writers(town)

        def cut() -> None:
            beside.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        writers.run(cut, times=6)

        assert_nothing_lost_or_doubled(town, writers)
        sweep(town.uow, now=RUSH, services=town.door)
        assert_invariants(town.uow, SHELF, swept_at=RUSH)


def test_nothing_is_lost_or_doubled_when_the_server_crashes(own_server_url: str) -> None:
    """A server process is killed: the server drops everybody at once and recovers from its log, as after a crash."""
    with again(own_server_url) as town:
        writers = Writers(town)

        def crash() -> None:
            with admin(own_server_url) as beside:
                beside.execute("CHECKPOINT")
                pid = beside.info.backend_pid
                os.kill(pid, signal.SIGKILL)

        writers.run(crash, times=2)

        assert writers.refusals > 0
        assert_nothing_lost_or_doubled(town, writers)
