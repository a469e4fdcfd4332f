"""What must happen now and then beside the rules: deliver messages, make digests, forget old answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.services.deliver import BATCH, Channel, deliver
from engine.services.digest import make_digests
from engine.services.erase import clean_journal_again
from engine.services.keep_orders import forget_old
from engine.services.look_up import Shelf
from engine.services.sign_in import KNOWN_FOR
from engine.store.unit_of_work import UnitOfWork

KEEP_ANSWERS = timedelta(days=30)
# A photo that was sent and never given with anything: a form closed in the middle, a program that went away.
KEEP_UNUSED_FILES = timedelta(days=30)
KEEP_SESSIONS = timedelta(days=90)
KEEP_TRIES = timedelta(days=1)
MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done: digests made, answers forgotten."""

    digests: int
    forgotten: int


def housekeep(uow: UnitOfWork, shelf: Shelf, *, now: datetime) -> Kept:
    """
    Make digests and forget old answers; each is harmless when repeated.

    Only by a clock that is believed: a digest of a day that is not over would be contradicted by that day.
    """
    digests = make_digests(uow, shelf, now=now)
    with uow.write() as tx:
        forgotten = tx.answers.forget_before(now - KEEP_ANSWERS)
        tx.files.forget_unused(before=now - KEEP_UNUSED_FILES)
        forget_old(tx, now=now)
        tx.sessions.forget(ended_before=now - KEEP_SESSIONS)
        tx.sign_in_tries.forget(before=now - KEEP_TRIES)
        tx.known_places.forget(before=now - KNOWN_FOR)
    clean_journal_again(uow)
    return Kept(len(digests), forgotten)


def deliver_all(uow: UnitOfWork, shelf: Shelf, *, channels: Mapping[str, Channel], now: datetime) -> int:
    """Deliver until nothing is left that may go now, up to a limit; return how many notices went."""
    sent = 0
    for _ in range(MOST_ROUNDS):
        done = deliver(uow, shelf, channels=channels, now=now)
        sent += done.sent
        if done.sent + done.put_off + done.failed + done.given_up < BATCH:
            break
    return sent
