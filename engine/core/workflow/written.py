"""Where something was written in a file, and what it is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """Place in a file: 1-based line and column of the first character, and the keys that lead there."""

    file: str
    line: int
    column: int
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """Words for people, in Chinese and English."""

    zh: str
    en: str
