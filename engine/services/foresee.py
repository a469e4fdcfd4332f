"""
Forecasts kept as long as they hold: nine tenths of what a list costs is forecasting rows that have not changed.

A forecast depends on the matter, its workflow, the world, and on the instant only once its first timer is overdue.
All of that is compared, none of it assumed, so what is kept is what would be made anew.
"""

import threading
from dataclasses import dataclass
from datetime import datetime

from engine.core import forecast
from engine.core.forecast import Coming, Foreseen
from engine.core.matter import Matter
from engine.core.scope import World
from engine.core.workflow.declaration import Workflow

MOST_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class _Kept:
    matter: Matter
    workflow: Workflow
    foreseen: Foreseen

    def holds(self, matter: Matter, workflow: Workflow, now: datetime) -> bool:
        steady = self.foreseen.steady_until
        in_time = steady is None or now <= steady
        return in_time and self.workflow is workflow and self.matter == matter


class Foresight:
    """The forecasts of one world, at most `MOST_KEPT`; safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._world: World | None = None
        self._kept: dict[tuple[str, bool], _Kept] = {}

    def coming(
        self, matter: Matter, *, now: datetime, workflow: Workflow, world: World, to_next_move: bool = False
    ) -> tuple[Coming, ...]:
        """Return what comes to *matter* if nobody acts: all of it, or up to the next move."""
        key = (matter.id, to_next_move)
        with self._guard:
            if world is not self._world:
                self._world, self._kept = world, {}
            kept = self._kept.get(key)
        if kept is not None and kept.holds(matter, workflow, now):
            return kept.foreseen.coming
        foreseen = forecast.foresee(matter, now=now, workflow=workflow, world=world, to_next_move=to_next_move)
        if foreseen.steady_until is None or now <= foreseen.steady_until:
            self._keep(key, _Kept(matter, workflow, foreseen), world)
        return foreseen.coming

    def _keep(self, key: tuple[str, bool], kept: _Kept, world: World) -> None:
        with self._guard:
            if world is not self._world:
                return
            self._kept.pop(key, None)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept


_FORESIGHT = Foresight()


def coming_to(matter: Matter, *, now: datetime, workflow: Workflow, world: World) -> tuple[Coming, ...]:
    """Return every automatic event that comes to *matter* if nobody acts; nothing comes to one that has ended."""
    return _FORESIGHT.coming(matter, now=now, workflow=workflow, world=world) if matter.is_open else ()


def next_to(matter: Matter, *, now: datetime, workflow: Workflow, world: World) -> tuple[Coming, ...]:
    """Return the same up to the next move: what the row of a list tells."""
    if not matter.is_open:
        return ()
    return _FORESIGHT.coming(matter, now=now, workflow=workflow, world=world, to_next_move=True)
