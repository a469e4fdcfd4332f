"""
A matter being changed within one decision.

It is the only mutable thing in the core: made from a matter, changed by one command, frozen again at the end.
Containers are replaced, never edited, so what the matter before holds stays as it was.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from engine.core.command import File
from engine.core.decision import Follow, Notice
from engine.core.facts import calendar_of, facts_of
from engine.core.history import vault_ref
from engine.core.matter import STATE_CLOCK, Clock, Holder, Matter, Value
from engine.core.scope import World
from engine.core.workflow.declaration import Role, State, Workflow

T = TypeVar("T")


class Draft:
    """The matter as it will be, with what its change asks of the world around it."""

    def __init__(self, before: Matter, *, workflow: Workflow, world: World, now: datetime, seq: int) -> None:
        self.before = before
        self.workflow = workflow
        self.world = world
        self.now = now
        self.seq = seq
        self.changed: dict[str, Any] = {"seq": seq, "at": now}
        self.private: dict[str, Value | list[str]] = {}
        self.opens: list[File] = []
        self.follows: list[Follow] = []
        self.notices: list[Notice] = []
        self.alarms: list[str] = []
        self.data: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """Return the value of the matter's *name* as it now stands."""
        changed = self.changed
        return changed[name] if name in changed else getattr(self.before, name)

    def set(self, **values: Any) -> None:
        """Replace values of the matter."""
        self.changed.update(values)

    def put(self, name: str, key: str, value: Any) -> None:
        """Put *key* into the matter's map *name*; None takes it out."""
        fresh = dict(self.get(name))
        if value is None:
            fresh.pop(key, None)
        else:
            fresh[key] = value
        self.changed[name] = fresh

    def count(self, name: str, key: str) -> None:
        """Add one to *key* of the matter's map of counts *name*."""
        self.put(name, key, self.get(name).get(key, 0) + 1)

    def matter(self) -> Matter:
        """Return the matter as it now stands."""
        return msgspec.structs.replace(self.before, **self.changed)

    @property
    def state(self) -> State:
        """Declaration of the state the matter now is in."""
        return self.workflow.states[self.get("state")]

    @property
    def clocks(self) -> Mapping[str, Clock]:
        """Clocks as they now stand."""
        clocks: Mapping[str, Clock] = self.get("clocks")
        return clocks

    def change_clock(self, key: str, **changes: Any) -> Clock:
        """Replace values of clock *key* and return it."""
        clock = msgspec.structs.replace(self.clocks[key], **changes)
        self.put("clocks", key, clock)
        return clock

    def facts(self, since: datetime | None = None) -> dict[str, object]:
        """What conditions may ask now, in the season of the local day of *since* (now)."""
        day = self.world.calendar(self.calendar_of(self.state)).local(since or self.now).date()
        return facts_of(self.workflow, self.matter(), day=day)

    def calendar_of(self, state: State) -> str:
        """Id of the calendar a state runs on: its own, its level's, its holder's role's, the flow's, ours."""
        return calendar_of(self.workflow, state.id, self.world.default_calendar)

    def fill(self, values: Mapping[str, Value | list[str]]) -> None:
        """Take read *values*: private ones into the vault of this event, the others into the matter."""
        for name, value in values.items():
            rule = self.workflow.fields[name]
            if rule.type.is_private or rule.private:
                ref = vault_ref(self.before.id, self.seq, name)
                self.private[ref] = value
                self.put("private", name, ref)
            else:
                self.put("fields", name, value)
        if values:
            self.set(forms=self.get("forms") + 1)

    def tell(self, to: Holder | None, kind: str, **facts: Any) -> None:
        """Send a notice to *to* (None: the reporter)."""
        urgent = self.workflow.notices is not None and self.get("klass") in self.workflow.notices.except_classes
        notice = Notice(to, str(kind), urgent, {"state": self.get("state"), **facts})
        if notice not in self.notices:
            self.notices.append(notice)

    def role(self, role_id: str) -> Role | None:
        """Declaration of a role."""
        return self.workflow.roles.get(role_id)

    @property
    def state_clock(self) -> Clock | None:
        """The clock of the state, if it has one."""
        return self.clocks.get(STATE_CLOCK)
