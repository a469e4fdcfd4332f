"""Durations and offsets as they are written: `30m`, `3d roll`, `4wh`, `3wd`; `50%`, `due-1wd`, `every 7d`."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from engine.errors import BadDuration, BadOffset

LONGEST_DAYS = 3660  # ten years: longer is a slip of the keyboard, and bounds the work of one sum


class Unit(StrEnum):
    """How an amount of time is counted."""

    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    DAYS_ROLL = "d roll"
    WORKING_MINUTES = "wm"
    WORKING_HOURS = "wh"
    WORKING_DAYS = "wd"

    @property
    def working(self) -> bool:
        """Whether what remains of it is kept in working time."""
        return self in _WORKING

    @property
    def by_days(self) -> bool:
        """Whether it counts whole days, of which the first is left out."""
        return self in _BY_DAYS


_WORKING = frozenset({Unit.WORKING_MINUTES, Unit.WORKING_HOURS, Unit.WORKING_DAYS})
_BY_DAYS = frozenset({Unit.DAYS, Unit.DAYS_ROLL, Unit.WORKING_DAYS})
_PER_DAY = {Unit.MINUTES: 1440, Unit.WORKING_MINUTES: 1440, Unit.HOURS: 24, Unit.WORKING_HOURS: 24}

_WRITTEN = re.compile(r"(0|[1-9][0-9]*)(d roll|wm|wh|wd|m|h|d)")
_LOOSE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(.*?)\s*")
_MEANT: dict[str, Unit] = {
    **dict.fromkeys(("min", "mins", "minute", "minutes", "分", "分钟"), Unit.MINUTES),
    **dict.fromkeys(("hr", "hrs", "hour", "hours", "时", "小时", "个小时"), Unit.HOURS),
    **dict.fromkeys(("day", "days", "天", "日", "自然日", "个自然日"), Unit.DAYS),
    **dict.fromkeys(("droll", "days roll", "day roll"), Unit.DAYS_ROLL),
    **dict.fromkeys(("working minutes", "working minute", "个工作分钟", "工作分钟"), Unit.WORKING_MINUTES),
    **dict.fromkeys(("working hours", "working hour", "个工作小时", "工作小时", "工作时"), Unit.WORKING_HOURS),
    **dict.fromkeys(("working days", "working day", "workdays", "workday", "bd"), Unit.WORKING_DAYS),
    **dict.fromkeys(("个工作日", "工作日", "工作天"), Unit.WORKING_DAYS),
    **{unit.value: unit for unit in Unit},
}
_WEEKS = ("w", "week", "weeks", "周", "个星期", "星期")
_SMALLER = {Unit.HOURS: Unit.MINUTES, Unit.WORKING_HOURS: Unit.WORKING_MINUTES}

Anchor = Literal["entry", "percent", "due", "every", "end"]

_PERCENT = re.compile(r"([1-9][0-9]?|100)%")
_DUE = re.compile(r"due([+-])(.+)")
_LOOSE_DUE = re.compile(r"\s*due\s*([+-])\s*(.+?)\s*", re.IGNORECASE)
_LOOSE_EVERY = re.compile(r"\s*(?:every|each|每|每隔)\s*(.+?)\s*", re.IGNORECASE)
_LOOSE_PERCENT = re.compile(r"\s*(\d+)\s*(?:%|％|percent)\s*", re.IGNORECASE)
_WORDS = {"start": "entry", "enter": "entry", "entered": "entry", "deadline": "due", "on due": "due", "ends": "end"}


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of time in one way of counting; its text is what was written."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < (1 if self.unit.by_days else 0):
            raise BadDuration(found=str(self), suggestion="", hint="")

    def __str__(self) -> str:
        return f"{self.amount}{self.unit.value}"


def parse_duration(text: str) -> Duration:
    """
    Read a duration exactly as written.

    Raises:
        BadDuration: it is none, counts zero days, or is longer than ten years. Fields: found, suggestion (bare).
    """
    match = _WRITTEN.fullmatch(text)
    if match is None or len(match[1]) > 7:
        raise bad_duration(text)
    amount, unit = int(match[1]), Unit(match[2])
    if unit.by_days and amount == 0:
        raise bad_duration(text)
    duration = Duration(amount, unit)
    if duration.amount > LONGEST_DAYS * _PER_DAY.get(duration.unit, 1):
        raise bad_duration(text)
    return duration


def bad_duration(text: str) -> BadDuration:
    """The error of a text that is no duration, with what was probably meant."""
    suggestion = suggest_duration(text)
    return BadDuration(found=text, suggestion=suggestion, hint=f"是不是「{suggestion}」？" if suggestion else "")


def suggest_duration(text: str) -> str:
    """Return the duration that *text* probably means, or nothing: `3 days` means `3d`."""
    match = _LOOSE.fullmatch(text[:40].lower())
    if match is None:
        return ""
    number, words = match[1], " ".join(match[2].split())
    if words in _WEEKS and number.isdigit():
        return _valid(int(number) * 7, Unit.DAYS)
    unit = _MEANT.get(words)
    if unit is None:
        return ""
    if "." not in number:
        return _valid(int(number), unit)
    whole, part = number.split(".")
    minutes, rest = divmod(int(whole + part) * 60, 10 ** len(part))
    return _valid(minutes, _SMALLER[unit]) if unit in _SMALLER and rest == 0 else ""


def _valid(amount: int, unit: Unit) -> str:
    fits = amount <= LONGEST_DAYS * _PER_DAY.get(unit, 1) and (amount > 0 or not unit.by_days)
    return str(Duration(amount, unit)) if fits else ""


@dataclass(frozen=True, slots=True)
class Offset:
    """
    A place on a clock: *percent* belongs to the anchor percent, *sign* and *duration* to due, *duration* to every.

    A plain `due` has sign 0 and no duration.
    """

    anchor: Anchor
    sign: int = 0
    duration: Duration | None = None
    percent: int = 0

    def __str__(self) -> str:
        match self.anchor:
            case "percent":
                return f"{self.percent}%"
            case "every":
                return f"every {self.duration}"
            case "due" if self.sign:
                return f"due{'+' if self.sign > 0 else '-'}{self.duration}"
        return self.anchor


def parse_offset(text: str) -> Offset:
    """
    Read a timer's `at` exactly as written.

    Raises:
        BadOffset: it is none; also a shift of nothing, and a shift that rolls. Fields: found, suggestion (bare).
    """
    match text:
        case "entry" | "due" | "end":
            return Offset(text)
    try:
        if percent := _PERCENT.fullmatch(text):
            return Offset("percent", percent=int(percent[1]))
        if due := _DUE.fullmatch(text):
            return Offset("due", sign=1 if due[1] == "+" else -1, duration=_shift(due[2]))
        if text.startswith("every "):
            return Offset("every", duration=_shift(text[len("every ") :]))
    except BadDuration:
        pass
    raise bad_offset(text)


def _shift(text: str) -> Duration:
    duration = parse_duration(text)
    if duration.amount == 0 or duration.unit is Unit.DAYS_ROLL:
        raise BadDuration(found=text, suggestion="", hint="")
    return duration


def bad_offset(text: str) -> BadOffset:
    """The error of a text that is no timer's `at`, with what was probably meant."""
    suggestion = suggest_offset(text)
    return BadOffset(found=text, suggestion=suggestion, hint=f"是不是「{suggestion}」？" if suggestion else "")


def suggest_offset(text: str) -> str:
    """Return the offset that *text* probably means, or nothing: `due - 1 day` means `due-1d`."""
    loose = " ".join(text[:60].split()).lower()
    if loose in _WORDS or loose in _WORDS.values():
        return _WORDS.get(loose, loose)
    if percent := _LOOSE_PERCENT.fullmatch(loose):
        number = int(percent[1])
        return "entry" if number == 0 else f"{number}%" if number <= 100 else ""
    if due := _LOOSE_DUE.fullmatch(loose):
        meant = _suggest_shift(due[2])
        return "due" if meant.startswith("0") else f"due{due[1]}{meant}" if meant else ""
    if every := _LOOSE_EVERY.fullmatch(loose):
        meant = _suggest_shift(every[1])
        return f"every {meant}" if meant and not meant.startswith("0") else ""
    return ""


def _suggest_shift(text: str) -> str:
    return suggest_duration(text).removesuffix(" roll")
