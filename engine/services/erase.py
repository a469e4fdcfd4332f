"""
Erase private values for good: value, salt, what finds them and the files they name; the history stays provable.

Two people are needed, and the event says which values, on what basis, by whom; who has the machine in hand is one
alone, and the event says that. Without the salt nothing can be recomputed from the commitment that remains.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.core.decision import Decision, Occurrence
from engine.core.history import read_event
from engine.core.matter import Actor, Matter
from engine.core.terms import ErasurePart, EventType
from engine.core.workflow.declaration import Workflow
from engine.errors import BadInput, NotFound
from engine.services.advance import Door, in_one_transaction, name_of_actor
from engine.services.judge import ERASED
from engine.services.keep_orders import forget_order
from engine.services.look_up import ERASURES_FACT
from engine.services.record import record
from engine.services.say_erased import part_of
from engine.services.seal import Seal, seal
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.vault import Secret

MOST_REFS = 100
TOPIC, DONE = "erasure", "erasure_done"
# Set while SQLite's journal may still hold what was erased: somebody was reading or writing just then.
JOURNAL_FACT = "journal_holds_erased"
_YES, _NO = "1", "0"


@dataclass(frozen=True, slots=True)
class Basis:
    """Why values are erased, who wants it, and who else agreed; `second` None: done at the machine itself."""

    reason: str
    by: Actor
    second: Actor | None


@dataclass(frozen=True, slots=True)
class Held:
    """
    What a matter and all that was opened for it still hold of people, by part: vault rows by matter.

    `photos` counts pictures, `accounts` the reporters known by an account.
    """

    matter: Matter
    refs: Mapping[ErasurePart, Mapping[str, tuple[str, ...]]]
    photos: int
    accounts: int

    def count(self, part: ErasurePart) -> int:
        """How many there are of a part, as people count them."""
        if part is ErasurePart.PHOTOS:
            return self.photos
        values = sum(len(refs) for refs in self.refs.get(part, {}).values())
        return values + (self.accounts if part is ErasurePart.PEOPLE else 0)

    def has(self, parts: Collection[ErasurePart]) -> bool:
        """Whether anything of *parts* is left."""
        return any(self.refs.get(part) or self.count(part) for part in parts)


def erase(
    uow: UnitOfWork,
    refs: Sequence[str],
    *,
    basis: str,
    by: Actor,
    second: Actor,
    now: datetime,
    services: Door,
) -> int:
    """
    Erase the vault rows *refs* of one matter in one transaction and return the seq of the event that says so.

    Args:
        basis: why it is lawful, in a code or sentence without personal data.
        second: who approved; another person than *by*.
    Raises:
        BadInput: nobody else approved, no basis, or the values belong to several matters.
        NotFound: a value is not there, or erased already.
    """
    refuse_alone(by, second)
    if not basis.strip():
        raise BadInput(where="basis", found=basis, expected="删除的依据")
    if not 0 < len(refs) <= MOST_REFS:
        raise BadInput(where="refs", found=str(len(refs)), expected=f"1 到 {MOST_REFS} 项内容")
    because = Basis(basis, by, second)
    seq = in_one_transaction(uow, lambda tx: _erase_refs(tx, refs, because, now=now, services=services))
    clean_journal(uow)
    return seq


def refuse_alone(by: Actor, second: Actor) -> None:
    """
    Make sure that two people are at it.

    Raises:
        BadInput: they are one, or one of them is not known.
    """
    if second.person is None or second.person == by.person:
        raise BadInput(where="second", found=second.post, expected="另一个人的同意")


def held(tx: Transaction, matter: Matter, *, services: Door) -> Held:
    """Return what the matter at the root of *matter* and all opened for it still hold of people."""
    family = tx.matters.read_many(tx.matters.of_root(matter.root))
    found: dict[ErasurePart, dict[str, list[str]]] = {part: {} for part in ErasurePart}
    for matter_id, ref, field in tx.vault.kept_of(family):
        flow = services.shelf.workflow(tx, family[matter_id].matter.digest)
        found[part_of(field, flow)].setdefault(matter_id, []).append(ref)
    return Held(
        matter=family[matter.root].matter,
        refs={part: {one: tuple(refs) for one, refs in some.items()} for part, some in found.items()},
        photos=sum(len(tx.files.of_matter(one)) for one in family),
        accounts=sum(one.person is not None for one in tx.demands.reporters_of(matter.root)),
    )


def erase_parts(
    tx: Transaction, there: Held, parts: Collection[ErasurePart], because: Basis, *, now: datetime, services: Door
) -> int:
    """
    Erase *parts* of what is *there*, in a writing transaction of the caller, and return how many values went.

    Beside the values goes what else could tell of them: whose account reported it, what repeats of presses are told
    by, and files of work orders that wait with the same words.
    """
    root = there.matter.root
    refs: dict[str, list[str]] = {}
    for part in parts:
        for matter_id, some in there.refs.get(part, {}).items():
            refs.setdefault(matter_id, []).extend(some)
    tx.matters.load_many(tx.matters.of_root(root))  # locked in their order, before any of them is written
    for matter_id in sorted(refs):
        ordered = sorted(refs[matter_id])
        for start in range(0, len(ordered), MOST_REFS):
            _erase_refs(tx, ordered[start : start + MOST_REFS], because, now=now, services=services)
    if ErasurePart.PEOPLE in parts and there.accounts:
        tx.demands.forget_people(root)
        _note(tx, root, {**_said(because), "erased": [], "accounts": there.accounts}, by=because.by, now=now,
              services=services)  # fmt: skip
        tx.facts.count_up(ERASURES_FACT)
    demand = tx.demands.get_many((root,)).get(root)
    if demand is not None and demand.external_number and set(parts) - {ErasurePart.PHOTOS}:
        forget_order(tx, demand.external_number)
    count = sum(len(some) for some in refs.values())
    data = {
        "matter": root, "reason": because.reason, "parts": ",".join(sorted(parts)), "values": count,
        "second": because.second.post if because.second is not None else "",
    }  # fmt: skip
    record(tx, TOPIC, action=DONE, by=because.by, now=now, data=data)
    return count


def clean_journal(uow: UnitOfWork) -> bool:
    """Take what was erased out of the database's journal; False where housekeeping must try it again."""
    if not uow.database.is_sqlite:
        return True
    if not uow.database.empty_journal():
        return False
    with uow.write() as tx:
        tx.facts.put(JOURNAL_FACT, _NO)
    return True


