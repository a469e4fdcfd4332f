"""
Figures of how matters moved through the levels of a flow, read from the history alone.

Everything is counted from the recorded acts of people (events of type `acted`), in the order of each matter's
history; filing and what rules did do not count as acts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import chain, groupby, pairwise

import msgspec

from engine.core.terms import EventType
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound
from engine.services.advance import Door
from engine.store.events import SYSTEM_PREFIX
from engine.store.unit_of_work import UnitOfWork


class _Data(msgspec.Struct):
    patch: "_Patch"


class _Patch(msgspec.Struct):
    workflow: str | msgspec.UnsetType = msgspec.UNSET
    level: str | msgspec.UnsetType | None = msgspec.UNSET
    fields: dict[str, str | int | bool | None] = {}


class _Act(msgspec.Struct):
    """The few parts of an event that are counted; the rest of its bytes is skipped."""

    type: str
    action: str
    at: datetime
    data: _Data


_DECODER = msgspec.json.Decoder(_Act)


@dataclass(frozen=True, slots=True)
class Life:
    """How long matters lived, from their first act to their last; a share by nearest rank."""

    median: timedelta
    nine_of_ten: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """
    How the matters of one flow moved through its levels.

    Mappings by level are in the order of the levels; `by_action` goes by the English words of the actions and
    `by_field` by the values of the field asked for, the most frequent first. `never_up` counts matters none of whose
    acts stands on a higher level than the act before. `acts_on` leaves out acts above the levels. `zone` is where the
    instants are to be shown.
    """

    workflow: str
    zone: tzinfo
    matters: int
    acts: int
    first_at: datetime | None
    last_at: datetime | None
    acts_on: Mapping[str, int]
    first_level: Mapping[str, int]
    highest_level: Mapping[str, int]
    moves_up: int
    moves_down: int
    never_up: int
    life: Life | None
    field: str
    by_field: Mapping[str, int]
    by_action: Mapping[str, int]


def report_levels(uow: UnitOfWork, *, workflow: str, field: str, services: Door) -> LevelFigures:
    """
    Count the figures of a published flow over its whole history.

    Args:
        field: the choice field whose values are counted.
    Raises:
        NotFound: there is no such flow, or it has no such field.
    """
    with uow.read() as tx:
        flow = services.shelf.current(tx, workflow)
        if field not in flow.fields:
            raise NotFound(what=f"流程「{workflow}」的字段", found=field)
        matters = (event for event in tx.events.all() if not event.chain.startswith(SYSTEM_PREFIX))
        zone = services.shelf.world(tx).calendar(flow.calendar).zone
        return level_figures(flow, ((event.chain, event.body) for event in matters), field=field, zone=zone)


def level_figures(workflow: Workflow, bodies: Iterable[tuple[str, bytes]], *, field: str, zone: tzinfo) -> LevelFigures:
    """
    Count the figures of *workflow* from events.

    Args:
        bodies: matter id and event bytes, by matter and seq; matters of other flows are passed over.
    """
    tally = _Tally(workflow, field)
    for _, events in groupby(bodies, key=lambda row: row[0]):
        acts = (_DECODER.decode(body) for _, body in events)
        filed = next(acts)
        if filed.data.patch.workflow == workflow.id:
            tally.add(_followed(chain((filed,), acts), field))
    return tally.figures(zone)


def _followed(events: Iterable[_Act], field: str) -> Iterator[tuple[_Act, str | None, str]]:
    """Yield each act with the level it led to and the value of *field* after it."""
    level: str | None = None
    value = ""
    for act in events:
        patch = act.data.patch
        if patch.level is not msgspec.UNSET:
            level = patch.level
        if field in patch.fields:
            value = str(patch.fields[field])
        if act.type == EventType.ACTED:
            yield act, level, value


class _Tally:
    """Counts matter by matter; keeps one number a matter (its life) and nothing else of it."""

    def __init__(self, workflow: Workflow, field: str) -> None:
        self.workflow = workflow
        self.field = field
        self.order = {level.id: level.order for level in workflow.levels.values()}
        self.words = {
            action.id: action.label.en for state in workflow.states for action in workflow.actions_of(state).values()
        }
        self.matters = self.up = self.down = self.never_up = 0
        self.span: tuple[datetime, datetime] | None = None
        self.on: Counter[str] = Counter()
        self.first: Counter[str] = Counter()
        self.highest: Counter[str] = Counter()
        self.by_field: Counter[str] = Counter()
        self.by_action: Counter[str] = Counter()
        self.lives: list[timedelta] = []

    def add(self, acts: Iterable[tuple[_Act, str | None, str]]) -> None:
        """Count one matter."""
        self.matters += 1
        levels: list[str] = []
        first = last = None
        for act, level, value in acts:
            first, last = first or act.at, act.at
            self.by_action[self.words.get(act.action, act.action)] += 1
            self.by_field[value] += 1
            if level is not None:
                levels.append(level)
        if first is not None and last is not None:
            self._add_span(first, last)
        self._add_levels(levels)

    def _add_span(self, first: datetime, last: datetime) -> None:
        self.lives.append(last - first)
        known = self.span or (first, last)
        self.span = min(known[0], first), max(known[1], last)

    def _add_levels(self, levels: list[str]) -> None:
        orders = [self.order[level] for level in levels]
        up = sum(after > before for before, after in pairwise(orders))
        self.up += up
        self.down += sum(after < before for before, after in pairwise(orders))
        self.never_up += not up
        self.on.update(levels)
        if levels:
            self.first[levels[0]] += 1
            self.highest[max(levels, key=self.order.__getitem__)] += 1

    def figures(self, zone: tzinfo) -> LevelFigures:
        """Return what was counted."""
        return LevelFigures(
            workflow=self.workflow.id,
            zone=zone,
            matters=self.matters,
            acts=sum(self.by_action.values()),
            first_at=self.span[0] if self.span else None,
            last_at=self.span[1] if self.span else None,
            acts_on=self._by_level(self.on),
            first_level=self._by_level(self.first),
            highest_level=self._by_level(self.highest),
            moves_up=self.up,
            moves_down=self.down,
            never_up=self.never_up,
            life=_life(self.lives),
            field=self.field,
            by_field=dict(self.by_field.most_common()),
            by_action=dict(self.by_action.most_common()),
        )

    def _by_level(self, counted: Counter[str]) -> dict[str, int]:
        return {level: counted[level] for level in sorted(self.order, key=self.order.__getitem__)}


def _life(lives: list[timedelta]) -> Life | None:
    if not lives:
        return None
    ordered = sorted(lives)
    count = len(ordered)
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return Life(median=middle, nine_of_ten=ordered[-(-9 * count // 10) - 1], longest=ordered[-1])
