"""Which of the actions on offer comes first: what keeps a promise, then what moves the matter on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.clocks import NAMED_PREFIX
from engine.core.matter import STATE_CLOCK, Matter
from engine.core.offers import Offer
from engine.core.terms import BuiltIn, RefusalCode
from engine.core.workflow.declaration import Workflow

MILESTONE_PREFIX = "milestone."
_RANK = {RefusalCode.ROLE: 3, RefusalCode.SCOPE: 3}


@dataclass(frozen=True, slots=True)
class FirstAct:
    """The first action of a row; `asks` tells whether it has fields to fill."""

    action: str
    label: str
    asks: bool


def in_order(offered: Iterable[Offer]) -> tuple[Offer, ...]:
    """Return what moves it on, what may be done beside, then what may not, with its reason; each as declared."""

    def rank(offer: Offer) -> int:
        if offer.refusal is not None:
            return _RANK.get(offer.refusal.code, 2)
        return 0 if offer.to else 1

    return tuple(sorted(offered, key=rank))


def first_act(offered: Sequence[Offer], matter: Matter, *, flow: Workflow) -> FirstAct | None:
    """
    Return what comes first of *offered*, as ordered for a page.

    A promise that falls due before the step does comes first (answer the resident); then what moves the matter on.
    """
    able = [offer for offer in offered if offer.refusal is None]
    if not able:
        return None
    owed = next((offer for offer in able if offer.action == BuiltIn.NOTE and matter.owes is not None), None)
    chosen = owed or _keeping_a_promise(able, matter, flow=flow) or able[0]
    asks = any(one.required for one in chosen.asked) or any(seat.minimum for seat in chosen.seats)
    return FirstAct(chosen.action, chosen.label, asks=asks)


def _keeping_a_promise(able: Sequence[Offer], matter: Matter, *, flow: Workflow) -> Offer | None:
    step = matter.clocks.get(STATE_CLOCK)
    marks = {name: action.marks for name, action in flow.actions_of(matter.state).items()}
    for due, kept_by in _promises(matter, flow):
        if step is not None and step.due is not None and due >= step.due:
            break
        keeping = [offer for offer in able if not kept_by.isdisjoint(marks.get(offer.action, ()))]
        if keeping:
            return next((offer for offer in keeping if not offer.to), keeping[0])
    return None


def _promises(matter: Matter, flow: Workflow) -> list[tuple[datetime, frozenset[str]]]:
    """The running promises and milestones by their due instant, each with the marks that keep it."""
    milestones = flow.states[matter.state].milestones
    found = []
    for key, clock in matter.clocks.items():
        if clock.ended is not None or clock.due is None:
            continue
        if key.startswith(NAMED_PREFIX):
            found.append((clock.due, frozenset({flow.clocks[key.removeprefix(NAMED_PREFIX)].until})))
        elif key.startswith(MILESTONE_PREFIX) and key.removeprefix(MILESTONE_PREFIX) in milestones:
            found.append((clock.due, frozenset(milestones[key.removeprefix(MILESTONE_PREFIX)].met_by)))
    return sorted(found, key=lambda one: one[0])
