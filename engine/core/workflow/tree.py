"""
The tree of a file: tables, lists and texts, each with its place.

Nothing is interpreted: `yes`, `12:30` and `1` are the texts that were typed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. `start` is the index of its first character (a quote counts) in the file, `style` its quoting."""

    value: str
    line: int
    column: int
    start: int
    style: str

    @property
    def plain(self) -> bool:
        """Whether it was written without quotes, so that it may stand for a number or a truth value."""
        return self.style == ""


@dataclass(frozen=True, slots=True)
class Hole:
    """A place whose content was refused and already reported; readers pass over it in silence."""

    line: int
    column: int


@dataclass(slots=True)
class Items:
    """A list."""

    line: int
    column: int
    items: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a table with its value."""

    key: Text
    value: "Node"


@dataclass(slots=True)
class Table:
    """A table of keys. `open`: something that stood here was refused, so what is missing may have been meant."""

    line: int
    column: int
    entries: dict[str, Entry] = field(default_factory=dict)
    open: bool = False


Node = Text | Items | Table | Hole
Path = tuple[str | int, ...]


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Text | None, Node]]:
    """Yield every node under *node* with its path and the key that leads to it, parents first."""
    stack: list[tuple[Path, Text | None, Node]] = [(path, None, node)]
    while stack:
        here, key, current = stack.pop()
        yield here, key, current
        if isinstance(current, Table):
            stack.extend(((*here, name), entry.key, entry.value) for name, entry in reversed(current.entries.items()))
        elif isinstance(current, Items):
            stack.extend(((*here, index), None, item) for index, item in reversed(list(enumerate(current.items))))
