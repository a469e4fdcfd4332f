"""
The matters of one transaction as they now stand in it, and the steps taken so far.

Each command is decided on what the commands before it have made of its matter. A command that is refused, or leads to
something that is, leaves no trace.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from engine.core.command import Act, Command, File, Fire, Link, Migrate
from engine.core.decide import decide
from engine.core.decision import Decision, Refusal
from engine.core.matter import Matter
from engine.core.terms import Do, RefusalCode
from engine.core.timers import armed, rule_of
from engine.core.workflow.declaration import Workflow
from engine.errors import Broken
from engine.services.look_up import Shelf, Surroundings
from engine.store.matters import Stored
from engine.store.unit_of_work import Transaction

# The commands that an import brings with their instants.
_DATED = (File, Act)
# A command may lead to others (children, topics, parents); so many mean that flows open each other in a circle.
MOST_STEPS = 10_000

Lock: TypeAlias = Callable[[Collection[str]], Mapping[str, Stored]]


class Step(msgspec.Struct, frozen=True, gc=False):
    """One decision taken: for which command, recorded when, caused by what; `pressed_at` is what the device said."""

    decision: Decision
    recorded_at: datetime
    timer_key: str | None
    cause: str | None
    is_import: bool
    pressed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedToRefusal:
    """A command was taken, but what it leads to was refused, so it is not taken either."""

    refusal: Refusal


class Taken(Exception):
    """A matter that a timer's effect needs is being changed by somebody else: leave it for the next round."""


class Batch:
    """Decides commands one after the other on matters loaded and locked as they are needed."""

    def __init__(
        self,
        tx: Transaction,
        shelf: Shelf,
        *,
        around: Surroundings,
        now: datetime,
        lock: Lock,
        loaded: Mapping[str, Stored],
    ) -> None:
        self._tx = tx
        self._shelf = shelf
        self._around = around
        self._now = now
        self._lock = lock
        self._current: dict[str, Workflow] = {}
        self.loaded: dict[str, Stored] = dict(loaded)
        self.standing: dict[str, Matter] = {name: stored.matter for name, stored in loaded.items()}
        self.steps: list[Step] = []

    def run(
        self, command: Command, *, cause: str | None, pressed_at: datetime | None = None
    ) -> Decision | Refusal | LedToRefusal:
        """Decide *command* and all it leads to; what is refused or fails is undone whole."""
        mark = len(self.steps)
        try:
            self._record_late(command)
            begun = len(self.steps)
            refusal = self._run(command, cause)
        except BaseException:
            self._undo(mark)
            raise
        if refusal is not None:
            self._undo(mark)
            return refusal
        if pressed_at is not None:
            self.steps[begun] = msgspec.structs.replace(self.steps[begun], pressed_at=pressed_at)
        return self.steps[begun].decision

    def _record_late(self, command: Command) -> None:
        """
        Record what is late and not yet recorded before a person acts: late is a fact, also where the sweep was slow.

        The rules that follow from lateness wait for the sweep; at the very instant the person who was first wins.
        """
        if not isinstance(command, Act) or command.at is not None:
            return
        matter = self.matter(command.matter)
        if matter is None or not any(clock.due and clock.due < self._now for clock in matter.clocks.values()):
            return
        workflow = self._shelf.workflow(self._tx, matter.digest)
        for timer in armed(workflow, matter, self._around.world):
            rule = rule_of(workflow, matter, timer.clock, timer.rule)
            if timer.fire < self._now and rule is not None and rule.do is Do.LATE:
                self._take(Fire(matter=matter.id, timer=timer), cause=None, recorded=None)

    def _run(self, command: Command, cause: str | None) -> Refusal | LedToRefusal | None:
        recorded = command.at if isinstance(command, _DATED) else None
        refusal = self._import_refusal(command, recorded) if recorded is not None else None
        answer = refusal or self._take(command, cause=cause, recorded=recorded)
        if isinstance(answer, Refusal):
            return answer
        if not answer.opens and not answer.follows:
            return None
        waiting: deque[Command] = deque((*answer.opens, *answer.follows))
        for _ in range(MOST_STEPS):
            if not waiting:
                return None
            following = waiting.popleft()
            answer = self._take(following, cause=cause, recorded=recorded)
            if isinstance(answer, Decision):
                waiting.extend((*answer.opens, *answer.follows))
            elif isinstance(following, File | Link):
                return LedToRefusal(answer)
        raise Broken(what="流程互相打开，没有尽头", where=type(command).__name__)

    def _import_refusal(self, command: Command, recorded: datetime) -> Refusal | None:
        """Why an imported instant cannot be: it lies ahead, or before what is known of the matter."""
        matter = self.standing.get(command.matter)
        if recorded > self._now:
            return Refusal(RefusalCode.FIELD, f"导入的时刻 {recorded.isoformat()} 晚于现在。", "at")
        if matter is not None and recorded < matter.at:
            return Refusal(RefusalCode.FIELD, f"导入的时刻 {recorded.isoformat()} 早于这件事的上一步。", "at")
        return None

    def _take(self, command: Command, *, cause: str | None, recorded: datetime | None) -> Decision | Refusal:
        at = recorded or self._now
        if isinstance(command, File):
            if command.matter in self.standing:
                return Refusal(RefusalCode.STALE, "这件事已经立过案。")
            workflow, matter = self._current_flow(command.workflow), None
        else:
            matter = self.matter(command.matter)
            if matter is None:
                return Refusal(RefusalCode.NOT_HERE, "没有这件事。")
            workflow, at = self._shelf.workflow(self._tx, matter.digest), max(at, matter.at)
        to = self._shelf.workflow(self._tx, command.to) if isinstance(command, Migrate) else None
        answer = decide(workflow, matter, command, now=at, world=self._around.world, to=to)
        if isinstance(answer, Decision):
            self.standing[answer.after.id] = answer.after
            self.steps.append(
                Step(
                    decision=answer,
                    recorded_at=at if recorded is None else self._now,
                    timer_key=answer.occurrence.cause if isinstance(command, Fire) else None,
                    cause=cause,
                    is_import=recorded is not None,
                )
            )
        return answer

    def matter(self, matter_id: str) -> Matter | None:
        """Return a matter as it now stands in this transaction, locked; None where there is none."""
        if matter_id not in self.standing:
            found = self._lock((matter_id,)).get(matter_id)
            if found is not None:
                self.loaded[matter_id] = found
                self.standing[matter_id] = found.matter
        return self.standing.get(matter_id)

    def _current_flow(self, workflow: str) -> Workflow:
        if workflow not in self._current:
            self._current[workflow] = self._shelf.held(self._tx, workflow)
        return self._current[workflow]

    def _undo(self, mark: int) -> None:
        for step in reversed(self.steps[mark:]):
            before, matter_id = step.decision.before, step.decision.after.id
            if before is None:
                del self.standing[matter_id]
            else:
                self.standing[matter_id] = before
        del self.steps[mark:]
