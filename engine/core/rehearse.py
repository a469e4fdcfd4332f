"""
Matters living through decisions in memory, nothing saved: for the forecast, for trying rules, for properties.

It is the door without a store: the same `decide`, with children opened, parents and waiting matters told.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.core.command import Command, File, Fire, Migrate
from engine.core.decide import decide
from engine.core.decision import Decision, Refusal
from engine.core.matter import Matter, Timer
from engine.core.scope import World
from engine.core.timers import armed
from engine.core.workflow.declaration import Workflow


class Rehearsal:
    """
    Some matters, each with the workflow it is pinned to.

    `flows` by id are what new matters begin with; a command for a matter that is not here is passed over.
    """

    def __init__(
        self, matters: Iterable[tuple[Matter, Workflow]], *, flows: Mapping[str, Workflow], world: World
    ) -> None:
        self.world = world
        self.flows = flows
        self.matters: dict[str, Matter] = {}
        self.pinned: dict[str, Workflow] = {}
        self._timers: dict[str, tuple[Timer, ...]] = {}
        for matter, workflow in matters:
            self.matters[matter.id] = matter
            self.pinned[matter.id] = workflow
            self._timers[matter.id] = armed(workflow, matter, world)

    def timers(self) -> list[Timer]:
        """Every armed timer, in the order in which they will act."""
        return sorted(
            (timer for timers in self._timers.values() for timer in timers),
            key=lambda timer: (timer.fire, timer.matter, timer.rank, timer.due, timer.clock),
        )

    def do(self, command: Command, now: datetime) -> list[Decision] | Refusal:
        """Decide *command* and all that follows from it; a refusal of the command itself changes nothing."""
        first = self._decide(command, now)
        if isinstance(first, Refusal):
            return first
        decisions = [first]
        for decision in decisions:
            for following in (*decision.opens, *decision.follows):
                if isinstance(following, File) or following.matter in self.matters:
                    answer = self._decide(following, now)
                    if isinstance(answer, Decision):
                        decisions.append(answer)
        return decisions

    def fire(self, timer: Timer, now: datetime) -> list[Decision] | Refusal:
        """Let *timer* act at *now*."""
        return self.do(Fire(matter=timer.matter, timer=timer), now)

    def _decide(self, command: Command, now: datetime) -> Decision | Refusal:
        known = self.matters.get(command.matter)
        workflow = self.flows[command.workflow] if isinstance(command, File) else self.pinned[command.matter]
        at = now if known is None else max(now, known.at)
        to = self.flows.get(workflow.id) if isinstance(command, Migrate) else None
        answer = decide(workflow, known, command, now=at, world=self.world, to=to)
        if isinstance(answer, Decision):
            self.keep(answer, to or workflow)
        return answer

    def keep(self, decision: Decision, workflow: Workflow) -> None:
        """Take a decision over."""
        after = decision.after
        self.matters[after.id] = after
        self.pinned[after.id] = workflow
        self._timers[after.id] = armed(workflow, after, self.world)
