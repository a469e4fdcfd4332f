"""
A matter: a demand, task, topic or ruling as it stands, the fold of its history.

The stored form of these values is JSON, and a change of a matter is a JSON merge patch (RFC 7386) between two of
them, so folding a history needs no knowledge of its workflow. Defaults are left out of the JSON, which keeps the
patches small and lets `null` mean «gone».
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from itertools import compress
from operator import is_not
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = dict[str, Any]
Value: TypeAlias = str | int | bool

STATE_CLOCK = "state"
REVIEW_CLOCK = "review"
SETTLE_CLOCK = "settle"


def level_clock(level: str) -> str:
    """Key of a level's budget among the clocks of a matter."""
    return f"level.{level}"


def named_clock(clock: str) -> str:
    """Key of a named clock among the clocks of a matter."""
    return f"named.{clock}"


def receipt_post(matter: str) -> str:
    """Return the post of whoever holds the receipt of *matter*: its reporter, without an account."""
    return f"receipt:{matter}"


def milestone_clock(milestone: str) -> str:
    """Key of a milestone among the clocks of a matter."""
    return f"milestone.{milestone}"


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """
    Base of stored values: frozen, JSON without defaults.

    The parts of a matter and of an event stand in the order of their names, which is that of canonical JSON: they are
    written without sorting and read without searching.
    """


class Holder(Frozen, frozen=True, kw_only=True):
    """A role of a unit; `unit` is None where the holder is the reporter."""

    role: str
    unit: str | None = None


class Actor(Frozen, frozen=True, kw_only=True):
    """Who acts: a post (role and unit, held by a person), or the engine itself with role `system`."""

    person: str | None = None
    post: str
    role: str
    unit: str | None = None


class Mark(Frozen, frozen=True, kw_only=True):
    """A recorded fact: the event that made it and its instant."""

    at: datetime
    seq: int


class Change(Frozen, frozen=True, kw_only=True):
    """
    A recorded change of a clock: held from `at` to `until` (None: still held), or moved by `more`.

    `more` counts from the old due instant (an extension), or from `at` when `anew` (a reassignment).
    """

    anew: bool = False
    at: datetime
    more: str | None = None
    until: datetime | None = None


class Clock(Frozen, frozen=True, kw_only=True):
    """
    A clock: a pure function of when it started, its limit, its changes and the calendar.

    `visit` is the seq of the event that started it. `since` is from when its limit counts where that is not `started`
    (a given limit counts from the child's opening). `due` is its end as computed from the facts (an index of them;
    None while it is held or when it has no limit). `fired` lists the rules that have fired; a repeating one has its
    count in `repeats`. `late_at` is when it was recorded late, `ended` when a named clock was met.
    """

    calendar: str
    changes: tuple[Change, ...] = ()
    due: datetime | None = None
    ended: datetime | None = None
    fired: tuple[str, ...] = ()
    late_at: datetime | None = None
    limit: str
    not_after: datetime | None = None
    provisional: bool = False
    repeats: dict[str, int] = {}
    since: datetime | None = None
    started: datetime
    visit: int

    @property
    def counted_from(self) -> datetime:
        """From when its limit counts."""
        return self.since or self.started

    @property
    def is_held(self) -> bool:
        """Whether the clock is held now."""
        return bool(self.changes) and self.changes[-1].more is None and self.changes[-1].until is None


class ExtensionAsked(Frozen, frozen=True, kw_only=True):
    """An extension waiting for approval."""

    at: datetime
    by: Actor


class Suspended(Frozen, frozen=True, kw_only=True):
    """A state left for a pause: going back to it goes on with the same visit, these clocks and who had it then."""

    answers: Holder | None = None
    clocks: dict[str, Clock]
    entered: datetime
    extended: int = 0
    extension: ExtensionAsked | None = None
    holder: Holder | None = None
    owes: datetime | None = None
    state: str
    visit: int


class Settling(Frozen, frozen=True, kw_only=True):
    """
    A press that was taken by event `seq` and has no effect yet: what was filled in, as if it were pressed later.

    `private` names the vault rows of its private fields; `seats` are (seat, unit).
    """

    action: str
    by: Actor
    private: dict[str, str] = {}
    seats: tuple[tuple[str, str], ...] = ()
    seq: int
    topic: str | None = None
    values: dict[str, Value] = {}


class SeatTaken(Frozen, frozen=True, kw_only=True):
    """A child of this matter: its seat, unit and, when ended, its outcome; `void` seats do not count."""

    outcome: str | None = None
    seat: str
    unit: str
    void: bool = False


