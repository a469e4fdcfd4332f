"""
One chain verified at once, in honest words: what its bytes prove, and what only a copy outside could.

A chain by itself shows edits, gaps and swaps. That the whole log was not put back or made anew is shown by a digest
kept outside, which covers all chains; comparing one reads the head of every chain, so it is bounded here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from engine.core.matter import Actor, Json
from engine.core.terms import RefusalCode
from engine.errors import NotFound, Refused
from engine.services.audit import COLUMNS, TOPIC, Compared, compare, judge_stretch
from engine.services.digest import OutsideCopy, day_end, digests_at
from engine.services.grounds import gather
from engine.services.judge import UNREADABLE, Finding
from engine.services.look_up import Shelf
from engine.services.record import log_of, record
from engine.store.events import SYSTEM_PREFIX
from engine.store.log import Log, count_events
from engine.store.trail import Place, Trail
from engine.store.unit_of_work import Transaction, UnitOfWork

MOST_EVENTS = 400_000
STRIDE = 100
COMPARED = "compared"
VERIFIED = "verified_one"


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
    if not rows and chain.startswith(SYSTEM_PREFIX):
        raise NotFound(what="记录", found=chain[:40])
    grounds, _ = gather(tx)
    findings = tuple(judge_stretch(stretch, log, grounds))
    head = rows[-1][-1] if rows else b""
    return ChainReport(len(rows), bytes(head), findings, _last_compared(tx))


def verify_topic(tx: Transaction, topic: str) -> ChainReport:
    """Verify the chain of a system topic."""
    return verify_one(tx, f"{SYSTEM_PREFIX}{topic}")


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
        found = tuple(compare(copy, made, log=log, now=now, zone=zone) for copy in copies)
    with uow.write() as tx:
        for one in found:
            data = {"day": one.day.isoformat(), "agrees": one.agrees, "purpose": purpose}
            record(tx, TOPIC, action=COMPARED, by=by, now=now, data=data)
    return found
