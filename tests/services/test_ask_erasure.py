"""Erasing what a demand holds of people: one asks, another agrees; then nobody can read, find or prove the words."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from markupsafe import Markup

from api.kept import Kept
from engine.core.command import Act, Command, File
from engine.core.matter import Actor, Value
from engine.core.scope import SYSTEM
from engine.core.terms import ErasurePart, ErasureReason, ErasureState
from engine.errors import BadInput, Conflict, KeyReused, NotFound
from engine.services import remember
from engine.services.advance import Done, Door, Entry, advance, hash_of
from engine.services.ask_erasure import (
    Wanted,
    agree,
    ask,
    erase_at_host,
    look,
    read_wanted,
    refuse,
    wishes,
    wishes_of,
    withdraw,
)
from engine.services.audit import verify
from engine.services.case_file import Surroundings
from engine.services.describe import describe
from engine.services.erase import Basis, erase_parts, held
from engine.services.give_back_orders import give_back_orders
from engine.services.housekeep import housekeep
from engine.services.look_in import look_in
from engine.services.look_up import Shelf
from engine.services.save import DemandGiven, ReporterGiven
from engine.store.database import open_database
from engine.store.jobs import Job
from engine.store.remembered import Memory
from engine.store.unit_of_work import UnitOfWork
from tests.support.town import DISTRICT, MONDAY, Counted
from tests.support.two_streets import actor_of, door, settle_two_streets

CENTRE, SECURITY = actor_of("service_centre@east"), actor_of("security_admin")
WORKER, RESIDENT = actor_of("grid_worker@zhu-2"), actor_of("resident@zhu-2")
LATER = MONDAY + timedelta(hours=3)
TOLD = {"detail": "金丝雀说梯子坏了", "name": "金丝雀", "phone": "13912340007", "note": "敲了金丝雀家的门"}
PICTURE = b"\xff\xd8 canary in a picture " * 40
ORDER = "GD-77"
EVERYTHING = Wanted(frozenset(ErasurePart), ErasureReason.REQUESTED)
PEOPLE = Wanted(frozenset({ErasurePart.PEOPLE}), ErasureReason.WITHDRAWN)
DEMAND, TASK = "canary", "canary.task"


class House:
    """The two streets with one demand full of canaries."""

    def __init__(self, url: str) -> None:
        self.database = open_database(url)
        self.uow = UnitOfWork(self.database, district=DISTRICT)
        self.door: Door = replace(door(), ids=Counted("e"))
        self.pressed: list[Entry] = []
        self.photo = self._photo("canary", PICTURE)
        self._live()

    def _live(self) -> None:
        filing = File(
            matter=DEMAND, district=DISTRICT, workflow="three_tier", start="resident", actor=RESIDENT, place="zhu-2",
            reporter=RESIDENT, values={"detail": TOLD["detail"], "kind": "small"},
        )  # fmt: skip
        caller = ReporterGiven(person=RESIDENT.person, name=TOLD["name"], phone=TOLD["phone"])
        self.press(filing, demand=DemandGiven(channel="hotline", reporters=(caller,), external_number=ORDER))
        task = File(
            matter=TASK, district=DISTRICT, workflow="task", start="dispatch", actor=SYSTEM, place="zhu-2", root=DEMAND,
            seat="lead", unit="housing", given="3wd",
        )  # fmt: skip
        self.press(task)
        note: dict[str, Value | list[str]] = {"note": TOLD["note"]}
        self.press(Act(matter=TASK, action="note", actor=actor_of("department@housing"), values=note))
        self.press(Act(matter=DEMAND, action="accept", actor=WORKER, values={"category": "A1"}))
        self.press(Act(matter=DEMAND, action="solve", actor=WORKER, values={**note, "photo_after": [self.photo]}))

    def _photo(self, name: str, content: bytes) -> str:
        with self.uow.write() as tx:
            return tx.files.add(name, content, media_type="image/jpeg", name_ref=None, at=MONDAY)

    def press(self, command: Command, *, demand: DemandGiven | None = None) -> Done:
        """Let a command with a key through the door."""
        assert isinstance(command, File | Act)
        entry = Entry(command, key=f"k{len(self.pressed)}", demand=demand)
        self.pressed.append(entry)
        (done,) = advance(self.uow, [entry], now=MONDAY, services=self.door)
        assert isinstance(done, Done), done
        return done

    def let_a_file_wait(self) -> None:
        """A file of work orders that holds the same order, looked at and not yet taken in."""
        progress = msgspec.json.encode({"orders": [{"number": ORDER, "text": TOLD["detail"]}]})
        with self.uow.write() as tx:
            tx.jobs.put(Job(id="file", kind="orders_file", args=b"{}", progress=progress, state="waiting", at=MONDAY))

    def ask(self, wanted: Wanted = EVERYTHING, *, by: Actor = CENTRE) -> str:
        """Ask for an erasure and return which."""
        return ask(self.uow, DEMAND, wanted, by=by, ids=self.door.ids, now=LATER, services=self.door).id

    def agree(self, wish: str, *, by: Actor = SECURITY) -> int:
        """Agree to it."""
        return agree(self.uow, wish, by=by, now=LATER, services=self.door).values

    def findings(self) -> list[tuple[str, str, str]]:
        """What `verify` finds, without the words."""
        report = verify(self.uow, self.door.shelf, now=LATER, processes=1)
        return sorted({(one.layer, one.kind, one.matter) for one in report.findings})

    def values(self) -> list[str]:
        """What is left in the vault of the demand and its task."""
        with self.uow.read() as tx:
            return [ref for _, ref, _ in tx.vault.kept_of((DEMAND, TASK))]


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the two streets."""
    return settle_two_streets


