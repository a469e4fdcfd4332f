"""Shapes a place of the language may have: a value, a list, a table of ids, a record of keys, or one of several."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from engine.core.workflow.kinds import WORDS, Kind

# Kinds of names: who declares them is in the shapes; a reference to one that nobody declares gives this code.
REFERENCE_CODES = {
    "role": "E201",
    "state": "E201",
    "field": "E201",
    "action": "E201",
    "mark": "E201",
    "level": "E201",
    "level_end": "E201",
    "outcome_end": "E201",
    "class": "E206",
    "calendar": "E207",
    "flow": "E207",
    "own_flow": "E207",
    "column": "E207",
    "catalogue": "E207",
    "row_column": "E101",
    "pace": "E107",
    "unit": "E107",
}
NAME_LABELS = {
    "role": "岗位",
    "state": "状态",
    "field": "字段",
    "action": "动作",
    "mark": "标记",
    "level": "层级",
    "class": "办法",
    "calendar": "日历",
    "flow": "流程",
    "column": "时限",
    "catalogue": "目录",
    "promise": "承诺",
    "row_column": "列",
    "category": "类别",
    "pace": "缓急",
    "unit": "单位",
    "season": "季节",
    "level_end": "层级",
    "outcome_end": "结局",
    "own_flow": "流程",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """
    One text.

    `words`: the closed set it must be of; reading gives its member (a term stays a term). `refers`: the kinds of
    names it may name, beside the fixed words `beside`.
    `declares`: the kind of name it introduces. `least`: the smallest whole number.
    """

    kind: Kind = WORDS
    words: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    declares: str = ""
    least: int = 0


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class TableOf:
    """A table whose keys are ids: it declares them, or it refers to names of the kinds in `refers`."""

    value: "Shape"
    declares: str = ""
    refers: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a record: what it holds, and one line of Chinese for the reference and the editor."""

    name: str
    holds: "Shape"
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A table with known keys; `others` is the shape of keys that are ids of its own (columns of a limits row)."""

    name: str
    doc: str
    keys: tuple[Key, ...]
    others: TableOf | None = None
    by_name: Mapping[str, Key] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {key.name: key for key in self.keys})


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes, told apart by what stands there: a text, a list or a table."""

    text: Leaf | None = None
    items: ListOf | None = None
    table: "TableOf | Record | None" = None

    @property
    def shapes(self) -> "tuple[Shape, ...]":
        """The shapes it allows."""
        return tuple(shape for shape in (self.text, self.items, self.table) if shape is not None)


Shape = Leaf | ListOf | TableOf | Record | Either


def parts_of(shape: Shape) -> "tuple[Shape, ...]":
    """Return the shapes directly inside *shape*."""
    match shape:
        case ListOf():
            return (shape.item,)
        case TableOf():
            return (shape.value,)
        case Record():
            inner = tuple(key.holds for key in shape.keys)
            return (*inner, shape.others) if shape.others else inner
        case Either():
            return shape.shapes
        case _:
            return ()


@cache
def declared_in(shape: Shape) -> frozenset[str]:
    """Return the kinds of names that are declared anywhere inside *shape*."""
    own = shape.declares if isinstance(shape, Leaf | TableOf) else ""
    inner = frozenset(kind for part in parts_of(shape) for kind in declared_in(part))
    return inner | {own} if own else inner


def records_in(shape: Shape) -> Iterator[Record]:
    """Yield every record inside *shape*, itself first, each once."""
    seen: set[str] = set()
    waiting = [shape]
    while waiting:
        current = waiting.pop(0)
        if isinstance(current, Record):
            if current.name in seen:
                continue
            seen.add(current.name)
            yield current
        waiting.extend(parts_of(current))
