"""A workflow as declared, resolved, with the place of everything in its file: shapes only, the loader makes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from engine.core.clock.duration import Duration, Offset
from engine.core.terms import Counter, Covers, Do, FieldType, MatterKind, Stops
from engine.core.workflow.condition import Condition
from engine.core.workflow.written import Label, Where


@dataclass(frozen=True, slots=True)
class Role:
    """A role: the unit it covers, its superior's role, whether a duty roster fills it."""

    id: str
    label: Label
    covers: Covers
    above: str | None
    roster: bool
    calendar: str | None
    where: Where


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field: its type, choices (resolved from a catalogue where one is named) and bounds."""

    id: str
    type: FieldType
    label: Label
    choices: tuple[str, ...] | None
    choice_labels: Mapping[str, Label]
    catalogue: str | None
    default: str | int | bool | None
    minimum: int | None
    maximum: int | None
    private: bool
    where: Where


@dataclass(frozen=True, slots=True)
class DueCase:
    """One way a duration is chosen: the first case whose class and condition fit counts."""

    duration: Duration
    classes: frozenset[str] | None
    when: Condition | None
    where: Where


@dataclass(frozen=True, slots=True)
class Due:
    """How long: written cases, or a column of the limits table, or given by the parent."""

    cases: tuple[DueCase, ...]
    column: str | None
    given: bool
    where: Where


@dataclass(frozen=True, slots=True)
class TargetCase:
    """One way a target is chosen; without `when` it always fits."""

    state: str
    when: Condition | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: the first case that fits, or the one of *last_of* the matter was in last."""

    cases: tuple[TargetCase, ...]
    last_of: tuple[str, ...]
    where: Where

    @property
    def states(self) -> tuple[str, ...]:
        """Every state this target can name."""
        return tuple(case.state for case in self.cases) + self.last_of


@dataclass(frozen=True, slots=True)
class TimerRule:
    """
    What happens when a clock reaches an instant; `id`, unique on it, is the word of `do`, with `.2` … for repeats.

    `to` is filled for every leaving timer after resolution (an escalation without one takes its level's `up`).
    `from_ladder`: it stands in the limits table's escalation ladder, and `where` points there.
    """

    id: str
    at: Offset
    do: Do
    to: Target | None
    to_role: str | None
    more: Duration | None
    tell: tuple[str, ...]
    keep: bool
    fires_at_opening: bool
    limit: int | None
    when: Condition | None
    reason: Label | None
    from_ladder: bool
    where: Where


