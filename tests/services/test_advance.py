"""The door: whole decisions or nothing, for one press and for many, on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from engine.core.command import Act, File, Fire, SeatAsked
from engine.core.decision import Refusal
from engine.core.history import as_of, fold, read_event
from engine.core.terms import RefusalCode
from engine.errors import Conflict, KeyReused, NotFound
from engine.services.advance import Done, Entry, Stale, advance, advance_in, in_one_transaction
from engine.services.save import DemandGiven, ReporterGiven
from engine.store.database import TryAgain
from engine.store.unit_of_work import Transaction
from tests.support.books import HOUSING, LEADER, RESIDENT, WORKER, check_books, counts, file_errand
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, MONDAY, Town, opened


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def test_door_writes_everything_a_decision_prescribes_when_a_demand_is_filed(town: Town) -> None:
    """Matter, event, timers, vault, outbox, demand and reporter are there after one press, and agree."""
    matter = file_errand(town)

    check_books(town, matter.id)
    with town.uow.read() as tx:
        demand = tx.demands.get_many((matter.id,))[matter.id]
        assert demand.number == "2603-0001"
        assert tx.demands.by_number("2603-0001") == demand
        assert [reporter.person for reporter in tx.demands.reporters_of(matter.id)] == [RESIDENT.person]
        assert tx.vault.search("灯坏", limit=5) == [f"{matter.id}/1/detail"]
        assert "灯坏" not in next(tx.events.of(matter.id)).body.decode()
        (notice, sent_at, _) = tx.outbox.of_matter(matter.id)[0]
        assert (notice.role, notice.unit, notice.kind, sent_at) == ("grid_worker", "zhu-1", "filed", None)


def test_numbers_run_on_per_month_and_past_four_digits(town: Town) -> None:
    """Demands of one month count up, another month begins anew, and ten thousand need no more than a digit."""
    file_errand(town)
    with town.uow.write() as tx:
        tx.demands.take_serials("2603", 9997)

    matters = [file_errand(town), file_errand(town)]
    later = town.file("errand", "resident", by=RESIDENT, at=MONDAY + timedelta(days=30), detail="水管")

    with town.uow.read() as tx:
        numbers = [tx.demands.get_many((m.id,))[m.id].number for m in (*matters, later)]
    assert numbers == ["2603-9999", "2603-10000", "2604-0001"]


def test_reporters_stand_apart_from_the_history(town: Town) -> None:
    """Name and phone lie in the vault, committed to by the filing, and nowhere in it in clear."""
    command = File(
        matter="m1", district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
        values={"detail": "水"},
    )  # fmt: skip
    given = DemandGiven(
        channel="hotline",
        reporters=(ReporterGiven(person="p1", name="王测试", phone="13000000000"),),
        external_number="GD-7",
    )

    advance(town.uow, [Entry(command, demand=given)], now=town.now, services=town.door)

    check_books(town, "m1")
    with town.uow.read() as tx:
        (reporter,) = tx.demands.reporters_of("m1")
        body = next(tx.events.of("m1")).body.decode()
        assert (reporter.name_ref, reporter.phone_ref) == ("m1/1/reporter.1.name", "m1/1/reporter.1.phone")
        assert "m1/1/reporter.1.phone" in body
        assert "13000000000" not in body
        assert tx.demands.get_many(("m1",))["m1"].external_number == "GD-7"


def test_refusal_leaves_no_row_and_does_not_touch_the_others(town: Town) -> None:
    """Of three commands the middle one is refused: the others are done, and it wrote nothing (S3)."""
    first, second = file_errand(town), file_errand(town)
    before = counts(town)

    outcomes = town.do(
        Act(matter=first.id, action="accept", actor=WORKER),
        Act(matter=second.id, action="accept", actor=LEADER),
        Act(matter=second.id, action="finish", actor=WORKER, values={"note": "好"}),
    )

    assert isinstance(outcomes[0], Done)
    assert [o.code for o in outcomes[1:] if isinstance(o, Refusal)] == [RefusalCode.ROLE, RefusalCode.NOT_HERE]
    assert counts(town)["event"] == before["event"] + 1
    assert town.matter(second.id) == second


def test_commands_on_one_matter_apply_in_the_given_order(town: Town) -> None:
    """Several commands on one matter see what those before them did, and leave one chain without gaps."""
    matter = file_errand(town)

    outcomes = town.do(
        Act(matter=matter.id, action="accept", actor=WORKER),
        Act(matter=matter.id, action="finish", actor=WORKER, values={"note": "换了灯"}),
        Act(matter=matter.id, action="finish", actor=WORKER, values={"note": "再来"}),
    )

    assert [type(outcome) for outcome in outcomes] == [Done, Done, Refusal]
    assert town.matter(matter.id).outcome == "done"
    check_books(town, matter.id)


def test_children_open_and_end_in_their_parents_transaction(town: Town) -> None:
    """Sharing opens a child; the child's end moves the parent on; both books agree."""
    matter = file_errand(town)
    shared = town.act(matter, "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
    (child_id,) = shared.seats

    town.act(town.matter(child_id), "finish", by=HOUSING)

    assert town.matter(child_id).outcome == "finished"
    assert town.matter(matter.id).state == "doing"
    check_books(town, matter.id)
    check_books(town, child_id)


def test_children_are_cancelled_when_their_parent_leaves(town: Town) -> None:
    """Leaving the state takes its open children back in the same transaction."""
    shared = town.act(file_errand(town), "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
    (child_id,) = shared.seats

    town.act(shared, "drop", by=WORKER)

    assert town.matter(child_id).outcome == "cancelled"
    with town.uow.read() as tx:
        assert tx.timers.count() == 0
    check_books(town, child_id)


def test_nothing_is_done_when_what_it_leads_to_cannot_be(town: Town) -> None:
    """A child of a flow that is not published raises, and the parent has not moved."""
    matter = file_errand(town)
    with town.uow.write() as tx:
        tx.connection.execute(text("UPDATE workflow_version SET current = :no WHERE id = 'chore'"), {"no": False})
    before = counts(town)

    with pytest.raises(NotFound):
        town.act(matter, "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])

    assert counts(town) == before
    assert town.matter(matter.id) == matter


def test_key_gives_one_effect_and_the_same_answer_when_repeated(town: Town) -> None:
    """The same key again does nothing and answers the same, also for a filing with a fresh id (S4)."""

    def filing(matter: str) -> File:
        return File(
            matter=matter, district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
            values={"detail": "灯"},
        )  # fmt: skip

    (first,) = town.do(filing("m1"), key="k1")
    before = counts(town)
    (again,) = town.do(filing("m2"), key="k1")

    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert (again.repeated, again.matter.id, again.seq, again.number) == (True, "m1", 1, first.number)
    assert counts(town) == before


def test_key_is_refused_when_it_comes_back_with_another_request(town: Town) -> None:
    """The same key with another body is nobody's repeat."""
    matter = file_errand(town)
    town.do(Act(matter=matter.id, action="count", actor=WORKER, values={"rooms": 2}), key="k1")

    with pytest.raises(KeyReused):
        town.do(Act(matter=matter.id, action="count", actor=WORKER, values={"rooms": 3}), key="k1")

    assert town.matter(matter.id).fields["rooms"] == 2


def test_keys_of_two_actors_are_two_keys(town: Town) -> None:
    """A key belongs to its actor: another one may use the same word."""
    first, second = file_errand(town), file_errand(town)
    town.do(Act(matter=first.id, action="accept", actor=WORKER), key="k")
    outcomes = town.do(Act(matter=second.id, action="share", actor=LEADER), key="k")

    assert isinstance(outcomes[0], Refusal)
    with town.uow.read() as tx:
        assert tx.answers.get_many([(f"{LEADER.post}/{LEADER.person}", "k")]) == {}


def test_import_is_decided_at_its_own_instant_and_recorded_now(town: Town) -> None:
    """An imported step counts when it happened, is recorded when it is written, and tells nobody."""
    then = MONDAY - timedelta(days=10)
    command = File(
        matter="m1", district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
        values={"detail": "旧事"}, at=then,
    )  # fmt: skip

    town.do(command, Act(matter="m1", action="accept", actor=WORKER, at=then + timedelta(hours=1)))

    with town.uow.read() as tx:
        events = [read_event(record.body) for record in tx.events.of("m1")]
        assert [event.at for event in events] == [then, then + timedelta(hours=1)]
        assert {event.recorded_at for event in events} == {MONDAY}
        assert tx.outbox.count_waiting() == 0
        assert as_of(events, then) == fold(events[:1])
    check_books(town, "m1")


@pytest.mark.parametrize("hours", [-1, 24 * 400], ids=["before the last step", "in the future"])
def test_import_is_refused_when_its_instant_cannot_be(town: Town, hours: int) -> None:
    """Imported steps neither run backwards nor lie ahead of now."""
    matter = file_errand(town)

    (outcome,) = town.do(Act(matter=matter.id, action="accept", actor=WORKER, at=MONDAY + timedelta(hours=hours)))

    assert isinstance(outcome, Refusal)
    assert outcome.field == "at"


def test_now_is_never_earlier_than_the_matters_last_event(town: Town) -> None:
    """A wall that was set back does not make a history run backwards (C1)."""
    matter = file_errand(town)

    town.act(matter, "accept", by=WORKER, at=MONDAY - timedelta(seconds=40))

    assert town.matter(matter.id).at == MONDAY
    check_books(town, matter.id)


def test_timer_acts_once_when_it_is_fired_twice(town: Town) -> None:
    """The second of two firings of one timer finds it used up (T3)."""
    matter = file_errand(town)
    at = MONDAY + timedelta(minutes=30)
    with town.uow.read() as tx:
        (timer,) = tx.timers.due(at, limit=10)
    fire = Entry(Fire(matter=matter.id, timer=timer))

    (first,) = advance(town.uow, [fire], now=at, services=town.door)
    (second,) = advance(town.uow, [fire], now=at, services=town.door)

    assert isinstance(first, Done)
    assert isinstance(second, Stale)
    check_books(town, matter.id)


def test_timer_does_not_act_when_its_row_is_gone(town: Town) -> None:
    """A timer acts only if its row was consumed by this very transaction, whatever the matter looks like."""
    matter = file_errand(town)
    at = MONDAY + timedelta(minutes=30)
    with town.uow.write() as tx:
        (timer,) = tx.timers.due(at, limit=10)
        tx.timers.cancel_many((timer,))

    (outcome,) = advance(town.uow, [Entry(Fire(matter=matter.id, timer=timer))], now=at, services=town.door)

    assert isinstance(outcome, Stale)
    assert town.matter(matter.id) == matter


def test_used_timer_is_refused_by_the_store_when_it_comes_again(town: Town) -> None:
    """Even a timer row that reappears cannot act twice: its name stands in the history (T3)."""
    matter = file_errand(town)
    at = MONDAY + timedelta(minutes=30)
    with town.uow.read() as tx:
        (timer,) = tx.timers.due(at, limit=10)
        record = next(tx.events.of(matter.id))
    advance(town.uow, [Entry(Fire(matter=matter.id, timer=timer))], now=at, services=town.door)
    key = "/".join(map(str, timer.key))

    def write_again(tx: Transaction) -> None:
        twin = type(record)("other", 1, "fired", at, at, key, b"{}", b"h")
        tx.events.append_many((twin,))

    with pytest.raises(Conflict):
        in_one_transaction(town.uow, write_again)


def test_save_is_refused_when_the_matter_is_not_as_it_was_loaded(town: Town) -> None:
    """Compare-and-set: a matter that changed since it was loaded is not overwritten."""
    matter = file_errand(town)
    with town.uow.read() as tx:
        old = tx.matters.get(matter.id)
    town.act(matter, "count", by=WORKER, rooms=2)

    assert old is not None
    with pytest.raises(TryAgain), town.uow.write() as tx:
        tx.matters.save_many([(old, old.matter.seq)])

    assert town.matter(matter.id).fields["rooms"] == 2


def test_press_leaves_no_row_when_saving_fails(town: Town) -> None:
    """An error after the last statement of a press takes every row of it back (N3)."""
    matter = file_errand(town)
    before = counts(town)

    def press_and_stop(tx: Transaction) -> None:
        advance_in(tx, [Entry(Act(matter=matter.id, action="accept", actor=WORKER))], now=town.now, services=town.door)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_one_transaction(town.uow, press_and_stop)

    assert counts(town) == before
    check_books(town, matter.id)
