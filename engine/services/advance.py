"""
The door: nothing else moves a matter.

A list of commands is decided and saved in one transaction. Each member is decided by itself, a refusal does not touch
the others, several commands on one matter apply in the given order. A press is a list of one, a sweep of due timers a
list of five hundred.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

import msgspec

from engine.core.command import Act, Command, File, Fire
from engine.core.decision import Decision, Refusal
from engine.core.matter import Actor, Matter, Timer
from engine.core.timers import armed
from engine.errors import Conflict, KeyReused
from engine.services.batch import Batch, LedToRefusal, Lock, Taken
from engine.services.device_time import worth_keeping
from engine.services.look_up import Shelf, Surroundings
from engine.services.save import DemandGiven, Ids, TimerKey, save_steps
from engine.services.seal import Salts, Seal
from engine.store.alarms import Alarm
from engine.store.answers import Answer
from engine.store.database import TryAgain
from engine.store.matters import Stored
from engine.store.unit_of_work import Transaction, UnitOfWork

T = TypeVar("T")

ATTEMPTS = 6
TIMER_FAILED = "timer_failed"


@dataclass(frozen=True, slots=True)
class Door:
    """What the door needs beside the store: parsed texts, and makers of ids and salts (32 bytes)."""

    shelf: Shelf
    ids: Ids
    salts: Salts


class Entry(msgspec.Struct, frozen=True, gc=False):
    """
    A command; `key` makes repeats of it harmless; `demand` is what a filed demand has beside its matter.

    `pressed_at` is when a device says it was pressed: no part of what is asked, so a repeat may carry another.
    """

    command: Command
    key: str | None = None
    demand: DemandGiven | None = None
    pressed_at: datetime | None = None


class Done(msgspec.Struct, frozen=True, gc=False):
    """The command was carried out by event `seq`; `matter` as it now stands, `number` of a filed demand."""

    matter: Matter
    seq: int
    number: str | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Stale:
    """The timer no longer fits, or was used up by somebody else; nothing happened."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Failed:
    """The timer's effect could not be carried out; it is parked with this text."""

    timer: Timer
    text: str


@dataclass(frozen=True, slots=True)
class PutBack:
    """A matter that the timer's effect needs is just being changed by somebody else; the timer rings again."""

    timer: Timer


Outcome: TypeAlias = Done | Refusal | Stale | Failed | PutBack


class _Kept(msgspec.Struct, frozen=True):
    """An answer as it is kept for repeats."""

    matter: str
    seq: int
    number: str | None = None


def advance(uow: UnitOfWork, entries: Sequence[Entry], *, now: datetime, services: Door) -> list[Outcome]:
    """
    Carry out *entries* in one transaction and return what became of each, in order.

    Raises:
        KeyReused: a key came back with another request.
        Conflict: others kept coming in between.
        Unavailable: the store cannot take it now.
    """
    return in_one_transaction(uow, lambda tx: advance_in(tx, entries, now=now, services=services))


def in_one_transaction(uow: UnitOfWork, work: Callable[[Transaction], T]) -> T:
    """
    Do *work* in a writing transaction, anew when somebody else came in between.

    Raises:
        Conflict: others kept coming in between.
    """
    for _ in range(ATTEMPTS):
        try:
            with uow.write() as tx:
                return work(tx)
        except TryAgain:
            continue
    raise Conflict(what="这件事正由别人办理，请刷新后再试。")


def advance_in(tx: Transaction, entries: Sequence[Entry], *, now: datetime, services: Door) -> list[Outcome]:
    """Do the same inside a transaction of the caller, who begins it anew when it raises `TryAgain`."""
    around = services.shelf.surroundings(tx)
    loaded = tx.matters.load_many(_wanted(tx, entries))
    return carry_out(tx, entries, loaded=loaded, lock=tx.matters.load_many, now=now, services=services, around=around)