def clean_journal_again(uow: UnitOfWork) -> None:
    """Do the same where it did not come off at once."""
    with uow.read() as tx:
        is_owed = tx.facts.get(JOURNAL_FACT) == _YES
    if is_owed:
        clean_journal(uow)


def _erase_refs(tx: Transaction, refs: Sequence[str], because: Basis, *, now: datetime, services: Door) -> int:
    secrets = _secrets(tx, refs)
    matter_id = next(iter(secrets.values())).matter
    tx.answers.forget_requests(_requests(tx, matter_id, set(secrets)))
    data = {**_said(because), "erased": sorted(secrets)}
    seq = _note(tx, matter_id, data, by=because.by, now=now, services=services)
    flow = services.shelf.workflow(tx, tx.matters.read_many((matter_id,))[matter_id].matter.digest)
    left = (ref for _, ref, field in tx.vault.kept_of((matter_id,)) if ref not in secrets and _is_files(field, flow))
    named_elsewhere = _files(tx.vault.get_many(set(left)).values(), flow)
    for file in sorted(_files(secrets.values(), flow) - named_elsewhere):
        tx.files.erase(file)
    for ref in secrets:
        tx.vault.erase(ref, at=now)
    tx.facts.count_up(ERASURES_FACT)
    tx.facts.put(JOURNAL_FACT, _YES)
    return seq


def _said(because: Basis) -> dict[str, object]:
    return {"basis": because.reason, "second": because.second.post if because.second is not None else ""}


def _requests(tx: Transaction, matter_id: str, refs: Collection[str]) -> set[tuple[str, str]]:
    """Actor and key of the presses that gave *refs*: the hash of such a request is a hash of the words, unsalted."""
    events = (read_event(one.body) for one in tx.events.of(matter_id))
    giving = (event for event in events if not event.private.keys().isdisjoint(refs))
    return {(name_of_actor(event.actor), event.cause) for event in giving if event.cause is not None}


def _secrets(tx: Transaction, refs: Sequence[str]) -> dict[str, Secret]:
    found = {ref: one for ref, one in tx.vault.get_many(refs).items() if one.erased_at is None}
    missing = next((ref for ref in refs if ref not in found), None)
    if missing is not None:
        raise NotFound(what="内容", found=missing)
    if len({secret.matter for secret in found.values()}) != 1:
        raise BadInput(where="refs", found="几件事的内容", expected="同一件事的内容")
    return found


def _note(tx: Transaction, matter_id: str, data: dict[str, object], *, by: Actor, now: datetime, services: Door) -> int:
    stored = tx.matters.load_many((matter_id,)).get(matter_id)
    if stored is None:
        raise NotFound(what="事项", found=matter_id)
    around = services.shelf.surroundings(tx)
    before = stored.matter
    recorded_at = max(now, before.at, around.digested or now, tx.events.recorded_at(matter_id, before.seq) or now)
    # What has ended ended when it did: figures and pages take that from the matter's last instant.
    at = recorded_at if before.is_open else before.at
    after: Matter = msgspec.structs.replace(before, seq=before.seq + 1, at=at)
    occurrence = Occurrence(
        type=EventType.SYSTEM, from_=before.state, to=before.state, action=ERASED, actor=by, at=at, data=dict(data)
    )
    decision = Decision(before=before, after=after, occurrence=occurrence, private={}, arm=(), cancel=())
    sealed = seal(
        decision,
        Seal(around.log, around.calendars, services.salts),
        head=stored.head,
        recorded_at=recorded_at,
        timer_key=None,
        cause=None,
        beside={},
    )
    tx.matters.save_many([(sealed.stored, before.seq)])
    tx.events.append_many([sealed.event])
    return after.seq


def _files(secrets: Iterable[Secret], flow: Workflow) -> set[str]:
    """Names of the files that *secrets* name."""
    lists = (one.value for one in secrets if one.value is not None and _is_files(one.field, flow))
    return {name for value in lists for name in msgspec.json.decode(value) if isinstance(name, str)}


def _is_files(field: str, flow: Workflow) -> bool:
    return part_of(field, flow) is ErasurePart.PHOTOS
