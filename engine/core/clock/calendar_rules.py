"""What a calendar says: its zone, weekly windows, breaks and one table a year; local wall-clock time only."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.errors import BadCalendar

MINUTES_A_DAY = 1440


class Window(NamedTuple):
    """Minutes of local wall-clock time from 00:00 of the day it opens, half-open; past 1440 it crosses midnight."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end if self.end <= MINUTES_A_DAY else self.end - MINUTES_A_DAY)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


Windows = tuple[Window, ...]


class DayKind(StrEnum):
    """Why a day is open or shut."""

    HOLIDAY = "holiday"
    SHIFT = "shift"
    WEEKLY = "weekly"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class YearTable:
    """The holidays (date to name, which may be empty) and shifts (date to its own windows) of one year."""

    year: int
    holidays: Mapping[date, str] = field(default_factory=dict)
    shifts: Mapping[date, Windows] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class CalendarRules:
    """
    The whole content of a calendar.

    `weekly` has seven entries, Monday first. `knows_holidays` is off for a calendar that never has any: no year of
    it can lack its table.
    """

    id: str
    zone: ZoneInfo
    weekly: tuple[Windows, ...]
    breaks: Windows = ()
    tables: Mapping[int, YearTable] = field(default_factory=dict)
    knows_holidays: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        if len(self.weekly) != len(WEEKDAYS) or not any(self._open_weekly):
            raise BadCalendar(where=self.id, found="一周都不开", expected="每周至少有一个开放时段")

    @cached_property
    def _open_weekly(self) -> tuple[Windows, ...]:
        return tuple(without(windows, self.breaks) for windows in self.weekly)

    @cached_property
    def _shifts(self) -> dict[date, Windows]:
        return {
            day: without(windows, self.breaks)
            for table in self.tables.values()
            for day, windows in table.shifts.items()
        }

    @cached_property
    def holidays(self) -> Mapping[date, str]:
        """Every holiday of every table, with its name."""
        return MappingProxyType({day: name for table in self.tables.values() for day, name in table.holidays.items()})

    @cached_property
    def crosses_midnight(self) -> bool:
        """Whether any window ends on the day after it opens."""
        everything = (*self._open_weekly, *self._shifts.values())
        return any(window.end > MINUTES_A_DAY for windows in everything for window in windows)

    def has_table(self, year: int) -> bool:
        """Whether that year is settled, so that what is computed in it is not provisional."""
        return not self.knows_holidays or year in self.tables

    def windows(self, day: date) -> Windows:
        """The windows that open on *day*: holidays, then shifts, then weekly; breaks are already cut out."""
        if day in self.holidays:
            return ()
        shift = self._shifts.get(day)
        return self._open_weekly[day.weekday()] if shift is None else shift

    def kind(self, day: date) -> DayKind:
        """Why *day* is open or shut."""
        if day in self.holidays:
            return DayKind.HOLIDAY
        if day in self._shifts:
            return DayKind.SHIFT
        return DayKind.WEEKLY if self._open_weekly[day.weekday()] else DayKind.REST

    @cached_property
    def canonical(self) -> bytes:
        """The content as canonical JSON: equal content, equal bytes."""
        content = {
            "id": self.id,
            "zone": self.zone.key,
            "weekly": [_written(windows) for windows in self.weekly],
            "breaks": _written(self.breaks),
            "knows_holidays": self.knows_holidays,
            "label": self.label,
            "tables": {str(year): _table(self.tables[year]) for year in sorted(self.tables)},
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical content, in hex."""
        return hashlib.sha256(self.canonical).hexdigest()


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read_canonical(content: bytes) -> CalendarRules:
    """Rebuild the rules from their canonical bytes, as the store keeps them."""
    raw = json.loads(content)
    tables = {
        int(year): YearTable(
            int(year),
            {date.fromisoformat(day): name for day, name in table["holidays"].items()},
            {date.fromisoformat(day): _read(windows) for day, windows in table["shifts"].items()},
            table["source"],
        )
        for year, table in raw["tables"].items()
    }
    return CalendarRules(
        id=raw["id"],
        zone=ZoneInfo(raw["zone"]),
        weekly=tuple(_read(windows) for windows in raw["weekly"]),
        breaks=_read(raw["breaks"]),
        tables=tables,
        knows_holidays=raw["knows_holidays"],
        label=raw["label"],
    )


def without(windows: Iterable[Window], breaks: Iterable[Window]) -> Windows:
    """Cut *breaks* out of *windows* by the clock on the wall, so also out of the part after midnight."""
    pieces = _united(windows)
    for cut in breaks:
        for shift in (-MINUTES_A_DAY, 0, MINUTES_A_DAY):
            pieces = [piece for window in pieces for piece in _cut(window, cut.start + shift, cut.end + shift)]
    return tuple(pieces)


def _united(windows: Iterable[Window]) -> list[Window]:
    united: list[Window] = []
    for window in sorted(windows):
        if united and window.start <= united[-1].end:
            united[-1] = Window(united[-1].start, max(united[-1].end, window.end))
        else:
            united.append(window)
    return united


def _cut(window: Window, start: int, end: int) -> list[Window]:
    pieces = (Window(window.start, min(window.end, start)), Window(max(window.start, end), window.end))
    return [piece for piece in pieces if piece.start < piece.end]


def _table(table: YearTable) -> dict[str, object]:
    return {
        "holidays": {day.isoformat(): name for day, name in table.holidays.items()},
        "shifts": {day.isoformat(): _written(windows) for day, windows in table.shifts.items()},
        "source": table.source,
    }


def _written(windows: Iterable[Window]) -> list[list[int]]:
    return [list(window) for window in sorted(windows)]


def _read(windows: Iterable[tuple[int, int]]) -> Windows:
    return tuple(Window(start, end) for start, end in windows)
