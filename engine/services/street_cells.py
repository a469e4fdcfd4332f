"""Cells of the workbook of a street as values: ids, days and instants, numbers; what cannot be read is a fault."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.core.clock.instants import midnight
from engine.services.first_run import is_login
from engine.services.street_rows import PHONE, Entry

_ID = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff._@-]{0,39}")
ID_RULE = "40 个以内的字母、数字、汉字和 . _ @ -，不含空格"
_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2})?)?")
_DAY_FORMS = "2026-11-23、2026/11/23 或 2026年11月23日"
_FIRST_YEAR, _LAST_YEAR = 1950, 2100
_MOST_HOUSEHOLDS = 20_000
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")


def is_id(text: str) -> bool:
    """Whether *text* can be the id of a unit or a person."""
    return _ID.fullmatch(text) is not None


def id_of(entry: Entry, heading: str) -> str:
    """Return an id, empty where it is none."""
    text = _plain(entry.text(heading))
    if text and not is_id(text):
        entry.fault(heading, ID_RULE)
        return ""
    return text


def login_of(entry: Entry) -> str | None:
    """Return the name of an account, None where there is none."""
    text = _plain(entry.text("登录名")).casefold()
    if text and not is_login(text):
        entry.fault("登录名", "2 到 32 个字母、数字、点、横线")
    return text or None


def phone_of(entry: Entry) -> str | None:
    """Return a phone number, None where there is none."""
    text = _plain(entry.text(PHONE))
    if text and not _PHONE.fullmatch(text):
        entry.fault(PHONE, "6 到 20 位数字的电话")
    return text or None


def households_of(entry: Entry) -> int:
    """Return a number of households, 0 where none is given."""
    text = _plain(entry.text("户数"))
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text[:9]) > _MOST_HOUSEHOLDS:
        entry.fault("户数", f"0 到 {_MOST_HOUSEHOLDS} 的整数")
        return 0
    return int(text)


def day_of(entry: Entry, heading: str) -> date | None:
    """Return a day, None where the cell is empty or is none."""
    found = _moment(entry, heading, expected=f"日期，写成 {_DAY_FORMS}")
    return found.date() if found is not None else None


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which *day* begins."""
    return midnight(day, zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which *day* is over."""
    return start_of(day + timedelta(days=1), zone)


def instant_of(entry: Entry, heading: str, zone: ZoneInfo) -> datetime | None:
    """Return an instant, None where the cell is empty or is none; a bare day is its beginning."""
    found = _moment(entry, heading, expected="时刻，写成 2026-11-23 08:30")
    return found.replace(tzinfo=zone).astimezone(UTC) if found is not None else None


def _moment(entry: Entry, heading: str, *, expected: str) -> datetime | None:
    text = _plain(entry.text(heading))
    if not text:
        return None
    found = _DAY.fullmatch(text)
    if found is None:
        hint = "（这一格像是日期被存成了数字，请把单元格格式设成日期或文本）" if _SERIAL.fullmatch(text) else ""
        entry.fault(heading, expected + hint)
        return None
    try:
        year, month, day, hour, minute = (int(part or 0) for part in found.groups())
        read = datetime(year, month, day, hour, minute)  # noqa: DTZ001  # local: the caller gives its zone
    except ValueError:
        entry.fault(heading, f"日历上有的{expected}")
        return None
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        entry.fault(heading, f"{_FIRST_YEAR} 到 {_LAST_YEAR} 年之间的{expected}")
        return None
    return read


def _plain(text: str) -> str:
    """Full-width letters and digits as half-width ones."""
    return unicodedata.normalize("NFKC", text).strip()
