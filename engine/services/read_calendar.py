"""Calendar files, already trees, → the rules of a calendar and everything that is wrong with them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.clock.calendar_rules import (
    MINUTES_A_DAY,
    WEEKDAYS,
    CalendarRules,
    Window,
    Windows,
    YearTable,
    without,
)
from engine.core.clock.instants import FIRST_YEAR, LAST_YEAR
from engine.core.workflow.document import Document
from engine.core.workflow.findings import Finding, finding
from engine.core.workflow.tree import Entry, Hole, Items, Node, Table, Text

BASE_KEYS = ("sanlian", "calendar", "label", "zone", "weekly", "breaks", "holidays", "shifts", "source")
TABLE_KEYS = ("sanlian", "calendar", "year", "holidays", "shifts", "source")
NO_HOLIDAYS = "none"

_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–—]\s*(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LANGUAGES = ("zh", "en")
_WINDOW_EXPECTED = "应当是 08:30-12:00 这样的时段"
_DATE_EXPECTED = "应当是 2026-10-01 或 2026-10-01..2026-10-07 这样的日期"


@dataclass
class _File:
    """One file being read, and what was found wrong in it."""

    name: str
    findings: list[Finding] = field(default_factory=list)

    def report(self, node: Node, code: str, message: str) -> None:
        self.findings.append(finding(code, message, file=self.name, line=node.line, column=node.column))


@dataclass(frozen=True)
class _Days:
    """The holidays and shifts of one file, as dates with the place of each shift."""

    holidays: dict[date, str]
    shifts: dict[date, Windows]


def is_table(document: Document) -> bool:
    """Whether the file is the table of one year rather than a calendar."""
    return isinstance(document.root, Table) and "year" in document.root.entries


def read_calendar(
    base: Document, tables: Sequence[Document], *, calendar_id: str
) -> tuple[CalendarRules | None, tuple[Finding, ...]]:
    """
    Read a calendar of one base file and its yearly tables; without rules if there are findings.

    Args:
        calendar_id: the stem of the base file, which is the id of the calendar.
    """
    years: dict[int, YearTable] = {}
    found = [fault for table in tables for fault in read_table(table, calendar_id=calendar_id, years=years)]
    file = _File(base.file, list(base.findings))
    rules = _read_base(file, base.root, calendar_id=calendar_id, years=years)
    found += file.findings
    return (None if found else rules), tuple(sorted(found))


def read_table(document: Document, *, calendar_id: str, years: dict[int, YearTable]) -> tuple[Finding, ...]:
    """Read the table of one year into *years*; return what is wrong with it."""
    file = _File(document.file, list(document.findings))
    root = document.root
    if not isinstance(root, Table):
        if root is not None and not isinstance(root, Hole):
            file.report(root, "E107", "年表应当是一张表，先写 calendar 和 year。")
        return tuple(file.findings)
    _check_keys(file, root, known=TABLE_KEYS, required=("calendar", "year"))
    _check_id(file, root, calendar_id)
    year = _year(file, root)
    days = _days(file, root, year=year)
    if year is not None and year in years:
        file.report(root.entries["year"].value, "E108", f"{year} 年已经有一张表了，一年只能有一张。")
    elif year is not None:
        years[year] = YearTable(year, days.holidays, days.shifts, _text(file, root, "source"))
    return tuple(file.findings)


def _read_base(
    file: _File, root: Node | None, *, calendar_id: str, years: dict[int, YearTable]
) -> CalendarRules | None:
    if not isinstance(root, Table):
        if root is not None and not isinstance(root, Hole):
            file.report(root, "E107", "日历应当是一张表，先写 zone 和 weekly。")
        return None
    _check_keys(file, root, known=BASE_KEYS, required=("zone", "weekly"))
    _check_id(file, root, calendar_id)
    zone = _zone(file, root)
    breaks = _windows(file, root.entries["breaks"].value) if "breaks" in root.entries else ()
    weekly = _weekly(file, root, breaks)
    label, source = _text(file, root, "label"), _text(file, root, "source")
    knows_holidays = not _has_none(root)
    days = _days(file, root, year=None)
    for year in sorted({day.year for day in (*days.holidays, *days.shifts)}):
        if year in years:
            place = root.entries["holidays" if "holidays" in root.entries else "shifts"].key
            file.report(place, "E108", f"{year} 年另有一张表，这里就不能再写这一年的日期。")
        years[year] = YearTable(
            year,
            {day: name for day, name in days.holidays.items() if day.year == year},
            {day: windows for day, windows in days.shifts.items() if day.year == year},
            source,
        )
    if zone is None or weekly is None or file.findings:
        return None
    return CalendarRules(calendar_id, zone, weekly, breaks, dict(years), knows_holidays, label)


def _has_none(root: Table) -> bool:
    entry = root.entries.get("holidays")
    return entry is not None and isinstance(entry.value, Text) and entry.value.value == NO_HOLIDAYS


def _check_keys(file: _File, root: Table, *, known: tuple[str, ...], required: tuple[str, ...]) -> None:
    for name, entry in root.entries.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"是不是「{near[0]}」？" if near else f"可以写的有 {'、'.join(known)}。"
            file.report(entry.key, "E101", f"这里没有「{name}」这一项，{hint}")
    missing = [] if root.open else [name for name in required if name not in root.entries]
    for name in missing:
        file.report(root, "E106", f"缺少「{name}」。")
    version = root.entries.get("sanlian")
    if version is not None and not (isinstance(version.value, Text) and version.value.value == "1"):
        file.report(version.value, "E107", "sanlian 应当是 1。")


def _check_id(file: _File, root: Table, calendar_id: str) -> None:
    entry = root.entries.get("calendar")
    if entry is None or isinstance(entry.value, Hole):
        return
    if not isinstance(entry.value, Text) or entry.value.value != calendar_id:
        file.report(entry.value, "E107", f"calendar 应当和日历的文件名一样，是「{calendar_id}」。")


def _text(file: _File, root: Table, name: str) -> str:
    entry = root.entries.get(name)
    return _name(file, entry.value, name) if entry is not None else ""


def _name(file: _File, node: Node, what: str) -> str:
    """Read a text, or a table with the Chinese one under zh."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Table) and "zh" in node.entries and set(node.entries) <= set(_LANGUAGES):
        return _name(file, node.entries["zh"].value, what)
    if not isinstance(node, Hole):
        file.report(node, "E107", f"{what} 应当是一段文字，或者写成 {{ zh: …, en: … }}。")
    return ""


