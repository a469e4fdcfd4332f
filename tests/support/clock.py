"""The clock of the tests: it stands still until a test moves it."""

from datetime import datetime, timedelta


class FixedClock:
    """A clock that shows *now* until told otherwise."""

    def __init__(self, now: datetime) -> None:
        self._now = _aware(now)

    def now(self) -> datetime:
        """Return the instant the clock shows."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by *by* and return the new instant."""
        self._now += by
        return self._now

    def set(self, instant: datetime) -> datetime:
        """Put the clock to *instant*, forwards or backwards, and return it."""
        self._now = _aware(instant)
        return self._now


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"a clock needs an instant with a zone, got {instant.isoformat()}")
    return instant
