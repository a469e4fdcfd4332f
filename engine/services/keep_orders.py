"""
Between looking at a file of work orders and taking it in: what stood in it waits here, for its own post and a day.

It is personal data that no matter holds yet, so it goes away by itself: with the post's next file, and after a day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from engine.core.matter import Actor
from engine.errors import NotFound
from engine.services.advance import Door
from engine.services.read_orders import OrdersRead
from engine.services.take_in_orders import TakenIn, plan_orders, take_in_orders
from engine.store.jobs import Job
from engine.store.unit_of_work import Transaction, UnitOfWork

KIND = "orders_file"
WAITING, DONE = "waiting", "done"
KEPT_FOR = timedelta(days=1)


class FileKept(msgspec.Struct, frozen=True):
    """Whose file it is, what it is called, and its hash."""

    post: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class OrdersFile:
    """A file that waits, with what would happen; or one that is done, with what became of it."""

    id: str
    name: str
    is_done: bool
    taken: TakenIn


def keep_orders(
    uow: UnitOfWork, read: OrdersRead, *, name: str, sha256: str, by: Actor, ids: Callable[[], str], now: datetime
) -> str:
    """Let *read* wait, forget the post's earlier files and all old ones, and return its id."""
    kept = ids()
    args = msgspec.json.encode(FileKept(by.post, name[:100], sha256))
    with uow.write() as tx:
        forget_old(tx, now=now)
        for old in tx.jobs.of_kind(KIND):
            if _args(old).post == by.post:
                tx.jobs.remove(old.id)
        tx.jobs.put(Job(id=kept, kind=KIND, args=args, progress=msgspec.json.encode(read), state=WAITING, at=now))
    return kept


def forget_old(tx: Transaction, *, now: datetime) -> None:
    """Forget what has waited longer than a day."""
    for old in tx.jobs.of_kind(KIND):
        if now - old.at > KEPT_FOR:
            tx.jobs.remove(old.id)


def forget_order(tx: Transaction, number: str) -> None:
    """Forget every file that holds the order of that number, waiting or done: what it told was erased."""
    named = msgspec.json.encode(number)
    for old in tx.jobs.of_kind(KIND):
        if named in old.progress:
            tx.jobs.remove(old.id)


def orders_file(uow: UnitOfWork, kept: str, *, by: Actor, services: Door) -> OrdersFile:
    """
    Return a file with what would happen now, or what became of it.

    Raises:
        NotFound: there is none of this post.
    """
    job = _job(uow, kept, by)
    if job.state == DONE:
        return OrdersFile(kept, _args(job).name, is_done=True, taken=msgspec.json.decode(job.progress, type=TakenIn))
    return OrdersFile(
        kept, _args(job).name, is_done=False, taken=plan_orders(uow, _read(job), by=by, services=services)
    )


def take_in_kept(uow: UnitOfWork, kept: str, *, by: Actor, services: Door, clock: Callable[[], datetime]) -> None:
    """
    Take in a file that waits; one that is done stays as it is.

    Raises:
        NotFound: there is none of this post.
        Conflict, Unavailable: as for `take_in_orders`; it waits on.
    """
    job = _job(uow, kept, by)
    if job.state == DONE:
        return
    taken = take_in_orders(
        uow, _read(job), by=by, sha256=_args(job).sha256, services=services, clock=clock, tell=lambda _done, _all: None
    )
    with uow.write() as tx:
        now_kept = tx.jobs.lock(kept)
        if now_kept is not None and now_kept.state == WAITING:
            progress = msgspec.json.encode(taken)
            tx.jobs.put(Job(id=kept, kind=KIND, args=job.args, progress=progress, state=DONE, at=job.at))


def _job(uow: UnitOfWork, kept: str, by: Actor) -> Job:
    with uow.read() as tx:
        job = tx.jobs.get(kept)
    if job is None or job.kind != KIND or _args(job).post != by.post:
        raise NotFound(what="这份工单", found=kept[:40])
    return job


def _args(job: Job) -> FileKept:
    return msgspec.json.decode(job.args, type=FileKept)


def _read(job: Job) -> OrdersRead:
    return msgspec.json.decode(job.progress, type=OrdersRead)
