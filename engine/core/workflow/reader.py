"""A tree held against the grammar → parts; faults of keys and values are findings (E101, E103, E106, E107, E108)."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.kinds import ID, LimitRef
from engine.core.workflow.parts import Names, Part
from engine.core.workflow.shapes import (
    NAME_LABELS,
    Either,
    Key,
    Leaf,
    ListOf,
    Record,
    Shape,
    TableOf,
    declared_in,
)
from engine.core.workflow.tree import Entry, Hole, Items, Node, Path, Table, Text
from engine.core.workflow.written import Where

_At = tuple[Where, Where]  # the place of a value, and of the key that leads to it
_UNIQUE = frozenset({"state", "promise", "category"})
_SHOWN_CHARACTERS = 40
_SURELY = 0.8  # likeness of a misspelt key (`held-by`, `state`) from which its value is read as the right key's


class Reader:
    """Reads one file; `findings`, `names` and `conditions` fill while it goes."""

    def __init__(self, file: str, names: Names) -> None:
        self.file = file
        self.names = names
        self.findings: list[Finding] = []
        self.conditions: list[Part] = []
        self.places: dict[Path, Where] = {}

    def read(self, shape: Shape, node: Node) -> Part | None:
        """Read a whole file whose root is *node*."""
        where = self._where(node, ())
        return self._read(shape, node, (where, where))

    def fault(self, code: str, where: Where, message: str) -> None:
        """Report a fault at a place; the message names the path that leads there."""
        path = show_path(where.path)
        text = f"{path}：{message}" if path else message
        self.findings.append(finding(code, text, file=self.file, line=where.line, column=where.column))

    def unsay(self, path: Path) -> None:
        """Take back what was said of the value at *path*: its key is unknown, so nobody knows what it should be."""
        at = self.places[path]
        self.findings = [one for one in self.findings if (one.line, one.column) != (at.line, at.column)]

    def _where(self, node: Node, path: Path) -> Where:
        where = Where(self.file, node.line, node.column, path)
        self.places[path] = where
        return where

    def _lost(self, shape: Shape) -> None:
        """Remember that names which *shape* declares may have stood where a fault is."""
        self.names.open |= declared_in(shape)

    def _read(self, shape: Shape, node: Node, at: _At) -> Part | None:
        fitting = _fitting(shape, node)
        if fitting is None or isinstance(node, Hole):
            self._lost(shape)
            if not isinstance(node, Hole):
                self.fault("E107", at[0], f"应当是{spaced(expected(shape))}，收到{_found(node)}。")
            return None
        match fitting, node:
            case Leaf(), Text():
                return self._leaf(fitting, node, at)
            case ListOf(), Items():
                return Part(self._list(fitting.item, node, at[0].path), node, *at)
            case TableOf(), Table():
                return Part(self._table(fitting, node, at[0].path), node, *at)
            case Record(), Table():
                return self._record(fitting, node, at)
        return None

    def _list(self, shape: Shape, items: Items, path: Path) -> list[Part]:
        places = [self._where(item, (*path, index)) for index, item in enumerate(items.items)]
        read = (self._read(shape, item, (where, where)) for item, where in zip(items.items, places, strict=True))
        return [part for part in read if part is not None]

    def _value(self, shape: Shape, entry: Entry, path: Path) -> Part | None:
        key_where = Where(self.file, entry.key.line, entry.key.column, path)
        self.places[(*path, "@key")] = key_where
        return self._read(shape, entry.value, (self._where(entry.value, path), key_where))

    def _leaf(self, leaf: Leaf, text: Text, at: _At) -> Part | None:
        where = at[0]
        value = leaf.kind.value_of(text)
        if leaf.words:
            value = next((word for word in leaf.words if word == text.value), None)
        if value is None or (isinstance(value, int) and value < leaf.least):
            self._lost(leaf)
        if leaf.words and value is None:
            meant = did_you_mean(text.value, leaf.words)
            self.fault("E107", where, f"应当是{spaced(expected(leaf))}，收到{_found(text)}。{meant}")
            return None
        if value is None or (isinstance(value, int) and value < leaf.least):
            self.fault(leaf.kind.code, where, _wrong_value(leaf, text))
            return None
        part = Part(value, text, *at)
        if leaf.declares:
            self._declare(leaf.declares, text.value, where)
        if isinstance(value, LimitRef):
            self.names.use(value.column, leaf, where)
        elif leaf.refers and isinstance(value, str):
            self.names.use(value, leaf, where)
        if leaf.kind.name == "condition":
            self.conditions.append(part)
        return part

    def _table(self, shape: TableOf, table: Table, path: Path) -> dict[str, Part]:
        if table.open:
            self._lost(shape)
        read: dict[str, Part] = {}
        for name, entry in table.entries.items():
            here = (*path, name)
            part = self._value(shape.value, entry, here)
            key_where = self.places[(*here, "@key")]
            self._key_of_table(shape, name, key_where)
            if part is not None:
                read[name] = part
        return read

    def _key_of_table(self, shape: TableOf, name: str, key_where: Where) -> None:
        if shape.declares:
            self._declare(shape.declares, name, key_where)
        if shape.refers:
            self.names.use(name, shape, key_where)
        elif ID.read(name) is None:
            self.names.open |= {shape.declares} if shape.declares else set()
            self.fault("E107", key_where, f"「{name}」不能作代号，应当是{ID.says}。")

    def _declare(self, kind: str, name: str, where: Where) -> None:
        known = self.names.of(kind)
        if name in known and kind in _UNIQUE:
            first = known[name]
            self.fault("E108", where, f"{NAME_LABELS[kind]}「{name}」用了两次，第一次在第 {first.line} 行。")
        known.setdefault(name, where)

    def _record(self, record: Record, table: Table, at: _At) -> Part:
        path = at[0].path
        read: dict[str, Part] = {}
        taken: set[str] = {name for name in table.entries if name in record.by_name}
        complete = not table.open
        for name, entry in table.entries.items():
            key = record.by_name.get(name) or self._unknown(record, name, entry, (path, taken))
            if key is None:
                complete = complete and record.others is not None
                continue
            part = self._value(key.holds, entry, (*path, key.name))
            if part is not None:
                read[key.name] = part
        self._others(record, table, path, read)
        for key in record.keys:
            if key.name not in taken and (key.required or not complete):
                self._lost(key.holds)
                if complete:
                    self.fault("E106", at[1], f"少了「{key.name}」（{key.doc}）。")
        return Part(read, table, *at, written=frozenset(taken), complete=complete)

    def _unknown(self, record: Record, name: str, entry: Entry, context: tuple[Path, set[str]]) -> Key | None:
        """Report a key that is not in the table; read it as the key that was surely meant when that one is free."""
        path, taken = context
        if record.others is not None:
            return None
        where = Where(self.file, entry.key.line, entry.key.column, (*path, name))
        free = [key.name for key in record.keys if key.name not in taken]
        meant = nearest(name, free) or nearest(name, record.by_name)
        hint = f"是不是「{meant}」？" if meant else f"这里可以写：{'、'.join(free)}。"
        self.fault("E101", where, f"不认识的键。{hint}")
        if not meant or meant in taken or SequenceMatcher(None, name, meant).ratio() < _SURELY:
            return None
        taken.add(meant)
        return record.by_name[meant]

    def _others(self, record: Record, table: Table, path: Path, read: dict[str, Part]) -> None:
        if record.others is None:
            return
        rest = {name: entry for name, entry in table.entries.items() if name not in record.by_name}
        read.update(self._table(record.others, Table(table.line, table.column, rest), path))


def _fitting(shape: Shape, node: Node) -> Shape | None:
    """Return the shape that takes a node of this sort, or None."""
    options = shape.shapes if isinstance(shape, Either) else (shape,)
    for option in options:
        match option, node:
            case (Leaf(), Text()) | (ListOf(), Items()) | (TableOf(), Table()) | (Record(), Table()):
                return option
    return None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known word that *name* was probably meant to be, or nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the sentence that offers the nearest known word, or nothing."""
    near = nearest(name, known)
    return f"是不是「{near}」？" if near else ""


