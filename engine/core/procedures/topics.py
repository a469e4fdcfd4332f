"""Waiting for a topic: a matter is linked to a new or a shared one, and goes on as its outcome says."""

from engine.core.command import File, Link
from engine.core.draft import Draft
from engine.core.matter import Actor
from engine.core.workflow.declaration import State, WaitsFor


def link(draft: Draft, state: State, *, topic: str | None, actor: Actor) -> None:
    """Link the matter to *topic*, or to a new one that *state* opens."""
    waits_for = state.waits_for
    if waits_for is None:
        return
    if topic is not None:
        draft.follows.append(Link(matter=topic, waiting=draft.before.id, workflow=waits_for.workflow))
    else:
        topic = f"{draft.before.id}.{draft.seq}-t"
        draft.opens.append(
            File(
                matter=topic, district=draft.get("district"), workflow=waits_for.workflow, start="start",
                actor=actor, place=draft.get("place"), waiting=(draft.before.id,),
            )
        )  # fmt: skip
    draft.set(topics={topic: ""})


def next_state(draft: Draft, waits_for: WaitsFor) -> tuple[str, str] | None:
    """Return (outcome, state) once the topics of this visit have joined, else None."""
    outcomes = list(draft.get("topics").values())
    ended = [outcome for outcome in outcomes if outcome]
    if waits_for.join == "all" and len(ended) < len(outcomes):
        return None
    return next(((out, waits_for.outcomes[out]) for out in reversed(ended) if out in waits_for.outcomes), None)
