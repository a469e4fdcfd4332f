"""
What reading a tree by the grammar gives: values with their places, and the names the file declares and uses.

A part is a value that was understood; what was not understood is absent, and reported once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from engine.core.workflow.shapes import Leaf, TableOf
from engine.core.workflow.tree import Node, Text
from engine.core.workflow.written import Where

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Part:
    """
    A value that was understood: *data* is what a kind made of a text, a list of parts, or parts by key.

    `where` is the place of the value, `key_where` of the key that leads to it (of the value itself in a list).
    `written`: the keys that stand in the file, also those whose values were not understood.
    `complete`: no key may have been lost to a fault.
    """

    data: object
    node: Node
    where: Where
    key_where: Where
    written: frozenset[str] = frozenset()
    complete: bool = True

    def lacks(self, name: str) -> bool:
        """Whether a key surely is not there."""
        return self.complete and name not in self.written

    def __contains__(self, name: str) -> bool:
        return isinstance(self.data, dict) and name in self.data

    def __iter__(self) -> "Iterator[Part]":
        return iter(self.data if isinstance(self.data, list) else ())

    def get(self, name: str) -> "Part | None":
        """The part under a key, or None."""
        return self.data.get(name) if isinstance(self.data, dict) else None

    def entries(self) -> "Iterator[tuple[str, Part]]":
        """Keys with their parts, in the order of the file."""
        return iter(self.data.items() if isinstance(self.data, dict) else ())

    def table(self, name: str) -> "dict[str, Part]":
        """The table under a key, empty when it is not there."""
        part = self.get(name)
        return part.data if part is not None and isinstance(part.data, dict) else {}

    def text(self, name: str) -> str | None:
        """The text under a key, or None."""
        return self.value(name, str)

    def value(self, name: str, type_: type[T]) -> T | None:
        """The value of *type_* under a key, or None."""
        part = self.get(name)
        return part.data if part is not None and isinstance(part.data, type_) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts under a key, empty when it is not there."""
        part = self.get(name)
        return tuple(item.data for item in part if isinstance(item.data, str)) if part is not None else ()


@dataclass(frozen=True, slots=True)
class Reference:
    """
    A use of a name: what it may name, and the part (or key) that names it.

    `code` and `said` are what is reported where nothing declares it; empty for what goes by its kind.
    """

    name: str
    refers: tuple[str, ...]
    beside: tuple[str, ...]
    where: Where
    code: str = ""
    said: str = ""


@dataclass(slots=True)
class Names:
    """
    Names by kind, where each was declared first.

    `open`: kinds of which some may have been lost to a fault. `hints`: what to do about an unknown name of a kind.
    """

    declared: dict[str, dict[str, Where]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    uses: list[Reference] = field(default_factory=list)
    hints: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Where]:
        """Names of one kind."""
        return self.declared.setdefault(kind, {})

    def use(self, name: str, shape: Leaf | TableOf, where: Where) -> None:
        """Remember that *name* was used at *where*."""
        self.uses.append(Reference(name, shape.refers, shape.beside, where))


def is_plain(part: Part) -> bool:
    """Whether a value was written without quotes."""
    return isinstance(part.node, Text) and part.node.plain
