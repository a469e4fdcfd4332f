"""kill -9 before and after every statement and commit: nothing lost, nothing doubled, and the same request goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.core.command import Act, SeatAsked
from engine.core.scope import SYSTEM
from engine.services.advance import Done, Door, Entry, advance
from engine.services.import_log import import_log, publish_shipped
from engine.services.publish import publish
from engine.services.sweep import sweep
from engine.wiring import IdMaker, draw_salt
from tests.faults.conftest import Copies
from tests.faults.market import RUSH, SHARED, SHELF, WORKER, errand, settle_market
from tests.faults.picture import Picture, picture_of
from tests.support.crash import chosen, kill_at, points_of
from tests.support.errand import ERRAND, flow
from tests.support.invariants import assert_invariants
from tests.support.pg import Prepare
from tests.support.support_lines import SAMPLE
from tests.support.town import MONDAY, SHIPPED, Town, opened

IMPORTED = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Errand:
    """Something a process does, and what it leaves when nobody kills it."""

    prepare: Prepare
    do: Callable[[Town], object]
    swept_at: datetime | None = None


def file_one(town: Town) -> object:
    """File an errand with a key; the id of the matter is a new one each time, as it is at the door of the pages."""
    (outcome,) = advance(
        town.uow, [Entry(errand("filed"), key="k1")], now=RUSH - timedelta(minutes=1), services=town.door
    )
    assert isinstance(outcome, Done)
    return (outcome.matter.id, outcome.seq, outcome.number)


def act_once(town: Town) -> object:
    """Give up what a department was asked to do: the matter ends, its child is cancelled."""
    command = Act(matter=SHARED, action="drop", actor=WORKER)
    (outcome,) = advance(town.uow, [Entry(command, key="k2")], now=RUSH - timedelta(minutes=1), services=town.door)
    assert isinstance(outcome, Done)
    return (outcome.matter.id, outcome.seq)


def share_out(town: Town) -> object:
    """Ask a department: the matter moves, a child is opened."""
    command = Act(matter="left", action="share", actor=WORKER, seats=(SeatAsked(seat="lead", unit="housing"),))
    (outcome,) = advance(town.uow, [Entry(command, key="k3")], now=RUSH - timedelta(minutes=1), services=town.door)
    assert isinstance(outcome, Done)
    return (outcome.matter.id, outcome.seq)


def sweep_all(town: Town) -> object:
    """Let everything due at the rush act."""
    sweep(town.uow, now=RUSH, services=town.door)
    return None


def publish_next(town: Town) -> object:
    """Publish another version of the errand."""
    text = ERRAND.replace("version: 1", "version: 2", 1).replace("due: 1h", "due: 2h", 1)
    return publish(town.uow, flow("errand", text), by=SYSTEM, now=RUSH).digest


def settle_for_import(url: str) -> None:
    """Bring an empty database to the town with the flow for event logs."""
    settle_market(url)
    with opened(url) as town:
        publish_shipped(town.uow, "support_lines", folder=SHIPPED, now=MONDAY)


def import_some(town: Town) -> object:
    """Import a small log in several transactions; asked again, it goes on where it stopped."""
    done = import_log(
        town.uow, SAMPLE, workflow="support_lines", services=town.door, clock=lambda: IMPORTED,
        tell=lambda *_: None, batch_steps=12,
    )  # fmt: skip
    return (done.incidents, done.steps, done.taken, done.refused)


ERRANDS = {
    "filing": Errand(settle_market, file_one),
    "acting, a child ends": Errand(settle_market, act_once),
    "acting, a child begins": Errand(settle_market, share_out),
    "sweeping": Errand(settle_market, sweep_all, swept_at=RUSH),
    "publishing": Errand(settle_market, publish_next),
    "importing": Errand(settle_for_import, import_some),
}
IN_SEVERAL_TRANSACTIONS = ("sweeping", "importing")


@contextmanager
def again(url: str) -> Iterator[Town]:
    """Start the process anew on the same database."""
    with opened(url) as town:
        yield replace(town, door=Door(shelf=SHELF, ids=IdMaker(), salts=draw_salt))


def work(url: str, errand: Errand) -> None:
    """Do it in a process of its own."""
    with again(url) as town:
        errand.do(town)


def untouched(copies: Copies, errand: Errand) -> tuple[Picture, object]:
    """Return what a run leaves that nobody kills, and what it answers when it is asked once more."""
    with copies(errand.prepare) as url, again(url) as town:
        errand.do(town)
        left = picture_of(town.uow)
        assert_invariants(town.uow, SHELF, swept_at=errand.swept_at)
        return left, errand.do(town)


def warm_up(url: str) -> None:
    """Let the shelf hold the surroundings as they are here, so that every child looks up as much as the first."""
    with again(url) as town, town.uow.read() as tx:
        SHELF.surroundings(tx)


@pytest.mark.timeout(900)  # with SANLIAN_ALL_POINTS=1 the import alone takes minutes
@pytest.mark.parametrize("name", ERRANDS)
def test_process_is_killed_at_any_point_and_everything_is_done_exactly_once(name: str, copies: Copies) -> None:
    """Whatever the point, the books agree after the crash, and the same request leaves what one run leaves."""
    errand = ERRANDS[name]
    left, answer = untouched(copies, errand)
    with copies(errand.prepare) as url:
        with again(url) as town:
            before, is_file = picture_of(town.uow), town.uow.database.is_sqlite
            assert_invariants(town.uow, SHELF)
        points = points_of(lambda: work(url, errand))
    assert len(points) > 10
    every = 1 if is_file and len(points) < 100 else 40
    seen = set()

    for point in chosen(points, every=every):
        with copies(errand.prepare) as url:
            warm_up(url)
            kill_at(lambda url=url: work(url, errand), point)  # type: ignore[misc]  # bound now, not later
            with again(url) as town:
                where = f"killed at point {point}, {points[point - 1]}"
                found = picture_of(town.uow)
                seen.add("before" if found == before else "after" if found == left else "between")
                if found != before:
                    assert_invariants(town.uow, SHELF)
                assert errand.do(town) == answer, where
                assert picture_of(town.uow) == left, where
                assert_invariants(town.uow, SHELF, swept_at=errand.swept_at)

    assert {"before", "after"} <= seen
    assert ("between" in seen) == (name in IN_SEVERAL_TRANSACTIONS)
