"""
After clocks were computed anew: the stored timers are those that follow from them, and what stood apart still does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.core.matter import Timer
from engine.core.timers import armed
from engine.services.advance import Door
from engine.store.timers import TimerApart
from engine.store.unit_of_work import Transaction

Key = tuple[str, str, str, int, int]


def apart_of(tx: Transaction, ids: Sequence[str]) -> dict[Key, TimerApart]:
    """Return the timers of *ids* that are held or parked, to be asked for before their clocks move."""
    return {one.timer.key: one for one in tx.timers.apart(of=ids)}


def rearm(
    tx: Transaction, ids: Sequence[str], *, apart: Mapping[Key, TimerApart], now: datetime, services: Door
) -> set[str]:
    """
    Make the stored timers those that follow from the clocks, and return whose were not.

    A due instant may stand while a timer some working days before or after it moves: no clock has changed then, so
    there is no event, but the timer must ring on its new day.

    Args:
        apart: what stood apart before the clocks moved. A parked timer stays parked on its new day; a held one stays
            held if it would ring by *now*: what moved out of the outage is no longer the outage's.
    """
    world = services.shelf.world(tx)
    stored = tx.timers.of_many(ids)
    gone: list[Timer] = []
    fresh: list[Timer] = []
    kept: dict[Key, Timer] = {}
    for name, one in tx.matters.read_many(ids).items():
        wanted = {
            timer.key: timer for timer in armed(services.shelf.workflow(tx, one.matter.digest), one.matter, world)
        }
        had = {timer.key: timer for timer in stored[name]}
        gone += [timer for key, timer in had.items() if wanted.get(key) != timer]
        fresh += [timer for key, timer in wanted.items() if had.get(key) != timer]
        kept |= wanted
    if gone or fresh:
        tx.timers.cancel_many(gone)
        tx.timers.arm_many(fresh)
    for key, was in apart.items():
        if key in kept:
            _put_aside_again(tx, kept[key], was, now=now)
    return {timer.matter for timer in (*gone, *fresh)}


def _put_aside_again(tx: Transaction, timer: Timer, was: TimerApart, *, now: datetime) -> None:
    if was.failed_at is not None:
        tx.timers.park(timer, at=was.failed_at, error=was.error or "")
    if was.held_until is not None:
        tx.timers.hold(timer, until=was.held_until if timer.fire <= now else None)
