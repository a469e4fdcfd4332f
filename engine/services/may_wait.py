"""May a matter stand without any timer?"""

from engine.core.matter import Matter
from engine.core.workflow.declaration import Workflow


def may_wait(matter: Matter, workflow: Workflow) -> bool:
    """Whether a matter without timers has a recorded reason: an unlimited state, or it waits for another matter."""
    state = workflow.states[matter.state]
    waits = any(seat.outcome is None for seat in matter.seats.values()) or "" in matter.topics.values()
    return state.no_deadline is not None or waits