@pytest.fixture
def house(prepared_database_url: str) -> Iterator[House]:
    """The two streets and the demand."""
    made = House(prepared_database_url)
    yield made
    made.database.close()


def test_agreeing_erases_the_demand_and_its_tasks_and_verify_stays_as_it_was(house: House) -> None:
    """Words of the demand and of its task, who called, and the photo's row are gone; no layer finds anything new."""
    before = house.findings()
    held = look(house.uow, DEMAND, services=house.door)
    counted = {part: held.count(part) for part in ErasurePart}

    gone = house.agree(house.ask())

    assert counted == {ErasurePart.PEOPLE: 3, ErasurePart.WORDS: 3, ErasurePart.PHOTOS: 1}
    assert gone == 6
    assert house.values() == []
    assert house.findings() == before
    with house.uow.read() as tx:
        assert [one.person for one in tx.demands.reporters_of(DEMAND)] == [None]
        assert tx.vault.search("金丝雀", limit=5) == []
        events = [msgspec.json.decode(one.body) for one in tx.events.of(TASK)]
        (wish,) = tx.erasures.of(DEMAND)
    assert (events[-1]["action"], events[-1]["data"]["second"]) == ("pii_erased", SECURITY.post)
    assert (wish.state, wish.erased, wish.decided_post) == (ErasureState.DONE.value, 6, SECURITY.post)


def test_nothing_of_an_erased_demand_is_left_in_the_files_of_the_database(
    prepared_sqlite_url: str, tmp_path: Path
) -> None:
    """Neither words nor picture, nor an unsalted hash by which somebody who has them could show that they were here."""
    house = House(prepared_sqlite_url)
    house.let_a_file_wait()
    giving = [entry for entry in house.pressed if entry.key in ("k0", "k2", "k4")]
    traces = [*(text.encode() for text in TOLD.values()), PICTURE, house.photo.encode(), *map(hash_of, giving)]
    lacking = [trace[:30] for trace in traces if not is_there(tmp_path, trace)]

    house.agree(house.ask())

    left = [trace[:30] for trace in traces if is_there(tmp_path, trace)]
    house.database.close()
    assert (lacking, left) == ([], [])


def is_there(folder: Path, trace: bytes) -> bool:
    """Whether a file of the database holds *trace*."""
    return any(trace in path.read_bytes() for path in folder.glob("sanlian.db*"))