class Matter(Frozen, frozen=True, kw_only=True):
    """
    One matter at one moment.

    `visit` is the seq of the event that entered the state, `seq` of the last event. `uses` counts presses per
    `state.action`, `visited` keeps the last entry per state, `doers` the last person per action. `fields` holds
    what may stand in events; `private` names the vault row of each private field. `stands_in` holds it while nobody
    fills the holder's role; `owes` is since when the holder owes a word; `answers` is the superior who answers for
    it. `settling` is a press that has no effect yet. `seats` are its children, `topics` what it waits for (outcome,
    empty while open), `waiting` who waits for it.
    """

    answers: Holder | None = None
    assignee: str | None = None
    at: datetime
    clocks: dict[str, Clock] = {}
    counters: dict[str, int] = {}
    department: str | None = None
    digest: str
    district: str
    doers: dict[str, str] = {}
    entered: datetime
    extended: int = 0
    extension: ExtensionAsked | None = None
    external_due: datetime | None = None
    fields: dict[str, Value] = {}
    filed: datetime
    forms: int = 0
    given: str | None = None
    holder: Holder | None = None
    id: str
    kept: tuple[Holder, ...] = ()
    kind: str
    klass: str = "all"
    level: str | None = None
    marks: dict[str, Mark] = {}
    outcome: str | None = None
    owes: datetime | None = None
    parent: str | None = None
    place: str
    private: dict[str, str] = {}
    reporter: Actor | None = None
    root: str
    seat: str | None = None
    seats: dict[str, SeatTaken] = {}
    seq: int
    settling: Settling | None = None
    stands_in: Holder | None = None
    start: str
    state: str
    suspended: tuple[Suspended, ...] = ()
    topics: dict[str, str] = {}
    uses: dict[str, int] = {}
    version: int
    visit: int
    visited: dict[str, int] = {}
    waiting: tuple[str, ...] = ()
    workflow: str

    @property
    def is_open(self) -> bool:
        """Whether the matter has not ended."""
        return self.outcome is None

    @property
    def etag(self) -> str:
        """What a person's form was made from: the visit, and how often a field, child or vote changed since."""
        return f"{self.visit}.{self.forms}"


class Timer(Frozen, frozen=True, kw_only=True):
    """
    An armed timer: rule *rule* of clock *clock*, for the visit in which it was armed.

    `due` is the instant the rule names; `fire` the instant it acts, later only for `fires: opening`. `rank` orders
    timers of one instant; `slot` counts the firings of a repeating rule from 1.
    """

    matter: str
    clock: str
    rule: str
    visit: int
    due: datetime
    fire: datetime
    rank: int
    slot: int = 1
    provisional: bool = False

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What makes the timer unique."""
        return (self.matter, self.clock, self.rule, self.visit, self.slot)

    @property
    def name(self) -> str:
        """The key as one word, under which an event notes that it has used the timer up."""
        return f"{self.matter}/{self.clock}/{self.rule}/{self.visit}/{self.slot}"


def encode(matter: Matter) -> bytes:
    """Return the canonical JSON of *matter* (RFC 8785: ASCII keys, integers, no floats)."""
    return _ENCODER.encode(matter)


def decode(data: bytes) -> Matter:
    """Return the matter stored as *data*."""
    return _DECODER.decode(data)


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Matter)


def as_json(matter: Matter) -> Json:
    """Return *matter* as plain JSON values, instants as RFC 3339 text."""
    plain: Json = msgspec.to_builtins(matter)
    return plain


def patch_between(before: Matter | None, after: Matter) -> Json:
    """Return the merge patch that turns *before* (None: nothing) into *after*."""
    return as_json(after) if before is None else _changes_of(before, after)


def _changes_of(before: msgspec.Struct, after: msgspec.Struct) -> Json:
    """Return the merge patch between two values of one kind; what did not change is not even written out."""
    names, defaults = after.__struct_fields__, _defaults_of(type(after))
    was, now = msgspec.structs.astuple(before), msgspec.structs.astuple(after)
    patch: Json = {}
    # Most parts are the very same objects: they are passed over without a look at each.
    for place in compress(range(len(names)), map(is_not, was, now)):
        old, new = was[place], now[place]
        if old != new:
            patch[names[place]] = None if new == defaults[place] else _change(old, new)
    return patch


def _change(old: object, new: object) -> Any:
    if type(new) in _PLAIN:
        return new
    if isinstance(new, dict):
        return _difference(old if isinstance(old, dict) else {}, new)
    if isinstance(new, msgspec.Struct) and type(old) is type(new):
        return _changes_of(old, new)
    return msgspec.to_builtins(new)


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    patch: Json = {} if before.keys() <= after.keys() else {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if old is value or (old == value and type(old) is type(value)):
            continue
        patch[key] = _change(old, value)
    return patch


@lru_cache(maxsize=64)
def _defaults_of(kind: type[msgspec.Struct]) -> tuple[Any, ...]:
    """Defaults of the values of a kind, in their order; those that must be given have one that nothing equals."""
    return tuple(
        _MISSING if field.required else field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        for field in msgspec.structs.fields(kind)
    )


_MISSING = object()
_PLAIN = frozenset({str, int, bool})  # stands in JSON as it is


def merge(state: Json, patch: Mapping[str, Any]) -> Json:
    """Apply a merge patch to *state* in place and return it."""
    # Types are compared exactly and the common case comes last but one: a million events are folded in one go.
    for key, value in patch.items():
        if type(value) is dict:
            old = state.get(key)
            if type(old) is dict:
                merge(old, value)
            else:
                state[key] = merge({}, value)
        elif value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return state


def from_json(state: Json) -> Matter:
    """Return the matter whose plain JSON is *state*."""
    return msgspec.convert(state, Matter)