@dataclass(frozen=True, slots=True)
class Action:
    """What a person may do in a state: without `to` it stays; with `settle` it takes effect only after that time."""

    id: str
    label: Label
    by: tuple[str, ...]
    to: Target | None
    when: Condition | None
    require: tuple[str, ...]
    optional: tuple[str, ...]
    limit: int | None
    set: Mapping[str, str | int | bool]
    marks: tuple[str, ...]
    counts: Counter | None
    confirm: Label | None
    not_before: Duration | None
    other_than: str | None
    place_from: str | None
    where: Where
    settle: Duration | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated step inside one state; `overdue` runs when none of `met_by` came within `within`."""

    id: str
    within: Duration
    met_by: tuple[str, ...]
    overdue: TimerRule
    where: Where


@dataclass(frozen=True, slots=True)
class Extend:
    """Who may ask for and who may approve an extension of a state's clock, how often and how long."""

    times: int
    length: Duration
    ask: tuple[str, ...]
    approve: tuple[str, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class ChildRule:
    """A kind of child a state opens; `minimum == maximum` for a fixed count."""

    seat: str
    workflow: str
    start: str
    to: str
    minimum: int
    maximum: int
    limit: Due | None
    by_category: bool
    void: tuple[str, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Children:
    """Children of a state and how they join: `all`, `lead`, `any` or a number."""

    seats: Mapping[str, ChildRule]
    join: str | int
    done: Target | None
    done_require: tuple[str, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class WaitsFor:
    """A topic the matter waits for: outcome of the topic → state of the matter."""

    workflow: str
    join: str
    outcomes: Mapping[str, str]
    where: Where


@dataclass(frozen=True, slots=True)
class VoteOutcome:
    """Where a vote leads, and which fields must be filled before it may open."""

    to: Target | None
    require: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as declared; thresholds stay text here (exact fractions are parsed by the checker)."""

    members: str
    announce: Duration
    window: Duration
    rounds: int
    quorum: tuple[str, ...]
    pass_: tuple[str, ...]
    unit: str | None
    passed: VoteOutcome | None
    rejected: VoteOutcome | None
    no_quorum: VoteOutcome | None
    where: Where


@dataclass(frozen=True, slots=True)
class State:
    """A step of a flow. `timers` are its own, as written; the ladder is joined in `Workflow.rules_of_state`."""

    id: str
    label: Label
    level: str | None
    held_by: str | None
    due: Due | None
    ladder: bool
    timers: tuple[TimerRule, ...]
    actions: Mapping[str, Action]
    milestones: Mapping[str, Milestone]
    extend: Extend | None
    calendar: str | None
    stops: Stops | None
    basis: Label | None
    pause: bool
    vote: Vote | None
    children: Children | None
    waits_for: WaitsFor | None
    review: Duration | None
    final: str | None
    no_deadline: Label | None
    where: Where


@dataclass(frozen=True, slots=True)
class Level:
    """A tier: where an escalation arrives, where it goes on to, and its own budget of time."""

    id: str
    order: int
    label: Label
    up: str | None
    entry: str | None
    budget: Due | None
    over_budget: TimerRule | None
    calendar: str | None
    actions: Mapping[str, Action]
    where: Where


@dataclass(frozen=True, slots=True)
class NamedClock:
    """A promise across states; ends are `filed`, `final`, a mark, `level.<id>` or a state."""

    id: str
    label: Label
    start: str
    until: str
    limit: Due
    not_after_external: bool
    timers: tuple[TimerRule, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Promise:
    """A sentence to residents that `check` proves."""

    id: str
    says: Label
    within: Duration
    reach: str
    where: Where


@dataclass(frozen=True, slots=True)
class Start:
    """A way in; who withdraws within `settle` undoes it. `external` names what a work order from above brings."""

    id: str
    by: tuple[str, ...]
    require: tuple[str, ...]
    optional: tuple[str, ...]
    marks: tuple[str, ...]
    external: tuple[str, ...]
    to: Target
    where: Where
    settle: Duration | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours of messages (local time) and the classes that break them."""

    start: time
    end: time
    except_classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Migrate:
    """How matters of an older version come into this one."""

    from_version: int | None
    map: Mapping[str, str]
    clocks: Mapping[str, str]
    counters: Mapping[str, str]
    where: Where


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A row of the limits table; a missing cell falls through to a later row."""

    when: Condition | None
    cells: Mapping[str, Duration]
    basis: Label | None
    where: Where


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits table and the escalation ladder; seasons are (month, day) pairs, both ends inside."""

    id: str
    version: int
    columns: Mapping[str, Label]
    rows: tuple[LimitRow, ...]
    seasons: Mapping[str, tuple[tuple[int, int], tuple[int, int]]]
    escalation: Mapping[str, tuple[TimerRule, ...]]
    file: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """
    One version of a flow, with its limits.

    `digest`: SHA-256 (hex) over both texts, length-framed; `places`: of each key (`(*path, "@key")`) and each value.
    """

    id: str
    version: int
    digest: str
    matter: MatterKind
    label: Label
    calendar: str | None
    classes: str | None
    class_ids: tuple[str, ...]
    roles: Mapping[str, Role]
    fields: Mapping[str, FieldRule]
    clocks: Mapping[str, NamedClock]
    promises: tuple[Promise, ...]
    starts: Mapping[str, Start]
    levels: Mapping[str, Level]
    states: Mapping[str, State]
    notices: Quiet | None
    migrate: Migrate | None
    limits: Limits | None
    file: str
    places: Mapping[tuple[str | int, ...], Where]

    def actions_of(self, state_id: str) -> Mapping[str, Action]:
        """Actions of a state: its own first, then those that belong to its whole level."""
        state = self.states[state_id]
        level = self.levels.get(state.level) if state.level else None
        if state.final or level is None:
            return state.actions
        return {**{a: x for a, x in level.actions.items() if a not in state.actions}, **state.actions}

    def ladder_of(self, class_id: str) -> tuple[TimerRule, ...]:
        """The escalation ladder for a class, empty without a limits table."""
        if self.limits is None:
            return ()
        ladder = self.limits.escalation
        return ladder.get(class_id, ladder.get("else", ()))

    def rules_of_state(self, state_id: str, class_id: str) -> tuple[TimerRule, ...]:
        """Timer rules of a state's clock: its own in written order, then the ladder's that it does not replace."""
        state = self.states[state_id]
        if state.due is None or not state.ladder:
            return state.timers
        own = {rule.do for rule in state.timers}
        return state.timers + tuple(rule for rule in self.ladder_of(class_id) if rule.do not in own)

    def level_of(self, state_id: str) -> Level | None:
        """The level of a state, or None for states that stand above the levels."""
        level = self.states[state_id].level
        return self.levels[level] if level else None
