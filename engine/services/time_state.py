"""How a matter stands in time, as a page shows it: calm, soon, hot, over, hold or done."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.facts import duration
from engine.core.matter import REVIEW_CLOCK, SETTLE_CLOCK, STATE_CLOCK, Clock, Matter
from engine.core.scope import World

TimeWord = Literal["calm", "soon", "hot", "over", "hold", "done"]

_MINUTE_SECONDS = 60
_HOUR_SECONDS = 3600


# From when a clock is `soon` and `hot`: so little working time left, or so much of its time used.
SOON_DAYS_LEFT, SOON_PERCENT = 1, 67
HOT_SECONDS_LEFT, HOT_PERCENT = 3 * _HOUR_SECONDS, 90


@dataclass(frozen=True, slots=True)
class TimeState:
    """
    One clock as it stands now.

    `percent` is the share of its time used (0 to 100). `left_seconds` is negative once late, working seconds when
    `working`; `day_seconds` are the working seconds of an ordinary day of its calendar. `paused`: it waits for
    somebody else, until `due` at the latest. `settling`: a press was taken that takes effect at `due`.
    """

    word: TimeWord
    due: datetime | None = None
    percent: int = 0
    left_seconds: int | None = None
    working: bool = False
    day_seconds: int = 27_000
    provisional: bool = False
    paused: bool = False
    settling: bool = False


def time_state(matter: Matter, *, world: World, now: datetime) -> TimeState:
    """
    Return how *matter* stands at *now*: by the clock of its state, else by its review.

    While a press that was taken settles, no other clock of the state counts.
    """
    if not matter.is_open:
        return TimeState("done", due=matter.at)
    if matter.settling is not None and SETTLE_CLOCK in matter.clocks:
        return TimeState("hold", due=matter.clocks[SETTLE_CLOCK].due, settling=True)
    clock = matter.clocks.get(STATE_CLOCK)
    if clock is None or not clock.limit:
        review = matter.clocks.get(REVIEW_CLOCK)
        return TimeState("hold", due=review.due if review is not None else None)
    state = clock_state(clock, world=world, now=now)
    if matter.suspended and state.word != "over":
        return TimeState("hold", due=state.due, percent=state.percent, paused=True)
    return state


def clock_state(clock: Clock, *, world: World, now: datetime) -> TimeState:
    """Return how one *clock* stands at *now*."""
    if clock.due is None:
        return TimeState("hold", paused=clock.is_held)
    calendar = world.calendar(clock.calendar)
    working = duration(clock.limit).unit.working
    total = _whole(clock.counted_from, clock.due, calendar=calendar, working=working)
    left = _seconds(now, clock.due, calendar=calendar, working=working)
    percent = 100 if total <= 0 else min(100, max(0, (total - left) * 100 // total))
    day = day_seconds(calendar)
    return TimeState(
        word=_word(left, late=now >= clock.due, percent=percent, working=working, day=day),
        due=clock.due,
        percent=percent,
        left_seconds=left,
        working=working,
        day_seconds=day,
        provisional=clock.provisional,
    )


def day_seconds(calendar: WorkingCalendar) -> int:
    """Return the working seconds of an ordinary day: the first day of the week that has windows."""
    for windows in calendar.rules.weekly:
        open_minutes = sum(window.end - window.start for window in windows)
        if open_minutes:
            return open_minutes * _MINUTE_SECONDS
    return 24 * _HOUR_SECONDS


def _seconds(start: datetime, end: datetime, *, calendar: WorkingCalendar, working: bool) -> int:
    if working:
        return calendar.working_seconds(start, end)
    return int((end - start).total_seconds())


_whole = lru_cache(maxsize=16_384)(_seconds)  # of a clock it is always the same


def _word(left: int, *, late: bool, percent: int, working: bool, day: int) -> TimeWord:
    if late:
        return "over"
    if percent >= HOT_PERCENT or (working and left < HOT_SECONDS_LEFT):
        return "hot"
    if percent >= SOON_PERCENT or (working and left < SOON_DAYS_LEFT * day):
        return "soon"
    return "calm"