def _wanted(tx: Transaction, entries: Sequence[Entry]) -> set[str]:
    """
    Ids of the matters to lock: those of the commands and, where rows have locks, their relatives.

    Locking a family in one go and in id order keeps two presses in it from waiting for each other.
    """
    ids = {entry.command.matter for entry in entries}
    if not tx.matters.have_locks:
        return ids
    topics = {entry.command.topic for entry in entries if isinstance(entry.command, Act | File)}
    near = {name for stored in tx.matters.read_many(ids).values() for name in _relatives(stored.matter)}
    return ids | near | {topic for topic in topics if topic is not None}


def _relatives(matter: Matter) -> set[str]:
    parent = {matter.parent} if matter.parent is not None else set()
    open_seats = {child for child, seat in matter.seats.items() if seat.outcome is None}
    open_topics = {topic for topic, outcome in matter.topics.items() if not outcome}
    return {*parent, *open_seats, *open_topics, *matter.waiting}


def carry_out(
    tx: Transaction,
    entries: Sequence[Entry],
    *,
    loaded: Mapping[str, Stored],
    lock: Lock,
    now: datetime,
    services: Door,
    around: Surroundings,
) -> list[Outcome]:
    """
    Carry out *entries* on matters already locked.

    Args:
        lock: how to lock what an effect needs beside them; raises `Taken` to give up instead of waiting.
    """
    now = max(now, around.digested or now)
    batch = Batch(tx, services.shelf, around=around, now=now, lock=lock, loaded=loaded)
    work = _Work(tx, batch, now=now, services=services, around=around)
    return work.carry_out(entries)


