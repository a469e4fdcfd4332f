"""
The history of a matter: events as bytes, chained, and the fold that gives the matter back.

Bytes are made once and never again: what is stored is what was hashed. Free text, photos and personal data never
enter an event, only commitments to them.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.core.matter import Actor, Frozen, Json, Matter, from_json, merge

BODY_VERSION = 1
PRESSED_AT = "pressed_at"


class Event(Frozen, frozen=True, kw_only=True):
    """
    One change of a matter, as it stands in the log.

    `at` is when it counts, `recorded_at` when it was written; they differ for imports, and where words of a matter that
    had ended were erased. `due_at` and `fired_at` belong to rule events. `cause` is the timer's key or the idempotency
    key. `workflow` and `calendar` are content hashes. `private` maps vault rows to commitments. `data` holds `patch`
    (RFC 7386) and structured facts such as the rule's clock, id and line, or `pressed_at`: when a device says a press
    was made that reached us later (nothing is counted from it).
    """

    action: str
    actor: Actor
    at: datetime
    calendar: str
    cause: str | None = None
    data: dict[str, Any] = {}
    due_at: datetime | None = None
    fired_at: datetime | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    log: str
    matter: str
    private: dict[str, str] = {}
    recorded_at: datetime
    seq: int
    to: str
    type: str
    v: int
    workflow: str


def event_bytes(event: Event) -> bytes:
    """Return the canonical bytes of *event* (RFC 8785: ASCII keys, integers, no floats), to be stored as they are."""
    return _ENCODER.encode(event)


def read_event(body: bytes) -> Event:
    """Return the event whose bytes are *body*."""
    return _DECODER.decode(body)


# `data` may hold anything, so it is sorted here whatever the order in which it is declared.
_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Event)


def framed(*parts: bytes) -> bytes:
    """Join *parts*, each after its length (8 bytes, big-endian), so that no two lists give the same bytes."""
    return b"".join([len(part).to_bytes(8, "big") + part for part in parts])


def chain_origin(log: str, matter: str) -> bytes:
    """Return h_0 of a matter's chain."""
    return hashlib.sha256(framed(log.encode(), matter.encode())).digest()


def chain_next(previous: bytes, body: bytes) -> bytes:
    """Return the head after *body*: SHA256(0x02 ‖ h_prev ‖ SHA256(body))."""
    return hashlib.sha256(b"\x02" + previous + hashlib.sha256(body).digest()).digest()


def vault_ref(matter: str, seq: int, field: str) -> str:
    """Name of the vault row for *field* given with event *seq* of *matter*."""
    return f"{matter}/{seq}/{field}"


def commitment(salt: bytes, ref: str, value: bytes) -> str:
    """Return the commitment to *value* under *ref*: HMAC-SHA256(salt, framed(ref, value)), hex."""
    message = framed(ref.encode(), value)
    if len(salt) > _BLOCK:
        return hmac.digest(salt, message, "sha256").hex()
    # As RFC 2104 defines it: with OpenSSL 3 the ready-made one takes twice as long, and a log has millions of them.
    key = salt.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(key.translate(_INNER) + message).digest()
    return hashlib.sha256(key.translate(_OUTER) + inner).hexdigest()


_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def fold(events: Iterable[Event]) -> Matter:
    """Return the matter that *events* (from seq 1, in order, at least one) make."""
    state: Json = {}
    for event in events:
        merge(state, _patch_of(event))
    return from_json(state)


def as_of(events: Iterable[Event], at: datetime) -> Matter | None:
    """Return the matter as it stood at *at*, or None if it was not yet filed."""
    past = [event for event in events if event.at <= at]
    return fold(past) if past else None


def _patch_of(event: Event) -> Mapping[str, Any]:
    patch: Mapping[str, Any] = event.data.get("patch", {})
    return patch
