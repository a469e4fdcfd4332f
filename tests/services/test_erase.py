"""Erasure takes the value, its salt, what finds it and its files; needs two people; and is in the history."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from engine.errors import BadInput, NotFound
from engine.services.erase import erase
from tests.support.logged import living, settle_with_history
from tests.support.town import Town, actor

BY, SECOND = actor("supervisor", "street"), actor("auditor", "district")
SOLVED, LATE = "m000001", "m000002"


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town."""
    with living(prepared_database_url) as opened:
        yield opened


def take_away(town: Town, *refs: str) -> int:
    """Erase values as two people who may."""
    return erase(town.uow, refs, basis="本人要求", by=BY, second=SECOND, now=town.now, services=town.door)


def test_erase_leaves_nothing_to_read_or_find(town: Town) -> None:
    """The value, its salt and its bigrams are gone; the event says what, why and by whom."""
    seq = take_away(town, f"{LATE}/1/detail")

    with town.uow.read() as tx:
        secret = tx.vault.get_many([f"{LATE}/1/detail"])[f"{LATE}/1/detail"]
        found = tx.vault.search("井盖", limit=5)
        events = list(tx.events.of(LATE))
        timers = tx.timers.of_many([LATE])[LATE]
    data = msgspec.json.decode(events[-1].body)["data"]
    assert (secret.value, secret.salt, secret.erased_at) == (None, None, town.now)
    assert found == []
    assert (events[-1].seq, town.matter(LATE).seq) == (seq, seq)
    assert (data["erased"], data["basis"], data["second"]) == ([f"{LATE}/1/detail"], "本人要求", SECOND.post)
    assert timers


def test_erase_takes_the_bytes_of_files(town: Town) -> None:
    """A photo goes with the value that names it, on an ended matter too."""
    with town.uow.read() as tx:
        (name,) = msgspec.json.decode(
            tx.vault.get_many([f"{SOLVED}/3/photo_after"])[f"{SOLVED}/3/photo_after"].value or b"[]"
        )

    take_away(town, f"{SOLVED}/3/photo_after")

    with town.uow.read() as tx:
        file = tx.files.get(name)
    assert file is not None
    assert file.content is None


def test_erase_is_refused_without_a_second_person(town: Town) -> None:
    """Nobody erases alone."""
    with pytest.raises(BadInput):
        erase(town.uow, [f"{LATE}/1/detail"], basis="x", by=BY, second=BY, now=town.now, services=town.door)


def test_erase_is_refused_without_a_basis(town: Town) -> None:
    """Why it is lawful stands in the event."""
    with pytest.raises(BadInput):
        erase(town.uow, [f"{LATE}/1/detail"], basis=" ", by=BY, second=SECOND, now=town.now, services=town.door)


@pytest.mark.parametrize("refs", [[], [f"{LATE}/1/detail", f"{SOLVED}/1/detail"]], ids=["none", "of two matters"])
def test_erase_is_refused_for_other_than_values_of_one_matter(town: Town, refs: list[str]) -> None:
    """One event names the values of one matter."""
    with pytest.raises(BadInput):
        take_away(town, *refs)


def test_erase_finds_nothing_when_it_was_erased_before(town: Town) -> None:
    """A second erasure writes no second event."""
    take_away(town, f"{LATE}/1/detail")
    seq = town.matter(LATE).seq

    with pytest.raises(NotFound):
        take_away(town, f"{LATE}/1/detail")
    assert town.matter(LATE).seq == seq
