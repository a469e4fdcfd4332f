"""Armed timers: consumed by one, held apart, and exactly as they were armed on both databases."""

from datetime import UTC, datetime, timedelta, timezone

from engine.core.matter import Timer
from engine.store.unit_of_work import UnitOfWork

AT = datetime(2026, 3, 2, 1, 30, 0, 123456, tzinfo=UTC)


def timer(n: int, *, rank: int = 0, visit: int = 1) -> Timer:
    """A timer of matter *n* that rings *n* minutes after AT."""
    at = AT + timedelta(minutes=n)
    return Timer(matter=f"m{n}", clock="state", rule="late", visit=visit, due=at, fire=at, rank=rank)


def test_timer_comes_back_as_it_was_armed(uow: UnitOfWork) -> None:
    """Every part of a timer survives, its instants to the microsecond and from any zone."""
    shanghai = timezone(timedelta(hours=8))
    armed = Timer(
        matter="m", clock="named.total", rule="progress.2", visit=7, due=AT.astimezone(shanghai), fire=AT, rank=3,
        slot=12, provisional=True,
    )  # fmt: skip

    with uow.write() as tx:
        tx.timers.arm_many((armed,))

    with uow.read() as tx:
        (found,) = tx.timers.due(AT, limit=5)
        assert tx.timers.next_fire() == AT
    assert found == armed
    assert found.due.utcoffset() == timedelta(0)


def test_due_timers_come_in_order_up_to_the_limit(uow: UnitOfWork) -> None:
    """Earliest first, then by rank; what rings later does not come."""
    with uow.write() as tx:
        tx.timers.arm_many([timer(3), timer(1), timer(2), timer(9)])

    with uow.read() as tx:
        assert [found.matter for found in tx.timers.due(AT + timedelta(minutes=5), limit=2)] == ["m1", "m2"]
        assert tx.timers.count_due(AT + timedelta(minutes=5)) == 3
        assert tx.timers.count() == 4


def test_timer_is_consumed_once(uow: UnitOfWork) -> None:
    """Only what was there is returned, and only once."""
    with uow.write() as tx:
        tx.timers.arm_many([timer(1), timer(2)])

    with uow.write() as tx:
        assert tx.timers.consume_many([timer(1), timer(1, visit=2), timer(5)]) == {timer(1).key}
        assert tx.timers.consume_many([timer(1)]) == set()
        assert tx.timers.count() == 1


def test_thousands_are_consumed_in_one_go(uow: UnitOfWork) -> None:
    """More keys than a statement takes are consumed all the same, whether all or only some of them are there."""
    many = [timer(n) for n in range(4500)]
    with uow.write() as tx:
        tx.timers.arm_many(many)
        assert tx.timers.consume_many(many[:2100]) == {timer.key for timer in many[:2100]}
        assert tx.timers.consume_many([*many, many[-1]]) == {timer.key for timer in many[2100:]}
        assert tx.timers.count() == 0


def test_arming_again_changes_nothing(uow: UnitOfWork) -> None:
    """A timer that is armed stays as it is; cancelling what is gone is no fault."""
    with uow.write() as tx:
        tx.timers.arm_many([timer(1), timer(1)])
        tx.timers.arm_many([timer(1)])
        assert tx.timers.count() == 1
        tx.timers.cancel_many([timer(1), timer(2)])
        tx.timers.cancel_many([timer(1)])
        assert tx.timers.count() == 0


def test_held_and_parked_timers_stand_apart(uow: UnitOfWork) -> None:
    """They are armed, they do not ring, and they are listed with their reasons."""
    with uow.write() as tx:
        tx.timers.arm_many([timer(1), timer(2), timer(3)])
        assert tx.timers.hold_between(AT, AT + timedelta(minutes=1), held_until=AT + timedelta(hours=1)) == 1
        tx.timers.park(timer(3), at=AT, error="错")

    with uow.read() as tx:
        assert [found.matter for found in tx.timers.due(AT + timedelta(hours=2), limit=9)] == ["m2"]
        apart = [(one.timer.matter, one.held_until, one.failed_at, one.error) for one in tx.timers.apart()]
    assert apart == [("m1", AT + timedelta(hours=1), None, None), ("m3", None, AT, "错")]


def test_districts_do_not_see_each_other(uow: UnitOfWork) -> None:
    """Rows of another district are not there."""
    other = UnitOfWork(uow.database, district="e")
    with uow.write() as tx:
        tx.timers.arm_many([timer(1)])

    with other.write() as tx:
        assert tx.timers.due(AT + timedelta(hours=2), limit=9) == []
        assert tx.timers.consume_many([timer(1)]) == set()
        assert tx.timers.release() == 0
    with uow.read() as tx:
        assert tx.timers.count() == 1
