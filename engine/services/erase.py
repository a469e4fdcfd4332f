"""
Erase private values for good: value, salt, what finds them and the files they name; the history stays provable.

Two people are needed, and the event says which values, on what basis, by whom. Without the salt nothing can be
recomputed from the commitment that remains.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from engine.core.decision import Decision, Occurrence
from engine.core.matter import Actor, Matter
from engine.core.terms import EventType, FieldType
from engine.errors import BadInput, NotFound
from engine.services.advance import Door, in_one_transaction
from engine.services.judge import ERASED
from engine.services.seal import Seal, seal
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.vault import Secret

MOST_REFS = 100


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
    if second.person is None or second.person == by.person:
        raise BadInput(where="second", found=second.post, expected="另一个人的同意")
    if not basis.strip():
        raise BadInput(where="basis", found=basis, expected="删除的依据")
    if not 0 < len(refs) <= MOST_REFS:
        raise BadInput(where="refs", found=str(len(refs)), expected=f"1 到 {MOST_REFS} 项内容")

    def work(tx: Transaction) -> int:
        secrets = _secrets(tx, refs)
        data: dict[str, object] = {"erased": sorted(secrets), "basis": basis, "second": second.post}
        seq = _note(tx, next(iter(secrets.values())).matter, data, by=by, now=now, services=services)
        for secret in secrets.values():
            for file in _files(tx, secret, services):
                tx.files.erase(file)
            tx.vault.erase(secret.ref, at=now)
        return seq

    seq = in_one_transaction(uow, work)
    uow.database.empty_journal()
    return seq


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
    at = max(now, before.at)
    after: Matter = msgspec.structs.replace(before, seq=before.seq + 1, at=at)
    occurrence = Occurrence(
        type=EventType.SYSTEM, from_=before.state, to=before.state, action=ERASED, actor=by, at=at, data=dict(data)
    )
    decision = Decision(before=before, after=after, occurrence=occurrence, private={}, arm=(), cancel=())
    sealed = seal(
        decision,
        Seal(around.log, around.calendars, services.salts),
        head=stored.head,
        recorded_at=at,
        timer_key=None,
        cause=None,
        beside={},
    )
    tx.matters.save_many([(sealed.stored, before.seq)])
    tx.events.append_many([sealed.event])
    return after.seq


def _files(tx: Transaction, secret: Secret, services: Door) -> list[str]:
    stored = tx.matters.get(secret.matter)
    if stored is None or secret.value is None:
        return []
    rule = services.shelf.workflow(tx, stored.matter.digest).fields.get(secret.field)
    if rule is None or rule.type is not FieldType.FILES:
        return []
    return [name for name in msgspec.json.decode(secret.value) if isinstance(name, str)]
