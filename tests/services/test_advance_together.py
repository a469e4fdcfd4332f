"""The door when many come at once: nothing lost, nothing doubled, nobody waits for ever; on both databases."""

import threading
from collections.abc import Iterator

import pytest

from engine.core.command import Act, File, SeatAsked
from engine.services.advance import Done
from tests.support.books import HOUSING, RESIDENT, WORKER, check_books, counts, file_errand
from tests.support.errand import settle_errands
from tests.support.pg import Prepare
from tests.support.town import DISTRICT, Town, opened


@pytest.fixture
def prepare_database() -> Prepare:
    """Databases of this module hold the town with its errands."""
    return settle_errands


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town, opened."""
    with opened(prepared_database_url) as found:
        yield found


def test_no_update_is_lost_when_many_press_at_once(town: Town) -> None:
    """Eight people press fifty times each: four hundred events, none lost, none doubled."""
    matter = file_errand(town)
    failures: list[BaseException] = []

    def press() -> None:
        try:
            for n in range(50):
                (outcome,) = town.do(Act(matter=matter.id, action="count", actor=WORKER, values={"rooms": n + 1}))
                assert isinstance(outcome, Done)
        except BaseException as error:
            failures.append(error)

    people = [threading.Thread(target=press) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert failures == []
    assert town.matter(matter.id).seq == 401
    check_books(town, matter.id)


def test_one_of_two_wins_when_the_same_key_comes_twice_at_once(town: Town) -> None:
    """Two presses of one button in the same instant: one effect, one answer for both."""
    barrier = threading.Barrier(4)
    seen: list[tuple[str, int]] = []

    def press(name: str) -> None:
        barrier.wait()
        command = File(
            matter=name, district=DISTRICT, workflow="errand", start="resident", actor=RESIDENT, place="zhu-1",
            values={"detail": "灯"},
        )  # fmt: skip
        (outcome,) = town.do(command, key="same")
        assert isinstance(outcome, Done)
        seen.append((outcome.matter.id, outcome.seq))

    people = [threading.Thread(target=press, args=(f"m{n}",)) for n in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert counts(town)["matter"] == 1


def test_families_do_not_deadlock_when_parents_and_children_are_pressed_at_once(town: Town) -> None:
    """Parents dropping their children while the children end: every press is answered, all books agree."""
    shared = [
        town.act(file_errand(town), "share", by=WORKER, seats=[SeatAsked(seat="lead", unit="housing")])
        for _ in range(6)
    ]
    failures: list[BaseException] = []

    def press(commands: list[Act]) -> None:
        try:
            for command in commands:
                town.do(command)
        except BaseException as error:
            failures.append(error)

    ends = [Act(matter=next(iter(m.seats)), action="finish", actor=HOUSING) for m in shared]
    drops = [Act(matter=m.id, action="drop", actor=WORKER) for m in shared]
    people = [threading.Thread(target=press, args=(commands,)) for commands in (ends, drops, ends[::-1], drops[::-1])]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert failures == []
    for parent in shared:
        check_books(town, parent.id)
        check_books(town, next(iter(parent.seats)))
        assert not town.matter(next(iter(parent.seats))).is_open
