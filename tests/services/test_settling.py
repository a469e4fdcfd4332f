"""A rating that is still settling, taken back and settled: the books of the whole database agree at every moment."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from engine.core.matter import Matter
from tests.support.invariants import assert_invariants
from tests.support.logged import file, pass_time, settle_shipped
from tests.support.town import MONDAY, Town, actor, opened

RESIDENT, WORKER, LEADER = (actor(role, "zhu-1") for role in ("resident", "grid_worker", "grid_leader"))


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test here begins with the town and the shipped flows."""
    return settle_shipped


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town, with nothing filed yet."""
    with opened(prepared_sqlite_url) as town:
        yield town


def waiting_for_its_resident(town: Town) -> Matter:
    """Return a demand that was done and checked, and waits for a rating."""
    demand = file(town, "楼道灯不亮", at=MONDAY)
    with town.uow.write() as tx:
        photo = tx.files.add("photo", b"\x89PNG a picture", media_type="image/png", name_ref=None, at=MONDAY)
    pass_time(town, MONDAY + timedelta(minutes=20))
    town.act(demand, "accept", by=WORKER, at=MONDAY + timedelta(minutes=30), category="A1")
    town.act(demand, "solve", by=WORKER, at=MONDAY + timedelta(hours=3), note="换了灯泡", photo_after=[photo])
    town.act(demand, "pass", by=LEADER, at=MONDAY + timedelta(hours=5))
    return demand


@pytest.mark.parametrize(
    ("action", "given"),
    [("agree", {"rating": "satisfied"}), ("redo", {"rating": "not", "note": "没修好"})],
)
def test_books_agree_while_a_rating_settles(town: Town, action: str, given: dict[str, Any]) -> None:
    """Pressed, taken back, pressed again and settled: each event decided again prescribes what is stored."""
    demand = waiting_for_its_resident(town)
    pressed = MONDAY + timedelta(hours=6)
    again = pressed + timedelta(hours=1)

    for step, at in ((action, pressed), ("undo", pressed + timedelta(minutes=4)), (action, again)):
        town.act(demand, step, by=RESIDENT, at=at, **(given if step == action else {}))
        assert (town.matter(demand.id).settling is not None) == (step == action)
        assert_invariants(town.uow, town.door.shelf)
    pass_time(town, again + timedelta(minutes=11))

    assert town.matter(demand.id).settling is None
    assert_invariants(town.uow, town.door.shelf, swept_at=again + timedelta(minutes=11))
