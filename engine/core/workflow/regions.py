"""
What conditions can be true of, decided exactly.

A condition compares names with constants only, so each name has finitely many values that differ for it: its choices,
the numbers and days around the constants, the sets of seasons a day of the year can lie in. A search over these
values finds a record, or there is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from engine.core.workflow.condition import Condition, ConditionType
from engine.core.workflow.condition_tree import (
    AllOf,
    Among,
    AnyOf,
    Atom,
    Compare,
    ConditionKind,
    Constant,
    Not,
    Tree,
    Truth,
    compile_tree,
)

Record = dict[str, object]
Span = tuple[tuple[int, int], tuple[int, int]]
OTHER = "其他"
_LEAP_YEAR = 2024
_NO_SEASON: tuple[frozenset[str], ...] = (frozenset(),)


@dataclass(frozen=True, slots=True)
class World:
    """
    What values names can have.

    `seasons`: the sets of seasons in which one day can lie. `same`: a name that always has the value of another
    (`class` has that of the field which picks deadlines). `only`: names held to some values.
    """

    types: Mapping[str, ConditionType]
    seasons: tuple[frozenset[str], ...] = _NO_SEASON
    same: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def with_only(self, only: Mapping[str, tuple[object, ...]]) -> "World":
        """Return this world with more names held to some values."""
        return World(self.types, self.seasons, self.same, {**self.only, **only})


def sets_of_seasons(seasons: Mapping[str, Span]) -> tuple[frozenset[str], ...]:
    """Return every set of seasons that some day of the year lies in, in the order of the year."""
    days = (date(_LEAP_YEAR, 1, 1) + timedelta(days=day) for day in range(366))
    sets = (frozenset(name for name, span in seasons.items() if _inside(day, span)) for day in days)
    return tuple(dict.fromkeys(sets))


def _inside(day: date, span: Span) -> bool:
    first, last = span
    now = (day.month, day.day)
    return first <= now <= last if first <= last else now >= first or now <= last


def record_where(wanted: Iterable[Condition], unwanted: Iterable[Condition] = (), *, world: World) -> Record | None:
    """Return a record of which all *wanted* are true and all *unwanted* are false, or None when there is none."""
    goals = [(condition.tree, True) for condition in wanted] + [(condition.tree, False) for condition in unwanted]
    return _Search(goals, world).find()


def can_hold(condition: Condition, *, world: World) -> bool:
    """Whether the condition is true of some record."""
    return record_where((condition,), world=world) is not None


def show_record(record: Mapping[str, object]) -> str:
    """Return a record in the words of the condition language."""
    return " and ".join(_show(name, value) for name, value in record.items()) or "任何情况"


def _show(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name if value else f"not {name}"
    if isinstance(value, frozenset):
        return " and ".join(f"{name} = '{season}'" for season in sorted(value)) or f"不在任何 {name}"
    return f"{name} = {value}" if isinstance(value, int) else f"{name} = '{value}'"


class _Search:
    """Depth-first over the values that make a difference; a goal that is already missed cuts the branch."""

    def __init__(self, goals: list[tuple[Tree, bool]], world: World) -> None:
        self._goals = goals
        self._world = world
        self._record: Record = {}
        atoms = [atom for tree, _ in goals for atom in atoms_of(tree)]
        self._tests = {atom: compile_tree(atom) for atom in atoms}
        constants: dict[str, set[Constant]] = {}
        for atom in atoms:
            constants.setdefault(self._name(atom), set()).update(_constants(atom))
        self._values = {name: self._domain(name, found) for name, found in constants.items()}

    def find(self) -> Record | None:
        undecided = None
        for tree, wanted in self._goals:
            verdict = self._ask(tree)
            if verdict is None:
                undecided = undecided or tree
            elif verdict is not wanted:
                return None
        if undecided is None:
            return dict(self._record)
        name = next(name for atom in atoms_of(undecided) if (name := self._name(atom)) not in self._record)
        for value in self._values[name]:
            self._record[name] = value
            found = self.find()
            if found is not None:
                return found
        self._record.pop(name, None)
        return None

    def _name(self, atom: Atom) -> str:
        return self._world.same.get(atom.name, atom.name)

    def _ask(self, tree: Tree) -> bool | None:
        """Whether *tree* is true of every, of no, or (None) of some ways to complete the record."""
        if isinstance(tree, Not):
            part = self._ask(tree.part)
            return None if part is None else not part
        if isinstance(tree, AllOf | AnyOf):
            decisive = isinstance(tree, AnyOf)
            verdicts = [self._ask(part) for part in tree.parts]
            if decisive in verdicts:
                return decisive
            return None if None in verdicts else not decisive
        name = self._name(tree)
        if name not in self._record:
            return None
        return self._tests[tree]({tree.name: self._record[name]})

    def _domain(self, name: str, constants: set[Constant]) -> tuple[object, ...]:
        allowed = self._world.only.get(name)
        if allowed is None:
            return _values_of(self._world.types[name], constants, self._world.seasons)
        if self._world.types[name].kind is not ConditionKind.CHOICE:
            return allowed
        others = tuple(value for value in allowed if value not in constants)
        return tuple(value for value in allowed if value in constants) + others[:1]


def atoms_of(tree: Tree) -> Iterator[Atom]:
    """Yield the comparisons of a condition, in the order of its text."""
    if isinstance(tree, Not):
        yield from atoms_of(tree.part)
    elif isinstance(tree, AllOf | AnyOf):
        for part in tree.parts:
            yield from atoms_of(part)
    else:
        yield tree


def _constants(atom: Atom) -> tuple[Constant, ...]:
    match atom:
        case Truth():
            return ()
        case Compare():
            return (atom.constant,)
        case Among():
            return atom.constants


def _values_of(
    type_: ConditionType, constants: set[Constant], seasons: tuple[frozenset[str], ...]
) -> tuple[object, ...]:
    match type_.kind:
        case ConditionKind.YESNO:
            return (False, True)
        case ConditionKind.NUMBER:
            return tuple(_numbers({int(constant) for constant in constants}, type_))
        case ConditionKind.DATE:
            return tuple(_days(constants))
        case ConditionKind.SEASON:
            return tuple(dict.fromkeys(now & constants for now in seasons))
        case _:
            return _choices({str(constant) for constant in constants}, type_.choices)


def _numbers(constants: set[int], type_: ConditionType) -> list[int]:
    """One number of each stretch between the constants, inside the bounds."""
    lowest = type_.minimum if type_.minimum is not None else min(constants, default=0) - 1
    highest = type_.maximum if type_.maximum is not None else max(*constants, lowest) + 1
    around = {constant + step for constant in constants for step in (-1, 0, 1)} | {lowest, highest}
    return sorted(number for number in around if lowest <= number <= highest)


def _days(constants: set[Constant]) -> list[str]:
    days = {date.fromisoformat(str(constant)) for constant in constants}
    around = set(days)
    for day in days:
        around |= {date.fromordinal(n) for n in (day.toordinal() - 1, day.toordinal() + 1) if _is_day(n)}
    return sorted(day.isoformat() for day in around)


def _is_day(ordinal: int) -> bool:
    return 1 <= ordinal <= date.max.toordinal()


def _choices(constants: set[str], choices: tuple[str, ...] | None) -> tuple[str, ...]:
    """The choices that were named, and one that was not."""
    if choices is None:
        return (*sorted(constants), next(name for name in (OTHER, *map(str, range(501))) if name not in constants))
    rest = [choice for choice in choices if choice not in constants]
    return tuple(choice for choice in choices if choice in constants) + tuple(rest[:1])
