"""Erasure takes the value, its salt, what finds it and its files; needs two people; and is in the history."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from engine.core.command import File
from engine.errors import BadInput, NotFound
from engine.services.advance import Done, Entry, advance
from engine.services.erase import erase
from engine.services.save import DemandGiven, ReporterGiven
from engine.store.repository import table
from engine.store.unit_of_work import Transaction
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
    """A photo goes with the value that names it, and its name with the hash, on an ended matter too."""
    with town.uow.read() as tx:
        (name,) = msgspec.json.decode(
            tx.vault.get_many([f"{SOLVED}/3/photo_after"])[f"{SOLVED}/3/photo_after"].value or b"[]"
        )

    take_away(town, f"{SOLVED}/3/photo_after")

    with town.uow.read() as tx:
        assert tx.files.get(name) is None


def test_erased_words_and_photos_are_nowhere_in_the_files_of_the_database(
    prepared_sqlite_url: str, tmp_path: Path
) -> None:
    """A canary in every kind of private value: after the erasure no file of the database holds one, journal and all."""
    told = {"detail": "金丝雀说梯子坏了", "name": "金丝雀", "phone": "13912340007", "note": "敲了金丝雀家的门"}
    picture = b"\xff\xd8 canary in a picture "
    canaries = [*(text.encode() for text in told.values()), picture]
    with living(prepared_sqlite_url) as town:
        matter = told_with_canaries(town, told, picture * 400)
        assert all(found_in(tmp_path, canary) for canary in canaries), "the canaries were never there"
        with town.uow.read() as tx:
            refs = [ref for ref in all_refs(tx) if ref.startswith(f"{matter}/")]
        assert len(refs) == 5

        take_away(town, *refs)

        assert [canary.decode(errors="replace") for canary in canaries if found_in(tmp_path, canary)] == []


def told_with_canaries(town: Town, told: dict[str, str], picture: bytes) -> str:
    """File and solve a demand whose reporter, words and photo hold canaries; return its id."""
    with town.uow.write() as tx:
        photo = tx.files.add("canary", picture, media_type="image/jpeg", name_ref=None, at=town.now)
    resident, worker = actor("resident", "zhu-1"), actor("grid_worker", "zhu-1")
    filing = File(
        matter="canary", district=town.uow.district, workflow="three_tier", start="resident", actor=resident,
        place="zhu-1", reporter=resident, values={"detail": told["detail"], "kind": "small"},
    )  # fmt: skip
    caller = ReporterGiven(person=resident.person, name=told["name"], phone=told["phone"])
    entry = Entry(filing, demand=DemandGiven(channel="hotline", reporters=(caller,)))
    (done,) = advance(town.uow, [entry], now=town.now, services=town.door)
    assert isinstance(done, Done)
    matter = town.act(done.matter, "accept", by=worker, category="A1")
    return town.act(matter, "solve", by=worker, note=told["note"], photo_after=[photo]).id


def all_refs(tx: Transaction) -> list[str]:
    """Every private value there is."""
    return list(tx.connection.execute(select(table("vault").c.ref)).scalars())


def found_in(folder: Path, canary: bytes) -> list[str]:
    """Names of the files of the database that hold *canary*."""
    return [path.name for path in folder.glob("sanlian.db*") if canary in path.read_bytes()]


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
