"""
A clock that the demo may put ahead: every rule still acts at its own instant, as if the time had really passed.

For the demo only. The clock steps from one due instant to the next and lets the scheduler tick at each, so nothing
looks like an outage and what happens is what would have happened.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from engine.errors import Refused
from engine.services.tick import Outcome
from engine.store.unit_of_work import UnitOfWork

AHEAD_FACT = "demo_ahead_seconds"
MOST_STEPS = 5000


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return this instant, aware."""


class AheadClock:
    """A clock that goes as another does, some way ahead of it."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self.ahead = ahead

    def now(self) -> datetime:
        """Return the instant it shows."""
        return self._clock.now() + self.ahead

    def move_to(self, instant: datetime) -> None:
        """Put it ahead to *instant*; it never goes back."""
        self.ahead += max(timedelta(), instant - self.now())


@dataclass(frozen=True, slots=True)
class Passed:
    """What happened while the time was let pass: from when to when, and how many rules acted."""

    since: datetime
    until: datetime
    fired: int


def read_ahead(uow: UnitOfWork) -> timedelta:
    """Return how far the demo's clock was put ahead so far."""
    with uow.read() as tx:
        return timedelta(seconds=int(tx.facts.get(AHEAD_FACT) or 0))


class FastForward:
    """Lets time pass in the demo."""

    def __init__(
        self,
        uow: UnitOfWork,
        clock: AheadClock,
        *,
        tick: Callable[[], Outcome | None],
        keep_house: Callable[[], None],
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._tick = tick
        self._keep_house = keep_house

    def next_due(self) -> datetime | None:
        """Return when the next rule acts, if any ever does."""
        with self._uow.read() as tx:
            return tx.timers.next_fire()

    def to(self, target: datetime) -> Passed:
        """
        Let time pass until *target*.

        Raises:
            Refused: the rules stand still, or there was too much to do; the clock stays where it got to.
        """
        since, fired = self._clock.now(), 0
        for _ in range(MOST_STEPS):
            following = self.next_due()
            if following is None or following > target:
                break
            fired += self._step(following)
        else:
            raise Refused(reason="这一段里要做的事太多，先停在这里，再按一次接着走。")
        fired += self._step(target)
        self._keep_house()
        return Passed(since=since, until=self._clock.now(), fired=fired)

    def _step(self, instant: datetime) -> int:
        self._clock.move_to(instant)
        with self._uow.write() as tx:
            # Rounded up: after a restart the clock must not show less than what has happened.
            tx.facts.put(AHEAD_FACT, str(int(self._clock.ahead.total_seconds()) + 1))
        outcome = self._tick()
        if outcome is not None and not outcome.may_fire:
            raise Refused(reason=f"规则现在停着：{outcome.reason}。")
        return outcome.swept.fired if outcome is not None else 0
