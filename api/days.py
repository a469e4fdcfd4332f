"""Days as people type them into a field or an address."""

from datetime import date

from engine.core.clock.instants import is_in_reach


def day_of(text: str) -> date | None:
    """Return the day written as *text*, None where it is none, or so far off that nothing counts from it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if is_in_reach(day) else None
