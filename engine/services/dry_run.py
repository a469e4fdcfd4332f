"""
What other limits would do to the matters that are open today: a rehearsal of the real steps, nothing written.

Each matter goes over to the new version in memory and then lets act what would ring at once, with its children and
topics, through the same `decide` as the door and the sweep. So what is counted here is what happens.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from engine.core.command import Migrate
from engine.core.decide import decide
from engine.core.decision import Decision, Refusal
from engine.core.matter import STATE_CLOCK, Clock, Matter
from engine.core.rehearse import Rehearsal
from engine.core.scope import World
from engine.core.terms import Do
from engine.core.timers import armed
from engine.core.workflow.declaration import Workflow
from engine.services.look_up import Shelf
from engine.services.may_wait import may_wait
from engine.services.naming import holder_name
from engine.store.unit_of_work import Transaction

MOST_LISTED = 200
MOST_ROUNDS = 500


class ClockMoved(msgspec.Struct, frozen=True):
    """A clock that would end at another instant; None: it is held, or has no end."""

    label: str
    old: datetime | None
    new: datetime | None

    @property
    def is_earlier(self) -> bool:
        """Whether it ends sooner."""
        return self.old is not None and self.new is not None and self.new < self.old

    @property
    def is_later(self) -> bool:
        """Whether it ends later, or no more."""
        return self.old is not None and (self.new is None or self.new > self.old)


class Touched(msgspec.Struct, frozen=True):
    """A matter that would not stay as it is: what would move, and what would happen to it at once."""

    matter: str
    number: str
    state: str
    unit: str
    late: bool
    moves_to: str | None
    clocks: tuple[ClockMoved, ...]

    def is_among(self, figure: str) -> bool:
        """Whether it is counted in that figure: late, moves, earlier or later; without one in any."""
        match figure:
            case "late":
                return self.late
            case "moves":
                return self.moves_to is not None
            case "earlier":
                return any(one.is_earlier for one in self.clocks)
            case "later":
                return any(one.is_later for one in self.clocks)
        return True


class Place(msgspec.Struct, frozen=True):
    """How many would become late at once, or move, in one place (a unit or a step)."""

    name: str
    late: int
    moves: int
    earlier: int
    later: int


class DryRun(msgspec.Struct, frozen=True):
    """
    What was found at *at* of going over from *base* to *digest*.

    `scope` matters would go over, `older` stay on versions before the base. `late`: recorded late at once; `moves`:
    taken on by a rule at once (neither counts what happens now anyway); `earlier`, `later`: a clock of theirs ends
    then; `same`: nothing changes; `stranded`: no clock would run and nothing would ever ring; `stuck`: could not go
    over.
    """

    at: datetime
    base: str
    digest: str
    scope: int = 0
    older: int = 0
    late: int = 0
    moves: int = 0
    earlier: int = 0
    later: int = 0
    same: int = 0
    stranded: int = 0
    stuck: int = 0
    by_unit: tuple[Place, ...] = ()
    by_state: tuple[Place, ...] = ()
    touched: tuple[Touched, ...] = ()

    @property
    def holds_up(self) -> int:
        """How many matters would stand still for good: nothing like that may be approved."""
        return self.stranded + self.stuck


@dataclass(slots=True)
class _Seen:
    """What was seen of one matter in scope."""

    before: Matter
    after: Matter
    clocks: tuple[ClockMoved, ...] = ()
    late: bool = False
    moves_to: str | None = None

    @property
    def earlier(self) -> bool:
        return any(one.is_earlier for one in self.clocks)

    @property
    def later(self) -> bool:
        return any(one.is_later for one in self.clocks)

    @property
    def is_same(self) -> bool:
        return not (self.clocks or self.late or self.moves_to)


@dataclass(slots=True)
class _Trial:
    """A dry run on its way."""

    old: Workflow
    new: Workflow
    world: World
    now: datetime
    open: dict[str, Matter]
    flow_of: Mapping[str, Workflow]
    flows: dict[str, Workflow]
    seen: dict[str, _Seen] = field(default_factory=dict)
    ringing: set[str] = field(default_factory=set)
    stranded: int = 0
    stuck: int = 0

    def go_over(self) -> None:
        """Take every matter in scope over to the new version, and note which would ring at once."""
        for matter in self.open.values():
            if matter.digest != self.old.digest:
                continue
            if self.new.digest == self.old.digest:
                self.seen[matter.id] = _Seen(matter, matter)
                continue
            at = max(self.now, matter.at)
            answer = decide(
                self.old, matter, Migrate(matter=matter.id, to=self.new.digest), now=at, world=self.world, to=self.new
            )
            if isinstance(answer, Refusal):
                self.stuck += 1
                continue
            after = answer.after
            self.seen[matter.id] = _Seen(matter, after, tuple(_moved(matter, after, self.new)))
            # A timer that stays as it was has nothing to do with the change, also when it is overdue.
            if any(timer.fire <= self.now for timer in answer.arm):
                self.ringing.add(matter.id)
            if answer.cancel and not answer.arm and not armed(self.new, after, self.world):
                self.stranded += not may_wait(after, self.new)

    def let_ring(self) -> None:
        """Let act what would ring at once, and leave out what would have happened now under the old limits too."""
        happened = self._rung(self.ringing, is_new=True)
        anyway = self._rung(self.ringing, is_new=False)
        for name, seen in self.seen.items():
            late, moves_to = happened.get(name, (False, None))
            late_anyway, moves_anyway = anyway.get(name, (False, None))
            seen.late = late and not late_anyway
            seen.moves_to = moves_to if moves_to != moves_anyway else None

    def _rung(self, ringing: set[str], *, is_new: bool) -> dict[str, tuple[bool, str | None]]:
        """What happens now to the families of *ringing*: whether each is recorded late, and where it is taken."""
        happened: dict[str, tuple[bool, str | None]] = {}
        for family in _families(self.open, ringing):
            members = [self._member(name, is_new=is_new) for name in sorted(family)]
            flows = self.flows if is_new else {**self.flows, self.old.id: self.old}
            rehearsal = Rehearsal(members, flows=flows, world=self.world)
            for _ in range(MOST_ROUNDS):
                timer = next(iter(rehearsal.timers()), None)
                if timer is None or timer.fire > self.now:
                    break
                answer = rehearsal.fire(timer, self.now)
                if isinstance(answer, Refusal):
                    break
                _note(happened, answer)
        return happened

    def _member(self, name: str, *, is_new: bool) -> tuple[Matter, Workflow]:
        if is_new and name in self.seen:
            return self.seen[name].after, self.new
        matter = self.open[name]
        return matter, self.flow_of[matter.digest]


def _note(happened: dict[str, tuple[bool, str | None]], decisions: Iterable[Decision]) -> None:
    for decision in decisions:
        name, before, after = decision.after.id, decision.before, decision.after
        late, moves_to = happened.get(name, (False, None))
        if decision.occurrence.action == Do.LATE and not decision.occurrence.data.get("passed_over"):
            late = True
        if before is not None and (before.state, before.visit) != (after.state, after.visit):
            moves_to = after.state
        happened[name] = (late, moves_to)


def dry_run(tx: Transaction, shelf: Shelf, *, base: Workflow, new: Workflow, now: datetime) -> DryRun:
    """Return what going over from *base* to *new* would do now; its cost grows with the open matters."""
    open_matters = {stored.matter.id: stored.matter for stored in tx.matters.all(only_open=True)}
    pinned = {matter.digest for matter in open_matters.values()}
    current = {name: shelf.workflow(tx, digest) for name, digest in tx.workflows.current_digests().items()}
    trial = _Trial(
        old=base, new=new, world=shelf.world(tx), now=now, open=open_matters,
        flow_of={digest: shelf.workflow(tx, digest) for digest in pinned}, flows={**current, new.id: new},
    )  # fmt: skip
    trial.go_over()
    trial.let_ring()
    older = sum(matter.workflow == base.id and matter.digest != base.digest for matter in open_matters.values())
    return _summed(tx, trial, older=older)


def _moved(before: Matter, after: Matter, flow: Workflow) -> Iterator[ClockMoved]:
    for key, clock in after.clocks.items():
        old = before.clocks[key]
        if old.due != clock.due or old.limit != clock.limit:
            yield ClockMoved(label_of_clock(key, before, flow), _shown(old), _shown(clock))


def _shown(clock: Clock) -> datetime | None:
    return clock.due


def label_of_clock(key: str, matter: Matter, flow: Workflow) -> str:
    """Return what people call clock *key* of *matter*."""
    if key == STATE_CLOCK:
        return flow.states[matter.state].label.zh
    kind, _, name = key.partition(".")
    if kind == "named" and name in flow.clocks:
        return flow.clocks[name].label.zh
    return f"{flow.levels[name].label.zh}整级" if kind == "level" and name in flow.levels else name


def _families(matters: Mapping[str, Matter], ids: Iterable[str]) -> Iterator[set[str]]:
    """Yield, for each of *ids*, the open matters it hangs together with: parents, children, topics and who waits."""
    done: set[str] = set()
    for name in ids:
        if name in done:
            continue
        family: set[str] = set()
        waiting = [name]
        while waiting:
            one = waiting.pop()
            if one in family or one not in matters:
                continue
            family.add(one)
            matter = matters[one]
            waiting += [matter.parent] if matter.parent is not None else []
            waiting += [*matter.seats, *matter.topics, *matter.waiting]
        done |= family
        yield family


def _summed(tx: Transaction, trial: _Trial, *, older: int) -> DryRun:
    seen = trial.seen.values()
    changed = sorted((one for one in seen if not one.is_same), key=_weight)
    shown = changed[:MOST_LISTED]
    numbers = {name: one.number for name, one in tx.demands.get_many([one.before.id for one in shown]).items()}
    units = {one.before.id: _unit(one.before, trial) for one in changed}
    states = {one.before.id: trial.new.states[one.before.state].label.zh for one in changed}
    return DryRun(
        at=trial.now, base=trial.old.digest, digest=trial.new.digest, scope=len(trial.seen) + trial.stuck,
        older=older, late=sum(one.late for one in seen), moves=sum(one.moves_to is not None for one in seen),
        earlier=sum(one.earlier for one in seen), later=sum(one.later for one in seen),
        same=sum(one.is_same for one in seen), stranded=trial.stranded, stuck=trial.stuck,
        by_unit=_places(changed, units), by_state=_places(changed, states),
        touched=tuple(_touched(one, trial, numbers=numbers, unit=units[one.before.id]) for one in shown),
    )  # fmt: skip


def _weight(one: _Seen) -> tuple[bool, bool, bool, str]:
    """What is worst stands first."""
    return (not one.late, one.moves_to is None, not one.earlier, one.before.id)


def _unit(matter: Matter, trial: _Trial) -> str:
    holder = matter.stands_in or matter.holder
    return holder_name(holder, workflow=trial.old, organisation=trial.world.organisation)


def _places(changed: Sequence[_Seen], name_of: Mapping[str, str]) -> tuple[Place, ...]:
    counted: dict[str, Counter[str]] = {}
    for one in changed:
        here = counted.setdefault(name_of[one.before.id], Counter())
        here["late"] += one.late
        here["moves"] += one.moves_to is not None
        here["earlier"] += one.earlier
        here["later"] += one.later
    places = (
        Place(name, here["late"], here["moves"], here["earlier"], here["later"]) for name, here in counted.items()
    )
    return tuple(sorted(places, key=lambda place: (-place.late, -place.moves, -place.earlier, place.name)))


def _touched(one: _Seen, trial: _Trial, *, numbers: Mapping[str, str], unit: str) -> Touched:
    states = trial.new.states
    return Touched(
        matter=one.before.id, number=numbers.get(one.before.id, ""), state=states[one.before.state].label.zh, unit=unit,
        late=one.late, moves_to=states[one.moves_to].label.zh if one.moves_to is not None else None, clocks=one.clocks,
    )  # fmt: skip
