"""Until when whoever reported a matter may take the filing back, as if it had never been."""

from datetime import datetime

from engine.core.matter import Matter
from engine.core.scope import World
from engine.core.terms import Covers
from engine.core.workflow.declaration import Workflow


def undo_filing_until(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> datetime | None:
    """Return until when the reporter may undo the filing by ending the matter; None where they may not (any more)."""
    start = workflow.starts.get(matter.start)
    if start is None or start.settle is None or not matter.is_open or not _may_end(matter, workflow):
        return None
    until = world.calendar(workflow.calendar).due(matter.filed, start.settle).at
    return until if now < until else None


def _may_end(matter: Matter, workflow: Workflow) -> bool:
    own = {role.id for role in workflow.roles.values() if role.covers is Covers.OWN}
    ends = {state.id for state in workflow.states.values() if state.final is not None}
    return any(
        own.intersection(action.by) and action.to is not None and ends.issuperset(action.to.states)
        for action in workflow.actions_of(matter.state).values()
    )
