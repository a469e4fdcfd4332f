"""
Look something up in the history: newest first, page by page, nothing personal in it.

Free text lies in the vault and is not read here at all: matters are called by category and place, people by posts.
What stands inside bodies has no index, so one request reads a bounded stretch and says how far it has looked.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from engine.core.clock.instants import is_in_reach
from engine.core.history import Event, read_event
from engine.core.matter import Matter
from engine.core.scope import World
from engine.core.terms import EventType
from engine.core.workflow.declaration import Workflow
from engine.errors import SanlianError
from engine.services.digest import TOPIC as DIGEST_TOPIC
from engine.services.judge import UNREADABLE
from engine.services.keep_sessions import OWN_ACCOUNT
from engine.services.naming import field_value, place_name, post_words
from engine.services.system_words import matter_of, system_words
from engine.services.timeline import entries
from engine.services.worklist import FlowOf
from engine.store.events import SYSTEM_PREFIX, EventRecord
from engine.store.trail import Place, Trail
from engine.store.unit_of_work import Transaction

PAGE = 25
# Most pages are full after the first few; what is rare is looked for in longer strides.
FIRST, BATCH = 60, 500
MOST_READ = 4000
CATEGORY = "category"
DIGESTS = f"{SYSTEM_PREFIX}{DIGEST_TOPIC}"
BROKEN_WORDS = "这一条的内容读不懂，被改动过或已损坏"
_Hit: TypeAlias = tuple[EventRecord, Event | None, Matter | None]
_CURSOR = re.compile(r"([0-9T:.+-]{20,40})~(.{1,80})~(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Search:
    """
    What is looked for; empty parts match everything. `rule` is part of a rule's id, file or line.

    The daily digests, a line a day by nobody, are left out of a search through everything unless `digests` asks.
    """

    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    unit: str = ""
    post: str = ""
    kind: str = ""
    rule: str = ""
    category: str = ""
    topic: str = ""
    digests: bool = False

    @property
    def is_about_matters(self) -> bool:
        """Whether only events of matters can fit."""
        return bool(self.unit or self.rule or self.category or self.number) or self.kind not in ("", "system")


@dataclass(frozen=True, slots=True)
class Found:
    """An event that fits: where it stands, what its matter is called, who did what, by which rule."""

    ref: str
    number: str
    name: str
    seq: int
    at: datetime
    kind: str
    who: str
    what: str
    notes: tuple[str, ...]
    is_system: bool
    is_rule: bool


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of what was found; `read_back_to` is how far was looked where the end was not reached."""

    found: tuple[Found, ...]
    cursor: str
    read_back_to: datetime | None


@dataclass(frozen=True, slots=True)
class Around:
    """What the words need beside the store: `roles` has those of every role and office."""

    world: World
    flow_of: FlowOf
    catalogue: Mapping[str, str]
    roles: Mapping[str, str]


def search_trail(tx: Transaction, search: Search, *, cursor: str, around: Around) -> Hits:
    """Return the next page of events that fit *search*."""
    chain = f"{SYSTEM_PREFIX}{search.topic}" if search.topic else None
    chain = _chain_of(tx, search.number) if search.number else chain
    if search.number and chain is None:
        return Hits((), "", None)
    kinds = (search.kind,) if search.kind in {one.value for one in EventType} else ()
    trail, place, read = Trail(tx.connection, tx.district), place_of(cursor), 0
    found: list[_Hit] = []
    while read < MOST_READ:
        stride = BATCH if read else FIRST
        records = trail.back(
            limit=stride, after=place, since=search.since, until=search.until, kinds=kinds, chain=chain,
            matters_only=search.is_about_matters,
            without=None if search.digests or chain is not None else DIGESTS,
        )  # fmt: skip
        matters = _matters(tx, records)
        for record in records:
            read += 1
            place = Place(record.recorded_at, record.chain, record.seq)
            event, matter = readable(record), matters.get(record.chain)
            if event is None or _fits(search, event, matter, world=around.world):
                found.append((record, event, matter))
                if len(found) == PAGE:
                    return Hits(_in_words(tx, found, around=around), cursor_of(place), None)
        if len(records) < stride:
            return Hits(_in_words(tx, found, around=around), "", None)
    assert place is not None  # something was read
    return Hits(_in_words(tx, found, around=around), cursor_of(place), place.recorded_at)


def cursor_of(place: Place) -> str:
    """Return a place as it stands in an address."""
    return f"{place.recorded_at.isoformat()}~{place.chain}~{place.seq}"


def place_of(cursor: str) -> Place | None:
    """Return the place that a cursor names; a mangled one is the beginning."""
    match = _CURSOR.fullmatch(cursor)
    try:
        at = datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        return None
    if match is None or at is None or at.tzinfo is None or not is_in_reach(at):
        return None
    return Place(at, match[2], int(match[3]))


def _chain_of(tx: Transaction, number: str) -> str | None:
    demand = tx.demands.by_number(number)
    if demand is not None:
        return demand.matter
    return number if tx.matters.get(number) is not None else None


def _matters(tx: Transaction, records: Sequence[EventRecord]) -> dict[str, Matter]:
    ids = {record.chain for record in records if not record.chain.startswith(SYSTEM_PREFIX)}
    return {name: stored.matter for name, stored in tx.matters.read_many(ids).items()}


