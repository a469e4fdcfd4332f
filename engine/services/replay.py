"""
One recorded matter lived again under some limits: what people did at their instants, rules at theirs.

Nothing is read or written; `decide` is the engine's own. What stands beside the matter (tasks, topics) is taken as
it was recorded. Private values are not looked up: a stand-in of the right kind takes their place.
"""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.core.command import Act, ChildEnded, Command, File, Fire, Join, Link, SeatAsked, TopicEnded
from engine.core.decide import decide
from engine.core.decision import Decision, Refusal
from engine.core.history import Event
from engine.core.matter import Json, Matter, Timer, Value, from_json, merge
from engine.core.scope import World
from engine.core.terms import Do, EventType, FieldType
from engine.core.timers import armed
from engine.core.workflow.declaration import FieldRule, Workflow

MOST_RULES = 300
_NEVER = 10**9
_BY_RULE = frozenset({EventType.FIRED.value, EventType.RECOMPUTED.value, EventType.MIGRATED.value})


@dataclass(frozen=True, slots=True)
class RuleStep:
    """A rule that acted: when, which, the instant it names, what it did, in which level, where it led (if anywhere)."""

    at: datetime
    clock: str
    rule: str
    due: datetime
    do: str
    level: str | None
    to: str | None

    @property
    def name(self) -> tuple[str, str, datetime]:
        """What makes it the same rule event in another life."""
        return (self.clock, self.rule, self.due)


@dataclass(slots=True)
class Lived:
    """A life: the rules that acted, every change of step (when, where to), and when and why it could not go on."""

    rules: list[RuleStep] = field(default_factory=list)
    moves: list[tuple[datetime, str]] = field(default_factory=list)
    stopped: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A matter's history: its events, and the matter as it stood after each of them."""

    events: tuple[Event, ...]
    after: tuple[Matter, ...]

    def lived(self) -> Lived:
        """Return the recorded life."""
        found = Lived()
        before: Matter | None = None
        for event, after in zip(self.events, self.after, strict=True):
            moved = before is None or (before.state, before.visit) != (after.state, after.visit)
            if event.type == EventType.FIRED and event.due_at is not None and not event.data.get("passed_over"):
                found.rules.append(
                    _step(
                        event.at, (str(event.cause), event.due_at), event.action, before, after.state if moved else None
                    )
                )
            if moved:
                found.moves.append((event.at, after.state))
            before = after
        return found


def recorded(events: Iterable[Event]) -> Recorded:
    """Fold *events* of one matter."""
    kept = tuple(events)
    state: Json = {}
    after = []
    for event in kept:
        merge(state, deepcopy(event.data.get("patch", {})))  # else later patches would be written into this event
        after.append(from_json(state))
    return Recorded(kept, tuple(after))


def _step(at: datetime, key: tuple[str, datetime], do: str, before: Matter | None, to: str | None) -> RuleStep:
    parts = key[0].rsplit("/", 4)
    return RuleStep(at, parts[1], parts[2], key[1], do, before.level if before is not None else None, to)


