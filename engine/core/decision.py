"""What `decide` answers: a decision to be saved as a whole, or a refusal with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from engine.core.command import Cancel, ChildEnded, File, Join, Link, TopicEnded
from engine.core.matter import Actor, Holder, Matter, Timer, Value
from engine.core.terms import RefusalCode

Follow: TypeAlias = ChildEnded | Join | TopicEnded | Link | Cancel


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, the sentence for people, and the field to look at (if one)."""

    code: RefusalCode
    text: str
    field: str | None = None


class Made(msgspec.Struct, frozen=True, gc=False):
    """Base of what a decision is made of: five of them for every timer of a sweep, so they are made fast."""


class Notice(Made, frozen=True):
    """
    A message to send: to a holder, or to the reporter (`to` None).

    `kind` is the word of the rule or action (`late`, `moved`, `remind` …), `urgent` breaks quiet hours. Texts are
    made at delivery from `kind` and `facts`; no private value is in them.
    """

    to: Holder | None
    kind: str
    urgent: bool = False
    facts: dict[str, Any] = {}


class Occurrence(Made, frozen=True):
    """The part of an event that `decide` knows; the door adds log, seals and stamps it."""

    type: str
    from_: str | None
    to: str
    action: str
    actor: Actor
    at: datetime
    due_at: datetime | None = None
    fired_at: datetime | None = None
    cause: str | None = None
    data: dict[str, Any] = {}


class Decision(Made, frozen=True):
    """
    One change, whole: the matter before and after, its occurrence, timers, children and notices.

    `private` maps the vault refs of this event to the values to be kept there. `opens` are children and topics to
    file, `follows` what other matters must be told, all in the same transaction, in this order.
    """

    before: Matter | None
    after: Matter
    occurrence: Occurrence
    private: dict[str, Value | list[str]]
    arm: tuple[Timer, ...]
    cancel: tuple[Timer, ...]
    opens: tuple[File, ...] = ()
    follows: tuple[Follow, ...] = ()
    notices: tuple[Notice, ...] = ()
    alarms: tuple[str, ...] = ()
