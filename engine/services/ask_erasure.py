"""
Erase what a demand holds of people: one asks, the security administrator agrees, then it goes at once and for good.

Who agrees learns which demand, what of it and why, and nothing of what it says. At the machine itself the host does it
alone, and the history says so. What came in between is no obstacle: what goes is what is there when it goes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.matter import Actor, Matter
from engine.core.terms import ErasurePart, ErasureReason, ErasureState, Office
from engine.errors import BadInput, Conflict, NotFound
from engine.services.advance import Door, in_one_transaction
from engine.services.case_file import find
from engine.services.erase import TOPIC, Basis, Held, clean_journal, erase_parts, held
from engine.services.record import record
from engine.store.erasures import Erasure
from engine.store.unit_of_work import Transaction, UnitOfWork

HOST = Actor(post="command-line", role=Office.SYSTEM_ADMIN.value)
PAGE = 50
NOTHING_LEFT = "这件事里没有可删的了：要么已按要求删去，要么本来就没有。"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts are to go, and why."""

    parts: frozenset[ErasurePart]
    reason: ErasureReason


@dataclass(frozen=True, slots=True)
class Gone:
    """What became of it: how many values went, and whether the database's own journal is clean of them already."""

    values: int
    is_clean: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish with what is still there of its demand; `number` is the demand's, empty for a matter without one."""

    erasure: Erasure
    number: str
    held: Held
    parts: tuple[ErasurePart, ...]
    reason: ErasureReason
    state: ErasureState


def read_wanted(parts: Collection[str], reason: str) -> Wanted:
    """
    Return what was chosen.

    Raises:
        BadInput: nothing, or what there is not.
    """
    chosen = frozenset(part for part in ErasurePart if part.value in parts)
    if not chosen or len(chosen) != len(set(parts)):
        raise BadInput(where="删哪些", found="、".join(parts)[:40], expected=_choices(ErasurePart))
    because = next((one for one in ErasureReason if reason in (one.value, one.label)), None)
    if because is None:
        raise BadInput(where="依据", found=reason[:40], expected=_choices(ErasureReason))
    return Wanted(chosen, because)


def _choices(words: type[ErasurePart] | type[ErasureReason]) -> str:
    return "，".join(f"{one.value}（{one.label}）" for one in words)


def look(uow: UnitOfWork, ref: str, *, services: Door) -> Held:
    """
    Return what the matter with that number or id still holds of people.

    Raises:
        NotFound: there is none.
    """
    with uow.read() as tx:
        return held(tx, find(tx, ref), services=services)


def number_of(uow: UnitOfWork, there: Held) -> str:
    """Return what the matter is known by: its number, or its id where it has none."""
    with uow.read() as tx:
        demand = tx.demands.get_many((there.matter.id,)).get(there.matter.id)
    return demand.number if demand is not None else there.matter.id


def erase_at_host(uow: UnitOfWork, ref: str, wanted: Wanted, *, now: datetime, services: Door) -> Gone:
    """
    Erase at once, by whoever has the machine in hand; a wish that waits for the same demand is done with it.

    Raises:
        NotFound: there is no such matter.
        Conflict: nothing is left of it, or others kept coming in between.
    """
    because = Basis(wanted.reason.value, HOST, None)

    def work(tx: Transaction) -> int:
        there = held(tx, find(tx, ref), services=services)
        if not there.has(wanted.parts):
            raise Conflict(what=NOTHING_LEFT)
        count = erase_parts(tx, there, wanted.parts, because, now=now, services=services)
        for waiting in _waiting(tx, there.matter):
            if set(_parts(waiting)) <= wanted.parts:
                _decide(tx, waiting, ErasureState.DONE, by=HOST, now=now, erased=count)
        return count

    return _done(uow, work)


def ask(
    uow: UnitOfWork, ref: str, wanted: Wanted, *, by: Actor, ids: Callable[[], str], now: datetime, services: Door
) -> Erasure:
    """
    Ask for an erasure; nothing goes yet.

    Raises:
        NotFound: there is no such matter.
        Conflict: nothing is left of what is wanted, another wish waits, or nobody knows who is asking.
    """

    def work(tx: Transaction) -> Erasure:
        there = held(tx, find(tx, ref), services=services)
        if not there.has(wanted.parts):
            raise Conflict(what=NOTHING_LEFT)
        if by.person is None:
            raise Conflict(what="不知道是谁在申请，换一个有人担任的岗位再来。")
        wish = Erasure(
            id=ids(), matter=there.matter.id, parts=",".join(sorted(wanted.parts)), reason=wanted.reason.value,
            state=ErasureState.WAITING.value, asked_post=by.post, asked_role=by.role, asked_unit=by.unit,
            asked_person=by.person, asked_at=now,
        )  # fmt: skip
        if not tx.erasures.add(wish):
            raise Conflict(what="这件事已经有一份申请在等安全管理员同意。")
        _note(tx, wish, "erasure_asked", by=by, now=now)
        return wish

    return in_one_transaction(uow, work)


