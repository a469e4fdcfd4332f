"""Kinds of single values the language knows: how each is read, what it should be, how an editor checks it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time

from engine.core.clock.duration import Duration, parse_duration, parse_offset, suggest_duration, suggest_offset
from engine.core.workflow.tree import Text
from engine.errors import BadDuration, BadOffset

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_LIMIT = re.compile(r"limits\.([A-Za-z][A-Za-z0-9_]{0,59})")
_THRESHOLD = re.compile(r"(?:>=|>) [0-9]{1,6}/[1-9][0-9]{0,5} of (?:all|attending|voting)(?: by [a-z][a-z0-9_]{0,59})?")
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_SPAN = re.compile(r"([0-9]{2})-([0-9]{2})\.\.([0-9]{2})-([0-9]{2})")
_COUNT = re.compile(r"([0-9]{1,2})(?:\.\.([0-9]{1,2}))?")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
TRUTHS = {"yes": True, "true": True, "no": False, "false": False}
_MEANT_TRUTHS = {"是": "yes", "否": "no", "on": "yes", "off": "no", "y": "yes", "n": "no"}


@dataclass(frozen=True, slots=True)
class LimitRef:
    """`limits.<column>`: the column of the limits table that a clock takes its time from."""

    column: str


@dataclass(frozen=True, slots=True)
class Given:
    """`given`: the parent matter hands the time over."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many children a seat has; both ends belong to it."""

    minimum: int
    maximum: int


def _nothing(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind: *read* gives the value or None, *suggest* what was probably meant; *plain* refuses quotes."""

    name: str
    says: str
    schema: Mapping[str, object]
    read: Callable[[str], object | None]
    code: str = "E107"
    suggest: Callable[[str], str] = field(default=_nothing)
    plain: bool = False

    def value_of(self, text: Text) -> object | None:
        """Return what *text* means, or None when it is not of this kind."""
        return None if self.plain and not text.plain else self.read(text.value)


def _duration(text: str) -> Duration | None:
    try:
        return parse_duration(text)
    except BadDuration:
        return None


def _offset(text: str) -> object | None:
    try:
        return parse_offset(text)
    except BadOffset:
        return None


def _due(text: str) -> object | None:
    if text == "given":
        return Given()
    match = _LIMIT.fullmatch(text)
    return LimitRef(match[1]) if match else _duration(text)


def _words(text: str) -> str | None:
    return text if text.strip() else None


def _id(text: str) -> str | None:
    return text if _ID.fullmatch(text) else None


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def read_truth(text: str) -> bool | None:
    """Return the truth value that *text* is, or None."""
    return TRUTHS.get(text)


def _suggest_truth(text: str) -> str:
    lower = text.lower()
    return lower if lower in TRUTHS else _MEANT_TRUTHS.get(lower, "")


def _threshold(text: str) -> str | None:
    return text if _THRESHOLD.fullmatch(text) else None


def _quiet(text: str) -> tuple[time, time] | None:
    match = _QUIET.fullmatch(text)
    if match is None or (match[3] == "24" and match[4] != "00"):
        return None
    end = time(0, 0) if match[3] == "24" else time(int(match[3]), int(match[4]))
    return time(int(match[1]), int(match[2])), end


def _span(text: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    first, last = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
    good = all(1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] for month, day in (first, last))
    return (first, last) if good else None


def _count(text: str) -> Count | None:
    match = _COUNT.fullmatch(text)
    if match is None:
        return None
    count = Count(int(match[1]), int(match[2] or match[1]))
    return count if count.minimum <= count.maximum and count.maximum >= 1 else None


def _join(text: str) -> str | int | None:
    if text in ("all", "lead", "any"):
        return text
    number = _whole(text)
    return number or None


def _text(pattern: str) -> Mapping[str, object]:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


_DURATION_PATTERN = r"(?:0|[1-9][0-9]*)(?:d roll|wm|wh|wd|m|h|d)"
_OFFSET_PATTERN = rf"entry|due|end|[0-9]{{1,3}}%|due[+-]{_DURATION_PATTERN}|every {_DURATION_PATTERN}"

WORDS = Kind("words", "一句话", {"type": ["string", "number"]}, _words)
ID = Kind("id", "代号（字母开头，只用字母、数字和下划线）", _text(_ID.pattern), _id)
WHOLE = Kind("whole", "整数", {"type": "integer", "minimum": 0}, _whole, plain=True)
TRUTH = Kind("truth", "yes 或 no", {"enum": [True, False, "yes", "no"]}, read_truth, suggest=_suggest_truth, plain=True)
DURATION = Kind(
    "duration",
    "时限，写成 30m、4wh、3d、3d roll 或 3wd 这样",
    _text(_DURATION_PATTERN),
    _duration,
    code="E103",
    suggest=suggest_duration,
)
DUE = Kind(
    "due",
    "时限，写成 3wd 这样，或 limits.<列>、given",
    _text(rf"given|limits\.{_ID.pattern}|{_DURATION_PATTERN}"),
    _due,
    code="E103",
    suggest=suggest_duration,
)
OFFSET = Kind(
    "offset",
    "时点，写成 entry、50%、due-1wd、due、due+3wd、every 7d 或 end",
    _text(_OFFSET_PATTERN),
    _offset,
    code="E103",
    suggest=suggest_offset,
)
CONDITION = Kind("condition", "条件，写成 kind = 'quick' 这样", {"type": "string", "maxLength": 500}, _words)
THRESHOLD = Kind("threshold", "比例，写成 >= 2/3 of all 这样", _text(_THRESHOLD.pattern), _threshold)
QUIET = Kind("quiet", "一段钟点，写成 21:00-07:30 这样", _text(_QUIET.pattern), _quiet)
SPAN = Kind("span", "一段日子，写成 11-15..03-15 这样", _text(_SPAN.pattern), _span)
COUNT = Kind("count", "个数，写成 1 或 0..5 这样", {"type": ["integer", "string"]}, _count)
JOIN = Kind("join", "all、lead、any 或一个整数", {"type": ["integer", "string"]}, _join)
VALUE = Kind("value", "字段的值", {"type": ["string", "number", "boolean"]}, lambda text: text)
