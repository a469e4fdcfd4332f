"""What the YAML scanner complains about → a plain sentence at the place where the writer slipped."""

import re

import yaml

from engine.core.workflow.encoding import place_at
from engine.core.workflow.findings import Finding, finding

_TAB = "这里用了制表符（Tab），缩进只能用空格。"
# Parts of the scanner's own words (the C and the Python one differ) → what to tell the writer.
_TOLD = (
    (r"tab character|'\\t'", _TAB),
    (r"unexpected end of stream", "引号没有收尾。"),
    (r"',' or '\]'", "方括号没有收尾，或两项之间少了逗号。"),
    (r"',' or '\}'", "花括号没有收尾，或两项之间少了逗号。"),
    (r"mapping values are not allowed", "这里不该再有冒号：值里有冒号时要加引号，下一行的缩进要与同伴对齐。"),
    (r"could not find expected ':'", "这一行少了冒号。"),
    (r"cannot start any token", "值不能以这个符号开头，请加引号。"),
    (r"escape", "双引号里有不认识的反斜线，请改用单引号。"),
    (r"expected '-' indicator|block collection", "列表的每一项都要以「- 」开头，并且对齐。"),
    (r"expected key|block mapping|block end", "缩进没有对齐，或多了一个符号。"),
    (r"node content", "这里少了值，或多了一个符号。"),
    (r"document start", "后面多出了内容。"),
    (r"incompatible YAML", "%YAML 版本不认识，请删掉这一行。"),
)
_FALLBACK = "这里读不懂，请检查缩进、冒号和括号。"
_AT_OPENING = re.compile(r"quoted scalar|flow sequence|flow mapping|simple key")


def explain_syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Finding:
    """Return the finding of a syntax error: what never closes is shown where it was opened."""
    words = f"{error.context or ''} {error.problem or ''}"
    message = next((told for pattern, told in _TOLD if re.search(pattern, str(error.problem))), None)
    if message is None:
        message = next((told for pattern, told in _TOLD if re.search(pattern, words)), _FALLBACK)
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and mark is not None and _opened_before(error, text, mark.index):
        mark = error.context_mark
    if mark is None:
        return finding("E100", message, file=file, line=1, column=1)
    line, column = mark.line + 1, mark.column + 1
    if message is _TAB or text[mark.index : mark.index + 1] == "\t":
        message, (line, column) = _TAB, _tab_place(text, mark.index, (line, column))
    return finding("E100", message, file=file, line=line, column=column)


def _opened_before(error: yaml.MarkedYAMLError, text: str, index: int) -> bool:
    at_end = not text[index:].strip()
    return bool(_AT_OPENING.search(str(error.context))) and (at_end or "simple key" in str(error.context))


def _tab_place(text: str, index: int, otherwise: tuple[int, int]) -> tuple[int, int]:
    """Return the place of the tab itself: the scanner stops before or behind it."""
    start = text.rfind("\n", 0, index) + 1
    tab = text.find("\t", start)
    return place_at(text, tab) if tab >= 0 else otherwise