def show_path(path: Path) -> str:
    """Return a path as people write it: `states.check.timers[1].at`."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def spaced(words: str) -> str:
    """Put a blank between a Chinese sentence and *words* that begin with a Latin letter."""
    return f" {words}" if words[:1].isascii() else words


def expected(shape: Shape) -> str:
    """Return in Chinese what a shape is."""
    match shape:
        case Leaf():
            if shape.words:
                return "、".join(shape.words[:12]) if len(shape.words) == 1 else f"{'、'.join(shape.words)} 之一"
            if shape.refers and shape.kind.name == "words":
                return f"{NAME_LABELS[shape.refers[0]]}的代号"
            return shape.kind.says + (f"，至少 {shape.least}" if shape.least else "")
        case ListOf():
            return f"一列（写成 [a, b] 或每行一个「- 」），每项是{expected(shape.item)}"
        case TableOf():
            return "一张「代号: 内容」的表"
        case Record():
            return f"一组键（{shape.doc}）"
        case Either():
            return "，或".join(expected(option) for option in shape.shapes)


def _found(node: Node) -> str:
    if isinstance(node, Text):
        if not node.value:
            return "空的"
        shown = node.value if len(node.value) <= _SHOWN_CHARACTERS else node.value[:_SHOWN_CHARACTERS] + "…"
        return f"「{shown}」" + ("" if node.plain else "（带引号）")
    return "一列" if isinstance(node, Items) else "一组键"


def _wrong_value(leaf: Leaf, text: Text) -> str:
    meant = leaf.kind.suggest(text.value)
    hint = f"是不是「{meant}」？" if meant else ""
    return f"应当是{spaced(expected(leaf))}，收到{_found(text)}。{hint}"
