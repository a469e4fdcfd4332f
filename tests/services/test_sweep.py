"""The sweep: every due timer acts once, one bad matter holds up nobody, two sweepers make one effect."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text

from engine.core.command import Act, File, SeatAsked
from engine.core.history import read_event
from engine.core.matter import Matter
from engine.services.advance import TIMER_FAILED, Done
from engine.services.held import retry
from engine.services.look_up import Shelf
from engine.services.sweep import SweepReport, sweep
from tests.support.books import HOUSING, RESIDENT, WORKER, check_books
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, Town, opened

DUE = MONDAY + timedelta(hours=1)


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def file_many(town: Town, count: int) -> list[Matter]:
    """File *count* errands in one go."""
    commands = [
        File(
            matter=f"m{n:04d}",
            district=DISTRICT,
            workflow="errand",
            start="resident",
            actor=RESIDENT,
            place="zhu-1",
            values={"detail": "灯"},
        )
        for n in range(count)
    ]
    return [outcome.matter for outcome in town.do(*commands) if isinstance(outcome, Done)]


def fired(town: Town, matter_id: str) -> list[str]:
    """What rules did to a matter, in order."""
    with town.uow.read() as tx:
        return [record.type + ":" + read_event(record.body).action for record in tx.events.of(matter_id)][1:]


def test_sweep_lets_every_due_timer_act_in_order_when_several_are_due(town: Town) -> None:
    """Reminder, then late as a fact, then the move: in the order of their instants and ranks."""
    (matter,) = file_many(town, 1)

    report = sweep(town.uow, now=DUE + timedelta(hours=2), services=town.door)

    assert report == SweepReport(fired=3, batches=3, drained=True)
    assert fired(town, matter.id) == ["fired:remind", "fired:late", "fired:advance"]
    # The move's own clock starts when it happened, not when it was due.
    assert town.matter(matter.id).entered == DUE + timedelta(hours=2)
    check_books(town, matter.id)


def test_sweep_does_nothing_when_nothing_is_due(town: Town) -> None:
    """Before the first instant nothing acts, at it everything due acts."""
    file_many(town, 3)

    assert sweep(town.uow, now=DUE - timedelta(minutes=30, seconds=1), services=town.door).fired == 0
    assert sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door).fired == 3


def test_sweep_works_through_many_batches(town: Town) -> None:
    """More timers than fit into a batch all act, and no more than the batches allowed are taken."""
    matters = file_many(town, 25)

    first = sweep(town.uow, now=DUE, services=town.door, limit=7, max_batches=2)
    rest = sweep(town.uow, now=DUE, services=town.door, limit=7)

    assert (first.batches, first.drained) == (2, False)
    assert first.fired + rest.fired == 75
    assert rest.drained
    for matter in matters:
        check_books(town, matter.id)


def test_sweep_parks_the_timer_and_goes_on_when_a_matter_is_broken(town: Town) -> None:
    """One matter whose stored state cannot be decided is set aside with an alarm; the others have their effects."""
    matters = file_many(town, 5)
    bad = matters[2].id
    with town.uow.write() as tx:
        broken = text("UPDATE matter SET snapshot = :snapshot WHERE id = :id")
        with_unknown_state = tx.connection.execute(text("SELECT snapshot FROM matter WHERE id = :id"), {"id": bad})
        snapshot = bytes(with_unknown_state.scalar_one()).replace(b'"state":"waiting"', b'"state":"nowhere"')
        tx.connection.execute(broken, {"snapshot": snapshot, "id": bad})

    report = sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door)

    assert (report.fired, report.failed, report.drained) == (4, 1, True)
    with town.uow.read() as tx:
        (parked,) = [apart for apart in tx.timers.apart() if apart.failed_at is not None]
        assert parked.timer.matter == bad
        assert parked.error
        (alarm,) = tx.alarms.standing()
        assert (alarm.kind, alarm.matter) == ("timer_failed", bad)
    assert sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door) == SweepReport(drained=True)


def test_sweep_parks_the_timer_and_goes_on_when_the_store_refuses_a_row(town: Town) -> None:
    """What the keys refuse takes back its batch whole; done again one by one, only that timer is set aside."""
    matters = file_many(town, 5)
    bad = matters[2].id
    with town.uow.write() as tx:
        (filed,) = tx.events.of(bad)
        tx.events.append_many([msgspec.structs.replace(filed, seq=2)])

    report = sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door)

    assert (report.fired, report.failed, report.drained) == (4, 1, True)
    with town.uow.read() as tx:
        (parked,) = [apart for apart in tx.timers.apart() if apart.failed_at is not None]
    assert parked.timer.matter == bad
    for matter in matters[:2]:
        check_books(town, matter.id)


def test_sweep_parks_the_timer_when_its_workflow_cannot_be_read(town: Town) -> None:
    """An effect that cannot be decided at all is not half done: the timers wait for a person, one by one."""
    (matter,) = file_many(town, 1)
    with town.uow.write() as tx:
        tx.connection.execute(text("DELETE FROM workflow_version WHERE id = 'errand'"))
    after_restart = replace(town.door, shelf=Shelf())

    report = sweep(town.uow, now=DUE, services=after_restart)

    assert (report.fired, report.failed, report.drained) == (0, 3, True)
    assert town.matter(matter.id) == matter


def test_parked_timer_acts_when_it_is_let_go(town: Town) -> None:
    """After the fault is mended a parked timer rings again."""
    (matter,) = file_many(town, 1)
    with town.uow.write() as tx:
        timer, *_ = tx.timers.of_many((matter.id,))[matter.id]
        tx.timers.consume_many((timer,))
        tx.timers.park(timer, at=DUE, error="x")
    assert sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door).fired == 0

    assert retry(town.uow, by=WORKER, now=DUE) == 1

    assert sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door).fired == 1
    check_books(town, matter.id)
    assert retry(town.uow, by=WORKER, now=DUE) == 0


def test_parked_timer_comes_back_when_its_fault_was_not_mended(town: Town) -> None:
    """Tried again in vain it is put aside anew, with one alarm that stands; the books excuse the rule all the time."""
    matters = file_many(town, 3)
    bad = matters[1].id
    with town.uow.write() as tx:
        (filed,) = tx.events.of(bad)
        tx.events.append_many([msgspec.structs.replace(filed, seq=2)])
    before = DUE - timedelta(minutes=30)
    assert sweep(town.uow, now=before, services=town.door).failed == 1

    assert retry(town.uow, by=WORKER, now=before) == 1
    with town.uow.read() as tx:
        assert tx.alarms.standing() == []
        assert tx.alarms.matters_of(TIMER_FAILED) == {bad}
    again = sweep(town.uow, now=before, services=town.door)

    assert (again.fired, again.failed) == (0, 1)
    with town.uow.read() as tx:
        assert [(alarm.kind, alarm.matter) for alarm in tx.alarms.standing()] == [(TIMER_FAILED, bad)]


def test_held_timers_do_not_ring_until_they_are_released(town: Town) -> None:
    """What the breaker holds stays armed and silent, and rings after its release."""
    file_many(town, 3)
    with town.uow.write() as tx:
        assert tx.timers.hold_between(MONDAY, DUE - timedelta(minutes=1), held_until=DUE + timedelta(minutes=30)) == 3

    assert sweep(town.uow, now=DUE - timedelta(minutes=1), services=town.door).fired == 0
    with town.uow.write() as tx:
        assert tx.timers.release(DUE) == 0
        assert tx.timers.release() == 3
    assert sweep(town.uow, now=DUE - timedelta(minutes=1), services=town.door).fired == 3


def test_timer_is_skipped_when_its_visit_has_passed(town: Town) -> None:
    """A timer row left over from a visit that is gone does nothing and is taken away (T4)."""
    (matter,) = file_many(town, 1)
    with town.uow.read() as tx:
        left_over = tx.timers.of_many((matter.id,))[matter.id]
    town.act(matter, "accept", by=WORKER)
    with town.uow.write() as tx:
        tx.timers.arm_many(left_over)

    report = sweep(town.uow, now=DUE, services=town.door)

    assert (report.fired, report.stale, report.drained) == (0, 3, True)
    assert fired(town, matter.id) == ["acted:accept"]
    check_books(town, matter.id)


def test_sweep_tells_the_parent_when_a_childs_timer_ends_it(town: Town) -> None:
    """A child closed by its rule moves its parent on in the same transaction."""
    (matter,) = file_many(town, 1)
    shared = town.act(matter, "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
    (child,) = shared.seats

    sweep(town.uow, now=MONDAY + timedelta(hours=2), services=town.door)

    assert town.matter(child).outcome == "dropped"
    assert town.matter(matter.id).state == "doing"
    check_books(town, matter.id)
    check_books(town, child)


def test_notices_are_exactly_those_the_events_prescribe(town: Town) -> None:
    """Outbox rows follow the events, each with a key of its own (N1)."""
    (matter,) = file_many(town, 1)
    sweep(town.uow, now=DUE - timedelta(minutes=30), services=town.door)

    with town.uow.read() as tx:
        notices = [(one.key, one.kind, one.role) for one, _, _ in tx.outbox.of_matter(matter.id)]
    assert notices == [(f"{matter.id}/1/1", "filed", "grid_worker"), (f"{matter.id}/2/1", "remind", "grid_worker")]


def test_two_sweepers_make_one_effect(town: Town) -> None:
    """Sweepers on the same due list, beside people who press: each timer acts once, every book agrees (T3)."""
    matters = file_many(town, 40)
    failures: list[BaseException] = []
    reports: list[SweepReport] = []
    barrier = threading.Barrier(3)

    def sweeper() -> None:
        try:
            barrier.wait()
            reports.append(sweep(town.uow, now=DUE, services=town.door, limit=10))
        except BaseException as error:
            failures.append(error)

    def people() -> None:
        try:
            barrier.wait()
            for matter in matters[::2]:
                town.do(Act(matter=matter.id, action="accept", actor=WORKER), at=DUE)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=sweeper), threading.Thread(target=sweeper), threading.Thread(target=people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rest = sweep(town.uow, now=DUE, services=town.door)

    assert failures == []
    assert rest.drained
    total = 0
    for matter in matters:
        check_books(town, matter.id)
        rules = [what for what in fired(town, matter.id) if what.startswith("fired:")]
        assert len(rules) == len(set(rules))
        total += len(rules)
    assert sum(report.fired for report in (*reports, rest)) == total


def test_sweep_leaves_a_family_alone_when_somebody_works_on_it(prepared_pg_url: str) -> None:
    """A timer whose effect needs a matter that somebody has locked rings again instead of waiting (PostgreSQL)."""
    with opened(prepared_pg_url) as town:
        (matter,) = file_many(town, 1)
        shared = town.act(matter, "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
        (child,) = shared.seats
        at = MONDAY + timedelta(hours=2)

        with town.uow.write() as somebody:
            somebody.matters.load_many((matter.id,))
            report = sweep(town.uow, now=at, services=town.door)
            # The child is late by itself; closing it would move its parent.
            assert (report.fired, report.put_back, report.drained) == (1, 1, True)
        assert town.matter(child).is_open

        assert sweep(town.uow, now=at, services=town.door).fired == 1
        assert town.matter(child).outcome == "dropped"
        check_books(town, child)
        check_books(town, matter.id)


def test_sweep_reads_what_is_due_and_not_what_is_open(town: Town) -> None:
    """The due list comes from its index in order, so its cost does not grow with what is armed."""
    file_many(town, 30)
    with town.uow.write() as tx:
        if tx.matters.have_locks:
            tx.connection.execute(text("SET LOCAL enable_seqscan = off"))
            tx.connection.execute(text("SET LOCAL enable_sort = off"))
        explain = "EXPLAIN " if tx.matters.have_locks else "EXPLAIN QUERY PLAN "
        query = (
            "SELECT * FROM timer WHERE district_id = :district AND fire_at <= :now"
            " AND failed_at IS NULL AND held_until IS NULL ORDER BY fire_at, rank, matter_id LIMIT 500"
        )
        rows = tx.connection.execute(text(explain + query), {"district": DISTRICT, "now": "2026-03-02 09:00:00"})
        plan = "\n".join(str(row) for row in rows)

    assert "ix_timer_due" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


def test_department_can_still_act_after_a_sweep_that_did_nothing(town: Town) -> None:
    """A sweep that finds nothing holds no lock afterwards."""
    (matter,) = file_many(town, 1)
    shared = town.act(matter, "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
    sweep(town.uow, now=MONDAY, services=town.door)

    town.act(town.matter(next(iter(shared.seats))), "finish", by=HOUSING)

    assert town.matter(matter.id).state == "doing"
