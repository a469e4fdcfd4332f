"""Lengths and instants of a limits table as short words of a form, and back: 「3 工作日」, 「到期前 1 工作日」."""

import re

from engine.core.clock.duration import (
    Duration,
    Offset,
    Unit,
    bad_duration,
    bad_offset,
    parse_duration,
    parse_offset,
    suggest_duration,
    suggest_offset,
)
from engine.errors import BadDuration, BadOffset

UNIT_WORDS = {
    Unit.MINUTES: "分钟",
    Unit.HOURS: "小时",
    Unit.DAYS: "天",
    Unit.DAYS_ROLL: "天顺延",
    Unit.WORKING_MINUTES: "工作分钟",
    Unit.WORKING_HOURS: "工时",
    Unit.WORKING_DAYS: "工作日",
}
_MEANT = {"个": "", "工时": "工作小时", "天顺延": "d roll", "日顺延": "d roll"}
_DUE = re.compile(r"(?:到期|due)\s*(前|后|\+|-)\s*(.+)")
_AT_DUE = frozenset({"到期", "到期时", "到点", "到点时"})


def say_cell(duration: Duration | None) -> str:
    """Return a length as a cell shows it; nothing where it falls through to a row below."""
    return f"{duration.amount} {UNIT_WORDS[duration.unit]}" if duration is not None else ""


def say_when(at: Offset) -> str:
    """Return when a rule rings as a form shows it."""
    if at.anchor == "due":
        side = "前" if at.sign < 0 else "后"
        return f"到期{side} {say_cell(at.duration)}" if at.sign else "到期时"
    return f"每 {say_cell(at.duration)}" if at.anchor == "every" else str(at)


def read_cell(text: str) -> Duration:
    """
    Return the length that was typed, in words or as it is written in the file.

    Raises:
        BadDuration: it is none.
    """
    plain = _plain(text)
    try:
        return parse_duration(plain)
    except BadDuration:
        meant = suggest_duration(plain)
        if not meant:
            raise bad_duration(text[:40]) from None
        return parse_duration(meant)


def _plain(text: str) -> str:
    plain = " ".join(text.split())
    plain = plain.translate({0xFF10 + digit: str(digit) for digit in range(10)})
    for word, meant in _MEANT.items():
        plain = plain.replace(word, meant)
    match = re.fullmatch(r"(\d+)\s*(d roll|wm|wh|wd|m|h|d)", plain)
    return f"{match[1]}{match[2]}" if match else plain


def read_when(text: str) -> Offset:
    """
    Return the instant that was typed, in words or as it is written in the file.

    Raises:
        BadOffset: it is none.
    """
    plain = " ".join(text.split())
    if plain in _AT_DUE:
        return parse_offset("due")
    if match := _DUE.fullmatch(plain):
        try:
            return parse_offset(f"due{'-' if match[1] in '前-' else '+'}{read_cell(match[2])}")
        except (BadDuration, BadOffset):
            raise bad_offset(text[:40]) from None
    try:
        return parse_offset(plain)
    except BadOffset:
        meant = suggest_offset(plain.replace("每 ", "每"))
        if not meant:
            raise bad_offset(text[:40]) from None
        return parse_offset(meant)