def test_repeated_press_is_refused_when_what_it_asked_was_erased(house: House) -> None:
    """It cannot be told from another any more, and has no second effect."""
    house.agree(house.ask())

    with pytest.raises(KeyReused):
        advance(house.uow, [house.pressed[0]], now=LATER, services=house.door)


def test_parts_that_nobody_asked_for_stay(house: House) -> None:
    """Who called goes by itself: what the matter is about is still there to be worked on."""
    house.agree(house.ask(PEOPLE))

    left = look(house.uow, DEMAND, services=house.door)
    assert [left.count(part) for part in ErasurePart] == [0, 3, 1]
    with house.uow.read() as tx:
        assert tx.files.get(house.photo) is not None
        assert tx.vault.search("梯子", limit=5) == [f"{DEMAND}/1/detail"]


def test_nobody_agrees_to_the_own_wish(house: House) -> None:
    """A person is known by who they are, whatever post they act from; nothing goes."""
    wish = house.ask()

    with pytest.raises(Conflict):
        house.agree(wish, by=replace_post(CENTRE, "security_admin"))
    assert len(house.values()) == 6


def replace_post(actor: Actor, role: str) -> Actor:
    """The same person in another role."""
    return Actor(post=role, role=role, person=actor.person)


def test_a_demand_has_one_wish_at_a_time(house: House) -> None:
    """The second is refused until the first was decided or taken back by who asked."""
    wish = house.ask()
    with pytest.raises(Conflict):
        house.ask(PEOPLE)
    with pytest.raises(Conflict):
        withdraw(house.uow, wish, by=WORKER, now=LATER)

    withdraw(house.uow, wish, by=CENTRE, now=LATER)
    refuse(house.uow, house.ask(PEOPLE), by=SECURITY, now=LATER)
    house.ask(PEOPLE)

    found = [(one.state, one.reason) for one in wishes_of(house.uow, DEMAND, services=house.door)]
    assert sorted(state.value for state, _ in found) == ["refused", "waiting", "withdrawn"]
    assert wishes(house.uow, services=house.door)[0].number
    assert len(house.values()) == 6


def test_decided_wish_is_not_decided_again(house: House) -> None:
    """Two who decide at once cannot both."""
    wish = house.ask()
    house.agree(wish)

    for again in (lambda: house.agree(wish), lambda: refuse(house.uow, wish, by=SECURITY, now=LATER)):
        with pytest.raises(Conflict):
            again()
    with pytest.raises(NotFound):
        house.agree("none")


def test_second_erasure_is_refused_and_leaves_no_event(house: House) -> None:
    """There is nothing left to erase, and the history says it once."""
    house.agree(house.ask())
    with house.uow.read() as tx:
        seq = tx.matters.read_many((DEMAND,))[DEMAND].matter.seq

    with pytest.raises(Conflict):
        house.ask()
    with pytest.raises(Conflict):
        erase_at_host(house.uow, DEMAND, EVERYTHING, now=LATER, services=house.door)
    with house.uow.read() as tx:
        assert tx.matters.read_many((DEMAND,))[DEMAND].matter.seq == seq


def test_host_erases_alone_and_the_history_says_so(house: House) -> None:
    """What waited for the same demand is done with it."""
    wish = house.ask(PEOPLE)

    gone = erase_at_host(house.uow, TASK, EVERYTHING, now=LATER, services=house.door)

    with house.uow.read() as tx:
        last = msgspec.json.decode(list(tx.events.of(DEMAND))[-1].body)
        found = tx.erasures.get(wish)
    assert (gone.values, house.values()) == (6, [])
    assert (last["actor"]["post"], last["data"]["second"]) == ("command-line", "")
    assert found is not None
    assert found.state == ErasureState.DONE.value


