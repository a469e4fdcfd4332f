"""The history of a matter, read and put into words anew only where something of it has changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.core.history import Event, read_event
from engine.core.matter import Actor, Matter
from engine.core.scope import World
from engine.core.workflow.declaration import Workflow
from engine.services.personal import masked
from engine.services.remember import Basis, Outcomes
from engine.services.timeline import Entry, entries, is_for_reporter, is_reporter
from engine.services.worklist import secret_value
from engine.store.unit_of_work import Transaction

MOST_HISTORIES = 256
_READ, _TOLD = Outcomes(MOST_HISTORIES), Outcomes(MOST_HISTORIES)


def history_of(tx: Transaction, matter: Matter, *, now: datetime) -> tuple[Event, ...]:
    """Return the events of *matter*, in order; the very same objects as long as their bytes are the same."""

    def look() -> tuple[Event, ...]:
        bodies = tx.events.bodies_of(matter.id)
        return _READ.of(
            matter.id, Basis(matter, (bodies,), ()), now=now, work_out=lambda: (tuple(map(read_event, bodies)), None)
        )

    return tx.remembered("events", matter.id, make=look)


def told_of(
    tx: Transaction, matter: Matter, events: tuple[Event, ...], *, viewer: Actor | None, workflow: Workflow,
    world: World, catalogue: Mapping[str, str], now: datetime,
) -> tuple[Entry, ...]:  # fmt: skip
    """Return *events*, the history of *matter*, in words; who reported does not read every word of it."""
    as_reporter = viewer is not None and is_reporter(viewer.role, workflow)
    readable = [event for event in events if is_for_reporter(event, workflow)] if as_reporter else events
    private = tx.remembered("private", matter.id, as_reporter, make=lambda: _private(tx, readable, workflow=workflow))

    def tell() -> tuple[tuple[Entry, ...], None]:
        return entries(events, workflow=workflow, world=world, private=private, catalogue=catalogue), None

    basis = Basis(matter, (private, catalogue), (events, workflow, world))
    return _TOLD.of((matter.id, as_reporter), basis, now=now, work_out=tell)


def _private(tx: Transaction, events: Sequence[Event], *, workflow: Workflow) -> dict[str, object]:
    """What the vault holds for *events*, as everybody may see it."""
    refs = {ref for event in events for ref in event.private}
    found: dict[str, object] = {}
    for ref, secret in tx.vault.get_many(refs).items():
        value = None if secret.restricted else secret_value(secret.value)
        rule = workflow.fields.get(secret.field)
        found[ref] = masked(rule.type, value) if rule is not None and isinstance(value, str) else value
    return found
