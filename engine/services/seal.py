"""Turn decisions into what is stored: events as bytes in their chains, commitments and the values they bind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.core.decision import Decision
from engine.core.history import (
    BODY_VERSION,
    PRESSED_AT,
    Event,
    chain_next,
    chain_origin,
    commitment,
    event_bytes,
    vault_ref,
)
from engine.core.matter import Matter, Value, patch_between
from engine.store.events import EventRecord
from engine.store.matters import Stored
from engine.store.vault import Secret

PURPOSE = "办理"
Salts = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Seal:
    """What all events of one transaction have in common."""

    log: str
    calendars: str
    salts: Salts


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """One decision as it is stored: the matter with its new head, its event, its private values."""

    stored: Stored
    event: EventRecord
    secrets: tuple[Secret, ...]
    searchable: tuple[tuple[str, str], ...]


def seal(
    decision: Decision,
    seal_with: Seal,
    *,
    head: bytes | None,
    recorded_at: datetime,
    timer_key: str | None,
    cause: str | None,
    beside: Mapping[str, str],
    pressed_at: datetime | None = None,
) -> Sealed:
    """
    Make the event of *decision* and everything bound to it.

    Args:
        head: head of the matter's chain before; None for a new matter.
        pressed_at: when the device says it was pressed, where that is worth keeping.
        beside: private values that are no fields (who reported), by name.
    """
    after, occurrence, private = decision.after, decision.occurrence, decision.private
    if beside:
        private = {**private, **{vault_ref(after.id, after.seq, name): value for name, value in beside.items()}}
    secrets = _secrets(after, private, seal_with.salts) if private else ()
    commitments = {one.ref: commitment(one.salt, one.ref, one.value) for one in secrets if one.salt and one.value}
    told = {PRESSED_AT: pressed_at.isoformat()} if pressed_at is not None else {}
    event = _event(decision, seal_with, recorded_at=recorded_at, cause=cause, private=commitments, told=told)
    body = event_bytes(event)
    new_head = chain_next(head if head is not None else chain_origin(seal_with.log, after.id), body)
    kind = str(occurrence.type)  # SQLite looks for a converter of every word that is an enum's
    record = EventRecord(after.id, after.seq, kind, occurrence.at, recorded_at, timer_key, body, new_head)
    texts = tuple((ref, value) for ref, value in private.items() if isinstance(value, str)) if private else ()
    return Sealed(Stored(after, new_head), record, secrets, texts)


def _secrets(after: Matter, private: Mapping[str, Value | list[str]], salts: Salts) -> tuple[Secret, ...]:
    subject = after.reporter.person if after.reporter is not None else None
    return tuple(
        Secret(
            ref=ref,
            matter=after.id,
            seq=after.seq,
            field=ref.rsplit("/", 1)[-1],
            subject=subject,
            salt=salts(),
            value=msgspec.json.encode(value),
            purpose=PURPOSE,
        )
        for ref, value in private.items()
    )


def _event(
    decision: Decision, seal_with: Seal, *, recorded_at: datetime, cause: str | None, private: dict[str, str],
    told: dict[str, str],
) -> Event:  # fmt: skip
    after, occurrence = decision.after, decision.occurrence
    return Event(
        v=BODY_VERSION,
        log=seal_with.log,
        matter=after.id,
        seq=after.seq,
        type=occurrence.type,
        to=occurrence.to,
        action=occurrence.action,
        actor=occurrence.actor,
        at=occurrence.at,
        recorded_at=recorded_at,
        workflow=after.digest,
        calendar=seal_with.calendars,
        from_=occurrence.from_,
        due_at=occurrence.due_at,
        fired_at=occurrence.fired_at,
        cause=occurrence.cause or cause,
        private=private,
        data={**occurrence.data, **told, "patch": patch_between(decision.before, after)},
    )


def files_in(decisions: Sequence[Decision]) -> list[tuple[str, str]]:
    """Return (file, matter) for every file given with *decisions*."""
    return [
        (file, decision.after.id)
        for decision in decisions
        for value in decision.private.values()
        if isinstance(value, list)
        for file in value
    ]
