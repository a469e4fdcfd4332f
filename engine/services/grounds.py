"""Gather what a log is judged by: flows by the hash of their texts, the organisation version by version, calendars."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeVar

import msgspec

from engine.core.circumstances import AtWork, Seats
from engine.core.clock.instants import parse_instant
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.flow_law import FlowLaw
from engine.core.legality import Replay
from engine.core.matter import Json
from engine.core.scope import Duty, Leave, Organisation, Post, Unit
from engine.core.workflow.loader import digest_of
from engine.services import organise, publish
from engine.services.advance import TIMER_FAILED
from engine.services.judge import SENSELESS, Finding, Grounds
from engine.services.look_up import digest_of_calendars, read_stored, read_stored_calendar
from engine.services.record import log_of
from engine.store.bulk import is_sqlite
from engine.store.events import SYSTEM_PREFIX
from engine.store.log import Log
from engine.store.unit_of_work import Transaction
from engine.store.workflows import WorkflowVersion

ORGANISATION = f"{SYSTEM_PREFIX}{organise.TOPIC}"
WORKFLOWS = f"{SYSTEM_PREFIX}{publish.WORKFLOWS}"
CALENDARS = f"{SYSTEM_PREFIX}{publish.CALENDARS}"


Read = TypeVar("Read")


class _AskedAtWork(AtWork):
    """The same, asked of the log each time: one chain asks seldom, and the list of instants is as long as the log."""

    def __init__(self, log: Log, parked: Collection[str]) -> None:
        super().__init__((), parked)
        self._log = log

    def between(self, start: datetime, end: datetime) -> timedelta:
        return self._log.fired_between(start, end) if start < end else timedelta(0)


def gather(tx: Transaction, *, fired: Sequence[datetime] | None = None) -> tuple[Grounds, list[Finding]]:
    """
    Return the grounds, and what is wrong with the stored texts and the organisation's tables.

    Args:
        fired: when rules acted, as the log says it; None: it is asked for where something should have been done.
    """
    findings: list[Finding] = []
    log, reading = Log(tx.connection, tx.district), partial(_read_or_tell, findings)
    calendars = _calendars(tx, log, findings)
    parked: set[str] = reading(lambda: _parked(tx), set(), where=("legality", "alarms", "system/alarms"))
    at_work = AtWork(fired, parked) if fired is not None else _AskedAtWork(log, parked)
    organisation = reading(tx.organisation.load, Organisation(()), where=("projection", "organisation", ORGANISATION))
    versions, found = _organisation(log, organisation)
    findings.extend(found)
    seats = Seats(versions)
    laws: dict[str, FlowLaw] = {}
    replays: dict[str, Replay | None] = {}
    stored: list[WorkflowVersion] = reading(
        partial(tx.workflows.versions, workflow=None), [], where=("workflow", "text", WORKFLOWS)
    )
    for version in stored:
        replays[version.digest] = None
        try:
            are_bytes = {type(version.flow_text), type(version.limits_text)} <= {bytes, type(None)}
            if not are_bytes or digest_of(version.flow_text, version.limits_text) != version.digest:
                findings.append(Finding("workflow", "text", WORKFLOWS, 0, f"流程 {version.id} 的原文与它的哈希不符"))
                continue
            laws[version.digest] = _law_of(version)
        except SENSELESS as error:
            findings.append(Finding("workflow", "text", WORKFLOWS, 0, f"流程 {version.id} 读不出来：{error}"))
            continue
        replays[version.digest] = Replay(laws[version.digest], seats, calendars=calendars, at_work=at_work)
    heads = {chain: (seq, head) for chain, seq, head in log.system_heads()}
    return Grounds(str(log_of(tx)), replays, laws, heads, is_sqlite(tx.connection)), findings


def _read_or_tell(
    findings: list[Finding], read: Callable[[], Read], otherwise: Read, *, where: tuple[str, str, str]
) -> Read:
    """Return what is read of a table; a row that holds what the engine never writes is told, and nothing is taken."""
    try:
        return read()
    except SENSELESS as error:
        layer, kind, chain = where
        findings.append(Finding(layer, kind, chain, 0, f"表里有读不懂的内容：{type(error).__name__}"))
        return otherwise


@lru_cache(maxsize=64)
def _law_of(version: WorkflowVersion) -> FlowLaw:
    """The law of a version, kept by its whole content: reading it takes longer than judging a chain."""
    return FlowLaw(read_stored(version))


def _calendars(tx: Transaction, log: Log, findings: list[Finding]) -> dict[str, dict[str, WorkingCalendar]]:
    """Return the calendars by the hash that events name: every set of them that was ever in force."""
    read: dict[str, WorkingCalendar | None] = {}
    sets: dict[str, dict[str, WorkingCalendar]] = {}
    for _, data in _changes(log, CALENDARS):
        digests = data.get("calendars")
        if not isinstance(digests, dict):
            continue
        for name, digest in digests.items():
            if digest in read:
                continue
            read[digest] = _calendar(tx, digest)
            if read[digest] is None:
                findings.append(Finding("workflow", "calendar", CALENDARS, 0, f"日历 {name} 的原文与它的哈希不符"))
        known = {name: calendar for name, digest in digests.items() if (calendar := read[digest]) is not None}
        if len(known) == len(digests):
            sets[digest_of_calendars(digests)] = known
    return sets


def _calendar(tx: Transaction, digest: str) -> WorkingCalendar | None:
    """A stored calendar, if it is there and still what its hash says."""
    try:
        version = tx.workflows.calendar(digest)
        if version is None or type(version.texts) is not bytes:
            return None
        calendar = read_stored_calendar(version)
    except SENSELESS:
        return None
    return calendar if calendar.digest == digest else None


def _parked(tx: Transaction) -> set[str]:
    return tx.alarms.matters_of(TIMER_FAILED)


def _organisation(log: Log, stored: Organisation) -> tuple[list[tuple[datetime, Organisation]], list[Finding]]:
    """Return the organisation as its events made it, version by version, and whether the tables agree with them."""
    units: dict[str, Unit] = {}
    posts: dict[str, Post] = {}
    leaves: dict[str, Leave] = {}
    duties: tuple[Duty, ...] = ()
    versions: list[tuple[datetime, Organisation]] = []
    for at, data in _changes(log, ORGANISATION):
        try:
            units.update({fact["id"]: _unit(fact) for fact in data.get("units", ())})
            posts.update({fact["id"]: _post(fact) for fact in data.get("posts", ())})
            leaves.update({fact["id"]: msgspec.convert(fact, Leave) for fact in data.get("leaves", ())})
            if "duties" in data:
                duties = msgspec.convert(data["duties"], tuple[Duty, ...])
            version = Organisation(units.values(), posts.values(), duties, leaves=leaves.values())
        except SENSELESS:
            continue  # no longer what was appointed: the tables, and the chain itself, disagree with it
        if versions and versions[-1][0] == at:
            versions.pop()
        versions.append((at, version))
    if not versions:
        return [(parse_instant("1970-01-01T00:00:00Z"), stored)], []
    return versions, [
        *_differences("单位", {name: _bare_unit(unit) for name, unit in stored.units.items()}, units),
        *_differences("岗位", {name: _bare_post(post) for name, post in stored.posts.items()}, posts),
        *_differences("请假", {leave.id: leave for leave in stored.leaves}, leaves),
    ]


def _changes(log: Log, chain: str) -> Iterator[tuple[datetime, Json]]:
    for body in log.bodies(chain):
        try:
            said = msgspec.json.decode(body)
            at, data = parse_instant(said["recorded_at"]), dict(said["data"])
        except SENSELESS:
            continue  # the judge of the chain reports what cannot be read
        yield at, data


def _differences(what: str, stored: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(stored.keys() | recorded.keys(), key=str):
        if stored.get(name) != recorded.get(name):
            yield Finding("projection", "organisation", ORGANISATION, 0, f"{what}「{name}」与任命和变更的记录不符")


def _unit(fact: Json) -> Unit:
    return Unit(
        id=fact["id"], kind=fact["kind"], name="", parent=fact.get("parent"), serves=tuple(fact.get("serves", ()))
    )


def _post(fact: Json) -> Post:
    until = fact.get("until")
    return Post(
        id=fact["id"],
        role=fact["role"],
        unit=fact.get("unit"),
        person=fact["person"],
        name="",
        since=parse_instant(fact["since"]),
        until=parse_instant(until) if until else None,
    )


def _bare_unit(unit: Unit) -> Unit:
    return msgspec.structs.replace(unit, name="")


def _bare_post(post: Post) -> Post:
    return msgspec.structs.replace(post, name="")
