"""Gather what a log is judged by: flows by the hash of their texts, the organisation version by version, calendars."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.core.clock.instants import parse_instant
from engine.core.legality import FlowLaw, Replay, Seats
from engine.core.matter import Json
from engine.core.scope import Organisation, Post, Unit
from engine.core.workflow.loader import digest_of
from engine.errors import SanlianError
from engine.services.judge import Finding, Grounds
from engine.services.look_up import digest_of_calendars, load_calendars, read_stored
from engine.services.organise import TOPIC
from engine.services.record import log_of
from engine.store.bulk import is_sqlite
from engine.store.events import SYSTEM_PREFIX
from engine.store.unit_of_work import Transaction

ORGANISATION = f"{SYSTEM_PREFIX}{TOPIC}"
WORKFLOWS = f"{SYSTEM_PREFIX}workflows"


def gather(tx: Transaction) -> tuple[Grounds, list[Finding]]:
    """Return the grounds, and what is wrong with the stored texts and the organisation's tables."""
    findings: list[Finding] = []
    calendars = load_calendars(tx)
    current = digest_of_calendars({calendar.id: calendar.digest for calendar in calendars.values()})
    versions, found = _organisation(tx)
    findings.extend(found)
    seats = Seats(versions)
    laws: dict[str, FlowLaw] = {}
    replays: dict[str, Replay | None] = {}
    for version in tx.workflows.versions():
        replays[version.digest] = None
        if digest_of(version.flow_text, version.limits_text) != version.digest:
            findings.append(Finding("workflow", "text", WORKFLOWS, 0, f"流程 {version.id} 的原文与它的哈希不符"))
            continue
        try:
            laws[version.digest] = FlowLaw(read_stored(version))
        except SanlianError as error:
            findings.append(Finding("workflow", "text", WORKFLOWS, 0, f"流程 {version.id} 读不出来：{error}"))
            continue
        replays[version.digest] = Replay(laws[version.digest], seats, calendars=calendars, calendars_hash=current)
    return Grounds(log_of(tx), replays, laws, is_sqlite(tx.connection)), findings


def _organisation(tx: Transaction) -> tuple[list[tuple[datetime, Organisation]], list[Finding]]:
    """Return the organisation as its events made it, version by version, and whether the tables agree with them."""
    stored = tx.organisation.load()
    units: dict[str, Unit] = {}
    posts: dict[str, Post] = {}
    versions: list[tuple[datetime, Organisation]] = []
    for at, data in _changes(tx):
        units.update({fact["id"]: _unit(fact) for fact in data.get("units", ())})
        posts.update({fact["id"]: _post(fact) for fact in data.get("posts", ())})
        if versions and versions[-1][0] == at:
            versions.pop()
        versions.append((at, Organisation(units.values(), posts.values())))
    if not versions:
        return [(parse_instant("1970-01-01T00:00:00Z"), stored)], []
    return versions, [
        *_differences("单位", {name: _bare_unit(unit) for name, unit in stored.units.items()}, units),
        *_differences("岗位", {name: _bare_post(post) for name, post in stored.posts.items()}, posts),
    ]


def _changes(tx: Transaction) -> Iterator[tuple[datetime, Json]]:
    for event in tx.events.of(ORGANISATION):
        try:
            body = msgspec.json.decode(event.body)
            yield parse_instant(body["recorded_at"]), body["data"]
        except (msgspec.MsgspecError, SanlianError, KeyError, TypeError):
            continue  # the judge of the chain reports what cannot be read


def _differences(what: str, stored: Mapping[str, Any], recorded: Mapping[str, Any]) -> Iterator[Finding]:
    for name in sorted(stored.keys() | recorded.keys()):
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