def _zone(file: _File, root: Table) -> ZoneInfo | None:
    entry = root.entries.get("zone")
    if entry is None or isinstance(entry.value, Hole):
        return None
    try:
        if isinstance(entry.value, Text):
            return ZoneInfo(entry.value.value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass  # reported below, like a zone that is no text
    file.report(entry.value, "E107", "没有这个时区，应当是 Asia/Shanghai 这样的名字。")
    return None


def _year(file: _File, root: Table) -> int | None:
    entry = root.entries.get("year")
    if entry is None or isinstance(entry.value, Hole):
        return None
    value = entry.value
    if isinstance(value, Text) and re.fullmatch(r"\d{4}", value.value, re.ASCII):
        year = int(value.value)
        if FIRST_YEAR <= year <= LAST_YEAR:
            return year
    file.report(value, "E107", f"year 应当是 {FIRST_YEAR} 到 {LAST_YEAR} 之间的年份。")
    return None


def _weekly(file: _File, root: Table, breaks: Windows) -> tuple[Windows, ...] | None:
    entry = root.entries.get("weekly")
    if entry is None or isinstance(entry.value, Hole):
        return None
    if not isinstance(entry.value, Table):
        file.report(entry.value, "E107", "weekly 应当按星期写，例如 mon-fri: [08:30-12:00, 13:30-17:30]。")
        return None
    week: dict[int, Windows] = {}
    for item in entry.value.entries.values():
        windows = _windows(file, item.value)
        for day in _weekdays(file, item.key):
            if day in week:
                file.report(item.key, "E108", f"「{WEEKDAYS[day]}」已经写过了。")
            week[day] = windows
    weekly = tuple(week.get(day, ()) for day in range(len(WEEKDAYS)))
    if not file.findings and not any(without(windows, breaks) for windows in weekly):
        file.report(entry.key, "E107", "一周里没有一段开放的时间，至少要有一段。")
        return None
    return weekly


def _weekdays(file: _File, key: Text) -> range:
    parts = re.split(r"\s*[-–—]\s*", key.value.strip().lower())
    if len(parts) <= 2 and all(part in WEEKDAYS for part in parts):
        first, last = WEEKDAYS.index(parts[0]), WEEKDAYS.index(parts[-1])
        if first <= last:
            return range(first, last + 1)
    file.report(key, "E107", f"「{key.value}」不是星期，应当是 {'、'.join(WEEKDAYS)} 或 mon-fri 这样。")
    return range(0)


def _windows(file: _File, node: Node) -> Windows:
    """Read one window, several with spaces or commas between, or a list of them; none means closed."""
    windows: list[Window] = []
    for text in _texts(file, node, _WINDOW_EXPECTED):
        for written in re.split(r"[\s,，、]+(?=\d)", text.value.strip()) if text.value.strip() else ():
            window = _window(file, text, written)
            if window is not None:
                windows.append(window)
    windows.sort()
    for earlier, later in pairwise(windows):
        if later.start < earlier.end:
            file.report(node, "E107", f"时段 {earlier} 和 {later} 重叠了。")
    return tuple(windows)


def _window(file: _File, text: Text, written: str) -> Window | None:
    match = _WINDOW.fullmatch(written)
    if match is None:
        file.report(text, "E107", f"收到「{written}」，{_WINDOW_EXPECTED}。")
        return None
    hours, minutes = match[3] or match[5], match[4] or match[6]
    start, end = int(match[1]) * 60 + int(match[2]), int(hours) * 60 + int(minutes)
    if start == end:
        file.report(text, "E107", f"时段 {written} 的开始和结束一样；整天请写 00:00-24:00。")
        return None
    return Window(start, end if end > start else end + MINUTES_A_DAY)


def _texts(file: _File, node: Node, expected: str) -> Iterator[Text]:
    for item in node.items if isinstance(node, Items) else (node,):
        if isinstance(item, Text):
            yield item
        elif not isinstance(item, Hole):
            file.report(item, "E107", f"{expected}。")


def _days(file: _File, root: Table, *, year: int | None) -> _Days:
    holidays: dict[date, str] = {}
    shifts: dict[date, Windows] = {}
    for key, name in _named_days(file, root):
        for day in _dates(file, key, year):
            if day in holidays:
                file.report(key, "E108", f"{day} 已经写过放假了。")
            holidays[day] = name
    for entry in _entries(file, root, "shifts", "shifts 应当按日期写，例如 2026-10-10: [08:30-12:00, 13:30-17:30]。"):
        windows = _windows(file, entry.value)
        for day in _dates(file, entry.key, year):
            if day in holidays:
                file.report(entry.key, "E107", f"{day} 既写了放假又写了调休上班，请留下一样。")
            if day in shifts:
                file.report(entry.key, "E108", f"{day} 已经写过了。")
            shifts[day] = windows
    return _Days(holidays, shifts)


def _named_days(file: _File, root: Table) -> Iterator[tuple[Text, str]]:
    """Yield what was written for each holiday with its name: a list has none."""
    entry = root.entries.get("holidays")
    if entry is not None and isinstance(entry.value, Items):
        for text in _texts(file, entry.value, _DATE_EXPECTED):
            yield text, ""
    elif not _has_none(root):
        for item in _entries(file, root, "holidays", "holidays 应当按日期写，例如 2026-10-01..2026-10-07: 国庆节。"):
            yield item.key, _name(file, item.value, "名称")


def _entries(file: _File, root: Table, name: str, expected: str) -> Iterable[Entry]:
    entry = root.entries.get(name)
    if entry is None or isinstance(entry.value, Hole) or _empty(entry.value):
        return ()
    if not isinstance(entry.value, Table):
        file.report(entry.value, "E107", expected)
        return ()
    return entry.value.entries.values()


def _empty(node: Node) -> bool:
    return (isinstance(node, Text) and node.value == "") or (isinstance(node, Items) and not node.items)


def _dates(file: _File, text: Text, year: int | None) -> list[date]:
    """Read a date, or first..last; all of them in *year* where one is given."""
    try:
        parts = text.value.split("..")
        if len(parts) > 2 or not all(_DATE.fullmatch(part) for part in parts):
            raise ValueError(text.value)
        first, last = date.fromisoformat(parts[0]), date.fromisoformat(parts[-1])
    except ValueError:
        file.report(text, "E107", f"收到「{text.value}」，{_DATE_EXPECTED}。")
        return []
    if last < first:
        file.report(text, "E107", f"「{text.value}」的最后一天早于第一天。")
    elif not (first.year >= FIRST_YEAR and last.year <= LAST_YEAR):
        file.report(text, "E107", f"「{text.value}」应当在 {FIRST_YEAR} 到 {LAST_YEAR} 年之间。")
    elif year is not None and (first.year != year or last.year != year):
        file.report(text, "E107", f"「{text.value}」不在 {year} 年，请写到那一年的表里。")
    else:
        return [first + timedelta(days=index) for index in range((last - first).days + 1)]
    return []
