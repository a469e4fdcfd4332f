"""
The daily digest: one hash over all chains as they stood at local 24:00, and its copies outside.

It is computed from `recorded_at`, so anybody can compute it again later; a copy held outside then shows whether
anything up to that day was changed, cut off or put back.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from engine.core.clock.instants import day_end
from engine.core.history import framed
from engine.core.scope import SYSTEM
from engine.errors import BadFile, NotFound
from engine.services.look_up import Shelf
from engine.services.record import DIGESTED_FACT, log_of, record
from engine.store.digests import Digest
from engine.store.events import SYSTEM_PREFIX
from engine.store.log import Log
from engine.store.unit_of_work import UnitOfWork

TOPIC = "digest"
CHAIN = f"{SYSTEM_PREFIX}{TOPIC}"

# A transaction may commit this much after the instant it recorded; a digest made earlier would miss it.
SETTLE = timedelta(minutes=5)

_DAY = re.compile(r"\b(\d{4}-\d\d-\d\d)\b")
_HASH = re.compile(r"\b([0-9a-f]{64})\b", re.IGNORECASE)
_LOG = re.compile(r"^log:\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class OutsideCopy:
    """A digest kept outside: its day, its hash (hex), and the log it was made of where the copy says so."""

    day: date
    hash: str
    log: str | None


def digests_at(log: Log, cuts: Mapping[date, datetime]) -> dict[date, tuple[bytes, int]]:
    """Return for each day the hash over (chain, head) of all chains begun before its cut, and their number."""
    walk = _Walk(log, cuts)
    chain: str | None = None
    events: list[Any] = []
    for row in log.heads_by_time():
        if row[0] != chain:
            walk.close(chain, events)
            chain, events = row[0], []
        events.append(row)
    walk.close(chain, events)
    return walk.results()


class _Walk:
    """One hash per day, fed chain by chain."""

    def __init__(self, log: Log, cuts: Mapping[date, datetime]) -> None:
        self._days = sorted(cuts)
        self._cuts = [log.instant(cuts[day]) for day in self._days]
        self._kind = type(self._cuts[0]) if self._cuts else None
        self._hashes = [hashlib.sha256() for _ in self._days]
        self._counts = [0] * len(self._days)

    def close(self, chain: str | None, events: Iterable[Any]) -> None:
        """Add the heads that a chain had at each cut."""
        if type(chain) is not str:
            return
        # What is no instant or no head counts nowhere: the judge of the chain tells of it.
        ahead = iter([row for row in events if type(row[1]) is self._kind and type(row[2]) is bytes])
        following = next(ahead, None)
        pair: bytes | None = None
        for place, cut in enumerate(self._cuts):
            head = None
            while following is not None and following[1] < cut:
                head, following = following[2], next(ahead, None)
            if head is not None:
                pair = framed(chain.encode(), head)
            if pair is not None:
                self._hashes[place].update(pair)
                self._counts[place] += 1

    def results(self) -> dict[date, tuple[bytes, int]]:
        """Return hash and number of chains of each day."""
        made = zip(self._hashes, self._counts, strict=True)
        return dict(zip(self._days, ((one.digest(), count) for one, count in made), strict=True))


def days_to_digest(now: datetime, *, zone: tzinfo, last: date | None, first_event: datetime | None) -> list[date]:
    """Return the days that have ended and have no digest yet, oldest first."""
    if last is None and first_event is None:
        return []
    start = last + timedelta(days=1) if last is not None else _local(first_event, zone)
    over = _local(now - SETTLE, zone)
    return [start + timedelta(days=n) for n in range((over - start).days)]


def _local(instant: datetime | None, zone: tzinfo) -> date:
    assert instant is not None
    return instant.astimezone(zone).date()


def make_digests(uow: UnitOfWork, shelf: Shelf, *, now: datetime) -> list[Digest]:
    """Make the digest of every day that has ended and has none, keep it and note it in the history."""
    with uow.read() as tx:
        zone = shelf.world(tx).calendar(None).zone
        log = Log(tx.connection, tx.district)
        last = tx.digests.last_day()
        days = days_to_digest(
            now,
            zone=zone,
            last=date.fromisoformat(last) if last is not None else None,
            first_event=log.first_recorded() if last is None else None,
        )
        made = digests_at(log, {day: day_end(day, zone) for day in days}) if days else {}
    digests = [Digest(day.isoformat(), value, count, now) for day, (value, count) in made.items()]
    # After an outage of weeks, the days on which nothing changed have the digest of the day before them.
    changed = [one for before, one in pairwise([None, *digests]) if one and (not before or one.hash != before.hash)]
    wanted = dict.fromkeys((*changed, *digests[-1:]))
    return [one for one in wanted if _keep(uow, one, until=day_end(date.fromisoformat(one.day), zone), now=now)]


def _keep(uow: UnitOfWork, digest: Digest, *, until: datetime, now: datetime) -> bool:
    """Keep *digest*, made of everything recorded before *until*, unless another process was faster."""
    with uow.write() as tx:
        tx.events.chain_head(CHAIN)
        if tx.digests.get(digest.day) is not None:
            return False
        tx.digests.add(digest)
        tx.facts.put(DIGESTED_FACT, until.astimezone(UTC).isoformat())
        data = {"day": digest.day, "hash": digest.hash.hex(), "chains": digest.count}
        record(tx, TOPIC, action="digest", by=SYSTEM, now=now, data=data)
    return True


def digest_of_day(uow: UnitOfWork, shelf: Shelf, *, day: date | None, now: datetime) -> tuple[Digest, str]:
    """
    Return the digest of *day* (the last day that has one) and the id of the log.

    Raises:
        NotFound: there is no such digest, or the day has not ended.
    """
    make_digests(uow, shelf, now=now)
    with uow.read() as tx:
        last = tx.digests.last_day()
        wanted = day or (date.fromisoformat(last) if last is not None else None)
        zone = shelf.world(tx).calendar(None).zone
        if wanted is None or now < day_end(wanted, zone) + SETTLE:
            raise NotFound(what="摘要", found=wanted or "（还没有一天过完）")
        stored = tx.digests.get(wanted.isoformat())
        if stored is None:
            value, count = digests_at(Log(tx.connection, tx.district), {wanted: day_end(wanted, zone)})[wanted]
            stored = Digest(wanted.isoformat(), value, count, now)
        return stored, log_of(tx)


def write_copy(digest: Digest, *, log: str) -> str:
    """Return the text of a digest that is kept outside: for people to print, and for `verify --digest` to read."""
    return (
        "三联日志摘要\n"
        f"log: {log}\n"
        f"day: {digest.day}\n"
        f"chains: {digest.count}\n"
        f"sha256: {digest.hash.hex()}\n"
        "请存在这台机器以外的地方；核对用 sanlian verify --digest 这个文件\n"
    )


def read_copy(text: str, *, where: str) -> OutsideCopy:
    """
    Read a copy kept outside: the text of `write_copy`, or any text with one day and one hash.

    Raises:
        BadFile: it holds no day or no hash, or several.
    """
    days, hashes = set(_DAY.findall(text)), {found.lower() for found in _HASH.findall(text)}
    if len(days) != 1 or len(hashes) != 1:
        raise BadFile(
            where=where, found=text[:80], expected="一个日期和一个 64 位的摘要，例如 sanlian digest --out 写的"
        )
    try:
        day = date.fromisoformat(days.pop())
    except ValueError as error:
        raise BadFile(where=where, found=text[:80], expected="一个日期，例如 2026-11-19") from error
    log = _LOG.search(text)
    return OutsideCopy(day, hashes.pop(), log[1] if log else None)