class Replay:
    """A matter on its way through one more life."""

    def __init__(self, flow: Workflow, history: Recorded, *, world: World, until: datetime) -> None:
        self._flow = flow
        self._history = history
        self._world = world
        self._until = until
        self._matter: Matter | None = None
        self._lived = Lived()
        # When the engine let a rule act in fact: a delay of its own is no effect of the limits.
        self._acted = {
            (parts[1], parts[2], event.due_at): (event.at, event.seq)
            for event in history.events
            if event.type == EventType.FIRED and event.due_at is not None
            for parts in (str(event.cause).rsplit("/", 4),)
        }

    def live(self) -> Lived:
        """Return the life."""
        for place, event in enumerate(self._history.events):
            command = self._command(place, event)
            if command is None:
                continue
            self._let_ring((event.at, event.seq))
            if not self._goes_on(command, event):
                return self._lived
        self._let_ring((self._until, _NEVER))
        return self._lived

    def _goes_on(self, command: Command, event: Event) -> bool:
        """Let a person do what was recorded; False where that is not possible any more."""
        if self._matter is not None and self._matter.state != event.from_:
            self._stop(event.at, "这时已经不在那一步了")
        if self._lived.stopped is None:
            self._do(command, event.at)
        return self._lived.stopped is None

    def _stop(self, at: datetime, why: str) -> None:
        self._lived.stopped, self._lived.why = at, why

    def _let_ring(self, until: tuple[datetime, int]) -> None:
        """Let every rule act that comes before *until* (an instant, and a place among what was recorded then)."""
        for _ in range(MOST_RULES):
            if self._matter is None or not self._matter.is_open:
                return
            timers = armed(self._flow, self._matter, self._world)
            coming = min(timers, key=lambda one: (*self._turn(one), one.fire, one.rank), default=None)
            if coming is None or self._turn(coming) >= until:
                return
            at = self._turn(coming)[0]
            before = self._matter
            answer = self._decide(Fire(matter=before.id, timer=coming), at)
            if isinstance(answer, Refusal):
                self._stop(at, answer.text)
                return
            if not answer.occurrence.data.get("passed_over"):
                to = answer.after.state if _moves(before, answer.after) else None
                key = (str(answer.occurrence.cause), coming.due)
                self._lived.rules.append(_step(at, key, answer.occurrence.action, before, to))

    def _turn(self, timer: Timer) -> tuple[datetime, int]:
        return self._acted.get((timer.clock, timer.rule, timer.due), (timer.fire, _NEVER))

    def _do(self, command: Command, at: datetime) -> None:
        answer = self._decide(command, at)
        if isinstance(answer, Refusal):
            self._stop(at, answer.text)
            return
        if any(isinstance(one, Join) and one.matter == answer.after.id for one in answer.follows):
            self._decide(Join(matter=answer.after.id), at)

    def _decide(self, command: Command, at: datetime) -> Decision | Refusal:
        before = self._matter
        now = max(at, before.at) if before is not None else at
        answer = decide(self._flow, before, command, now=now, world=self._world)
        if isinstance(answer, Decision):
            self._matter = answer.after
            if before is None or _moves(before, answer.after):
                self._lived.moves.append((at, answer.after.state))
        return answer

    # -- what was recorded, as commands

    def _command(self, place: int, event: Event) -> Command | None:
        """What was asked of the matter at a recorded event; None where nobody asked."""
        if event.type in _BY_RULE:
            return None
        patch: Json = event.data.get("patch", {})
        if event.type == EventType.FILED:
            return self._filing(event, self._history.after[place])
        if event.type == EventType.CHILD_ENDED:
            return self._ended(event)
        if event.type == EventType.LINKED:
            fresh = (patch.get("waiting") or [""])[-1]
            return Link(matter=event.matter, waiting=str(fresh))
        if event.type == EventType.ACTED:
            return self._act(event, patch, self._history.after[place])
        return None

    def _filing(self, event: Event, after: Matter) -> Command:
        start = self._flow.starts.get(event.action)
        names = (*start.require, *start.optional) if start is not None else ()
        return File(
            matter=event.matter, district=after.district, workflow=self._flow.id, start=event.action, actor=event.actor,
            place=after.place, values=self._values(names, event, after), reporter=after.reporter, parent=after.parent,
            root=after.root, seat=after.seat, unit=after.department, given=after.given, waiting=after.waiting,
            external_due=after.external_due, similar_30d=_number(after.fields.get("similar_30d")),
        )  # fmt: skip

    def _act(self, event: Event, patch: Json, after: Matter) -> Command:
        action = self._flow.actions_of(event.from_ or "").get(event.action)
        names = (*action.require, *action.optional) if action is not None else ("note",)
        fresh = [one for one in (patch.get("seats") or {}).values() if "unit" in one]
        named = [one for one in fresh if not self._is_given(one, event, after)]
        seats = tuple(SeatAsked(seat=one["seat"], unit=one["unit"]) for one in named)
        topics = [name for name, outcome in (patch.get("topics") or {}).items() if outcome == ""]
        return Act(
            matter=event.matter, action=event.action, actor=event.actor, values=self._values(names, event, after),
            seats=seats, topic=topics[0] if topics else None,
        )  # fmt: skip

    def _is_given(self, seat: Json, event: Event, after: Matter) -> bool:
        """Whether a unit got its seat by the category and nobody named it."""
        children = self._flow.states[event.to].children if event.to in self._flow.states else None
        rule = children.seats.get(seat["seat"]) if children is not None and event.to != event.from_ else None
        category = after.fields.get("category")
        default = self._world.organisation.department_for(category if isinstance(category, str) else None)
        return rule is not None and rule.by_category and seat["unit"] == default

    def _values(self, names: Sequence[str], event: Event, after: Matter) -> dict[str, Value | list[str]]:
        hidden = {ref.rsplit("/", 1)[-1] for ref in event.private}
        settling = after.settling.values if after.settling is not None else {}
        said: dict[str, Any] = event.data.get("patch", {}).get("fields") or {}
        values: dict[str, Value | list[str]] = {}
        for name in names:
            if name in hidden and name in self._flow.fields:
                values[name] = _stand_in(self._flow.fields[name])
            elif name in settling:
                values[name] = settling[name]
            elif name in said or name in after.fields:
                values[name] = after.fields.get(name, said.get(name, ""))
        return values

    def _ended(self, event: Event) -> Command | None:
        """A child or topic that ended; what follows from it by itself is no command of its own."""
        child, topic = event.data.get("child"), event.data.get("topic")
        if child is not None:
            return ChildEnded(matter=event.matter, child=self._seat_now(child["id"]), outcome=child["outcome"])
        if topic is not None:
            return TopicEnded(matter=event.matter, topic=topic["id"], outcome=topic["outcome"])
        return None

    def _seat_now(self, child: str) -> str:
        """The child that has the seat here which *child* had: its id names the event that opened it."""
        was = self._history.after[-1].seats.get(child)
        if was is None or self._matter is None or child in self._matter.seats:
            return child
        same = (
            name
            for name, seat in self._matter.seats.items()
            if (seat.seat, seat.unit, seat.outcome) == (was.seat, was.unit, None)
        )
        return next(same, child)


def _moves(before: Matter, after: Matter) -> bool:
    return (before.state, before.visit) != (after.state, after.visit)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _stand_in(rule: FieldRule) -> Value | list[str]:
    """A value of the right kind for one that is nobody's business here."""
    if rule.type is FieldType.FILES:
        return ["stand-in"]
    if rule.type is FieldType.DATE:
        return "2026-01-01"
    if rule.type is FieldType.NUMBER:
        return rule.minimum or 1
    if rule.type is FieldType.YESNO:
        return False
    if rule.type is FieldType.CHOICE:
        return (rule.choices or ("",))[0]
    return "〇" * max(1, rule.minimum or 1)


def is_late(step: RuleStep) -> bool:
    """Whether a step records lateness."""
    return step.do == Do.LATE
