"""What a page says has just been done: only words that a page of ours could have led here with."""

from api.dependencies import Asked
from engine.core.terms import BuiltIn

FILED, FOUND = "filed", "found"
_OURS = frozenset({FILED, FOUND, *(one.value for one in BuiltIn)})


def done_word(asked: Asked, given: str) -> str:
    """Return *given* if it names an action that some flow has, or what our own pages do; else nothing was done."""
    if given in _OURS:
        return given
    actions = (flow.actions_of(state) for flow in asked.flows for state in flow.states)
    return given if any(given in names for names in actions) else ""
