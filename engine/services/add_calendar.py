"""
Add calendars or the table of a year, and move the clocks that they move.

A year once stored is never lost by adding a file: the table of a year replaces that year's, a base file replaces the
base, and everything else stays. The new calendar counts at once; the open matters follow in batches, so an addition
that was stopped goes on with the same command.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from engine.core.clock.calendar_rules import YearTable
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.command import Recompute
from engine.core.matter import Actor
from engine.core.workflow.document import Document, read_document
from engine.core.workflow.tree import Table, Text
from engine.errors import NotFound
from engine.services.advance import Done, Door, Entry, advance_in, in_one_transaction
from engine.services.calendars import Source, calendar_sources, parse_calendar
from engine.services.library import read_source
from engine.services.look_up import CalendarTexts
from engine.services.publish import store_calendar
from engine.services.read_calendar import is_table, read_table
from engine.services.rearm import apart_of, rearm
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH = 500


@dataclass(frozen=True, slots=True)
class Added:
    """A calendar as it now stands; not new: the same days were stored before, and nothing was written."""

    calendar: WorkingCalendar
    is_new: bool


@dataclass(frozen=True, slots=True)
class Recomputed:
    """How many open matters were looked at, in how many a clock moved, in how many only timers beside its due."""

    looked_at: int = 0
    moved: int = 0
    rearmed: int = 0


@dataclass(slots=True)
class _Files:
    """The files of one calendar: those stored, with what is added laid over them."""

    base: Source | None
    tables: dict[int, Source]


def add_calendars(uow: UnitOfWork, files: Sequence[Path], *, by: Actor, now: datetime) -> list[Added]:
    """
    Store calendars: of a base file with the tables beside it, of a table the year it holds.

    Raises:
        NotFound: there is no such file, or the calendar of a table was never stored.
        CalendarFaults: a file has faults; nothing was written.
    """
    with uow.read() as tx:
        gathered = _gather(tx, files)
        stored = tx.workflows.current_calendar_digests()
    added = []
    for name, of_one in gathered.items():
        if of_one.base is None:
            raise NotFound(what="日历", found=name)
        tables = [table for _, table in sorted(of_one.tables.items())]
        added.append((of_one.base, tables, parse_calendar(of_one.base, tables)))
    for base, tables, calendar in added:
        if stored.get(calendar.id) != calendar.digest:
            store_calendar(uow, _without_folder(base), [_without_folder(table) for table in tables], by=by, now=now)
    return [Added(calendar, stored.get(calendar.id) != calendar.digest) for _, _, calendar in added]


def _without_folder(source: Source) -> Source:
    return Source(Path(source.name).name, source.content)


def _gather(tx: Transaction, files: Iterable[Path]) -> dict[str, _Files]:
    gathered: dict[str, _Files] = {}
    for path in files:
        read = read_source(path)
        source = Source(read.file, read.data)
        document = read_document(source.content, source.name)
        name = _calendar_of_table(document, path) if is_table(document) else path.stem
        if name not in gathered:
            gathered[name] = _stored(tx, name)
        if is_table(document):
            _lay_over(gathered[name], (source,), name)
        else:
            gathered[name].base, tables = calendar_sources(path)
            _lay_over(gathered[name], tables, name)
    return gathered


def _calendar_of_table(document: Document, path: Path) -> str:
    root = document.root
    entry = root.entries.get("calendar") if isinstance(root, Table) else None
    return entry.value.value if entry is not None and isinstance(entry.value, Text) else path.absolute().parent.name


def _stored(tx: Transaction, name: str) -> _Files:
    kept = next((version for version in tx.workflows.current_calendars() if version.id == name), None)
    if kept is None:
        return _Files(None, {})
    texts = msgspec.json.decode(kept.texts, type=CalendarTexts)
    files = _Files(Source(texts.base.file, texts.base.text), {})
    _lay_over(files, [Source(table.file, table.text) for table in texts.tables], name)
    return files


def _lay_over(files: _Files, tables: Iterable[Source], name: str) -> None:
    """Put *tables* in the place of those of the same years; one that cannot be read is kept apart, to be reported."""
    for table in tables:
        years: dict[int, YearTable] = {}
        faults = read_table(read_document(table.content, table.name), calendar_id=name, years=years)
        files.tables[-1 - len(files.tables) if faults else next(iter(years))] = table


def recompute_open(uow: UnitOfWork, *, now: datetime, services: Door, batch: int = BATCH) -> Recomputed:
    """
    Compute the clocks of every open matter anew from the calendars as they now are, through the door.

    Raises:
        Conflict: others kept coming in between; what was done before stays done.
        Unavailable: the store cannot take it now; the same holds.
    """
    with uow.read() as tx:
        open_ids = [stored.matter.id for stored in tx.matters.all(only_open=True)]
    done = Recomputed()
    for start in range(0, len(open_ids), batch):
        some = open_ids[start : start + batch]
        part = in_one_transaction(uow, partial(_recompute, ids=some, now=now, services=services))
        done = Recomputed(done.looked_at + len(some), done.moved + part.moved, done.rearmed + part.rearmed)
    return done


def _recompute(tx: Transaction, *, ids: Sequence[str], now: datetime, services: Door) -> Recomputed:
    apart = apart_of(tx, ids)
    outcomes = advance_in(tx, [Entry(Recompute(matter=name)) for name in ids], now=now, services=services)
    moved = {outcome.matter.id for outcome in outcomes if isinstance(outcome, Done)}
    rearmed = rearm(tx, ids, apart=apart, now=now, services=services)
    return Recomputed(moved=len(moved), rearmed=len(rearmed - moved))
