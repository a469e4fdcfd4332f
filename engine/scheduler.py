"""
The alarm clock: wakes the engine when something is due, and holds no state of its own.

Jobs in memory: one moved to the next due instant, one for those who wake it, a safety poll, housekeeping. APScheduler
goes by the wall clock and sleeps when that is set back, so a watchdog that goes by the monotonic one ticks when nobody
else does.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from engine.channels.in_app import NAME, InApp
from engine.core.guard import Reading
from engine.errors import SanlianError
from engine.services.deliver import Channel
from engine.services.demo_clock import AheadClock
from engine.services.housekeep import deliver_all, housekeep
from engine.services.tick import PERIOD, Outcome, Ticker
from engine.wiring import Sanlian

HOUSEKEEPING = timedelta(seconds=10)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NEXT_DUE, SAFETY_POLL, KEEPING, WOKEN = "next-due", "safety-poll", "housekeeping", "woken"
# Fifty people who press at once would otherwise keep it ticking, each tick a durable commit of its own.
REST = timedelta(milliseconds=200)
# After that the poll is soon enough.
MOST_MISSED = 100

NEVER = timedelta(days=36_500)

T = TypeVar("T")

logger = structlog.get_logger(__name__)


def clocks_of(sanlian: Sanlian) -> Callable[[], Reading]:
    """
    Return a reader of the wall clock together with the clock that counts from the start of the machine.

    Where the machine does not name its start, each process takes its own for one.
    """
    boot_id = BOOT_ID.read_text().strip() if BOOT_ID.exists() else sanlian.door.ids()
    # CLOCK_MONOTONIC stands still while a machine sleeps: every wake-up would look like a jump of the wall.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return lambda: Reading(sanlian.clock.now(), time.clock_gettime(clock), boot_id)


def ahead_of(read_clocks: Callable[[], Reading], ahead: AheadClock) -> Callable[[], Reading]:
    """Return the same clocks for a demo whose wall clock is ahead: the time that was let pass counts on both."""

    def read() -> Reading:
        reading = read_clocks()
        return replace(reading, boot=reading.boot + ahead.ahead.total_seconds())

    return read


class Once(BaseTrigger):  # type: ignore[misc]  # the package has no types
    """
    Rings once, at an instant or at once, and stays.

    A job that will never ring again is looked for and removed by the package's own thread, where it finds nothing while
    it is just being stopped (3.11.3), and dies of that with a traceback.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return when it rings; after that not in the life of a process."""
        return (self._at or now) if previous_fire_time is None else now + NEVER


class Scheduler:
    """Runs the engine of one process."""

    def __init__(
        self,
        sanlian: Sanlian,
        *,
        channels: Mapping[str, Channel] | None = None,
        read_clocks: Callable[[], Reading] | None = None,
        period: timedelta = PERIOD,
    ) -> None:
        self._sanlian = sanlian
        self._channels = channels if channels is not None else {NAME: InApp(sanlian.uow)}
        self._read_clocks = read_clocks or clocks_of(sanlian)
        self._period = period
        self._ticker = Ticker(sanlian.uow, sanlian.door, read_clocks=self._read_clocks, period=period)
        self._jobs = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="sanlian-watchdog", daemon=True)
        self._ticked_at = time.monotonic()
        self._wakes = threading.Lock()
        self._asked = self._looking = False

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._jobs.add_job(self.tick, "interval", seconds=self._period.total_seconds(), id=SAFETY_POLL)
        self._jobs.add_job(self.keep_house, "interval", seconds=HOUSEKEEPING.total_seconds(), id=KEEPING)
        self._jobs.add_job(self.tick, Once(), id=NEXT_DUE)
        self._jobs.start()
        self._watchdog.start()

    def stop(self) -> None:
        """Stop after what is running has ended."""
        self._stopping.set()
        self._jobs.shutdown(wait=True)
        self._watchdog.join(timeout=self._period.total_seconds())

    def wake(self) -> None:
        """
        Look again soon: something was done that may be due before the next poll.

        However many presses come at once, they wake it once, and none is missed that comes while it looks.
        """
        if not self._jobs.running:
            return
        with self._wakes:
            self._asked = True
            if self._looking:
                return
            self._looking = True
        # One may be about to end that has already looked for the last time.
        self._jobs.add_job(self._look, Once(), id=WOKEN, replace_existing=True, max_instances=2)

    def _look(self) -> None:
        """Tick for all that woke it, until nobody has for a moment; a tick that found another at it is made up for."""
        missed = 0
        while True:
            self._stopping.wait(REST.total_seconds())
            with self._wakes:
                if not self._asked or self._stopping.is_set():
                    self._looking = False
                    return
                self._asked = False
            if self.tick() is None and missed < MOST_MISSED:
                missed += 1
                with self._wakes:
                    self._asked = True

    def tick(self) -> Outcome | None:
        """Let everything act that is due, then set the alarm for what is due next."""
        outcome = self._guarded("tick_failed", self._ticker.tick)
        if outcome is None:
            return None
        self._ticked_at = time.monotonic()
        if not outcome.may_fire:
            logger.warning("rules_stand_still", reason=outcome.reason)
        elif outcome.swept.fired or outcome.held:
            logger.info("swept", fired=outcome.swept.fired, failed=outcome.swept.failed, held=outcome.held)
        self._set_alarm(outcome)
        return outcome

    def keep_house(self) -> None:
        """Tick, deliver and, when the clock is believed, make digests and forget old answers."""
        outcome = self.tick()
        uow, shelf, now = self._sanlian.uow, self._sanlian.door.shelf, self._read_clocks().wall
        self._guarded("delivery_failed", partial(deliver_all, uow, shelf, channels=self._channels, now=now))
        if outcome is not None and outcome.may_fire:
            self._guarded("housekeeping_failed", partial(housekeep, uow, shelf, now=outcome.at))

    def _guarded(self, event: str, work: Callable[[], T]) -> T | None:
        """Do *work*; whatever it raises is logged, and the next round tries again."""
        try:
            return work()
        except SanlianError as error:
            logger.warning(event, code=error.code, text=str(error))
        except Exception:
            logger.exception(event)
        return None

    def _set_alarm(self, outcome: Outcome) -> None:
        now, following = outcome.at, outcome.next_fire
        if following is None or not outcome.may_fire or following - now >= self._period or not self._jobs.running:
            return  # the poll comes first
        self._jobs.add_job(self.tick, Once(max(following, now)), id=NEXT_DUE, replace_existing=True)

    def _watch(self) -> None:
        """Tick when no tick came for two periods; by the monotonic clock, so a wall set back does not matter."""
        limit = 2 * self._period.total_seconds()
        while not self._stopping.wait(limit / 4):
            if time.monotonic() - self._ticked_at > limit:
                logger.warning("watchdog_ticks")
                self._ticked_at = time.monotonic()
                self.keep_house()
