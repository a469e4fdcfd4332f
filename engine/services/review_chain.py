"""One matter as an auditor reviews it: its chain, what it proves, how it stood at an instant, who saw personal data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.forecast import forecast, next_move
from engine.core.history import Event, as_of
from engine.core.matter import STATE_CLOCK, Matter
from engine.core.terms import FieldType, Purpose
from engine.core.workflow.declaration import Workflow
from engine.errors import NotFound, SanlianError
from engine.services.case_file import find
from engine.services.clock_card import move_words
from engine.services.identity import who_saw
from engine.services.judge import UNREADABLE
from engine.services.naming import LevelMark, holder_name, level_mark, place_name
from engine.services.say_erased import erased_in, is_erasure
from engine.services.search_trail import BROKEN_WORDS, Around, matter_name, post_words_of, readable
from engine.services.timeline import Entry, entries, limit_words
from engine.services.verify_one import ChainReport, verify_one
from engine.store.events import EventRecord
from engine.store.unit_of_work import Transaction

_REPORTER = {"name": "姓名", "phone": "电话", "address": "住址"}


@dataclass(frozen=True, slots=True)
class Link:
    """
    One event of the chain in words, with its hash.

    `kept` are vault rows, of which only the commitment shows; of those `gone` nothing else is left.
    """

    seq: int
    at: datetime
    recorded_at: datetime
    said: Entry
    hash: str
    kept: tuple[str, ...]
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Then:
    """How the matter stood at an instant: what the fold of its events up to then says."""

    at: datetime
    seq: int
    filed: bool
    is_told: bool = True
    level: LevelMark | None = None
    state: str = ""
    turn: str = ""
    limit: str = ""
    due: datetime | None = None
    is_late: bool = False
    move_at: datetime | None = None
    move: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Saw:
    """Somebody looked at personal data."""

    at: datetime
    who: str
    fields: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Review:
    """Everything the page of one chain shows."""

    ref: str
    id: str
    number: str
    name: str
    place: str
    kind: str
    report: ChainReport
    links: tuple[Link, ...]
    then: Then
    first_at: datetime
    last_at: datetime
    saw: tuple[Saw, ...]


def review_chain(
    tx: Transaction, ref: str, *, at: datetime | None, seq: int | None, around: Around, now: datetime
) -> Review:
    """
    Return the chain of the matter *ref*, and the matter as it stood *at* (or right after event *seq*; else now).

    Raises:
        NotFound: there is no such matter.
    """
    matter = find(tx, ref)
    records = list(tx.events.of(matter.id))
    if not records:
        raise NotFound(what="记录", found=ref[:40])
    report = verify_one(tx, matter.id)
    read = [readable(record) for record in records]
    events = [event for event in read if event is not None]
    flow = around.flow_of(matter.digest)
    lines, gone = _lines(events, flow, around=around), erased_in(events)
    number = _number(tx, matter)
    when = _instant(records, at=at, seq=seq, now=now)
    return Review(
        ref=number if matter.id == matter.root and number else matter.id,
        id=matter.id,
        number=number,
        name=matter_name(matter, flow, around=around),
        place=place_name(matter.place, around.world.organisation),
        kind=matter.kind,
        report=report,
        links=tuple(
            _link(record, event, lines.get(record.seq), flow, gone=gone)
            for record, event in zip(records, read, strict=True)
        ),
        then=_then(events, when, around=around),
        first_at=records[0].at,
        last_at=records[-1].at,
        saw=_saw(tx, matter, flow=flow, around=around),
    )  # fmt: skip


def _lines(events: Sequence[Event], flow: Workflow, *, around: Around) -> dict[int, Entry]:
    """The events in words, by seq; those that make no sense any more are left out."""
    try:
        said = entries(events, workflow=flow, world=around.world, private={}, catalogue=around.catalogue)
        return {event.seq: line for event, line in zip(events, reversed(said), strict=True)}
    except (SanlianError, *UNREADABLE):
        return {}


def _link(
    record: EventRecord, event: Event | None, said: Entry | None, flow: Workflow, *, gone: frozenset[str]
) -> Link:
    unknown = Entry(at=record.at, who="？", what=BROKEN_WORDS, is_rule=False, level=None, said=(), notes=())
    private = frozenset(event.private) if event is not None else frozenset()
    at = record.recorded_at if event is not None and is_erasure(event) else record.at
    return Link(
        seq=record.seq, at=at, recorded_at=record.recorded_at, said=said if said is not None else unknown,
        hash=record.head.hex(), kept=_fields(private - gone, flow), gone=_fields(private & gone, flow),
    )  # fmt: skip


def _then(events: Sequence[Event], at: datetime, *, around: Around) -> Then:
    """How it stood, or as much as can be told of a chain that was tampered with."""
    try:
        return how_it_stood(events, at, around=around)
    except (SanlianError, *UNREADABLE):
        return Then(at=at, seq=0, filed=False, is_told=False)


def _number(tx: Transaction, matter: Matter) -> str:
    demand = tx.demands.get_many({matter.root}).get(matter.root)
    return demand.number if demand is not None else ""


def _instant(events: Sequence[EventRecord], *, at: datetime | None, seq: int | None, now: datetime) -> datetime:
    if at is not None:
        return at
    if seq is not None and 1 <= seq <= len(events):
        return events[seq - 1].at
    return max(now, events[-1].at)


def how_it_stood(events: Sequence[Event], at: datetime, *, around: Around) -> Then:
    """Return the matter as the fold of *events* up to *at* has it, and what would have come if nobody had acted."""
    matter = as_of(events, at)
    if matter is None:
        return Then(at=at, seq=0, filed=False)
    flow, world = around.flow_of(matter.digest), around.world
    move = next_move(forecast(matter, now=at, workflow=flow, world=world)) if matter.is_open else None
    clock = matter.clocks.get(STATE_CLOCK)
    limits = f"，时限表 v{flow.limits.version}" if flow.limits is not None else ""
    return Then(
        at=at,
        seq=matter.seq,
        filed=True,
        level=level_mark(flow, matter.level),
        state=flow.states[matter.state].label.zh if matter.outcome != "cancelled" else "随上级事项取消",
        turn=_turn(matter, flow, around=around),
        limit=limit_words(clock.limit) if clock is not None and clock.limit else "",
        due=clock.due if clock is not None else None,
        is_late=clock is not None and clock.late_at is not None,
        move_at=move.at if move is not None else None,
        move=move_words(move, workflow=flow) if move is not None else "",
        rules=f"{flow.label.zh} v{flow.version}{limits}",
    )


def _turn(matter: Matter, flow: Workflow, *, around: Around) -> str:
    if not matter.is_open:
        return "已经结束"
    return holder_name(matter.stands_in or matter.holder, workflow=flow, organisation=around.world.organisation)


def _fields(refs: Iterable[str], flow: Workflow) -> tuple[str, ...]:
    return tuple(field_words(ref.rsplit("/", 1)[-1], flow) for ref in sorted(refs))


def field_words(field: str, flow: Workflow) -> str:
    """Return what a private value is called, never what it says."""
    rule = flow.fields.get(field)
    if rule is not None:
        return rule.label.zh if rule.type is not FieldType.FILES else f"{rule.label.zh}（文件）"
    return f"反映人{_REPORTER.get(field.rsplit('.', 1)[-1], '')}" if field.startswith("reporter.") else field


def _saw(tx: Transaction, matter: Matter, *, flow: Workflow, around: Around) -> tuple[Saw, ...]:
    purposes = {one.value: one.label for one in Purpose}
    posts = around.world.organisation.posts
    return tuple(
        Saw(
            at=look.at,
            who=post_words_of(look.post, posts[look.post].role if look.post in posts else look.post, around=around),
            fields=tuple(dict.fromkeys(field_words(field, flow) for field in look.fields)),
            purpose=purposes.get(look.purpose, look.purpose),
        )
        for look in who_saw(tx, matter)
    )
