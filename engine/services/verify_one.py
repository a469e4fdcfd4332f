"""
One chain verified at once, in honest words: what its bytes prove, and what only a copy outside could.

A chain by itself shows edits, gaps and swaps. That the whole log was not put back or made anew is shown by a digest
kept outside, which covers all chains; comparing one reads the head of every chain, so it is bounded here.
"""

import hashlib
import threading
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from engine.core.clock.instants import day_end
from engine.core.matter import Actor, Json
from engine.core.terms import RefusalCode
from engine.errors import NotFound, Refused
from engine.services.audit import COLUMNS, TOPIC, judge_stretch
from engine.services.digest import OutsideCopy, digests_at
from engine.services.grounds import gather
from engine.services.hold_copies import Compared, Held, compare
from engine.services.judge import UNREADABLE, Chain, Finding, Grounds
from engine.services.look_up import Shelf
from engine.services.record import log_of, record
from engine.store.bulk import is_sqlite
from engine.store.events import SYSTEM_PREFIX
from engine.store.log import Cells, Log, Stretch, count_events
from engine.store.trail import Place, Trail
from engine.store.unit_of_work import Transaction, UnitOfWork

MOST_EVENTS = 400_000
STRIDE = 100
COMPARED = "compared"
VERIFIED = "verified_one"
_CELLS = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Outside:
    """The last time a copy kept outside was held against the log here, and what came out."""

    day: date
    agrees: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What one chain proves: its length, its head, what does not hold, and the last look at a copy outside."""

    events: int
    head: bytes
    findings: tuple[Finding, ...]
    outside: Outside | None

    @property
    def holds(self) -> bool:
        """Whether nothing was found, neither here nor against the copy outside."""
        return not self.findings and (self.outside is None or self.outside.agrees)


def verify_one(tx: Transaction, chain: str) -> ChainReport:
    """
    Verify the chain of a matter or of a system topic.

    Raises:
        NotFound: it has no events.
    """
    log = Log(tx.connection, tx.district)
    stretch = log.one(chain, matter_columns=COLUMNS)
    rows = stretch.events.get(chain, [])
    if chain.startswith(SYSTEM_PREFIX):
        if not rows:
            raise NotFound(what="记录", found=chain[:40])
        findings = _judge_topic(tx, chain, stretch, log)
    else:
        grounds, _ = gather(tx)
        findings = tuple(judge_stretch(stretch, log, grounds))
    head = rows[-1][-1] if rows else b""
    return ChainReport(len(rows), head if type(head) is bytes else b"", findings, _last_compared(tx))


def verify_topic(tx: Transaction, topic: str) -> ChainReport:
    """Verify the chain of a system topic."""
    return verify_one(tx, f"{SYSTEM_PREFIX}{topic}")


@dataclass(frozen=True, slots=True)
class _Walked:
    """A system chain as far as it was judged: how many rows, all of their cells hashed, and where the judge stood."""

    count: int
    cells: bytes
    chain: Chain


# By log, district and chain. The rows are read each time, and what they say is judged again unless every cell of them
# is the same: a chain that only grew is judged from where it has grown.
_WALKED: dict[tuple[str, str, str], _Walked] = {}
_WALKED_GUARD = threading.Lock()


def _judge_topic(tx: Transaction, chain_id: str, stretch: Stretch, log: Log) -> tuple[Finding, ...]:
    """Judge a system chain as `judge_stretch` does; nothing of flows and posts is needed for it."""
    heads = {chain: (seq, head) for chain, seq, head in tx.events.system_heads()}
    grounds = Grounds(log_of(tx), {}, {}, heads, is_sqlite(tx.connection))
    key = (grounds.log, tx.district, chain_id)
    chain = _walked(key, stretch.events[chain_id], grounds)
    chain.compare_head(*heads.get(chain_id, (0, b"")))
    chain.compare_vault(stretch.vault.get(chain_id, ()), log.files)
    return tuple(chain.findings)


def _walked(key: tuple[str, str, str], rows: Sequence[Cells], grounds: Grounds) -> Chain:
    """Return the chain walked to its end, for the caller alone."""
    with _WALKED_GUARD:
        known = _WALKED.get(key)
    cells = hashlib.sha256()
    start, chain = 0, Chain(key[-1], grounds)
    if known is not None and known.count <= len(rows):
        _hash_into(cells, rows[: known.count])
        if cells.digest() == known.cells:
            start, chain = known.count, _twin(known.chain)
        else:
            cells = hashlib.sha256()
    chain.walk(rows[start:])
    _hash_into(cells, rows[start:])
    with _WALKED_GUARD:
        _WALKED[key] = _Walked(len(rows), cells.digest(), _twin(chain))
    return chain


def _hash_into(cells: Any, rows: Sequence[Cells]) -> None:
    """Hash every cell of *rows*, row by row, each with its length and kind, whatever pieces they come in."""
    for row in rows:
        cells.update(_CELLS.encode(row))


def _twin(chain: Chain) -> Chain:
    """A chain that can be walked on without the other."""
    twin = copy(chain)
    twin.state, twin.committed = dict(chain.state), dict(chain.committed)
    twin.erased, twin.findings = set(chain.erased), list(chain.findings)
    return twin


def _last_compared(tx: Transaction) -> Outside | None:
    """Found from the newest on: it is mostly among the last runs, and the chain of all runs grows for years."""
    trail, after = Trail(tx.connection, tx.district), None
    while records := trail.back(limit=STRIDE, after=after, chain=f"{SYSTEM_PREFIX}{TOPIC}"):
        for event in records:
            try:
                found = _compared_in(msgspec.json.decode(event.body), event.recorded_at)
            except UNREADABLE:
                continue  # its own chain tells what is wrong with it
            if found is not None:
                return found
        last = records[-1]
        after = Place(last.recorded_at, last.chain, last.seq)
    return None


def _compared_in(body: Json, at: datetime) -> Outside | None:
    data = body["data"]
    if body["action"] == COMPARED and data.get("agrees") is not None:
        return Outside(date.fromisoformat(data["day"]), bool(data["agrees"]), at)
    if body["action"] == "verified" and data.get("outside") and data.get("exit_code") == 0:
        return Outside(date.fromisoformat(max(data["outside"])), True, at)
    return None


def note_verified(uow: UnitOfWork, chain: str, report: ChainReport, *, purpose: str, by: Actor, now: datetime) -> None:
    """Write into the log that a chain was verified, by whom, what for, and what came out."""
    data = {"matter": chain, "events": report.events, "found": len(report.findings), "purpose": purpose}
    with uow.write() as tx:
        record(tx, TOPIC, action=VERIFIED, by=by, now=now, data=data)


def compare_outside(
    uow: UnitOfWork, shelf: Shelf, copies: Sequence[OutsideCopy], *, purpose: str, by: Actor, now: datetime
) -> tuple[Compared, ...]:
    """
    Hold digests kept outside against the log as it stands, and record what came out.

    Raises:
        Refused: the log is too long to be read while somebody waits for a page.
    """
    with uow.read() as tx:
        events = count_events(tx.connection, tx.district)
        if events > MOST_EVENTS:
            reason = f"记录有 {events} 条，在页面上核对太慢；请在服务器上运行 sanlian verify --digest 文件。"
            raise Refused(refusal=RefusalCode.LIMIT.value, reason=reason, field=None)
        zone = shelf.world(tx).calendar(None).zone
        log = log_of(tx)
        asked = {copy.day for copy in copies if copy.log in (None, log) and day_end(copy.day, zone) <= now}
        made = digests_at(Log(tx.connection, tx.district), {day: day_end(day, zone) for day in asked}) if asked else {}
        held = Held(log, made, {one.day: one.hash.hex() for one in tx.digests.all()})
        found = tuple(compare(copy, held, now=now, zone=zone) for copy in copies)
    with uow.write() as tx:
        for one in found:
            data = {"day": one.day.isoformat(), "agrees": one.agrees, "purpose": purpose}
            record(tx, TOPIC, action=COMPARED, by=by, now=now, data=data)
    return found
