"""From an offset in a value to its place in the file: quotes, escapes and folded lines are counted."""

from engine.core.workflow.encoding import place_at
from engine.core.workflow.tree import Text

_ESCAPED_LENGTHS = {"x": 2, "u": 4, "U": 8}


def place_in(text: Text, offset: int, source: str) -> tuple[int, int]:
    """Return the 1-based line and column in *source* of the character at *offset* of the value of *text*."""
    if text.style == "" and "\n" not in source[text.start : text.start + offset]:
        return text.line, text.column + offset
    block = text.style in ("|", ">")
    start = source.find("\n", text.start) + 1 if block else text.start + len(text.style)
    return place_at(source, _index_of(text, offset, source, start))


def _index_of(text: Text, offset: int, source: str, start: int) -> int:
    """Walk value and source together up to *offset*."""
    index = _skip_blank(source, start) if text.style in ("|", ">") else start
    for character in text.value[:offset]:
        index += _length_at(text.style, source, index, character)
    if offset < len(text.value) and text.value[offset] not in " \n":
        index = _skip_blank(source, index) if source[index : index + 1] in ("\n", "\r", " ") else index
    return index


def _length_at(style: str, source: str, index: int, character: str) -> int:
    """Return how many characters of the source made this one character of the value."""
    here = source[index : index + 1]
    if style == '"' and here == "\\":
        return 2 + _ESCAPED_LENGTHS.get(source[index + 1], 0)
    if style == "'" and source.startswith("''", index):
        return 2
    if character in " \n" and _ends_line(source, index):
        return _skip_blank(source, index) - index
    return 1


def _ends_line(source: str, index: int) -> bool:
    end = index
    while end < len(source) and source[end] in " \t":
        end += 1
    return source[end : end + 1] in ("\n", "\r")


def _skip_blank(source: str, index: int) -> int:
    while index < len(source) and source[index] in " \t\r\n":
        index += 1
    return index
