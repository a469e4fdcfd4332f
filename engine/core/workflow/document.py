"""
A YAML file → its tree, with every limit held on the event stream before anything is built.

PyYAML only scans here: its constructors keep the last of two equal keys in silence and read `no` and `12:30` as
something else, and its C composer dies on 100,000 nested lists. Its events carry exact places and cost 4 ms a flow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import yaml
from yaml import events

from engine.core.workflow.encoding import decode
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.syntax_faults import explain_syntax
from engine.core.workflow.tree import Entry, Hole, Items, Node, Table, Text

DEEPEST = 32
MOST_NODES = 20_000
LONGEST_SCALAR_BYTES = 4 * 1024

# The C scanner where PyYAML was built with it: 4 ms instead of 70 for the same events.
FAST_SCANNER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: its tree (None when it cannot be read on) and what was wrong with its writing."""

    file: str
    text: str
    root: Node | None
    findings: tuple[Finding, ...]


# A folder's flows are read for their outlines and again for themselves; a document is bounded and never changed.
@lru_cache(maxsize=16)
def read_document(data: bytes | str, file: str, *, scanner: type = FAST_SCANNER) -> Document:
    """Read a file into its tree; faults of the writing are findings, and what they spoil become holes."""
    text = decode(data, file)
    if isinstance(text, Finding):
        return Document(file, "", None, (text,))
    builder = _Builder(file, yaml.parse(text, Loader=scanner))
    root: Node | None = None
    try:
        root = builder.document()
    except _Stop as stop:
        builder.findings.append(stop.finding)
    except yaml.MarkedYAMLError as error:
        builder.findings.append(explain_syntax(error, text, file))
    except (yaml.YAMLError, UnicodeEncodeError):
        builder.findings.append(finding("E100", "这里读不懂。", file=file, line=1, column=1))
    return Document(file, text, root, tuple(sorted(builder.findings)))


class _Stop(Exception):
    """Nothing after this can be read."""

    def __init__(self, why: Finding) -> None:
        super().__init__(why.message)
        self.finding = why


class _Builder:
    """Builds the tree from events; its depth is bounded before it goes down."""

    def __init__(self, file: str, stream: Iterator[events.Event]) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self._stream = stream
        self._nodes = 0

    def document(self) -> Node:
        root: Node | None = None
        for event in self._stream:
            if isinstance(event, events.DocumentStartEvent):
                if root is not None:
                    self.findings.append(self._at(event, "E104", "一个文件只能有一份文档，这里开始了第二份，请删掉。"))
                    break
                if event.tags:
                    self.findings.append(self._at(event, "E104", "这里不用标签（%TAG），请删掉这一行。"))
            elif isinstance(event, events.NodeEvent):
                root = self._node(event, 1)
        if root is None:
            raise _Stop(finding("E100", "文件是空的。", file=self.file, line=1, column=1))
        return root

    def _node(self, event: events.Event, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _Stop(self._at(event, "E105", f"内容太多，一份文件最多 {MOST_NODES} 个值。"))
        if depth > DEEPEST:
            raise _Stop(self._at(event, "E105", f"嵌套太深，最多 {DEEPEST} 层。"))
        refusal = _refusal(event)
        if refusal:
            self.findings.append(self._at(event, "E104", refusal))
        node = self._content(event, depth)
        # A table or list behind an anchor is still read; a text behind one is not, for its place is the anchor's.
        spoiled = refusal and (isinstance(node, Text) or getattr(event, "tag", None) is not None)
        return Hole(node.line, node.column) if spoiled else node

    def _content(self, event: events.Event, depth: int) -> Node:
        line, column, start = _place(event)
        if isinstance(event, events.MappingStartEvent):
            return self._table(Table(line, column), depth)
        if isinstance(event, events.SequenceStartEvent):
            items = Items(line, column)
            while not isinstance(item := next(self._stream), events.SequenceEndEvent):
                items.items.append(self._node(item, depth + 1))
            return items
        if isinstance(event, events.ScalarEvent):
            return self._text(event, (line, column, start))
        return Hole(line, column)

    def _table(self, table: Table, depth: int) -> Table:
        while not isinstance(key := next(self._stream), events.MappingEndEvent):
            name = self._node(key, depth + 1)
            event = next(self._stream)
            # What a merge key merges is part of the same fault.
            merged = _is_merge(name) and isinstance(event, events.AliasEvent)
            value = Hole(*_place(event)[:2]) if merged else self._node(event, depth + 1)
            self._enter(table, name, value)
        return table

    def _text(self, event: events.ScalarEvent, place: tuple[int, int, int]) -> Node:
        line, column, start = place
        if len(event.value) * 4 > LONGEST_SCALAR_BYTES and len(event.value.encode()) > LONGEST_SCALAR_BYTES:
            self.findings.append(self._at(event, "E105", f"这一段文字太长，最多 {LONGEST_SCALAR_BYTES} 字节。"))
            return Hole(line, column)
        return Text(event.value, line, column, start, event.style or "")

    def _enter(self, table: Table, key: Node, value: Node) -> None:
        """Put a key with its value into *table*, or report why the key cannot stand there."""
        if isinstance(key, Text) and key.value not in table.entries and not _is_merge(key):
            table.entries[key.value] = Entry(key, value)
            return
        if isinstance(key, Text) and key.value in table.entries:
            first = table.entries[key.value]
            message = f"「{key.value}」写了两次，第一次在第 {first.key.line} 行，请留下一个。"
            self.findings.append(self._of(key, "E102", message))
            _reopen(first.value)
            return
        table.open = True
        if isinstance(key, Text):
            self.findings.append(self._of(key, "E104", "这里不用合并键（<<），请把内容写出来。"))
        elif not isinstance(key, Hole):
            self.findings.append(self._of(key, "E107", "键只能是一个词。"))

    def _at(self, event: events.Event, code: str, message: str) -> Finding:
        line, column, _ = _place(event)
        return finding(code, message, file=self.file, line=line, column=column)

    def _of(self, node: Node, code: str, message: str) -> Finding:
        return finding(code, message, file=self.file, line=node.line, column=node.column)


def _place(event: events.Event) -> tuple[int, int, int]:
    """Return the 1-based line and column of an event, and the index of its first character."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1, mark.index) if mark is not None else (1, 1, 0)


def _is_merge(key: Node) -> bool:
    return isinstance(key, Text) and key.plain and key.value == _MERGE


def _reopen(node: Node) -> None:
    """Mark a table whose twin was dropped: names that stood in the twin are not missing."""
    if isinstance(node, Table):
        node.open = True


def _refusal(event: events.Event) -> str:
    if isinstance(event, events.AliasEvent):
        return f"这里不用引用（*{event.anchor}），请把内容写出来。"
    if getattr(event, "tag", None) is not None:
        return "这里不用标签（!），请只写值。"
    if getattr(event, "anchor", None) is not None:
        return f"这里不用锚点（&{getattr(event, 'anchor', '')}），请删掉。"
    return ""
