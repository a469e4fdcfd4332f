"""Press an action from a row of a table: one matter or several at once, each once for each key."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.dependencies import Asked
from api.pages.forms import Typed
from engine.core.command import Act, SeatAsked
from engine.core.decision import Refusal
from engine.core.matter import Actor
from engine.core.terms import RefusalCode
from engine.errors import Conflict
from engine.services.advance import Done, Entry, Outcome, advance

BUSY = "这件事正由别人办理，请刷新后再试。"


@dataclass(frozen=True, slots=True)
class Press:
    """One press: an action on one matter, as the page it stood on saw it."""

    matter: str
    action: str
    etag: str
    key: str


def press(asked: Asked, actor: Actor, wanted: Press, *, typed: Typed) -> Done | Refusal:
    """
    Do it, once; what stands against it comes back as a refusal with its words.

    Raises:
        NotFound: the matter is not there, or not one of those seen here.
    """
    asked.must_see(wanted.matter)
    command = Act(
        matter=wanted.matter, action=wanted.action, actor=actor, values={**typed.values},
        expect=wanted.etag, seats=tuple(SeatAsked(seat=seat, unit=unit) for seat, unit in typed.seats),
    )  # fmt: skip
    return _answers(asked, [Entry(command, key=wanted.key)])[0]


def press_together(asked: Asked, actor: Actor, wanted: Sequence[Press]) -> list[Done | Refusal]:
    """Do the same action on several matters, each by itself: a refusal of one does not touch the others."""
    entries = [
        Entry(Act(matter=one.matter, action=one.action, actor=actor, expect=one.etag), key=one.key) for one in wanted
    ]
    return _answers(asked, entries)


def _answers(asked: Asked, entries: Sequence[Entry]) -> list[Done | Refusal]:
    sanlian = asked.sanlian
    try:
        outcomes = advance(sanlian.uow, entries, now=asked.now, services=sanlian.door)
    except Conflict as error:
        return [Refusal(RefusalCode.STALE, str(error))] * len(entries)
    if any(isinstance(one, Done) for one in outcomes):
        asked.wake()
    return [_said(one) for one in outcomes]


def _said(outcome: Outcome) -> Done | Refusal:
    return outcome if isinstance(outcome, Done | Refusal) else Refusal(RefusalCode.STALE, BUSY)
