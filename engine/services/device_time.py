"""
When a press was made by the clock of the device it was made on, for presses that waited there to be sent.

What counts is when the engine takes a press; the device's time only stands beside it.
"""

from datetime import UTC, datetime, timedelta

LEAST_APART = timedelta(minutes=5)
OLDEST = timedelta(days=7)


def worth_keeping(pressed_at: datetime | None, *, now: datetime) -> datetime | None:
    """Return *pressed_at* in whole seconds if it tells more than *now* does and can be believed, else None."""
    if pressed_at is None or pressed_at.tzinfo is None:
        return None
    if not LEAST_APART <= now - pressed_at <= OLDEST:
        return None
    return pressed_at.astimezone(UTC).replace(microsecond=0)


def read_pressed_at(text: str) -> datetime | None:
    """Return the instant of an RFC 3339 text, or None where there is none in it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
