"""What is written about a proposal to change limits: why, for which matters, from when."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData

from api.days import day_of
from api.dependencies import Asked
from engine.core.clock.instants import midnight
from engine.errors import BadText


@dataclass(frozen=True, slots=True)
class Typed:
    """What was written about a proposal, shown again when it was not taken."""

    reason: str = ""
    scope: str = "new"
    when: str = "now"
    day: str = ""


def typed_about(posted: FormData) -> Typed:
    """Return what was posted about a proposal."""
    words = {name: value for name in ("reason", "scope", "when", "day") if isinstance(value := posted.get(name), str)}
    return Typed(**words)


def effective_at(asked: Asked, typed: Typed) -> datetime | None:
    """
    Return the midnight at which the day typed begins; None: as soon as it is approved.

    Raises:
        BadText: it is no day.
    """
    if typed.when != "day":
        return None
    day = day_of(typed.day)
    if day is None:
        raise BadText(where="生效的日子", found=typed.day[:20] or "没写", expected="一个日子")
    return midnight(day, asked.zone)
