"""
Verify the whole log: every chain by its own bytes, then the digests, then copies kept outside.

A chain alone shows edits; only a copy outside shows a log that was cut off, put back or made anew. So the report says
which of the two it can vouch for, and «cannot tell» never reads as «good».
"""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from multiprocessing import get_context
from typing import Any, TypeVar

from engine.core.clock.instants import day_end
from engine.core.matter import Actor
from engine.errors import BadInput, Unavailable
from engine.services.digest import OutsideCopy, digests_at
from engine.services.grounds import gather
from engine.services.hold_copies import Compared, Held, compare
from engine.services.judge import UNREADABLE, Chain, Finding, Grounds
from engine.services.look_up import Shelf
from engine.services.record import log_of, record
from engine.store.database import is_undecodable, open_database
from engine.store.events import SYSTEM_PREFIX
from engine.store.log import Log, Part, Stretch
from engine.store.matters import REPEATING
from engine.store.unit_of_work import Transaction, UnitOfWork

Made = TypeVar("Made")
GOOD, TAMPERED, CANNOT_TELL = 0, 1, 2
TOPIC = "audit"
MOST_FINDINGS = 1000
COLUMNS = ("seq", "head", "snapshot", *REPEATING)


@dataclass(slots=True)
class Tally:
    """What one pass over some chains has found."""

    events: int = 0
    chains: int = 0
    findings: list[Finding] = field(default_factory=list)
    found: int = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Count *findings*, and keep them up to a limit."""
        for finding in findings:
            self.found += 1
            if len(self.findings) < MOST_FINDINGS:
                self.findings.append(finding)

    def join(self, other: "Tally") -> None:
        """Take in what another pass has found."""
        self.events += other.events
        self.chains += other.chains
        self.found += other.found
        self.findings.extend(other.findings[: MOST_FINDINGS - len(self.findings)])


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of `verify`."""

    events: int
    chains: int
    findings: tuple[Finding, ...]
    found: int
    digests: int
    compared: tuple[Compared, ...]
    needs_outside: bool

    @property
    def exit_code(self) -> int:
        """0 good, 1 tampered, 2 cannot tell."""
        if self.found or any(one.agrees is False for one in self.compared):
            return TAMPERED
        if any(one.agrees is None for one in self.compared) or (self.needs_outside and not self.compared):
            return CANNOT_TELL
        return GOOD

    @property
    def verdict(self) -> str:
        """The outcome in one honest sentence."""
        if self.exit_code == TAMPERED:
            wrong = self.found + sum(1 for one in self.compared if one.agrees is False)
            return f"有 {wrong} 处对不上，记录被改动过或已损坏"
        if self.exit_code == CANNOT_TELL:
            reasons = [one.text for one in self.compared if one.agrees is None]
            return "说不准：" + ("；".join(reasons) or "没有外部存样，只能证明前后相连")
        agreeing = sorted(one.day for one in self.compared)
        if not agreeing:
            return "前后连得上；没有外部存样，只能证明前后相连"
        days = "、".join(f"{day:%m-%d}" for day in agreeing)
        return f"前后连得上；与 {days} 存在外面的摘要一致"


def verify(
    uow: UnitOfWork,
    shelf: Shelf,
    *,
    now: datetime,
    copies: Sequence[OutsideCopy] = (),
    needs_outside: bool = False,
    processes: int | None = None,
) -> Report:
    """
    Check every layer of the whole log and return what was found.

    Args:
        copies: digests held outside.
        needs_outside: without one of them the outcome is «cannot tell».
        processes: how many to use; as many as there are processors when None.
    """

    def whole(uow: UnitOfWork) -> Report:
        return _verify(uow, shelf, now=now, copies=copies, needs_outside=needs_outside, processes=processes)

    return _whatever_it_holds(uow, whole)


def _whatever_it_holds(uow: UnitOfWork, work: Callable[[UnitOfWork], Made]) -> Made:
    """Do *work*; where a text in the way is no UTF-8, do it again with marks in the place of what cannot be read."""
    try:
        return work(uow)
    except Unavailable as error:
        if not is_undecodable(error):
            raise
    forgiving = open_database(_url(uow), is_forgiving=True)
    try:
        return work(UnitOfWork(forgiving, district=uow.district))
    finally:
        forgiving.close()


def _url(uow: UnitOfWork) -> str:
    return uow.database.engine.url.render_as_string(hide_password=False)


def _verify(
    uow: UnitOfWork, shelf: Shelf, *, now: datetime, copies: Sequence[OutsideCopy], needs_outside: bool,
    processes: int | None,
) -> Report:  # fmt: skip
    with uow.read() as tx:
        zone, findings = _zone(tx, shelf)
        parts = Log(tx.connection, tx.district).parts(processes or os.cpu_count() or 1)
    tally = _judge_parts(uow, parts)
    tally.add(findings)
    with uow.read() as tx:
        log, log_id = Log(tx.connection, tx.district), str(log_of(tx))
        tally.add(_system_chains(log))
        stored = {row[0]: (row[1], row[2]) for row in log.digests()}
        asked = {copy.day for copy in copies if copy.log in (None, log_id) and day_end(copy.day, zone) <= now}
        days = asked.union(day for text in stored if (day := _day(text)) is not None)
        made = digests_at(log, {day: day_end(day, zone) for day in days}) if days else {}
    tally.add(_stored_digests(stored, made))
    noted = {str(day): hash_.hex() for day, (hash_, _) in stored.items() if type(hash_) is bytes}
    held = Held(log_id, made, noted)
    compared = tuple(compare(copy, held, now=now, zone=zone) for copy in copies)
    return Report(
        events=tally.events,
        chains=tally.chains,
        findings=tuple(tally.findings),
        found=tally.found,
        digests=len(stored),
        compared=compared,
        needs_outside=needs_outside,
    )