def _fits(search: Search, event: Event, matter: Matter | None, *, world: World) -> bool:
    if search.post and event.actor.post != search.post and event.actor.role != search.post:
        return False
    if search.rule and not _names_rule(event, search.rule):
        return False
    if search.category and (matter is None or matter.fields.get(CATEGORY) != search.category):
        return False
    if not search.unit:
        return True
    above = world.organisation.ancestors(matter.place) if matter is not None else ()
    return search.unit in above or event.actor.unit == search.unit


def _names_rule(event: Event, text: str) -> bool:
    rule = event.data.get("rule") or {}
    words = (rule.get("id"), rule.get("do"), f"{rule.get('file')}:{rule.get('line')}", f"第 {rule.get('line')} 行")
    return bool(rule) and any(text in str(word) for word in words)


def readable(record: EventRecord) -> Event | None:
    """Return the event of a record, None where its bytes are no event any more."""
    try:
        return read_event(record.body)
    except UNREADABLE:
        return None


def _in_words(tx: Transaction, found: Sequence[_Hit], *, around: Around) -> tuple[Found, ...]:
    roots = {matter.root for _, _, matter in found if matter is not None}
    numbers = {name: demand.number for name, demand in tx.demands.get_many(roots).items()}
    called = _called(tx, [event for _, event, matter in found if event is not None and matter is None], around=around)
    return tuple(
        _said(record, event, one, number=numbers.get(one.root, "") if one else "", called=called, around=around)
        for record, event, one in found
    )


def _called(tx: Transaction, events: Sequence[Event], *, around: Around) -> Mapping[str, str]:
    """What the matters are called that events of the system are about: number, category and place."""
    ids = {name for name in map(matter_of, events) if name is not None}
    found = {name: stored.matter for name, stored in tx.matters.read_many(ids).items()}
    numbers = tx.demands.get_many({matter.root for matter in found.values()})
    named = {name: matter_name(one, around.flow_of(one.digest), around=around) for name, one in found.items()}
    return {
        name: f"{numbers[one.root].number} {named[name]}" if one.root in numbers else named[name]
        for name, one in found.items()
    }


def _said(
    record: EventRecord, event: Event | None, matter: Matter | None, *, number: str, called: Mapping[str, str],
    around: Around,
) -> Found:  # fmt: skip
    """The event in words, or that it makes no sense any more."""
    if event is None:
        return _unreadable(record, number)
    try:
        return _found(event, matter, number=number, called=called, around=around)
    except (SanlianError, *UNREADABLE):
        return _unreadable(record, number)


def _unreadable(record: EventRecord, number: str) -> Found:
    is_system = record.chain.startswith(SYSTEM_PREFIX)
    return Found(
        ref=record.chain.removeprefix(SYSTEM_PREFIX), number=number, name="读不懂的一条", seq=record.seq,
        at=record.recorded_at, kind="损坏", who="", what=BROKEN_WORDS, notes=(), is_system=is_system, is_rule=False,
    )  # fmt: skip


def _found(event: Event, matter: Matter | None, *, number: str, called: Mapping[str, str], around: Around) -> Found:
    kind = next((one.label for one in EventType if one.value == event.type), event.type)
    if matter is None:
        topic, what, notes = system_words(event, matters=called)
        return Found(
            ref=event.matter.removeprefix(SYSTEM_PREFIX), number="", name=topic, seq=event.seq, at=event.recorded_at,
            kind=kind, who=_who(event, around=around), what=what, notes=notes,
            is_system=True, is_rule=False,
        )  # fmt: skip
    flow = around.flow_of(event.workflow)
    (line,) = entries([event], workflow=flow, world=around.world, private={}, catalogue=around.catalogue)
    return Found(
        ref=number if matter.id == matter.root and number else matter.id, number=number,
        name=matter_name(matter, flow, around=around), seq=event.seq, at=event.recorded_at, kind=kind,
        who=line.who if line.is_rule or event.actor.role in flow.roles else _who(event, around=around),
        what=line.what, notes=line.notes, is_system=False, is_rule=line.is_rule,
    )  # fmt: skip


def _who(event: Event, *, around: Around) -> str:
    return post_words_of(event.actor.post, event.actor.role, around=around)


def matter_name(matter: Matter, flow: Workflow, *, around: Around) -> str:
    """Return what a matter is called where nothing of its text may be shown: category and place."""
    rule, value = flow.fields.get(CATEGORY), matter.fields.get(CATEGORY)
    what = field_value(rule, value, catalogue=around.catalogue) if rule is not None and value is not None else ""
    return f"{what or flow.label.zh} · {place_name(matter.place, around.world.organisation)}"


def post_words_of(post: str, role: str, *, around: Around) -> str:
    """Return a post in words where no flow is at hand: its unit and its role."""
    known = around.world.organisation.posts.get(post)
    unit = around.world.organisation.units.get(known.unit) if known is not None and known.unit is not None else None
    label = "账号本人" if role == OWN_ACCOUNT else around.roles.get(role, role)
    return post_words(unit.name, label) if unit is not None else label
