"""Two at once: sweepers, people, and people against timers. One effect, and a polite answer to whoever came second."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from engine.core.command import Act, Fire
from engine.core.decision import Refusal
from engine.core.history import read_event
from engine.core.terms import RefusalCode
from engine.errors import KeyReused
from engine.services.advance import Done, Entry, Outcome, Stale, advance, carry_out
from engine.services.sweep import sweep
from engine.store.database import TryAgain
from engine.store.matters import Stored
from engine.store.unit_of_work import Transaction
from tests.faults.conftest import Copies
from tests.faults.market import RUSH, SHELF, WORKER, errand, settle_market
from tests.faults.test_kill import again
from tests.support.crash import start_child, wait_for
from tests.support.invariants import assert_invariants
from tests.support.town import MONDAY, Town

DUE = MONDAY + timedelta(hours=1)
NAMES = tuple(f"e{n:03d}" for n in range(60))


def settle_many(url: str) -> None:
    """Bring an empty database to a town where many errands fall due at once."""
    settle_market(url)
    with again(url) as town:
        town.do(*(errand(name) for name in NAMES), at=MONDAY)


@pytest.fixture
def url(copies: Copies) -> Iterator[str]:
    """A database with many errands."""
    with copies(settle_many) as made:
        yield made


@pytest.fixture
def town(url: str) -> Iterator[Town]:
    """The town, opened."""
    with again(url) as opened:
        yield opened


def at_once(*works: Callable[[], object]) -> list[object]:
    """Let threads do *works* at the same moment and return what each returned or raised."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def press(town: Town, command: Act, *, key: str | None = None) -> Outcome:
    """Let one command through the door at the due instant."""
    (outcome,) = advance(town.uow, [Entry(command, key=key)], now=DUE, services=town.door)
    return outcome


def count_rooms_on(town: Town, read: Mapping[str, Stored]) -> None:
    """Press on matters as they were read some time ago."""
    entries = [Entry(Act(matter=name, action="count", actor=WORKER, values={"rooms": 3})) for name in read]
    with town.uow.write() as tx:
        around = SHELF.surroundings(tx)
        carry_out(tx, entries, loaded=read, lock=tx.matters.read_many, now=DUE, services=town.door, around=around)


def rules_fired(tx: Transaction, names: Sequence[str]) -> list[tuple[str, str]]:
    """What rules did to some matters."""
    return [
        (name, read_event(record.body).action)
        for name in names
        for record in tx.events.of(name)
        if record.type == "fired"
    ]


def test_two_sweeping_processes_make_one_effect_per_timer(url: str) -> None:
    """Two processes with the same due list at the same moment: every rule fires once, all are done (T3)."""
    reading, writing = os.pipe()

    def sweeper() -> None:
        os.close(writing)
        os.read(reading, 1)  # returns when the test closes its end
        with again(url) as town:
            sweep(town.uow, now=DUE, services=town.door, limit=7)

    children = [start_child(sweeper) for _ in range(2)]
    os.close(writing)
    for child in children:
        wait_for(child)
    os.close(reading)

    with again(url) as town:
        sweep(town.uow, now=DUE, services=town.door)
        assert_invariants(town.uow, SHELF, swept_at=DUE)
        with town.uow.read() as tx:
            fired = rules_fired(tx, NAMES)
    assert sorted(fired) == sorted((name, do) for name in NAMES for do in ("remind", "late", "advance"))


def test_timer_of_a_visit_does_nothing_when_the_person_was_first(town: Town) -> None:
    """Accepted at the due instant, before the sweep: the rules of that visit are void (T4)."""
    assert isinstance(press(town, Act(matter=NAMES[0], action="accept", actor=WORKER)), Done)

    sweep(town.uow, now=DUE, services=town.door)

    with town.uow.read() as tx:
        assert rules_fired(tx, NAMES[:1]) == []
    assert town.matter(NAMES[0]).state == "doing"
    assert_invariants(town.uow, SHELF, swept_at=DUE)


def test_person_gets_a_polite_answer_when_the_timer_was_first(town: Town) -> None:
    """Moved by its rule a moment before: the press is refused with a reason, nothing is written."""
    page = town.matter(NAMES[0]).etag
    sweep(town.uow, now=DUE, services=town.door)
    moved = town.matter(NAMES[0])

    answer = press(town, Act(matter=NAMES[0], action="accept", actor=WORKER, expect=page))

    assert isinstance(answer, Refusal)
    assert answer.code == RefusalCode.STALE
    assert town.matter(NAMES[0]) == moved
    assert moved.state == "urgent"


def test_timer_does_nothing_when_somebody_else_has_used_it_up(town: Town) -> None:
    """Whoever did not remove the row of a timer may not act on it, though by the matter it would still fit (T3)."""
    with town.uow.write() as tx:
        timers = tx.timers.of_many(NAMES[:1])[NAMES[0]]
        tx.timers.consume_many(timers)

    outcomes = advance(
        town.uow, [Entry(Fire(matter=timer.matter, timer=timer)) for timer in timers], now=DUE, services=town.door
    )

    assert [type(outcome) for outcome in outcomes] == [Stale] * len(timers)
    assert town.matter(NAMES[0]).seq == 1


