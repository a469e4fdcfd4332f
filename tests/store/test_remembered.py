"""What is remembered is bounded, and what time alone makes untrue is told for just as long as it holds."""

import threading
from datetime import UTC, datetime, timedelta

from engine.store.remembered import MOST_CARRIED, MOST_SNAPSHOTS, Lasting, Memory

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_memory_is_bounded_in_what_it_keeps_and_in_rows() -> None:
    """The oldest goes first; what is asked for again counts as new; one that is too large alone is not kept."""
    memory = Memory(most_kept=3, most_rows=10)
    for key in "abc":
        memory.find(0, key, lambda: 1)
    memory.find(0, "a", lambda: 2)

    memory.find(0, "d", lambda: 1)

    assert [memory.find(0, key, lambda: 9) for key in "a"] == [1]
    assert len(memory) == 3
    memory.find(0, "b", lambda: tuple(range(8)))
    assert memory.rows <= 10
    memory.find(0, "large", lambda: tuple(range(11)))
    assert (len(memory), memory.rows) == (0, 0)


def test_lasting_holds_from_when_it_was_found_until_before_its_end() -> None:
    """Not at the end itself, and not before it was found: a clock may be set back."""
    memory = Memory()
    end = NOON + timedelta(hours=1)

    def told(now: datetime) -> object:
        return memory.find_lasting(0, "key", lambda: Lasting(now, end if now < end else None), now=now)

    assert told(NOON) == NOON
    assert told(end - timedelta(microseconds=1)) == NOON
    assert told(end) == end
    assert told(NOON + timedelta(days=900)) == end
    assert told(NOON) == NOON


def test_what_may_change_at_this_very_instant_is_not_kept() -> None:
    """A count taken at an instant at which something is due says nothing of a moment later."""
    memory = Memory()

    found = [memory.find_lasting(0, "key", lambda n=n: Lasting(n, NOON), now=NOON) for n in range(3)]  # type: ignore[misc]  # a default binds the number

    assert found == [0, 1, 2]


def test_memory_stays_whole_when_many_threads_use_it() -> None:
    """Every thread is told what its key means, and the count of rows is that of what is kept."""
    memory = Memory(most_kept=20, most_rows=60)
    wrong: list[object] = []

    def use(seed: int) -> None:
        for turn in range(400):
            key = (turn * 7 + seed) % 40
            found = memory.find(0, key, lambda key=key: (key,) * (key % 5))  # type: ignore[misc]  # a default binds the key
            if found != (key,) * (key % 5):
                wrong.append((key, found))

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
    assert len(memory) <= 20
    assert memory.rows == sum(one.rows for one in memory._kept.values()) <= 60


def test_what_older_pictures_held_is_forgotten() -> None:
    """An erased value stays in nobody's memory for long: only the newest pictures of the data are kept."""
    memory = Memory()
    for seen in range(MOST_SNAPSHOTS):
        memory.find(seen, "words", lambda: "erased since")
    memory.find(0, "other words", lambda: "still asked for")

    memory.find("new", "words", lambda: "new")

    assert memory.find(0, "words", lambda: "gone") == "erased since"
    assert memory.find(1, "words", lambda: "gone") == "gone"
    assert len(memory) == MOST_SNAPSHOTS + 1


def test_what_is_carried_on_is_handed_to_who_carries_it_further() -> None:
    """Whatever data it was made from; of many the oldest goes first, and nothing stays when all is to be forgotten."""
    memory = Memory()

    def carried(key: int) -> int:
        return memory.carry(key, lambda was: 1 if was is None else was + 1)

    assert [carried(0), carried(0), carried(1)] == [1, 2, 1]
    for key in range(2, MOST_CARRIED + 1):
        carried(key)
    assert (carried(1), carried(0)) == (2, 1)
    memory.forget()
    assert carried(1) == 1
