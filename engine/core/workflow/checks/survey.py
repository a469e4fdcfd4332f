"""What several checks ask about a flow, worked out once: its steps, who can be where, what is surely filled."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from engine.core.terms import CLASS_ALL, COUNTERS_FED_BY_ENGINE, Do
from engine.core.workflow.catalogue import FlowOutline, Library
from engine.core.workflow.checks.steps import Served, Step, rules_of, steps_of
from engine.core.workflow.condition import Condition, ConditionType, Word
from engine.core.workflow.conditions import condition_types
from engine.core.workflow.declaration import State, TimerRule, Workflow
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.reader import show_path
from engine.core.workflow.regions import World, record_where, sets_of_seasons
from engine.core.workflow.written import Where

Path = tuple[str | int, ...]
_ABOVE_LEVELS = ""  # `level` of a state outside the levels


class Survey:
    """
    A flow as the checks see it.

    `flows` are the other flows it names, as far as they are known.
    """

    def __init__(self, workflow: Workflow, library: Library, flows: Mapping[str, Workflow]) -> None:
        self.workflow = workflow
        self.flows = flows
        self._outlines = library.flows or {}

    def outline_of(self, flow: str) -> FlowOutline | None:
        """Return the ways in and the outcomes of another flow, when it is known."""
        return self._outlines.get(flow)

    # -- the shape

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step, starts first."""
        return tuple(steps_of(self.workflow))

    @cached_property
    def steps_from(self) -> Mapping[str | None, tuple[Step, ...]]:
        """Steps by the state they leave (None: filing)."""
        found: dict[str | None, list[Step]] = {None: [], **{state: [] for state in self.workflow.states}}
        for step in self.steps:
            found[step.source].append(step)
        return {source: tuple(steps) for source, steps in found.items()}

    @cached_property
    def rules(self) -> Mapping[str, tuple[Served, ...]]:
        """Rules of every state's own clock, with the classes they serve."""
        return {name: rules_of(self.workflow, state) for name, state in self.workflow.states.items()}

    @cached_property
    def living(self) -> tuple[State, ...]:
        """States that are no end."""
        return tuple(state for state in self.workflow.states.values() if state.final is None)

    @cached_property
    def reached(self) -> frozenset[str]:
        """States some way from filing leads to, conditions aside; `last_of` leads nowhere new."""
        return self.reached_without(frozenset())

    def reached_without(self, avoided: frozenset[str]) -> frozenset[str]:
        """States reached on a way that visits none of *avoided*."""
        seen: set[str] = set()
        waiting = [step.target for step in self.steps_from[None]]
        while waiting:
            state = waiting.pop()
            if state in seen or state in avoided:
                continue
            seen.add(state)
            waiting.extend(step.target for step in self.steps_from[state] if not step.back)
        return frozenset(seen)

    def ahead_of(self, state: str) -> frozenset[str]:
        """States some way from *state* leads to, itself only when a way comes back to it."""
        seen: set[str] = set()
        waiting = [step.target for step in self.steps_from[state]]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting.extend(step.target for step in self.steps_from[here])
        return frozenset(seen)

    # -- values

    @cached_property
    def types(self) -> Mapping[str, ConditionType]:
        """Types of all names of conditions."""
        flow = self.workflow
        seasons = tuple(flow.limits.seasons) if flow.limits is not None else ()
        levels = (*flow.levels, _ABOVE_LEVELS)
        return condition_types(flow.fields, classes=flow.class_ids, levels=levels, seasons=seasons)

    @cached_property
    def world(self) -> World:
        """Every record there can be, with what nobody sets held to its default."""
        flow = self.workflow
        seasons = sets_of_seasons(flow.limits.seasons) if flow.limits is not None else (frozenset[str](),)
        same = {"class": flow.classes} if flow.classes is not None else {}
        only: dict[str, tuple[object, ...]] = {
            name: (rule.default,)
            for name, rule in flow.fields.items()
            if rule.default is not None and name not in self.settable and name != flow.classes
        }
        return World(self.types, seasons, same, only)

    def world_of(self, classes: Iterable[str], level: str | None) -> World:
        """The world of matters of these classes while in *level* (None: above the levels)."""
        return self.world_of_classes(classes).with_only({"level": (level or _ABOVE_LEVELS,)})

    def world_of_classes(self, classes: Iterable[str]) -> World:
        """The world of matters of these classes, wherever they are."""
        wanted = set(classes)
        return self.world.with_only({self.class_name: tuple(x for x in self.workflow.class_ids if x in wanted)})

    def of_class(self, world: World, class_id: str) -> World:
        """That part of a world in which the class is *class_id*."""
        return world.with_only({self.class_name: (class_id,)})

    @property
    def class_name(self) -> str:
        """The name conditions decide the class by."""
        return self.workflow.classes if self.workflow.classes is not None else "class"

    def world_in(self, state: State) -> World:
        """The world of matters in *state*."""
        return self.world_of(self.classes_in[state.id], state.level)

    @cached_property
    def settable(self) -> frozenset[str]:
        """Names of fields that a person fills or an action sets somewhere."""
        found: set[str] = set()
        for start in self.workflow.starts.values():
            found.update(start.require, start.optional)
        for state in self.living:
            for action in self.workflow.actions_of(state.id).values():
                found.update(action.require, action.optional, action.set)
        for step in self.steps:
            found |= step.asks
        return frozenset(found)

    @cached_property
    def counters_fed(self) -> frozenset[str]:
        """Counters that something raises; those the engine feeds by itself are not asked after."""
        actions = (action for state in self.living for action in self.workflow.actions_of(state.id).values())
        written = {str(action.counts) for action in actions if action.counts is not None}
        return frozenset(written | set(COUNTERS_FED_BY_ENGINE))

    # -- classes

    @cached_property
    def classes_in(self) -> Mapping[str, frozenset[str]]:
        """Classes a matter can have in each state."""
        found: dict[str, set[str]] = {state: set() for state in self.workflow.states}
        waiting: list[tuple[str, str]] = []
        for step in self.steps_from[None]:
            waiting += [(step.target, one) for one in self._classes_at_filing(step) if self._lets(step, one)]
        while waiting:
            state, class_id = waiting.pop()
            if class_id in found[state]:
                continue
            found[state].add(class_id)
            waiting += [(state, other) for other in self._turns_in(state, class_id)]
            for step in self.steps_from[state]:
                if step.classes is None or class_id in step.classes:
                    waiting += [(step.target, one) for one in self._after(step, class_id) if self._lets(step, one)]
        return {state: frozenset(classes) for state, classes in found.items()}

    def _classes_at_filing(self, step: Step) -> tuple[str, ...]:
        flow = self.workflow
        if flow.classes is None:
            return flow.class_ids or (CLASS_ALL,)
        if flow.classes in step.asks:
            return flow.class_ids
        default = flow.fields[flow.classes].default
        return (str(default),) if default is not None else flow.class_ids[:1]

    def _after(self, step: Step, class_id: str) -> tuple[str, ...]:
        """Classes a matter of *class_id* can have behind *step*, when it can take it at all."""
        if step.whens and not self._open(step.whens, (), class_id):
            return ()
        return self._changed(dict(step.sets), step.asks, class_id)

    def _changed(self, sets: Mapping[str, object], asks: Iterable[str], class_id: str) -> tuple[str, ...]:
        name = self.workflow.classes
        if name is None:
            return (class_id,)
        if name in sets:
            return (str(sets[name]),)
        return self.workflow.class_ids if name in asks else (class_id,)

    def _lets(self, step: Step, class_id: str) -> bool:
        return not (step.entering or step.unless) or self._open(step.entering, step.unless, class_id)

    def _open(self, wanted: tuple[Condition, ...], unwanted: tuple[Condition, ...], class_id: str) -> bool:
        return record_where(wanted, unwanted, world=self.of_class(self.world, class_id)) is not None

    def _turns_in(self, state: str, class_id: str) -> Iterator[str]:
        """Classes a matter can turn to without leaving *state*."""
        for action in self.workflow.actions_of(state).values():
            if action.to is None:
                yield from self._changed(action.set, (*action.require, *action.optional), class_id)
        index = self.workflow.class_ids.index(class_id)
        if index and any(served.rule.do is Do.RAISE_URGENCY for served in self.rules[state]):
            yield self.workflow.class_ids[index - 1]

    # -- fields

    @cached_property
    def defaults(self) -> frozenset[str]:
        """Fields with a default."""
        return frozenset(name for name, rule in self.workflow.fields.items() if rule.default is not None)

    @cached_property
    def filled_in(self) -> Mapping[str, frozenset[str]]:
        """
        Fields surely filled in each state: on every way there.

        A way back (`last_of`) takes nothing away: what was filled there before still is.
        """
        everything = frozenset(self.workflow.fields)
        filled = dict.fromkeys(self.workflow.states, everything)
        for step in self.steps_from[None]:
            filled[step.target] &= self.defaults | step.fills
        waiting = [state for state in self.workflow.states if filled[state] != everything]
        while waiting:
            state = waiting.pop()
            for step in self.steps_from[state]:
                narrowed = filled[step.target] & (filled[state] | step.fills)
                if not step.back and narrowed != filled[step.target]:
                    filled[step.target] = narrowed
                    waiting.append(step.target)
        return filled

    # -- findings

    def at_value(self, code: str, path: Path, message: str) -> Finding:
        """A finding on the value under *path*."""
        return self.at(code, self.workflow.places[path], message)

    def at(self, code: str, where: Where, message: str) -> Finding:
        """A finding at a place; the message names the path that leads there."""
        path = show_path(tuple(step for step in where.path if step != "@key"))
        return finding(code, f"{path}：{message}", file=where.file, line=where.line, column=where.column)

    def at_instant(self, code: str, rule: TimerRule, message: str) -> Finding:
        """A finding on the value of a rule's `at`."""
        place = self.workflow.places.get((*rule.where.path, "at"))
        return self.at(code, place if place is not None and place.file == rule.where.file else rule.where, message)

    def at_word(self, code: str, word: Word, where: Where, message: str) -> Finding:
        """A finding on a word of a condition that stands in the part at *where*."""
        return finding(code, f"{show_path(where.path)}：{message}", file=where.file, line=word.line, column=word.column)
