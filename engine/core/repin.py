"""
A running matter goes over to another version of its flow that differs only in its limits.

Clocks are computed anew from their recorded facts: their start, holds and extensions stay, only the limit that the
table grants is another. What was recorded late stays so. Which limits a counter or a level would change does not
count: a clock moves only where the two tables differ for the same facts.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from engine.core.clock.duration import Duration
from engine.core.clocks import declared_due, indexed
from engine.core.decision import Decision, Occurrence, Refusal
from engine.core.draft import Draft
from engine.core.facts import calendar_of, duration_of, facts_of
from engine.core.matter import STATE_CLOCK, Clock, Matter, Suspended
from engine.core.scope import SYSTEM, World
from engine.core.terms import EventType, RefusalCode
from engine.core.timers import armed, ring_again, rules_of
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import Limits, State, Workflow
from engine.core.workflow.machine import MIGRATED, machine_of

OTHER_PATH = Refusal(
    RefusalCode.CONDITION, "新版的走法和原来不同，在办的事不能只换时限。请把新版用在新立的事上，在办的照原来的办完。"
)


def repin(draft: Draft, old: Workflow) -> Decision | Refusal:
    """Pin the matter of *draft* to the draft's workflow, from *old*, and compute its clocks anew."""
    before, new = draft.before, draft.workflow
    if not same_path(old, new):
        return OTHER_PATH
    draft.set(digest=new.digest)
    changed: dict[str, Any] = {}
    for key, clock in before.clocks.items():
        fresh = _with_limit_of(old, new, before, key, clock, new.states[before.state], draft.world)
        if fresh is not clock:
            draft.put("clocks", key, fresh)
            changed[key] = [_text(clock), _text(fresh)]
    draft.set(suspended=tuple(_kept(old, new, before, one, draft.world) for one in before.suspended))
    for key in before.clocks:
        if key in changed or rules_of(old, before, key) != rules_of(new, before, key):
            ring_again(draft, key)
    machine_of(new).step(before.state, MIGRATED, None)
    _tell(draft, changed)
    draft.data["migrated"] = {"from": old.digest, "to": new.digest, "limits": _versions(old, new), "clocks": changed}
    occurrence = Occurrence(
        type=EventType.MIGRATED, from_=before.state, to=before.state, action="migrated", actor=SYSTEM, at=draft.now,
        data=draft.data,
    )  # fmt: skip
    after = draft.matter()
    had = {timer.key: timer for timer in armed(old, before, draft.world)}
    has = {timer.key: timer for timer in armed(new, after, draft.world)}
    return Decision(
        before=before, after=after, occurrence=occurrence, private={}, opens=(), follows=(), alarms=(),
        arm=tuple(timer for key, timer in has.items() if had.get(key) != timer),
        cancel=tuple(timer for key, timer in had.items() if has.get(key) != timer),
        notices=tuple(draft.notices),
    )  # fmt: skip


def _versions(old: Workflow, new: Workflow) -> list[int]:
    return [flow.limits.version if flow.limits is not None else 0 for flow in (old, new)]


def _text(clock: Clock) -> str:
    """The due instant of a clock for the event; of a held one its limit."""
    return clock.due.isoformat() if clock.due is not None else clock.limit


def _tell(draft: Draft, changed: Mapping[str, object]) -> None:
    """Tell the holder whose own time has changed, and the reporter when an instant comes later than was promised."""
    clock = draft.clocks.get(STATE_CLOCK)
    if STATE_CLOCK in changed and clock is not None and clock.due is not None:
        draft.tell(draft.get("stands_in") or draft.before.holder, "migrated", due=clock.due.isoformat())
    if any(_is_later(draft.before.clocks[key], draft.clocks[key]) for key in changed):
        draft.tell(None, "migrated")


def _is_later(old: Clock, new: Clock) -> bool:
    return old.due is not None and (new.due is None or new.due > old.due)


def _kept(old: Workflow, new: Workflow, matter: Matter, one: Suspended, world: World) -> Suspended:
    state = new.states[one.state]
    clocks = {key: _with_limit_of(old, new, matter, key, clock, state, world) for key, clock in one.clocks.items()}
    same = all(clocks[key] is clock for key, clock in one.clocks.items())
    return one if same else msgspec.structs.replace(one, clocks=clocks)


def _with_limit_of(
    old: Workflow, new: Workflow, matter: Matter, key: str, clock: Clock, state: State, world: World
) -> Clock:
    due = declared_due(new, key, state)
    if clock.ended is not None or due is None or due.given or _grants_alike(_Pair(old, new), due.column):
        return clock
    was, limit = (_limit(flow, matter, key, clock, state, world) for flow in (old, new))
    if was == limit:
        return clock
    return indexed(msgspec.structs.replace(clock, limit=limit), world.calendar(clock.calendar))


def _limit(flow: Workflow, matter: Matter, key: str, clock: Clock, state: State, world: World) -> str:
    due = declared_due(flow, key, flow.states[state.id])
    if due is None:
        return ""
    day = world.calendar(calendar_of(flow, matter.state, world.default_calendar)).local(clock.started).date()
    facts = facts_of(flow, matter, day=day)
    limit = duration_of(due, workflow=flow, facts=facts, klass=matter.klass, given=matter.given)
    return str(limit) if limit else ""


def same_path(old: Workflow, new: Workflow) -> bool:
    """Whether two versions of a flow differ in nothing but their limits tables."""
    return _same_path(_Pair(old, new))


class _Pair:
    """Two versions, hashed and compared by their content hashes."""

    __slots__ = ("new", "old")

    def __init__(self, old: Workflow, new: Workflow) -> None:
        self.old, self.new = old, new

    def __hash__(self) -> int:
        return hash((self.old.digest, self.new.digest))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and (self.old.digest, self.new.digest) == (other.old.digest, other.new.digest)


@lru_cache(maxsize=256)
def _same_path(pair: _Pair) -> bool:
    old, new = (_without_limits(flow) for flow in (pair.old, pair.new))
    return old == new


@lru_cache(maxsize=1024)
def _grants_alike(pair: _Pair, column: str | None) -> bool:
    """Whether both versions grant the same for the same facts: one column is all that counts, and the seasons."""
    old, new = pair.old.limits, pair.new.limits
    if old is None or new is None:
        return old is new
    return old.seasons == new.seasons and (column is None or _cells(old, column) == _cells(new, column))


def _cells(limits: Limits, column: str) -> list[tuple[Condition | None, Duration]]:
    return [(row.when, row.cells[column]) for row in limits.rows if column in row.cells]


def _without_limits(flow: Workflow) -> dict[str, object]:
    names = (name for name in Workflow.__dataclass_fields__ if name not in ("limits", "digest", "places"))
    return {name: getattr(flow, name) for name in names}