class _Work:
    """One list of entries on its way through the door."""

    def __init__(self, tx: Transaction, batch: Batch, *, now: datetime, services: Door, around: Surroundings) -> None:
        self._tx = tx
        self._batch = batch
        self._now = now
        self._services = services
        self._around = around
        self._again: list[Timer] = []
        self._failed: list[Failed] = []
        self._rung: Collection[TimerKey] = ()
        self._fresh: list[tuple[Entry, Decision]] = []

    def carry_out(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Decide all, save all, answer all."""
        fires = [entry.command.timer for entry in entries if isinstance(entry.command, Fire)]
        self._rung = rung = self._tx.timers.consume_many(fires)
        answers = self._tx.answers.get_many({name for entry in entries if (name := _name_of(entry)) is not None})
        outcomes: list[Outcome | Decision] = []
        for entry in entries:
            if isinstance(entry.command, Fire):
                outcomes.append(self._fire(entry.command, has_rung=entry.command.timer.key in rung))
            else:
                outcomes.append(self._press(entry, answers))
        numbers = self._save()
        return [self._done(outcome, numbers) if isinstance(outcome, Decision) else outcome for outcome in outcomes]

    def _fire(self, command: Fire, *, has_rung: bool) -> Outcome | Decision:
        timer = command.timer
        if not has_rung:
            return Stale(timer)
        try:
            answer = self._batch.run(command, cause=None)
        except Taken:
            self._again.append(timer)
            return PutBack(timer)
        if isinstance(answer, LedToRefusal):
            failed = Failed(timer, answer.refusal.text)
            self._failed.append(failed)
            return failed
        if isinstance(answer, Refusal):
            self._again.extend(self._as_it_should_ring(timer))
            return Stale(timer)
        return answer

    def _as_it_should_ring(self, timer: Timer) -> list[Timer]:
        """The timer as the matter's clocks now have it, if at all: a changed calendar may have moved it."""
        matter = self._batch.standing.get(timer.matter)
        if matter is None:
            return []
        workflow = self._services.shelf.workflow(self._tx, matter.digest)
        return [one for one in armed(workflow, matter, self._around.world) if one.key == timer.key]

    def _press(self, entry: Entry, answers: dict[tuple[str, str], Answer]) -> Outcome | Decision:
        name = _name_of(entry)
        before = answers.get(name) if name is not None else None
        if before is not None:
            return self._repeat(entry, before)
        pressed_at = worth_keeping(entry.pressed_at, now=self._now)
        answer = self._batch.run(entry.command, cause=entry.key, pressed_at=pressed_at)
        if isinstance(answer, LedToRefusal):
            return answer.refusal
        if isinstance(answer, Refusal):
            return answer
        self._fresh.append((entry, answer))
        if name is not None:
            kept = _Kept(answer.after.id, answer.after.seq)
            answers[name] = Answer(*name, hash_of(entry), msgspec.json.encode(kept), self._now)
        return answer

    def _repeat(self, entry: Entry, before: Answer) -> Done:
        if before.request_hash != hash_of(entry):
            raise KeyReused(key=before.key)
        kept = msgspec.json.decode(before.answer, type=_Kept)
        matter = self._batch.matter(kept.matter)
        assert matter is not None  # an answer is kept in the transaction that wrote the matter
        return Done(matter, kept.seq, kept.number, repeated=True)

    def _save(self) -> dict[str, str]:
        given = {entry.command.matter: entry.demand for entry, _ in self._fresh if entry.demand is not None}
        numbers = save_steps(
            self._tx,
            self._batch.steps,
            loaded=self._batch.loaded,
            given=given,
            around=self._around,
            seal_with=Seal(self._around.log, self._around.calendars, self._services.salts),
            ids=self._services.ids,
            consumed=self._rung,
        )
        self._tx.timers.arm_many(self._again)
        for failed in self._failed:
            park(self._tx, failed, now=self._now, ids=self._services.ids)
        self._tx.answers.add_many([self._answer(*one, numbers) for one in self._fresh if one[0].key is not None])
        return numbers

    def _answer(self, entry: Entry, decision: Decision, numbers: Mapping[str, str]) -> Answer:
        name = _name_of(entry)
        assert name is not None  # asked only of entries with a key
        kept = _Kept(decision.after.id, decision.after.seq, numbers.get(decision.after.id))
        return Answer(*name, hash_of(entry), msgspec.json.encode(kept), self._now)

    def _done(self, decision: Decision, numbers: Mapping[str, str]) -> Done:
        matter_id = decision.after.id
        return Done(self._batch.standing[matter_id], decision.after.seq, numbers.get(matter_id))


def park(tx: Transaction, failed: Failed, *, now: datetime, ids: Ids) -> None:
    """Put a timer aside whose effect could not be carried out, and raise an alarm."""
    tx.timers.park(failed.timer, at=now, error=failed.text)
    text = f"到点规则没能执行，已放到一边：{failed.text}"
    tx.alarms.raise_many((Alarm(id=ids(), kind=TIMER_FAILED, matter=failed.timer.matter, text=text, at=now),))


def was_taken(tx: Transaction, actor: Actor, key: str) -> bool:
    """Whether a press of *actor* with that key was carried out before."""
    return bool(tx.answers.get_many([(name_of_actor(actor), key)]))


def _name_of(entry: Entry) -> tuple[str, str] | None:
    """Actor and key under which the answer to an entry is kept."""
    if entry.key is None or not isinstance(entry.command, Act | File):
        return None
    return (name_of_actor(entry.command.actor), entry.key)


def name_of_actor(actor: Actor) -> str:
    """Return what answers are kept for: the post, and who fills it."""
    return f"{actor.post}/{actor.person or ''}"


def hash_of(entry: Entry) -> bytes:
    """Return what tells one request from another: all that was asked, not the id we gave a new matter."""
    command: Command = entry.command
    if isinstance(command, File):
        command = msgspec.structs.replace(command, matter="", root=None)
    beside = (entry.demand.channel, entry.demand.external_number) if entry.demand is not None else None
    asked = [type(command).__name__, msgspec.to_builtins(command), beside]
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).digest()
