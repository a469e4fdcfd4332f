"""
Two guards of automatic firing, both pure: is the wall clock to be believed, and what came due while nobody ticked.

A clock that is ahead makes escalations that cannot be taken back, one that is behind only makes them late. So a jump
forward is believed only when the clock returns to an offset trusted before or a person says that it is right; a
jump back is believed after two readings that agree. Across a restart of the machine the two clocks prove nothing: a
stop of a few days is believed, a longer one is for a person to confirm.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=60)
NEIGHBOURHOOD = timedelta(days=1)
HOLD_FOR = timedelta(minutes=30)
LONGEST_STOP = timedelta(days=3)  # a weekend, and a repair
READINGS = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Both clocks at one moment.

    `boot` counts seconds since the start of the machine and goes on while it sleeps; nobody can set it. `boot_id`
    names that start: readings of two of them cannot be compared.
    """

    wall: datetime
    boot: float
    boot_id: str

    @property
    def offset(self) -> datetime:
        """When the machine started, by this wall clock: it stays the same while nobody sets the wall."""
        return self.wall - timedelta(seconds=self.boot)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether rules may fire; `changed` on the reading at which that changed; `reason` in words for people."""

    may_fire: bool
    changed: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClockGuard:
    """
    What is known of the wall clock so far.

    `trusted` are offsets of this start of the machine, newest last; `last` is the offset of the reading before.
    `believed` is the wall of the newest reading that was believed, whichever start of the machine it was.
    `accepted` is the newest event at the moment a person said that the clock is right: an event of a mistaken future
    stops nothing for ever. `agreed` counts readings in a row that agree while the clock is doubted.
    """

    boot_id: str | None = None
    trusted: tuple[datetime, ...] = ()
    last: datetime | None = None
    believed: datetime | None = None
    accepted: datetime | None = None
    suspect: bool = False
    agreed: int = 0

    def look(self, reading: Reading, newest_live: datetime | None) -> "tuple[ClockGuard, Verdict]":
        """Take a reading; *newest_live* is `recorded_at` of the newest event that no import wrote."""
        if self.boot_id != reading.boot_id:
            trusted = (reading.offset,) if self._stop(reading) <= LONGEST_STOP else ()
            return replace(self, boot_id=reading.boot_id, trusted=trusted, last=None).look(reading, newest_live)
        doubt = self._behind(reading, newest_live) or self._ahead(reading)
        if doubt:
            return self._doubt(reading, doubt, agreed=0)
        if not self.suspect and self._knows(reading.offset):
            return self._believe(reading), Verdict(True)
        agreed = self.agreed + 1 if self.last is not None and near(reading.offset, self.last) else 1
        if agreed < READINGS:
            return self._doubt(reading, "时钟跳过，等第二次读数", agreed=agreed)
        return self._believe(reading), Verdict(True, changed=True, reason="时钟两次读数一致")

    def trust(self, reading: Reading, newest_live: datetime | None) -> "ClockGuard":
        """A person has compared the clock with another one and says that it is right."""
        return ClockGuard(reading.boot_id, (reading.offset,), reading.offset, reading.wall, newest_live)

    def estimate(self, reading: Reading) -> datetime:
        """What the wall clock would show if nobody had set it since it was last believed, as far as that is known."""
        return self.trusted[-1] + timedelta(seconds=reading.boot) if self.trusted else self.believed or reading.wall

    def _believe(self, reading: Reading) -> "ClockGuard":
        """Keep the offset as the newest; one that drifts slowly moves with its clock instead of filling the list."""
        others = (
            known
            for known in self.trusted
            if not near(known, reading.offset) and abs(known - reading.offset) <= NEIGHBOURHOOD
        )
        trusted = (*others, reading.offset)[-8:]
        return replace(self, trusted=trusted, last=reading.offset, believed=reading.wall, suspect=False, agreed=0)

    def _doubt(self, reading: Reading, reason: str, *, agreed: int) -> "tuple[ClockGuard, Verdict]":
        doubting = replace(self, last=reading.offset, suspect=True, agreed=agreed)
        return doubting, Verdict(False, changed=not self.suspect, reason=reason)

    def _behind(self, reading: Reading, newest_live: datetime | None) -> str:
        if newest_live is None or (self.accepted is not None and newest_live <= self.accepted):
            return ""
        behind = newest_live - reading.wall
        return f"时钟比最近一条记录慢了{_amount(behind)}" if behind > TOLERANCE else ""

    def _stop(self, reading: Reading) -> timedelta:
        return reading.wall - self.believed if self.believed is not None else timedelta(0)

    def _ahead(self, reading: Reading) -> str:
        if not self.trusted:
            stop = self._stop(reading)
            return f"停了{_amount(stop)}，或者时钟错了" if stop > LONGEST_STOP else ""
        if self._knows(reading.offset):
            return ""
        ahead = reading.offset - max(self.trusted)
        return f"时钟向前跳了{_amount(ahead)}" if ahead > TOLERANCE else ""

    def _knows(self, offset: datetime) -> bool:
        return any(near(offset, known) for known in self.trusted)


def near(left: datetime, right: datetime) -> bool:
    """Whether two instants differ by no more than the tolerance."""
    return abs(left - right) <= TOLERANCE


def _amount(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for size, unit in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f" {seconds // size} {unit}"
    return f" {seconds} 秒"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a tick: after `start`, up to `end`, where the next tick found it."""

    start: datetime
    end: datetime

    @property
    def lets_go_at(self) -> datetime:
        """When what came due in the stretch fires, if nobody lets it go before."""
        return self.end + HOLD_FOR


def gap_before(now: datetime, *, last_tick: datetime | None, period: timedelta) -> Gap | None:
    """
    Return the stretch without ticks that ends *now*: more than two periods since the last one.

    Of the timers that came due in it the first batch goes, the rest waits for a person's click or `HOLD_FOR`, so
    that an error does not push a whole district up at once. Only the stretch counts, never the number of timers:
    every closing time is a natural rush.
    """
    if last_tick is None or now - last_tick <= 2 * period:
        return None
    return Gap(last_tick, now)
