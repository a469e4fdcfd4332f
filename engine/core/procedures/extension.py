"""Extending a state's clock: asked before it is due, approved by another, counted from the old due instant."""

from engine.core.clocks import grant
from engine.core.draft import Draft
from engine.core.matter import STATE_CLOCK, Actor, ExtensionAsked, Matter
from engine.core.terms import BuiltIn, Counter
from engine.core.timers import ring_again
from engine.core.workflow.declaration import Extend


def roles_for(action: str, extend: Extend) -> tuple[str, ...]:
    """Roles that may do this step of an extension."""
    return extend.ask if action == BuiltIn.ASK_EXTENSION else extend.approve


def is_offered(action: str, matter: Matter) -> bool:
    """Whether this step of an extension is open: asking while none waits, answering while one does."""
    return (matter.extension is None) == (action == BuiltIn.ASK_EXTENSION)


def apply(draft: Draft, action: str, *, actor: Actor, extend: Extend) -> None:
    """Record the asking, or the answer to it."""
    if action == BuiltIn.ASK_EXTENSION:
        draft.set(extension=ExtensionAsked(by=actor, at=draft.now))
        return
    draft.set(extension=None)
    if action == BuiltIn.GRANT_EXTENSION:
        draft.set(extended=draft.get("extended") + 1)
        draft.count("counters", Counter.EXTENSIONS)
        grant(draft, STATE_CLOCK, extend.length, anew=False)
        ring_again(draft, STATE_CLOCK)