def test_timer_does_nothing_before_its_instant_and_stays_armed(town: Town) -> None:
    """Asked too early, by whomever, it is put back as it was (T4)."""
    with town.uow.read() as tx:
        timers = tx.timers.of_many(NAMES[:1])[NAMES[0]]

    outcomes = advance(
        town.uow, [Entry(Fire(matter=one.matter, timer=one)) for one in timers], now=MONDAY, services=town.door
    )

    assert [type(outcome) for outcome in outcomes] == [Stale] * len(timers)
    assert town.matter(NAMES[0]).seq == 1
    assert_invariants(town.uow, SHELF)


def test_nothing_is_laid_over_a_matter_that_moved_on_since_it_was_read(town: Town) -> None:
    """Even without locks a matter is only replaced at the version that was read (compare-and-set)."""
    with town.uow.read() as tx:
        read = tx.matters.read_many(NAMES[:1])
    assert isinstance(press(town, Act(matter=NAMES[0], action="accept", actor=WORKER)), Done)
    moved = town.matter(NAMES[0])

    with pytest.raises(TryAgain):
        count_rooms_on(town, read)

    assert town.matter(NAMES[0]) == moved
    assert_invariants(town.uow, SHELF)


def test_person_and_timer_at_one_instant_end_in_one_of_the_two_orders(town: Town) -> None:
    """At the same moment for many matters: each was either accepted before its rules or moved before the press."""
    pages = {name: town.matter(name).etag for name in NAMES}
    answers: dict[str, Outcome] = {}

    def person() -> None:
        for name in NAMES:
            answers[name] = press(town, Act(matter=name, action="accept", actor=WORKER, expect=pages[name]))

    results = at_once(person, lambda: sweep(town.uow, now=DUE, services=town.door, limit=5))
    assert not [result for result in results if isinstance(result, Exception)], results

    sweep(town.uow, now=DUE, services=town.door)
    for name in NAMES:
        taken = isinstance(answers[name], Done)
        with town.uow.read() as tx:
            fired = [do for _, do in rules_fired(tx, [name])]
        assert (town.matter(name).state, "advance" in fired) == (("doing", False) if taken else ("urgent", True))
    assert_invariants(town.uow, SHELF, swept_at=DUE)


@pytest.mark.parametrize("name", NAMES[:5])
def test_double_press_has_one_effect_and_the_same_answer_when_the_key_is_the_same(town: Town, name: str) -> None:
    """Two presses of one button with one key: one event, both are told it was done (S4)."""
    command = Act(matter=name, action="accept", actor=WORKER, expect=town.matter(name).etag)

    first, second = at_once(*[lambda: press(town, command, key="k")] * 2)

    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (first.matter, first.seq) == (second.matter, second.seq)
    assert {first.repeated, second.repeated} == {False, True}
    assert town.matter(name).seq == 2
    assert_invariants(town.uow, SHELF)


@pytest.mark.parametrize("name", NAMES[5:10])
def test_double_press_has_one_effect_when_the_keys_differ(town: Town, name: str) -> None:
    """Two tabs: one press is taken, the other is refused because the page is old."""
    command = Act(matter=name, action="accept", actor=WORKER, expect=town.matter(name).etag)

    answers = at_once(*[lambda key=key: press(town, command, key=key) for key in ("k1", "k2")])

    assert sorted(type(answer).__name__ for answer in answers) == ["Done", "Refusal"], answers
    (refused,) = [answer for answer in answers if isinstance(answer, Refusal)]
    assert refused.code == RefusalCode.STALE
    assert town.matter(name).seq == 2
    assert_invariants(town.uow, SHELF)


def test_one_editor_wins_and_the_other_is_told_when_both_saw_the_same_page(town: Town) -> None:
    """Two edits that leave the state alone, made from the same page: the second is not laid over the first."""
    for name in NAMES[10:16]:
        page = town.matter(name).etag
        edits = [
            Act(matter=name, action="count", actor=WORKER, values={"rooms": rooms}, expect=page) for rooms in (2, 3)
        ]

        answers = at_once(*[lambda edit=edit: press(town, edit) for edit in edits])

        won = [place for place, answer in enumerate(answers) if isinstance(answer, Done)]
        assert len(won) == 1, answers
        (refused,) = [answer for answer in answers if isinstance(answer, Refusal)]
        assert refused.code == RefusalCode.STALE
        assert town.matter(name).fields["rooms"] == edits[won[0]].values["rooms"]
    assert_invariants(town.uow, SHELF)


def test_key_is_refused_when_two_different_requests_bring_it_at_once(town: Town) -> None:
    """One key, two requests: one is carried out, the other is told that the key is taken."""
    first, second = (
        Act(matter=name, action="accept", actor=WORKER, expect=town.matter(name).etag) for name in NAMES[20:22]
    )

    answers = at_once(lambda: press(town, first, key="k"), lambda: press(town, second, key="k"))

    assert sorted(type(answer).__name__ for answer in answers) == ["Done", "KeyReused"], answers
    assert [isinstance(answer, KeyReused) for answer in answers].count(True) == 1
    assert sorted(town.matter(name).seq for name in NAMES[20:22]) == [1, 2]
    assert_invariants(town.uow, SHELF)


def test_rush_is_swept_by_two_processes_while_families_move(copies: Copies) -> None:
    """A child closes its parent, a topic ends those who wait, twice at the same moment: once each."""
    with copies(settle_market) as url:

        def sweeper() -> None:
            with again(url) as town:
                sweep(town.uow, now=RUSH, services=town.door, limit=2)

        for child in [start_child(sweeper) for _ in range(3)]:
            wait_for(child)

        with again(url) as town:
            assert_invariants(town.uow, SHELF, swept_at=RUSH)
