"""
Try other limits on what was recorded: the demands of the last months lived again, first as they were, then under these.

First fidelity: under its own limits every rule must come out as it was recorded, else the matter is not compared.
Then the draft: exact up to the first step that goes another way; after it nobody knows what people would have done,
so nothing is claimed. Counts under the draft are therefore counts up to there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.core.history import read_event
from engine.core.repin import same_path
from engine.core.scope import World
from engine.core.terms import Do
from engine.core.workflow.declaration import Workflow
from engine.services.look_up import Shelf
from engine.services.replay import Lived, Recorded, Replay, RuleStep, recorded
from engine.store.unit_of_work import Transaction

PERIOD = timedelta(days=90)
MOST_MATTERS = 200
FEW = 30
MOST_LISTED = 50
_UP = frozenset({Do.ESCALATE.value})


@dataclass(frozen=True, slots=True)
class Diverging:
    """A demand that goes another way under the draft, from when on, and how."""

    matter: str
    number: str
    at: datetime
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Week:
    """One week (or level): late and escalated as recorded and under the draft, each up to where they part."""

    label: str
    late_old: int
    late_new: int
    up_old: int
    up_new: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """
    What came of it.

    `looked_at` demands since `since`; `reproduced` of them came out as recorded, the others are named in `apart` with
    their reasons. Of the reproduced: `same`, `notices` (the same way, other reminders), `diverging`.
    """

    since: datetime
    until: datetime
    looked_at: int
    is_cut: bool
    reproduced: int
    apart: tuple[tuple[str, int], ...]
    same: int
    notices: int
    diverging: int
    weeks: tuple[Week, ...]
    levels: tuple[Week, ...]
    listed: tuple[Diverging, ...]

    @property
    def is_thin(self) -> bool:
        """Whether so few go another way that the figures say little."""
        return self.diverging < FEW


@dataclass(frozen=True, slots=True)
class _Compared:
    matter: str
    parted: datetime | None
    old: Lived
    new: Lived


def backtest(
    tx: Transaction, shelf: Shelf, *, new: Workflow, now: datetime, zone: ZoneInfo, most: int = MOST_MATTERS
) -> Backtest:
    """Return what *new* would have made of the newest demands of the last months; bounded by *most* of them."""
    world, since = shelf.world(tx), now - PERIOD
    ids = tx.matters.filed_since(new.id, since, limit=most + 1)
    apart: Counter[str] = Counter()
    compared: list[_Compared] = []
    for name in ids[:most]:
        history = recorded(read_event(record.body) for record in tx.events.of(name))
        found = _compare(tx, shelf, history, new=new, world=world, now=now)
        if isinstance(found, str):
            apart[found] += 1
        else:
            compared.append(found)
    parted = [one for one in compared if one.parted is not None]
    notices = sum(one.parted is None and _names(one.old.rules) != _names(one.new.rules) for one in compared)
    return Backtest(
        since=since, until=now, looked_at=len(ids[:most]), is_cut=len(ids) > most, reproduced=len(compared),
        apart=tuple(apart.most_common()), same=len(compared) - len(parted) - notices, notices=notices,
        diverging=len(parted), weeks=_weeks(compared, zone), levels=_levels(compared, new),
        listed=_listed(tx, parted, new),
    )  # fmt: skip


def _compare(
    tx: Transaction, shelf: Shelf, history: Recorded, *, new: Workflow, world: World, now: datetime
) -> _Compared | str:
    """Both lives of a matter, or why they are not compared."""
    pinned = {event.workflow for event in history.events}
    if len(pinned) > 1:
        return "中途换过时限表"
    flow = shelf.workflow(tx, pinned.pop())
    if not same_path(flow, new):
        return "照另一版走法办的"
    old = history.lived()
    again = Replay(flow, history, world=world, until=now).live()
    if again.stopped is not None:
        return f"重走时停住：{again.why}"
    if _names(again.rules) != _names(old.rules) or again.moves != old.moves:
        return "重走和记录对不上（引擎当时停过，或日历、岗位后来变了）"
    tried = Replay(new, history, world=world, until=now).live()
    return _Compared(history.after[-1].id, _parted(old, tried), old, tried)


def _names(rules: Iterable[RuleStep]) -> list[tuple[str, str, datetime]]:
    return [rule.name for rule in rules]


def _parted(old: Lived, new: Lived) -> datetime | None:
    """When the two lives first go another way; None: never."""
    for was, now in zip(old.moves, new.moves, strict=False):
        if was != now:
            return min(was[0], now[0])
    if len(old.moves) != len(new.moves):
        longer = max(old.moves, new.moves, key=len)
        return longer[min(len(old.moves), len(new.moves))][0]
    return new.stopped


def _until_parted(one: _Compared) -> tuple[list[RuleStep], list[RuleStep]]:
    """The rules of both lives as far as they can be compared."""
    return (
        [rule for rule in one.old.rules if one.parted is None or rule.at <= one.parted],
        [rule for rule in one.new.rules if one.parted is None or rule.at <= one.parted],
    )


def _tally(compared: Sequence[_Compared]) -> Iterable[tuple[RuleStep, str]]:
    """Yield every step that counts, with where it is counted."""
    for one in compared:
        for side, rules in zip(("old", "new"), _until_parted(one), strict=True):
            for rule in rules:
                if rule.do == Do.LATE:
                    yield rule, f"late_{side}"
                elif rule.do in _UP and rule.to is not None:
                    yield rule, f"up_{side}"


def _weeks(compared: Sequence[_Compared], zone: ZoneInfo) -> tuple[Week, ...]:
    counted: dict[datetime, Counter[str]] = {}
    for rule, word in _tally(compared):
        local = rule.at.astimezone(zone)
        monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        counted.setdefault(monday, Counter())[word] += 1
    return tuple(_week(f"{day.month}月{day.day}日 那一周", found) for day, found in sorted(counted.items()))


def _levels(compared: Sequence[_Compared], flow: Workflow) -> tuple[Week, ...]:
    counted: dict[str, Counter[str]] = {}
    for rule, word in _tally(compared):
        level = flow.levels.get(rule.level or "")
        counted.setdefault(level.label.zh if level is not None else "层级之外", Counter())[word] += 1
    order = [level.label.zh for level in sorted(flow.levels.values(), key=lambda one: one.order)]
    names = sorted(counted, key=lambda name: order.index(name) if name in order else len(order))
    return tuple(_week(name, counted[name]) for name in names)


def _week(label: str, found: Counter[str]) -> Week:
    return Week(label, found["late_old"], found["late_new"], found["up_old"], found["up_new"])


def _listed(tx: Transaction, parted: Sequence[_Compared], flow: Workflow) -> tuple[Diverging, ...]:
    dated = sorted(((one.parted, one.matter, one) for one in parted if one.parted is not None), key=lambda row: row[:2])
    shown = [one for _, _, one in reversed(dated[-MOST_LISTED:])]
    numbers = {name: demand.number for name, demand in tx.demands.get_many([one.matter for one in shown]).items()}
    return tuple(
        Diverging(
            one.matter, numbers.get(one.matter, ""), one.parted, _way(one.old, one, flow), _way(one.new, one, flow)
        )
        for one in shown
        if one.parted is not None
    )


def _way(life: Lived, one: _Compared, flow: Workflow) -> str:
    """Where a life went where the two parted."""
    assert one.parted is not None  # asked only of those that part
    here = [state for at, state in life.moves if at == one.parted]
    if here:
        return f"到「{flow.states[here[-1]].label.zh}」"
    before = [state for at, state in life.moves if at < one.parted]
    return f"还在「{flow.states[before[-1]].label.zh}」" if before else "还没有立案"
