"""Pausing: a waiting state suspends the clock of the state before it; going back goes on with the same visit."""

from engine.core.clocks import end_state_clocks, held, released
from engine.core.draft import Draft
from engine.core.matter import STATE_CLOCK, Suspended
from engine.core.workflow.declaration import State

KEPT = ("holder", "answers", "extension", "extended", "owes")


def suspend(draft: Draft, target: State) -> None:
    """Keep the visit being left for a pause; a pause entered from a pause keeps the first one."""
    if draft.get("suspended"):
        if draft.state.level != target.level:
            draft.set(suspended=())
        end_state_clocks(draft)
        return
    if STATE_CLOCK not in draft.clocks:
        end_state_clocks(draft)
        return
    clocks = {key: held(clock, draft.now) for key, clock in end_state_clocks(draft).items()}
    same = {name: draft.get(name) for name in ("state", "visit", "entered", *KEPT)}
    kept = Suspended(**same, clocks=clocks)
    draft.set(suspended=(kept,))


def goes_on(draft: Draft, target: State) -> Suspended | None:
    """Return the suspended visit that a move to *target* goes on with, if any."""
    suspended: tuple[Suspended, ...] = draft.get("suspended")
    return next((kept for kept in suspended if kept.state == target.id), None) if draft.state.pause else None


def take_up(draft: Draft, kept: Suspended) -> None:
    """Go on with a suspended visit: its clocks run from now with what remained."""
    world = draft.world
    clocks = {
        key: released(clock, draft.now, world.calendar(clock.calendar)) if clock.is_held else clock
        for key, clock in kept.clocks.items()
    }
    draft.set(clocks={**draft.clocks, **clocks}, visit=kept.visit, entered=kept.entered, suspended=())
    draft.set(**{name: getattr(kept, name) for name in KEPT if name != "holder"})
