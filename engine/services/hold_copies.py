"""
Digests kept outside, held against the log.

The day and the log of a copy are part of what it says: the wrong piece of paper proves nothing, neither good nor bad.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from engine.core.clock.instants import day_end
from engine.services.digest import OutsideCopy


@dataclass(frozen=True, slots=True)
class Compared:
    """A digest held outside against the log: `agrees` is None where it cannot be told."""

    day: date
    agrees: bool | None
    text: str


@dataclass(frozen=True, slots=True)
class Held:
    """What copies are held against: the log's id, digests made of it now, and those noted here, in hex by their day."""

    log: str
    made: Mapping[date, tuple[bytes, int]]
    noted: Mapping[str, str]


def compare(copy: OutsideCopy, held: Held, *, now: datetime, zone: tzinfo) -> Compared:
    """
    Return how a digest kept outside stands to the log.

    A copy that does not say which log it is of proves the log by agreeing with it. It proves tampering only if this
    system once noted that very digest for that very day: otherwise it may just as well be the wrong piece of paper.
    """
    if copy.log not in (None, held.log):
        return Compared(copy.day, None, f"{copy.day} 的存样是另一份日志的，不是这套系统的：请换成这里的存样再核对")
    if day_end(copy.day, zone) > now:
        return Compared(copy.day, None, f"{copy.day} 还没有过完，或者这台机器的时钟慢了")
    if held.made[copy.day][0].hex() == copy.hash:
        return Compared(copy.day, True, f"与 {copy.day} 存在外面的摘要一致")
    if copy.log is None and not _was_noted(copy, held.noted):
        return Compared(copy.day, None, _mistaken(copy, held.noted))
    return Compared(copy.day, False, f"与 {copy.day} 存在外面的摘要不一致：到那天为止的记录被改动、截断或换回过")


def _was_noted(copy: OutsideCopy, noted: Mapping[str, str]) -> bool:
    """Whether this system noted that digest for that day; one without a digest of its own has the last one before."""
    before = max((day for day in noted if day <= str(copy.day)), default="")
    return noted.get(before) == copy.hash


def _mistaken(copy: OutsideCopy, noted: Mapping[str, str]) -> str:
    of = next((day for day, hash_ in noted.items() if hash_ == copy.hash), None)
    if of is not None:
        return f"这份存样是 {of} 的，不是 {copy.day} 的：请看清日期再核对"
    return (
        f"这份存样与 {copy.day} 的记录对不上，上面又没有写是哪份日志：先看是不是别的系统的、别的一天的，有没有抄错，"
        "再用 sanlian digest 写的原文件核对"
    )
