"""A condition as a tree of comparisons, and the closure that asks it."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Constant = str | int
Values = Mapping[str, object]
Test = Callable[[Values], bool]


class ConditionKind(StrEnum):
    """Types a name may have in a condition; PRIVATE names may not stand in one."""

    NUMBER = "number"
    CHOICE = "choice"
    YESNO = "yesno"
    DATE = "date"
    SEASON = "season"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Truth:
    """A yesno name standing alone."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """One name against one constant; `sign` is one of = != < <= > >=."""

    name: str
    kind: ConditionKind
    sign: str
    constant: Constant


@dataclass(frozen=True, slots=True)
class Among:
    """One name against a list of constants; for seasons: any of them."""

    name: str
    kind: ConditionKind
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Tree", ...]


Atom = Truth | Compare | Among
Tree = Truth | Compare | Among | Not | AllOf | AnyOf


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ORDERED = frozenset({ConditionKind.NUMBER, ConditionKind.DATE})


def compile_tree(tree: Tree) -> Test:
    """Return *tree* as one closure, made once so that asking is cheap."""
    if isinstance(tree, AllOf | AnyOf):
        return _compile_joined(tree)
    if isinstance(tree, Not):
        part = compile_tree(tree.part)
        return lambda values: not part(values)
    name = tree.name
    if isinstance(tree, Truth):
        return lambda values: values.get(name) is True
    if tree.kind is ConditionKind.SEASON:
        return _compile_season(tree)
    if isinstance(tree, Among):
        among = frozenset(tree.constants)
        return lambda values: values.get(name) in among
    compare, constant = SIGNS[tree.sign], tree.constant
    if tree.kind in ORDERED:
        empty = ("", None)
        return lambda values: (value := values.get(name)) not in empty and bool(compare(value, constant))
    return lambda values: bool(compare(values.get(name), constant))


def _compile_joined(tree: AllOf | AnyOf) -> Test:
    tests = tuple(compile_tree(part) for part in tree.parts)
    if len(tests) == 2:
        first, second = tests
        if isinstance(tree, AllOf):
            return lambda values: first(values) and second(values)
        return lambda values: first(values) or second(values)
    join = all if isinstance(tree, AllOf) else any
    return lambda values: join(test(values) for test in tests)


def _compile_season(tree: Compare | Among) -> Test:
    name = tree.name
    wanted = frozenset(tree.constants if isinstance(tree, Among) else (tree.constant,))
    none: frozenset[object] = frozenset()
    outside = isinstance(tree, Compare) and tree.sign == "!="

    def inside(values: Values) -> bool:
        now = values.get(name, none)
        return isinstance(now, frozenset) and not wanted.isdisjoint(now)

    return (lambda values: not inside(values)) if outside else inside
