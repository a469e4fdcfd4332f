"""
What must hold of a whole database at any moment (RELIABILITY 3.1), found in one pass over its events.

Every fault begins with the id of the promise it breaks. The surroundings (units, posts, calendars) must be those the
events were decided in: each event is decided again and must prescribe what is stored.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import select

from engine.core.decision import Decision, Refusal
from engine.core.history import Event, chain_next, chain_origin, commitment, fold, read_event
from engine.core.matter import Matter, Timer, from_json, merge
from engine.core.terms import EventType, MatterKind
from engine.core.timers import armed
from engine.services.look_up import Shelf, Surroundings
from engine.store.events import SYSTEM_PREFIX, EventRecord
from engine.store.matters import REPEATING, Stored, repeated_by
from engine.store.repository import table
from engine.store.unit_of_work import Transaction, UnitOfWork
from tests.support.replay import decide_again

Row = Any


def assert_invariants(uow: UnitOfWork, shelf: Shelf, *, swept_at: datetime | None = None) -> None:
    """Fail with every promise that does not hold; after a sweep at *swept_at* nothing older may ring."""
    with uow.read() as tx:
        faults = faults_of(tx, shelf, swept_at=swept_at)
    assert not faults, "\n".join(faults)


def faults_of(tx: Transaction, shelf: Shelf, *, swept_at: datetime | None = None) -> list[str]:
    """Return every promise that does not hold."""
    return list(_Scan(tx, shelf, swept_at).faults())


class _Scan:
    """Everything stored, grouped by matter, once."""

    def __init__(self, tx: Transaction, shelf: Shelf, swept_at: datetime | None) -> None:
        self.tx = tx
        self.shelf = shelf
        self.swept_at = swept_at
        self.around: Surroundings = shelf.surroundings(tx)
        self.matters = {stored.matter.id: stored for stored in tx.matters.all()}
        self.columns = self._by_matter("matter", "id")
        self.timers = tx.timers.of_many(list(self.matters))
        self.outbox = self._by_matter("outbox", "matter_id", order="n")
        self.vault = self._by_matter("vault", "matter_id")
        self.answers = self._by_name("idempotency")
        self.used: set[str] = set()
        self.pressed: set[tuple[str, str]] = set()

    def _by_name(self, name: str) -> list[Row]:
        rows = table(name)
        return list(self.tx.connection.execute(select(rows).where(rows.c.district_id == self.tx.district)))

    def _by_matter(self, name: str, column: str, *, order: str | None = None) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        rows = self._by_name(name)
        for row in sorted(rows, key=lambda row: getattr(row, order)) if order else rows:
            found[getattr(row, column)].append(row)
        return found

    def faults(self) -> Iterator[str]:
        """Walk all chains, then what no chain asked for."""
        heads = {chain: (seq, head) for chain, seq, head in self.tx.events.system_heads()}
        seen = set()
        for chain, group in groupby(self.tx.events.all(), key=lambda record: record.chain):
            seen.add(chain)
            records = list(group)
            yield from self._chain(chain, records, heads)
        yield from (f"S1 {name}: a matter without events" for name in self.matters.keys() - seen)
        yield from (f"A1 {name}: a head without events" for name in heads.keys() - seen)
        for kind, left in (("N3 notices", self.outbox), ("S3 private values", self.vault)):
            yield from (f"{kind} of no event: {name}" for name, rows in left.items() if rows)
        yield from self._beside()
        yield from self._kept_answers()

    def _chain(self, chain: str, records: list[EventRecord], heads: dict[str, tuple[int, bytes]]) -> Iterator[str]:
        head = chain_origin(self.around.log, chain)
        for place, record in enumerate(records, start=1):
            head = chain_next(head, record.body)
            if record.seq != place:
                yield f"S1 {chain}: event {place} has seq {record.seq}"
            if record.head != head:
                yield f"A1 {chain}/{record.seq}: the chain does not hold"
        if chain.startswith(SYSTEM_PREFIX):
            if heads.get(chain) != (len(records), head):
                yield f"A1 {chain}: the head stored apart is another"
            return
        stored = self.matters.get(chain)
        if stored is None:
            yield f"S1 {chain}: events without a matter"
            return
        yield from self._projection(stored, records, head)
        yield from self._history(records)
        yield from self._timers(stored.matter)

    def _projection(self, stored: Stored, records: Sequence[EventRecord], head: bytes) -> Iterator[str]:
        matter, folded = stored.matter, fold(read_event(record.body) for record in records)
        if folded != matter:
            yield f"S1 {matter.id}: the fold of its events is not what is stored"
        if matter.seq != len(records):
            yield f"S1 {matter.id}: version {matter.seq}, {len(records)} events"
        if stored.head != head:
            yield f"A1 {matter.id}: its head is another"
        (row,) = self.columns[matter.id]
        cells = zip(REPEATING, repeated_by(folded, texts_instants=False), strict=True)
        wrong = [name for name, value in cells if getattr(row, name) != value]
        # The columns that lists and reports stand on, once more without the product's own sums.
        clock = folded.clocks.get("state")
        told = (row.state, row.level, row.outcome, row.due_at, row.late, row.supervised, row.seq, row.parent, row.root)
        if told != (
            folded.state, folded.level, folded.outcome, clock.due if clock is not None else None,
            [one.late_at for one in folded.clocks.values()] != [None] * len(folded.clocks),
            folded.answers is not None, folded.seq, folded.parent, folded.root,
        ):  # fmt: skip
            wrong.append("those of lists")
        if wrong:
            yield f"S1 {matter.id}: columns {wrong} are not those of its snapshot"

    def _history(self, records: Sequence[EventRecord]) -> Iterator[str]:
        state: dict[str, Any] = {}
        before: Matter | None = None
        last: Event | None = None
        for record in records:
            event = read_event(record.body)
            after, state = _next(state, event)
            where = f"{event.matter}/{event.seq}"
            if (record.seq, record.type, record.at, record.recorded_at) != (
                event.seq, event.type, event.at, event.recorded_at,
            ):  # fmt: skip
                yield f"S1 {where}: the columns are not the body's"
            if last is not None and (event.at < last.at or event.recorded_at < last.recorded_at):
                yield f"C1 {where}: time ran backwards"
            if event.from_ != (before.state if before is not None else None):
                yield f"S2 {where}: from {event.from_}, but it stood in {before and before.state}"
            if before is not None and not before.is_open:
                yield f"T5 {where}: something happened after the end"
            yield from self._automatic(event, record, before)
            yield from self._prescribed(event, before, after)
            before, last = after, event

    def _automatic(self, event: Event, record: EventRecord, before: Matter | None) -> Iterator[str]:
        if event.type != EventType.FIRED:
            if record.timer_key is not None:
                yield f"T4 {event.matter}/{event.seq}: a press has used a timer"
            return
        key = record.timer_key or ""
        if key != event.cause or not key.startswith(f"{event.matter}/"):
            yield f"T4 {key}: not the timer the event names ({event.cause})"
            return
        if key in self.used:
            yield f"T3 {key}: used twice"
        self.used.add(key)
        _, clock, _, visit, _ = key.rsplit("/", 4)
        running = before.clocks.get(clock) if before is not None else None
        if running is None or running.visit != int(visit):
            yield f"T4 {key}: of a visit that had passed"
        elif running.is_held:
            yield f"T5 {key}: fired on a clock that was held"
        if event.due_at is None or event.due_at > event.at:
            yield f"T4 {key}: fired before it was due"

    def _prescribed(self, event: Event, before: Matter | None, after: Matter) -> Iterator[str]:
        where = f"{event.matter}/{event.seq}"
        rows = {row.ref: row for row in self.vault.get(event.matter, ()) if row.seq == event.seq}
        self.vault[event.matter] = [row for row in self.vault.get(event.matter, ()) if row.seq != event.seq]
        if rows.keys() != event.private.keys():
            yield f"S3 {where}: private values {sorted(rows)} for {sorted(event.private)}"
            return
        for ref, row in rows.items():
            if commitment(row.salt, ref, row.value) != event.private[ref]:
                yield f"A1 {ref}: not what was committed to"
        again = decide_again(
            event, before, after, workflow=self.shelf.workflow(self.tx, event.workflow), world=self.around.world,
            opened={ref: row.value for ref, row in rows.items()},
        )  # fmt: skip
        if isinstance(again, Refusal):
            yield f"S2 {where}: decided again it is refused: {again.text}"
            return
        if again.after != after:
            yield f"S2 {where}: decided again it leads elsewhere: {_differing(again.after, after)}"
        yield from self._notices(event, again)
        if event.cause and event.type in (EventType.FILED, EventType.ACTED):
            self.pressed.add((where, event.cause))

    def _notices(self, event: Event, again: Decision) -> Iterator[str]:
        where, is_import = f"{event.matter}/{event.seq}", event.at != event.recorded_at
        mine = [row for row in self.outbox.get(event.matter, ()) if row.seq == event.seq]
        self.outbox[event.matter] = [row for row in self.outbox.get(event.matter, ()) if row.seq != event.seq]
        expected = [
            (f"{where}/{n}", one.to.role if one.to else None, one.to.unit if one.to else None, one.kind, one.urgent,
             one.facts)
            for n, one in enumerate(() if is_import else again.notices, start=1)
        ]  # fmt: skip
        found = [
            (row.key, row.recipient_role, row.recipient_unit, row.kind, row.urgent, msgspec.json.decode(row.facts))
            for row in mine
        ]  # fmt: skip
        if found != expected:
            yield f"N1 {where}: the outbox has {found}, prescribed are {expected}"

    def _timers(self, matter: Matter) -> Iterator[str]:
        should = {t.key: t for t in armed(self.shelf.workflow(self.tx, matter.digest), matter, self.around.world)}
        there = {timer.key: timer for timer in self.timers[matter.id]}
        if not matter.is_open and there:
            yield f"T1 {matter.id}: ended, with timers {sorted(there)}"
        if there != should:
            yield f"T1 {matter.id}: armed {_names(there)}, should be {_names(should)}"
        used = self.used & {timer.name for timer in there.values()}
        if used:
            yield f"T3 {matter.id}: still armed after they were used: {used}"
        if self.swept_at is not None:
            apart = {one.timer.key for one in self.tx.timers.apart()}
            late = [t.key for t in there.values() if t.fire <= self.swept_at and t.key not in apart]
            if late:
                yield f"T2 {late}: should have rung"

    def _beside(self) -> Iterator[str]:
        for name in {row.matter_id for row in self._by_name("timer")} - self.matters.keys():
            yield f"T1 {name}: timers of no matter"
        demands = {row.matter_id for row in self._by_name("demand")}
        should = {name for name, one in self.matters.items() if one.matter.kind == MatterKind.DEMAND}
        if demands != should:
            yield f"S1 demands {demands ^ should} and their matters disagree"
        orphans = {row.matter_id for row in self._by_name("reporter")} - self.matters.keys()
        if orphans:
            yield f"S3 reporters of no matter: {orphans}"
        keys = {row.key for row in self._by_name("outbox")}
        sent = [row.key for row in self._by_name("message") if row.key not in keys]
        if sent:
            yield f"N3 messages that no event prescribes: {sent}"

    def _kept_answers(self) -> Iterator[str]:
        kept: dict[str, str] = {}
        for row in self.answers:
            answer = msgspec.json.decode(row.answer)
            place = f"{answer['matter']}/{answer['seq']}"
            if place in kept:
                yield f"S4 {place}: the answer of two keys"
            kept[place] = row.key
            stored = self.matters.get(answer["matter"])
            if stored is None or stored.matter.seq < answer["seq"]:
                yield f"S4 {row.key}: answered with {place}, which is not there"
            elif (place, row.key) not in self.pressed:
                yield f"S4 {row.key}: answered with {place}, which it did not cause"


def _next(state: dict[str, Any], event: Event) -> tuple[Matter, dict[str, Any]]:
    merged = merge(state, event.data.get("patch", {}))
    return from_json(merged), merged


def _differing(left: Matter, right: Matter) -> dict[str, tuple[object, object]]:
    pairs = {name: (getattr(left, name), getattr(right, name)) for name in Matter.__struct_fields__}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _names(timers: dict[tuple[str, str, str, int, int], Timer]) -> list[str]:
    return sorted(f"{timer.name}@{timer.fire.isoformat()}" for timer in timers.values())
