"""
Take in a whole street from one workbook: look first, then confirm, in one transaction or not at all.

What was looked at is kept and confirmed by its hash; if the deployment changed in between so that the import would do
something else, it is refused and shown again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.core.matter import Actor
from engine.errors import Conflict, NotFound
from engine.services.look_up import Shelf
from engine.services.organise import grant_posts_in, save_roster_in, save_units_in
from engine.services.places import remove_places, save_places
from engine.services.plan_street import Plan, plan_street
from engine.services.read_table import read_workbook
from engine.services.record import record
from engine.services.street_rows import Book, read_book
from engine.store.jobs import Job
from engine.store.unit_of_work import Transaction, UnitOfWork

TOPIC = "organisation"
ACCOUNTS = "accounts"
JOB = "import_street"
WAITING, DONE = "waiting", "done"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPLACED = "这份工作簿已经被后来上传的换掉了，请重新上传。"
LOOK_AGAIN = "这期间单位和人员有了变动，这次导入要做的和您看过的不一样了。请重新上传，看过再确认。"


class Upload(msgspec.Struct, frozen=True):
    """A workbook that was looked at: its file, its name, and the changes that were shown."""

    file: str
    name: str
    digest: str


class Progress(msgspec.Struct, frozen=True):
    """How many changes an upload has made; None where it has made none, and never will where it is not waiting."""

    changes: int | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a workbook would do; `upload` names it for confirming, None where it cannot be confirmed."""

    plan: Plan
    upload: str | None = None


def look_at_street(uow: UnitOfWork, data: bytes, *, where: str, shelf: Shelf, now: datetime) -> Plan:
    """
    Return what importing the workbook would change, or all its faults; nothing is written.

    Raises:
        BadFile: it cannot be read safely.
    """
    book = read_book(read_workbook(data, where=where))
    with uow.read() as tx:
        return plan_street(tx, book, shelf=shelf, now=now)


def import_street(uow: UnitOfWork, data: bytes, *, where: str, shelf: Shelf, by: Actor, now: datetime) -> Plan:
    """
    Import the workbook, and return what it changed; with faults nothing is written.

    Raises:
        BadFile: it cannot be read safely.
    """
    book = read_book(read_workbook(data, where=where))
    with uow.write() as tx:
        return _import_in(tx, book, shelf=shelf, by=by, now=now)


def keep_street(
    uow: UnitOfWork, data: bytes, *, where: str, shelf: Shelf, ids: Callable[[], str], now: datetime
) -> Looked:
    """
    Look at a workbook and keep it to be confirmed; what was waiting before is thrown away.

    Raises:
        BadFile: it cannot be read safely.
    """
    plan = look_at_street(uow, data, where=where, shelf=shelf, now=now)
    if plan.faults.count or not plan.changes:
        return Looked(plan)
    upload = ids()
    with uow.write() as tx:
        for job in tx.jobs.of_kind(JOB):
            _throw_away(tx, job)
        file = tx.files.add(upload, data, media_type=MEDIA_TYPE, name_ref=None, at=now)
        args = msgspec.json.encode(Upload(file=file, name=where[:60], digest=plan.digest))
        tx.jobs.put(Job(id=upload, kind=JOB, args=args, progress=b"{}", state=WAITING, at=now))
    return Looked(plan, upload)


def confirm_street(uow: UnitOfWork, upload: str, *, shelf: Shelf, by: Actor, now: datetime) -> bool:
    """
    Do what was shown of an upload, once; return whether this call has done it.

    Raises:
        NotFound: no such upload is waiting.
        Conflict: it would now do something else than what was shown, or another one has taken its place.
    """
    with uow.read() as tx:
        job = tx.jobs.get(upload)
        kept = msgspec.json.decode(job.args, type=Upload) if job is not None and job.kind == JOB else None
        file = tx.files.get(kept.file) if kept is not None else None
    if job is None or kept is None:
        raise NotFound(what="等着确认的导入", found=upload[:40])
    if _changes(job) is not None:
        return False
    if file is None or file.content is None:
        raise Conflict(what=REPLACED)
    book = read_book(read_workbook(file.content, where=kept.name))
    with uow.write() as tx:
        waiting = tx.jobs.lock(upload)
        if waiting is None or waiting.state == DONE:
            if waiting is None or _changes(waiting) is None:
                raise Conflict(what=REPLACED)
            return False
        plan = _import_in(tx, book, shelf=shelf, by=by, now=now)
        if plan.faults.count or plan.digest != kept.digest:
            raise Conflict(what=LOOK_AGAIN)
        _throw_away(tx, waiting, changes=len(plan.changes))
    return True


def changes_made(uow: UnitOfWork, upload: str) -> int | None:
    """Return how many changes an upload has made, None where there is none of that name or it has made none."""
    with uow.read() as tx:
        job = tx.jobs.get(upload)
    return _changes(job) if job is not None and job.kind == JOB else None


def _changes(job: Job) -> int | None:
    return msgspec.json.decode(job.progress, type=Progress).changes


def _throw_away(tx: Transaction, job: Job, *, changes: int | None = None) -> None:
    """A workbook holds names and numbers of people: once used or replaced its bytes go."""
    kept = msgspec.json.decode(job.args, type=Upload)
    tx.files.erase(kept.file)
    progress = msgspec.json.encode(Progress(changes))
    tx.jobs.put(Job(id=job.id, kind=JOB, args=job.args, progress=progress, state=DONE, at=job.at))


def _import_in(tx: Transaction, book: Book, *, shelf: Shelf, by: Actor, now: datetime) -> Plan:
    plan = plan_street(tx, book, shelf=shelf, now=now)
    if plan.faults.count or not plan.changes:
        return plan
    if plan.units:
        save_units_in(tx, plan.units, by=by, now=now)
    _save_people(tx, plan, by=by, now=now)
    if plan.posts:
        grant_posts_in(tx, plan.posts, by=by, now=now)
    if plan.gone_venues or plan.gone_buildings:
        remove_places(tx, venues=plan.gone_venues, buildings=plan.gone_buildings, by=by, now=now)
    if plan.venues or plan.buildings:
        save_places(tx, venues=plan.venues, buildings=plan.buildings, by=by, now=now)
    if plan.duties is not None:
        save_roster_in(tx, plan.duties, by=by, now=now)
    counts = {f"{sheet} {kind}": count for sheet, kind, count in plan.counts()}
    record(tx, TOPIC, action="street_imported", by=by, now=now, data={"counts": counts})
    return plan


def _save_people(tx: Transaction, plan: Plan, *, by: Actor, now: datetime) -> None:
    people = (*plan.new_people, *plan.people)
    if not people:
        return
    tx.people.add(plan.new_people)
    tx.people.put(plan.people)
    facts = [{"id": person.id, "account": person.login is not None} for person in people]
    record(tx, ACCOUNTS, action="people_imported", by=by, now=now, data={"people": facts})
