"""How pages say moments and stretches of time: 「今天 17:30」, 「剩 2 天 3 时」, 「4 天没动静」."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.services.time_state import TimeState

_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
_WEEKDAYS = "一二三四五六日"


def moment(instant: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return a coming moment: 「今天 17:30」 or 「11月24日 周二 17:30」; midnight is the 24:00 of the day it ends."""
    day_said, weekday, clock = _coming(instant, now.astimezone(zone), zone=zone)
    return f"{day_said} {weekday} {clock}" if weekday else f"{day_said} {clock}"


def brief(instant: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return a coming moment for a narrow column: 「今天 17:30」 or 「11月24日 17:30」."""
    day_said, _, clock = _coming(instant, now.astimezone(zone), zone=zone)
    return f"{day_said} {clock}"


def _coming(instant: datetime, today: datetime, *, zone: ZoneInfo) -> tuple[str, str, str]:
    """The day, its weekday (none of today) and the clock of a coming moment."""
    local = instant.astimezone(zone)
    clock = _clock(local)
    if clock == "00:00":
        local, clock = local - timedelta(days=1), "24:00"
    if local.date() == today.date():
        return "今天", "", clock
    return _day(local, today), f"周{_WEEKDAYS[local.weekday()]}", clock


def _clock(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}"  # a hundred times a page; as a format four times slower


def past(instant: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment that has been: 「今天 09:12」 or 「11月4日 17:05」."""
    local, today = instant.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"今天 {_clock(local)}"
    return f"{_day(local, today)} {_clock(local)}"


def day(instant: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return the day of an instant: 「11月4日」."""
    return _day(instant.astimezone(zone), now.astimezone(zone))


def _day(local: datetime, today: datetime) -> str:
    year = f"{local.year}年" if local.year != today.year else ""
    return f"{year}{local.month}月{local.day}日"


def stretch(seconds: int, *, day_seconds: int) -> str:
    """Return a stretch of working time, its two largest parts: 「2 天 3 时」, 「3 时 10 分」, 「40 分」."""
    days, rest = divmod(seconds, day_seconds)
    hours, rest = divmod(rest, _HOUR_SECONDS)
    minutes = rest // _MINUTE_SECONDS
    parts = [(days, "天"), (hours, "时"), (minutes, "分")]
    while parts and parts[0][0] == 0:
        parts.pop(0)
    said = [f"{amount} {unit}" for amount, unit in parts[:2] if amount]
    return " ".join(said) or "不到 1 分"


def natural_stretch(seconds: int) -> str:
    """Return a stretch of the wall clock, nights and holidays included: 「5 个自然日」, 「27 小时」, 「40 分钟」."""
    if seconds >= 3 * _DAY_SECONDS:
        return f"{seconds // _DAY_SECONDS} 个自然日"
    if seconds >= _HOUR_SECONDS:
        hours, rest = divmod(seconds, _HOUR_SECONDS)
        minutes = rest // _MINUTE_SECONDS
        return f"{hours} 小时 {minutes} 分" if hours < 10 and minutes else f"{hours} 小时"
    return f"{max(1, seconds // _MINUTE_SECONDS)} 分钟"


def standing(time: TimeState) -> str:
    """Return how a matter stands in time: 「剩 2 天 3 时」, 「超时 50 分」, 「计时暂停」, 「等生效」, 「已结束」."""
    if time.word == "done":
        return "已结束"
    if time.settling:
        return "等生效"
    if time.paused:
        return "计时暂停"
    if time.left_seconds is None:
        return "不计时" if time.due is None else "定期说进展"
    seconds = abs(time.left_seconds)
    amount = stretch(seconds, day_seconds=time.day_seconds) if time.working else natural_stretch(seconds)
    if time.word == "over":
        return "到点了" if time.working and seconds < _MINUTE_SECONDS else f"超时 {amount}"
    return f"剩 {amount}"


def quiet_for(since: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return for how long nobody has done anything: 「今天有动静」, 「3 天」."""
    days = (now.astimezone(zone).date() - since.astimezone(zone).date()).days
    return "今天" if days <= 0 else f"{days} 天"


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one page: everything is said as of *now*, in the local time of *zone*."""

    now: datetime
    zone: ZoneInfo

    def moment(self, instant: datetime) -> str:
        """A coming moment in full."""
        return moment(instant, now=self.now, zone=self.zone)

    def brief(self, instant: datetime) -> str:
        """A coming moment for a narrow column."""
        return brief(instant, now=self.now, zone=self.zone)

    def past(self, instant: datetime) -> str:
        """A moment that has been."""
        return past(instant, now=self.now, zone=self.zone)

    def in_full(self, instant: datetime) -> str:
        """A moment with its year, to compare a clock by: 「2026年11月20日 周五 10:32」."""
        local = instant.astimezone(self.zone)
        return f"{local.year}年{local.month}月{local.day}日 周{_WEEKDAYS[local.weekday()]} {local:%H:%M}"

    def day(self, instant: datetime) -> str:
        """A day."""
        return day(instant, now=self.now, zone=self.zone)

    def last_day(self, until: datetime) -> str:
        """The last day of what goes on until an instant: what ends at midnight ends with the day before."""
        return self.day(until - timedelta(microseconds=1))

    def quiet_for(self, since: datetime) -> str:
        """For how long nobody has done anything."""
        return quiet_for(since, now=self.now, zone=self.zone)

    def today(self) -> str:
        """This day: 「11月20日 周五」."""
        local = self.now.astimezone(self.zone)
        return f"{local.month}月{local.day}日 周{_WEEKDAYS[local.weekday()]}"

    def iso(self, instant: datetime) -> str:
        """The moment for machines: RFC 3339 with the local offset."""
        return instant.astimezone(self.zone).isoformat(timespec="seconds")
