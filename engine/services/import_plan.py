"""
How the steps of an event log are put into the words of a flow declared for it.

The flow says everything: its n-th level is the n-th line of support; an action whose English label is
«status/sub-status» and that leads to a level is that step on that line; the role in its `by` is who does it. Where
one such action leads to an end and one to a living state, the end is taken only when the log shows nothing afterwards.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.core.command import Act, File
from engine.core.history import framed
from engine.core.matter import Actor, Value
from engine.core.terms import Covers, UnitKind
from engine.core.workflow.declaration import Action, Role, Workflow
from engine.errors import BadInput
from engine.services.xes import Step, Trace

Form = dict[str, Value | list[str]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of support: its level, the role that works on it, and the unit all its people belong to."""

    level: str
    role: Role
    unit: str
    unit_kind: UnitKind


@dataclass(frozen=True, slots=True)
class _Choice:
    """The actions for one recorded status on one line: one that goes on, one that ends, or only one of them."""

    on: Action | None = None
    end: Action | None = None


class Plan:
    """
    A flow as the place a log is imported to.

    Raises:
        BadInput: the flow was not declared for a log: no single way in, no levels, or a level nobody works on.
    """

    def __init__(self, workflow: Workflow, *, district: str) -> None:
        if len(workflow.starts) != 1 or not workflow.levels:
            raise BadInput(where=workflow.file, found=workflow.id, expected="只有一个入口、有层级的流程")
        self.workflow = workflow
        self.district = district
        self.start = next(iter(workflow.starts.values()))
        self.choices = dict(_choices(workflow))
        self.lines = {n: self._line(level) for n, level in enumerate(workflow.levels, start=1)}
        kinds = [line.unit_kind for line in self.lines.values()]
        if len(set(kinds)) != len(kinds):
            raise BadInput(where=workflow.file, found="、".join(kinds), expected="每条线的岗位管不同的一级")

    def _line(self, level_id: str) -> Line:
        roles = [
            action.by[0]
            for (_, level), choice in self.choices.items()
            for action in (choice.on, choice.end)
            if level == level_id and action is not None
        ]
        if len(set(roles)) != 1:
            found = f"{level_id}：{'、'.join(sorted(set(roles))) or '没有人'}"
            raise BadInput(where=self.workflow.file, found=found, expected="每条线正好一种岗位")
        role = self.workflow.roles[roles[0]]
        if role.covers in (Covers.OWN, Covers.DEPARTMENT):
            raise BadInput(where=self.workflow.file, found=f"{role.id}: {role.covers}", expected="管一级单位的岗位")
        return Line(level_id, role, f"{self.workflow.id}.{level_id}", UnitKind[role.covers.name])

    @property
    def place(self) -> str:
        """Where every incident stands: the unit of the first line, below all others."""
        return self.lines[1].unit

    def team_unit(self, team: str) -> str:
        """Id of a team's unit."""
        return f"{self.workflow.id}.{team}"

    def matter_id(self, trace: Trace) -> str:
        """Id of an incident's matter: the same for the same incident (a UUID of version 7 by its first instant)."""
        mixed = hashlib.sha256(framed(self.district.encode(), self.workflow.id.encode(), trace.id.encode())).digest()
        stamp = int(trace.steps[0].at.timestamp() * 1000)
        noise = int.from_bytes(mixed[:10])
        number = (stamp << 80) | (7 << 76) | ((noise >> 62 & 0xFFF) << 64) | (2 << 62) | (noise & (2**62 - 1))
        return str(uuid.UUID(int=number))

    def filing(self, trace: Trace, actor: Actor) -> File:
        """Return the filing of an incident, at the instant of its first step."""
        first = trace.steps[0]
        known = {"incident": trace.id, **self._form(first)}
        return File(
            matter=self.matter_id(trace),
            district=self.district,
            workflow=self.workflow.id,
            start=self.start.id,
            actor=actor,
            place=self.place,
            values=_accepted(known, (*self.start.require, *self.start.optional)),
            at=first.at,
        )

    def act(self, trace: Trace, place: int, actor: Actor) -> Act | None:
        """Return the act that step number *place* (from 0) is, or None where the flow has none for it."""
        step = trace.steps[place]
        action = self._action(step, is_last=place == len(trace.steps) - 1)
        if action is None:
            return None
        before = self._form(trace.steps[max(place - 1, 0)])
        changed: Form = {key: value for key, value in self._form(step).items() if before[key] != value}
        values = _accepted(changed, (*action.require, *action.optional))
        return Act(matter=self.matter_id(trace), action=action.id, actor=actor, values=values, at=step.at)

    def _action(self, step: Step, *, is_last: bool) -> Action | None:
        line = self.lines.get(step.line)
        choice = self.choices.get((f"{step.status}/{step.substatus}", line.level)) if line is not None else None
        if choice is None:
            return None
        return (choice.end or choice.on) if is_last else (choice.on or choice.end)

    def _form(self, step: Step) -> Form:
        return {"impact": step.impact, "product": step.product, "team": self.team_unit(step.group)}


def _accepted(values: Mapping[str, Value | list[str]], names: tuple[str, ...]) -> Form:
    return {key: value for key, value in values.items() if key in names}


def _choices(workflow: Workflow) -> Iterator[tuple[tuple[str, str], _Choice]]:
    on: dict[tuple[str, str], Action] = {}
    end: dict[tuple[str, str], Action] = {}
    for state in workflow.states:
        for action in workflow.actions_of(state).values():
            target = workflow.states[action.to.states[0]] if action.to is not None and action.to.states else None
            if target is not None and target.level is not None and action.by:
                (end if target.final else on).setdefault((action.label.en, target.level), action)
    for key in {**on, **end}:
        yield key, _Choice(on.get(key), end.get(key))


@dataclass(frozen=True, slots=True)
class Member:
    """A person on a line of support; the name is as the log has it."""

    person: str
    post: str
    name: str
    line: int


class Roll:
    """
    Who and which teams a log names, numbered in order of appearance under a prefix of the log's own.

    The log does not say since when somebody worked on a line, so everybody did from its first instant (`since`).
    """

    def __init__(self) -> None:
        self.prefix = ""
        self.since: datetime | None = None
        self.teams: dict[str, int] = {}
        self._people: dict[str, int] = {}
        self._lines: dict[tuple[str, int], None] = {}

    def note(self, step: Step) -> None:
        """Take in who did a step when, and for which team."""
        self.since = min(self.since or step.at, step.at)
        self.teams.setdefault(step.group, step.line)
        self._people.setdefault(step.resource, len(self._people) + 1)
        self._lines.setdefault((step.resource, step.line))

    def members(self) -> Iterator[Member]:
        """Yield everybody on every line they worked on."""
        for name, line in self._lines:
            yield Member(self._person(name), self._post(name, line), name, line)

    def actor(self, step: Step, line: Line) -> Actor:
        """Return who did *step* on *line*."""
        post = self._post(step.resource, step.line)
        return Actor(post=post, role=line.role.id, unit=line.unit, person=self._person(step.resource))

    def _person(self, name: str) -> str:
        return f"{self.prefix}.p{self._people[name]}"

    def _post(self, name: str, line: int) -> str:
        return f"{self._person(name)}.{line}"
