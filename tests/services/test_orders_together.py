"""Two who take the same work orders in at once, on both databases: every number once."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.core.scope import SYSTEM
from engine.services.give_back_orders import give_back_orders
from engine.services.publish_files import publish_files
from engine.services.read_orders import Order, OrdersRead
from engine.services.take_in_orders import KNOWN, NEW, TakenIn, plan_orders, take_in_orders
from engine.store.database import open_database
from engine.store.unit_of_work import UnitOfWork
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, SHIPPED, Counted, Town, actor, opened, settle

COUNT = 60
DESK = actor("service_centre", "street")


def settle_orders(url: str) -> None:
    """Leave the small town with the shipped flows."""
    settle(url)
    database = open_database(url)
    files = [SHIPPED / f"{flow}.yaml" for flow in ("task", "topic", "three_tier")]
    list(publish_files(UnitOfWork(database, district=DISTRICT), files, by=SYSTEM, now=MONDAY - timedelta(days=30)))
    database.close()


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with the shipped flows."""
    return settle_orders


@pytest.fixture
def towns(prepared_database_url: str) -> Iterator[tuple[Town, Town]]:
    """The town, opened twice, as by two processes."""
    with opened(prepared_database_url) as one, opened(prepared_database_url) as other:
        # Two processes never make the same id: the second of ours counts under another letter.
        yield one, replace(other, door=replace(other.door, ids=Counted("j")))


def orders() -> OrdersRead:
    return OrdersRead(
        tuple(
            Order(n, f"GD{n:04d}", MONDAY + timedelta(days=n), f"事 {n}", "测试", "13000000000", "珠一网格")
            for n in range(1, COUNT + 1)
        ),
        (), (),
    )  # fmt: skip


def test_every_order_is_filed_once_when_two_take_the_same_in_at_once(towns: tuple[Town, Town]) -> None:
    """What one files the other finds; both end, and together they say so."""
    failures: list[BaseException] = []
    taken: list[TakenIn] = []
    barrier = threading.Barrier(2)

    def take(town: Town) -> None:
        barrier.wait()
        try:
            taken.append(
                take_in_orders(
                    town.uow,
                    orders(),
                    by=DESK,
                    sha256="",
                    services=town.door,
                    clock=lambda: MONDAY,
                    tell=lambda _done, _all: None,
                    chunk=7,
                )
            )
        except BaseException as error:
            failures.append(error)

    people = [threading.Thread(target=take, args=(town,)) for town in towns]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert failures == []
    counted = Counter(plan.what for one in taken for plan in one.plans)
    assert counted == {NEW: COUNT, KNOWN: COUNT}
    with towns[0].uow.read() as tx:
        here = tx.orders.outstanding(limit=1000)
    assert [one.external_number for one in here] == [f"GD{n:04d}" for n in range(1, COUNT + 1)]
    assert [one.external_due for one in here] == [MONDAY + timedelta(days=n) for n in range(1, COUNT + 1)]
    assert all(
        plan.what == KNOWN for plan in plan_orders(towns[0].uow, orders(), by=DESK, services=towns[0].door).plans
    )


def test_export_is_the_same_on_both_databases(towns: tuple[Town, Town]) -> None:
    """Nothing to tell is told as nothing; made twice under one name it is made once."""
    town = towns[0]
    take_in_orders(
        town.uow, orders(), by=DESK, sha256="", services=town.door, clock=lambda: MONDAY, tell=lambda _done, _all: None
    )

    made = give_back_orders(town.uow, "a", since=None, by=DESK, services=town.door, now=MONDAY)

    assert made.orders == ()
    with town.uow.read() as tx:
        assert tx.orders.exports(limit=5) == []
        assert len(tx.orders.outstanding(limit=1000)) == COUNT
