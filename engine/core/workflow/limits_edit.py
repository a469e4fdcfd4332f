"""
Change single values in the text of a limits table; comments, order and everything else stay as they were written.

The text is the source: what a form changes is written at the places our own reader gives, and what came of it is
read again and compared, so a place that is written in an unusual way is refused and never spoiled.
"""

from collections.abc import Mapping

from engine.core.workflow.document import read_document
from engine.core.workflow.limits import BASIS
from engine.core.workflow.tree import Entry, Items, Node, Path, Table, Text, walk
from engine.errors import BadText

_ESCAPE = "\\"


def edit_limits(text: str, edits: Mapping[Path, str]) -> str:
    """
    Return *text* with the values at the paths of *edits* written anew, as YAML; an empty one takes the key out.

    Args:
        edits: by path: (rows, 3, grid), (escalation, else, 0, at), (version,).
    Raises:
        BadText: one of the places is written so that it cannot be changed alone.
    """
    written = text
    for path, value in edits.items():
        written = _edit(written, path, value)
    _compare(text, written, edits)
    return written


def _edit(text: str, path: Path, value: str) -> str:
    document = read_document(text, "")
    table = _at(document.root, path[:-1])
    if not isinstance(table, Table):
        raise _odd(path)
    source, name = document.text, str(path[-1])
    entry = table.entries.get(name)
    if entry is None:
        return _put_in(source, table, name, value) if value else source
    if value:
        return source[: _start(source, entry.value)] + value + source[_end(source, entry.value, path) :]
    return _take_out(source, table, name, path)


def _at(root: Node | None, path: Path) -> Node | None:
    node = root
    for step in path:
        if isinstance(node, Table) and str(step) in node.entries:
            node = node.entries[str(step)].value
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            return None
    return node


def _odd(path: Path) -> BadText:
    where = " ".join(str(step) for step in path)
    return BadText(where=where, found="特别的写法", expected="每行一条的写法，或者用「直接改文字」来改")


def _start(source: str, node: Node) -> int:
    if isinstance(node, Text):
        return node.start
    return _index(source, node.line, node.column)


def _index(source: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = source.index("\n", start) + 1
    return start + column - 1


def _end(source: str, node: Node, path: Path) -> int:
    """Where the writing of *node* ends: of a text, or of a list of words in brackets."""
    if isinstance(node, Text):
        end = _end_of_text(source, node)
        if end is not None:
            return end
    elif isinstance(node, Items):
        start = _start(source, node)
        end = source.find("]", start)
        if source[start] == "[" and end > 0 and all(isinstance(item, Text) and item.plain for item in node.items):
            return end + 1
    raise _odd(path)


def _end_of_text(source: str, text: Text) -> int | None:
    if text.plain:
        end = text.start + len(text.value)
        return end if source[text.start : end] == text.value else None
    if text.style not in ("'", '"'):
        return None
    index = text.start + 1
    while source[index] != text.style or (text.style == "'" and source[index + 1 : index + 2] == "'"):
        index += 2 if (source[index] == _ESCAPE and text.style == '"') or source[index] == text.style else 1
    return index + 1


def _in_braces(source: str, table: Table) -> bool:
    return source[_index(source, table.line, table.column)] == "{"


def _put_in(source: str, table: Table, name: str, value: str) -> str:
    """Write a new key before the one that follows it in the order of the table, else before the last."""
    entries = list(table.entries.values())
    if not entries:
        raise _odd((name,))
    key = _follower(entries, name).key
    if _in_braces(source, table):
        between = ", "
    else:
        line_start = source.rfind("\n", 0, key.start) + 1
        between = "\n" + " " * (key.start - line_start)
    return f"{source[: key.start]}{name}: {value}{between}{source[key.start :]}"


def _follower(entries: list[Entry], name: str) -> Entry:
    wanted = "columns" if name == "version" else BASIS
    return next((entry for entry in entries if entry.key.value == wanted), entries[-1])


def _take_out(source: str, table: Table, name: str, path: Path) -> str:
    entries = sorted(table.entries.values(), key=lambda entry: entry.key.start)
    place = next(n for n, entry in enumerate(entries) if entry.key.value == name)
    if len(entries) == 1:
        raise _odd(path)
    this = entries[place]
    if place + 1 < len(entries):
        return source[: this.key.start] + source[entries[place + 1].key.start :]
    end = _end(source, this.value, path)
    if _in_braces(source, table):
        return source[: _end(source, entries[place - 1].value, path)] + source[end:]
    line_start = source.rfind("\n", 0, this.key.start) + 1
    line_end = source.find("\n", end)
    return source[:line_start] + ("" if line_end < 0 else source[line_end + 1 :])


def _compare(before: str, after: str, edits: Mapping[Path, str]) -> None:
    """What was not asked for must read the same as before, and what was asked for must have been written."""
    old, new = _leaves(before), _leaves(after)
    touched = tuple(edits)
    for path in old.keys() | new.keys():
        if not any(path[: len(one)] == one for one in touched) and old.get(path) != new.get(path):
            raise _odd(path)
    for path, value in edits.items():
        if bool(value) != any(one[: len(path)] == path for one in new):
            raise _odd(path)


def _leaves(text: str) -> dict[Path, str]:
    document = read_document(text, "")
    if document.root is None or document.findings:
        return {}
    return {path: node.value for path, _, node in walk(document.root) if isinstance(node, Text)}
