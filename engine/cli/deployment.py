"""The deployment a command works on: opened at its beginning, closed at its end, whatever happens between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.cli.refusal import USAGE, refusals
from engine.errors import SanlianError
from engine.wiring import Sanlian, wire_existing


@contextmanager
def opened(
    wired: Callable[[], Sanlian] = wire_existing,
    *,
    usage: int = USAGE,
    found: tuple[type[SanlianError], ...] = (),
) -> Iterator[Sanlian]:
    """
    Give the deployment that the environment names; an error of ours is said and ends the command.

    Args:
        wired: `wire` for a command that may make one.
        usage: as for `refusals`.
        found: as for `refusals`.
    """
    with refusals(usage=usage, found=found):
        sanlian = wired()
        try:
            yield sanlian
        finally:
            sanlian.close()