def withdraw(uow: UnitOfWork, wish_id: str, *, by: Actor, now: datetime) -> None:
    """
    Take a wish back, as the person who asked.

    Raises:
        NotFound: there is no such wish.
        Conflict: somebody else asked, or it was decided.
    """

    def work(tx: Transaction) -> None:
        wish = _find(tx, wish_id)
        if wish.asked_person != by.person:
            raise Conflict(what="谁申请的，由谁撤回。")
        _decide(tx, wish, ErasureState.WITHDRAWN, by=by, now=now)
        _note(tx, wish, "erasure_withdrawn", by=by, now=now)

    in_one_transaction(uow, work)


def refuse(uow: UnitOfWork, wish_id: str, *, by: Actor, now: datetime) -> None:
    """
    Say no to a wish.

    Raises:
        NotFound: there is no such wish.
        Conflict: the same person asked, or it was decided.
    """

    def work(tx: Transaction) -> None:
        wish = _of_another(tx, wish_id, by)
        _decide(tx, wish, ErasureState.REFUSED, by=by, now=now)
        _note(tx, wish, "erasure_refused", by=by, now=now)

    in_one_transaction(uow, work)


def agree(uow: UnitOfWork, wish_id: str, *, by: Actor, now: datetime, services: Door) -> Gone:
    """
    Agree to a wish: what it names goes at once.

    Raises:
        NotFound: there is no such wish.
        Conflict: the same person asked, or it was decided.
    """

    def work(tx: Transaction) -> int:
        wish = _of_another(tx, wish_id, by)
        there = held(tx, find(tx, wish.matter), services=services)
        asker = Actor(post=wish.asked_post, role=wish.asked_role, unit=wish.asked_unit, person=wish.asked_person)
        because = Basis(wish.reason, asker, by)
        count = erase_parts(tx, there, _parts(wish), because, now=now, services=services)
        _decide(tx, wish, ErasureState.DONE, by=by, now=now, erased=count)
        return count

    return _done(uow, work)


def must_be_asked(uow: UnitOfWork, wish_id: str) -> None:
    """
    Do nothing when there is such a wish.

    Raises:
        NotFound: there is none.
    """
    with uow.read() as tx:
        _find(tx, wish_id)


def wishes(uow: UnitOfWork, *, services: Door) -> tuple[Wish, ...]:
    """Return the wishes of the district: what waits first, then the newest of the others."""
    decided = tuple(state for state in ErasureState if state is not ErasureState.WAITING)
    with uow.read() as tx:
        found = [*tx.erasures.latest(ErasureState.WAITING, limit=PAGE), *tx.erasures.latest(*decided, limit=PAGE)]
        return _told(tx, found, services=services)


def wishes_of(uow: UnitOfWork, ref: str, *, services: Door) -> tuple[Wish, ...]:
    """Return the wishes about a matter, newest first."""
    with uow.read() as tx:
        return _told(tx, tx.erasures.of(find(tx, ref).root), services=services)


def _told(tx: Transaction, found: Sequence[Erasure], *, services: Door) -> tuple[Wish, ...]:
    numbers = {one.matter: one.number for one in tx.demands.get_many({one.matter for one in found}).values()}
    return tuple(
        Wish(
            erasure=one, number=numbers.get(one.matter, ""), parts=_parts(one), reason=_reason(one.reason),
            held=held(tx, find(tx, one.matter), services=services), state=_state(one.state),
        )
        for one in found
    )  # fmt: skip


def _reason(value: str) -> ErasureReason:
    return next(one for one in ErasureReason if one.value == value)


def _state(value: str) -> ErasureState:
    return next(one for one in ErasureState if one.value == value)


def _parts(wish: Erasure) -> tuple[ErasurePart, ...]:
    chosen = wish.parts.split(",")
    return tuple(part for part in ErasurePart if part.value in chosen)


def _find(tx: Transaction, wish_id: str) -> Erasure:
    found = tx.erasures.get(wish_id)
    if found is None:
        raise NotFound(what="申请", found=wish_id[:40])
    return found


def _of_another(tx: Transaction, wish_id: str, by: Actor) -> Erasure:
    wish = _find(tx, wish_id)
    if by.person is None or by.person == wish.asked_person:
        raise Conflict(what="自己申请的要由另一个人同意，换岗位也不行。")
    return wish


def _waiting(tx: Transaction, matter: Matter) -> list[Erasure]:
    return [one for one in tx.erasures.of(matter.id) if one.state == ErasureState.WAITING]


def _decide(tx: Transaction, wish: Erasure, state: ErasureState, *, by: Actor, now: datetime, erased: int = 0) -> None:
    decided = tx.erasures.decide(
        wish.id, state=state.value, decided_post=by.post, decided_person=by.person, decided_at=now, erased=erased
    )
    if not decided:
        raise Conflict(what="这份申请刚刚已经有人处理，或者已经撤回。看一看现在的情况。")


def _note(tx: Transaction, wish: Erasure, action: str, *, by: Actor, now: datetime) -> None:
    data = {"matter": wish.matter, "reason": wish.reason, "parts": wish.parts}
    record(tx, TOPIC, action=action, by=by, now=now, data=data)


def _done(uow: UnitOfWork, work: Callable[[Transaction], int]) -> Gone:
    values = in_one_transaction(uow, work)
    return Gone(values, is_clean=clean_journal(uow))