def test_choices_that_there_are_not_are_refused() -> None:
    """A reason is one of the five, never a sentence that would stand in the history for good."""
    assert read_wanted(["people"], "本人要求删除") == Wanted(frozenset({ErasurePart.PEOPLE}), ErasureReason.REQUESTED)
    for parts, reason in (([], "requested"), (["all"], "requested"), (["people"], "张三打电话来说的")):
        with pytest.raises(BadInput):
            read_wanted(parts, reason)


def test_photos_given_with_nothing_are_forgotten_after_a_month(house: House) -> None:
    """A form closed in the middle leaves a photo; what was given with a matter stays."""
    with house.uow.write() as tx:
        unused = tx.files.add("unused", b"picture", media_type="image/png", name_ref=None, at=MONDAY)

    housekeep(house.uow, house.door.shelf, now=MONDAY + timedelta(days=29))
    with house.uow.read() as tx:
        was_there = tx.files.get(unused) is not None
    housekeep(house.uow, house.door.shelf, now=MONDAY + timedelta(days=31))

    with house.uow.read() as tx:
        assert (was_there, tx.files.get(unused), tx.files.get(house.photo) is not None) == (True, None, True)


def test_journal_that_was_in_use_is_emptied_by_housekeeping(prepared_sqlite_url: str, tmp_path: Path) -> None:
    """What was erased while others read stays in the journal; the next round of housekeeping takes it out."""
    house, trace = House(prepared_sqlite_url), TOLD["detail"].encode()
    with house.uow.write() as tx:
        there = held(tx, tx.matters.read_many((DEMAND,))[DEMAND].matter, services=house.door)
        because = Basis("requested", CENTRE, SECURITY)
        erase_parts(tx, there, tuple(ErasurePart), because, now=LATER, services=house.door)
    was_left = is_there(tmp_path, trace)

    housekeep(house.uow, house.door.shelf, now=LATER)

    left = is_there(tmp_path, trace)
    house.database.close()
    assert (was_left, left) == (True, False)


def test_nothing_erased_is_kept_in_memory_after_the_next_look(house: House, prepared_database_url: str) -> None:
    """Another process has an own memory; it lets go of all of it as soon as it reads that something was erased."""
    database = open_database(prepared_database_url)
    uow, shelf = UnitOfWork(database, district=DISTRICT), Shelf()
    memory, outcomes, drawn = Memory(), remember.Outcomes(), Kept(Markup)
    with uow.read() as tx:
        shelf.surroundings(tx)
        matter = tx.matters.read_many((DEMAND,))[DEMAND].matter

    def fill() -> None:
        memory.find("snapshot", "words", lambda: TOLD["detail"])
        outcomes.of("row", remember.Basis(matter, (), ()), now=LATER, work_out=lambda: (TOLD["detail"], None))
        drawn(TOLD["detail"])

    fill()
    with uow.read() as tx:
        shelf.surroundings(tx)
    before = [len(memory), len(outcomes), len(drawn)]
    house.agree(house.ask())
    with uow.read() as tx:
        shelf.surroundings(tx)

    database.close()
    assert (before, [len(memory), len(outcomes), len(drawn)]) == ([1, 1, 1], [0, 0, 0])


def test_resident_program_and_upper_platform_are_told_that_it_was_erased(house: House) -> None:
    """Who reported reads it by the receipt, programs in the API, the sender in the table: none reads what it was."""
    house.agree(house.ask())

    with house.uow.read() as tx:
        world = house.door.shelf.world(tx)
        flow_of = partial(house.door.shelf.workflow, tx)
        matter = tx.matters.read_many((DEMAND,))[DEMAND].matter
        seen = look_in(tx, matter, around=Surroundings(world, flow_of, {}, LATER))
        (described,) = describe(tx, [matter], world=world, flow_of=flow_of)
    table = give_back_orders(house.uow, "table", since=None, by=CENTRE, services=house.door, now=LATER)

    said = [seen.title, described.detail, *(text for one in seen.told for text in one.said), table.orders[0].reply]
    assert all("已按要求删去" in text for text in said), said
    assert seen.told[0].what.startswith("按要求")
    told = repr((seen, described, table))
    assert not any(words in told for words in TOLD.values())