def _zone(tx: Transaction, shelf: Shelf) -> tuple[tzinfo, list[Finding]]:
    """The zone in which days end; UTC, and what is wrong, where the tables that say it hold what nobody can read."""
    try:
        return shelf.world(tx).calendar(None).zone, []
    except (BadInput, *UNREADABLE) as error:
        chain = f"{SYSTEM_PREFIX}organisation"
        text = f"单位、岗位或日历的表里有读不懂的内容：{type(error).__name__}"
        return UTC, [Finding("projection", "organisation", chain, 0, text)]


def note_run(uow: UnitOfWork, report: Report, *, by: Actor, now: datetime) -> None:
    """Write into the log that it was verified, by whom, and what came out."""
    kinds = Counter(f"{finding.layer}.{finding.kind}" for finding in report.findings)
    data = {
        "exit_code": report.exit_code,
        "events": report.events,
        "found": report.found,
        "kinds": dict(kinds),
        "outside": [str(one.day) for one in report.compared],
    }
    with uow.write() as tx:
        record(tx, TOPIC, action="verified", by=by, now=now, data=data)


def _judge_parts(uow: UnitOfWork, parts: Sequence[Part]) -> Tally:
    with uow.read() as tx:
        # Looked for once and handed on: it reads the whole log.
        fired = Log(tx.connection, tx.district).fired_at()
    here, *others = parts
    if not others:
        return _judge_here(uow, here, fired)
    url = _url(uow)
    # Fresh processes, not forked ones: this one may hold threads and open connections.
    with ProcessPoolExecutor(len(others), mp_context=get_context("spawn")) as pool:
        tallies = pool.map(_judge_in_process, [(url, uow.district, part, fired) for part in others])
        whole = _judge_here(uow, here, fired)
        for tally in tallies:
            whole.join(tally)
    return whole


def _judge_here(uow: UnitOfWork, part: Part, fired: Sequence[datetime]) -> Tally:
    """Judge a part in this process, and what all parts are judged by."""
    with _rare_collections(), uow.read() as tx:
        grounds, findings = gather(tx, fired=fired)
        tally = Tally()
        tally.add(findings)
        tally.join(judge_part(tx, part, grounds))
    return tally


def _judge_in_process(task: tuple[str, str, Part, Sequence[datetime]]) -> Tally:
    url, district, part, fired = task
    database = open_database(url)

    def work(uow: UnitOfWork) -> Tally:
        with _rare_collections(), uow.read() as tx:
            return judge_part(tx, part, gather(tx, fired=fired)[0])

    try:
        return _whatever_it_holds(UnitOfWork(database, district=district), work)
    finally:
        database.close()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """A million bodies come and go without cycles between them: looking for some after each 700 is time lost."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def judge_part(tx: Transaction, part: Part, grounds: Grounds) -> Tally:
    """Judge the chains of *part* in one steady picture of the store."""
    log, tally = Log(tx.connection, tx.district), Tally()
    for stretch in log.stretches(part, matter_columns=COLUMNS):
        tally.add(judge_stretch(stretch, log, grounds))
        tally.chains += len(stretch.events)
        tally.events += sum(map(len, stretch.events.values()))
    return tally


def judge_stretch(stretch: Stretch, log: Log, grounds: Grounds) -> Iterable[Finding]:
    """Yield what does not hold in some whole chains and in the rows that belong to them."""
    for chain_id, rows in stretch.events.items():
        if type(chain_id) is not str:
            yield Finding("chain", "misplaced", str(chain_id), 0, f"有 {len(rows)} 条记录不属于任何事项")
            continue
        chain = Chain(chain_id, grounds)
        chain.walk(rows)
        if chain.is_system:
            chain.compare_head(*grounds.heads.get(chain_id, (0, b"")))
        else:
            row = stretch.matters.pop(chain_id, None)
            if row is None:
                chain.find("projection", "no_matter", chain.seq, "有办理过程，却没有这件事")
            else:
                chain.compare_projection(row)
        chain.compare_vault(stretch.vault.pop(chain_id, ()), log.files)
        yield from chain.findings
    for chain_id in stretch.matters:
        yield Finding("projection", "no_events", str(chain_id), 0, "有这件事，却没有办理过程")
    for chain_id, rows in stretch.vault.items():
        yield Finding("vault", "stray", str(chain_id), 0, f"有 {len(rows)} 条内容没有任何记录承诺过")


def _system_chains(log: Log) -> Iterable[Finding]:
    """Find heads of system chains that have no events; the others were compared with their chains."""
    for chain, seq, _ in tuple(log.system_heads()):
        if not log.count_of(chain):
            place = seq if type(seq) is int else 0
            yield Finding("head", "no_events", str(chain), place, "有系统链的链头，却没有记录")


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _stored_digests(stored: Mapping[Any, tuple[Any, Any]], made: Mapping[date, tuple[bytes, int]]) -> Iterable[Finding]:
    for text, (hash_, count) in stored.items():
        day = _day(text)
        if day is None or type(count) is not int or made[day] != (hash_, count):
            chain = f"{SYSTEM_PREFIX}digest"
            yield Finding("digest", "digest", chain, 0, f"{text} 的摘要不是那天的记录算出来的")
