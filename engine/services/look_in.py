"""
The page of whoever reported a matter: where it is, whose turn, by when, what happens if nobody acts, what they may do.

It is made from nothing but what is theirs to see: posts instead of people, words written for them (`shown`), their own
words, and what is sure. It promises no result where only a move is sure.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.core.forecast import Coming, next_move
from engine.core.history import Event, read_event
from engine.core.matter import STATE_CLOCK, Actor, Matter, receipt_post
from engine.core.offers import Offer, offers
from engine.core.scope import Organisation, World
from engine.core.terms import BuiltIn, Covers, Do, EventType
from engine.core.workflow.declaration import Workflow
from engine.services.case_file import Surroundings
from engine.services.clock_card import duration_words, move_words
from engine.services.foresee import coming_to
from engine.services.naming import LevelMark, holder_name, place_name, title_of, unit_name
from engine.services.say_erased import is_erasure
from engine.services.taking_back import undo_filing_until
from engine.services.timeline import Entry, Stage, entries, is_for_reporter, is_reporter, stages
from engine.services.worklist import details_of, secret_value
from engine.store.unit_of_work import Transaction

RATING = "rating"
_NAMED = "named."
_TOLD_RULES = frozenset({Do.LATE.value, Do.SUPERVISE.value, Do.SETTLE.value})
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8}|\d{7,8})(?!\d)")
_LATER = "上一步办不成，才到这里"
_LAST = "听你说办得怎么样"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with an instant in it: words before, the instant (if any), words after."""

    before: str
    at: datetime | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the way: `past`, `now` or `todo`; `said` is what was last said to the reporter in it."""

    label: str
    state: str
    level: LevelMark | None
    note: str = ""
    said: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A line of what has happened, in words for the reporter."""

    at: datetime
    who: str
    what: str
    said: tuple[str, ...]
    notes: tuple[str, ...]
    is_own: bool
    is_rule: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise across steps: kept at an instant, or due by one."""

    label: str
    due: datetime | None
    met_at: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Rating:
    """What a rating does: the actions that take it, with and without doing the matter again, and its grades."""

    agree: str | None
    again: str | None
    grades: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LookIn:
    """Everything the reporter's page shows."""

    id: str
    number: str
    title: str
    detail: str
    place: str
    etag: str
    is_open: bool
    state: str
    level: LevelMark | None
    turn: str
    is_yours: bool
    headline: Sentence
    by: Sentence
    then: Sentence
    steps: tuple[Step, ...]
    promises: tuple[Promise, ...]
    told: tuple[Told, ...]
    offers: tuple[Offer, ...]
    rating: Rating | None
    undo: Offer | None
    undo_filing_until: datetime | None


def reporter_of(matter: Matter, workflow: Workflow) -> Actor:
    """Return who acts with the receipt of *matter*: its reporter."""
    role = next((role.id for role in workflow.roles.values() if role.covers is Covers.OWN), "")
    person = matter.reporter.person if matter.reporter is not None else None
    return Actor(post=receipt_post(matter.id), role=role, person=person)


def look_in(tx: Transaction, matter: Matter, *, around: Surroundings) -> LookIn:
    """Return the page of *matter* for whoever reported it."""
    workflow, world, now = around.flow_of(matter.digest), around.world, around.now
    events = [read_event(record.body) for record in tx.events.of(matter.id)]
    coming = coming_to(matter, now=now, workflow=workflow, world=world)
    told = _told(tx, events, matter, workflow=workflow, around=around)
    offered = offers(workflow, matter, reporter_of(matter, workflow), now=now, world=world)
    free = tuple(offer for offer in offered if offer.refusal is None)
    rating = _rating(free)
    detail = details_of(tx, [matter]).get(matter.id, "")
    holder = matter.stands_in or matter.holder
    demand = tx.demands.get_many({matter.id}).get(matter.id)
    is_yours = matter.is_open and matter.holder is not None and is_reporter(matter.holder.role, workflow)
    turn = _turn(matter, world=world) or holder_name(holder, workflow=workflow, organisation=world.organisation)
    headline, by, then = _sentences(matter, coming, turn=turn, is_yours=is_yours, workflow=workflow, now=now)
    seen_stages = stages(matter, events, workflow=workflow, world=world, now=now)
    return LookIn(
        id=matter.id,
        number=demand.number if demand is not None else "",
        title=title_of(detail, matter, workflow=workflow, world=world),
        detail=detail,
        place=place_name(matter.place, world.organisation),
        etag=matter.etag,
        is_open=matter.is_open,
        state=workflow.states[matter.state].label.zh,
        level=next((stage.level for stage in seen_stages if stage.state == "now"), None),
        turn="你" if is_yours else turn,
        is_yours=is_yours,
        headline=headline,
        by=by,
        then=then,
        steps=_steps(seen_stages, told),
        promises=_promises(matter, workflow=workflow),
        told=tuple(reversed(told)),
        offers=tuple(one for one in free if not _is_special(one, rating)),
        rating=rating,
        undo=next((one for one in free if one.action == BuiltIn.UNDO), None),
        undo_filing_until=undo_filing_until(matter, workflow=workflow, world=world, now=now),
    )


def _is_special(offer: Offer, rating: Rating | None) -> bool:
    shown_apart = (rating.agree, rating.again) if rating is not None else ()
    return offer.action in (*shown_apart, BuiltIn.UNDO) or any(one.field == RATING for one in offer.asked)


def _turn(matter: Matter, *, world: World) -> str:
    """The units that have the matter as tasks, where it was given to several."""
    units = [seat.unit for seat in matter.seats.values() if seat.outcome is None and not seat.void]
    return "、".join(dict.fromkeys(unit_name(unit, world.organisation) for unit in units))


def _sentences(
    matter: Matter, coming: tuple[Coming, ...], *, turn: str, is_yours: bool, workflow: Workflow, now: datetime
) -> tuple[Sentence, Sentence, Sentence]:
    """What is going on, by when, and what happens then: promising only what is sure."""
    label = workflow.states[matter.state].label.zh
    move = next_move(coming)
    clock = matter.clocks.get(STATE_CLOCK)
    due = clock.due if clock is not None else None
    if not matter.is_open:
        return Sentence(f"{label}。"), Sentence("结束于 ", matter.at), Sentence("")
    if matter.settling is not None and move is not None:
        taken = _rated(matter, workflow) or workflow.actions_of(matter.state)[matter.settling.action].label.zh
        said = Sentence(f"收到了：{taken}。")
        return said, Sentence("", move.at, " 生效，在那以前可以撤回。"), Sentence(f"生效以后{_goes(move, workflow)}。")
    if is_yours:
        then = _if_silent(move, workflow)
        return Sentence(f"{label}，轮到你了。"), Sentence("请在 ", due, " 前告诉我们。") if due else Sentence(""), then
    headline = Sentence(f"轮到{turn}，现在是「{label}」。" if turn else f"{label}。")
    by = Sentence("")
    if due is not None:
        by = Sentence("按规定 ", due, " 前办完这一步。") if due > now else Sentence("", due, " 已经过了，记了超时。")
    return headline, by, _if_nobody_acts(move, coming, workflow)


def _rated(matter: Matter, workflow: Workflow) -> str:
    settling, rule = matter.settling, workflow.fields.get(RATING)
    grade = settling.values.get(RATING) if settling is not None else None
    label = rule.choice_labels.get(str(grade)) if rule is not None else None
    return label.zh if label is not None else ""


def _goes(move: Coming, workflow: Workflow) -> str:
    label = workflow.states[move.state].label.zh
    return f"这件事结束：{label}" if move.ends is not None else f"回到「{label}」接着办"


def _if_silent(move: Coming | None, workflow: Workflow) -> Sentence:
    if move is None:
        return Sentence("")
    if move.reason is not None:
        return Sentence("到 ", move.at, f" 没有回音：{move.reason.zh}。")
    label = workflow.states[move.state].label.zh
    if move.ends is not None:
        return Sentence("到 ", move.at, f" 没有回音，这件事就结束：{label}。")
    return Sentence("到 ", move.at, f" 没有回音，就照现有的情况接着办（{label}）。")


def _if_nobody_acts(move: Coming | None, coming: Sequence[Coming], workflow: Workflow) -> Sentence:
    if move is not None and move.ends is None:
        words = move_words(move, workflow=workflow)
        return Sentence("到 ", move.at, f" 还没办完，会自动{words}，并在这里告诉你转给了谁。不用再打电话催。")
    if move is not None:
        return Sentence("到 ", move.at, f" 会自动{move_words(move, workflow=workflow)}。")
    if coming and coming[0].period is not None:
        again = duration_words(coming[0].period)
        return Sentence(f"一时办不了，不会自动结案；每 {again}要说一次进展，下一次在 ", coming[0].at, "。")
    return Sentence("")


def _promises(matter: Matter, *, workflow: Workflow) -> tuple[Promise, ...]:
    found = []
    for key, clock in matter.clocks.items():
        declared = workflow.clocks.get(key.removeprefix(_NAMED)) if key.startswith(_NAMED) else None
        if declared is not None and (clock.ended is not None or matter.is_open):
            found.append(Promise(declared.label.zh, clock.due, clock.ended, clock.late_at is not None))
    return tuple(found)


def _rating(free: Iterable[Offer]) -> Rating | None:
    """The offered actions that take a rating, as one form: those that ask for words too do the matter again."""
    taking = [one for one in free if any(asked.field == RATING and asked.required for asked in one.asked)]
    if not taking:
        return None
    agree = next((one for one in taking if len([asked for asked in one.asked if asked.required]) == 1), None)
    again = next((one for one in taking if one is not agree), None)
    grades = next(asked.choices for one in taking for asked in one.asked if asked.field == RATING)
    return Rating(agree=agree.action if agree else None, again=again.action if again else None, grades=grades)


def _steps(found: Sequence[Stage], told: Sequence[Told]) -> tuple[Step, ...]:
    steps = []
    for place, stage in enumerate(found):
        label = _LAST if place == len(found) - 1 and stage.state == "todo" else stage.label
        note = _LATER if stage.state == "todo" and stage.level is not None and not stage.note else stage.note
        inside = [one for one in told if one.said and not one.is_own and _is_in(one.at, stage)]
        # The end repeats nothing: what was said last stands with the step it was said in.
        last = inside[-1] if inside and stage.state != "todo" and (stage.until or stage.level) else None
        steps.append(
            Step(
                label=label, state=stage.state, level=stage.level, note=note,
                said=last.said[-1] if last is not None else "", said_at=last.at if last is not None else None,
            )
        )  # fmt: skip
    return tuple(steps)


def _is_in(at: datetime, stage: Stage) -> bool:
    return stage.since is not None and stage.since <= at and (stage.until is None or at <= stage.until)


def _told(
    tx: Transaction, events: Sequence[Event], matter: Matter, *, workflow: Workflow, around: Surroundings
) -> list[Told]:
    refs = {ref for event in events if is_for_reporter(event, workflow) for ref in event.private}
    private: Mapping[str, object] = {
        ref: None if secret.restricted else secret_value(secret.value)
        for ref, secret in tx.vault.get_many(refs).items()
    }
    lines = entries(events, workflow=workflow, world=around.world, private=private, catalogue=around.catalogue)
    del matter
    return [
        _line(event, line, workflow=workflow, organisation=around.world.organisation)
        for event, line in zip(events, reversed(lines), strict=True)
        if _is_told(event, line, workflow)
    ]


def _line(event: Event, line: Entry, *, workflow: Workflow, organisation: Organisation) -> Told:
    own = is_reporter(event.actor.role, workflow)
    said = tuple(one.text for one in line.said) if is_for_reporter(event, workflow) else ()
    notes = line.notes if own or is_for_reporter(event, workflow) else ()
    return Told(
        at=line.at,
        who="你" if own else line.who,
        what=line.what,
        said=said if own else tuple(without_contacts(text, organisation) for text in said),
        notes=tuple(note for note in (*notes, *_given_to(line)) if note not in notes[1:] or note in notes),
        is_own=own,
        is_rule=line.is_rule,
    )


def _given_to(line: Entry) -> tuple[str, ...]:
    return tuple(note for note in line.notes if note.startswith("派给"))


def _is_told(event: Event, line: Entry, workflow: Workflow) -> bool:
    if is_erasure(event) or event.type == EventType.FILED.value or is_for_reporter(event, workflow) or _given_to(line):
        return True
    moved = event.from_ is not None and event.to != event.from_
    if event.type == EventType.FIRED.value:
        return moved or (event.action in _TOLD_RULES and not event.data.get("passed_over"))
    return moved or event.action == BuiltIn.GRANT_EXTENSION


def without_contacts(text: str, organisation: Organisation) -> str:
    """Return what staff wrote for the reporter without telephone numbers and names of people in posts."""
    said = _PHONE.sub("（电话不在这里写）", text)
    for post in organisation.posts.values():
        if len(post.name) > 1 and post.name in said:
            said = said.replace(post.name, "经办人")
    return said
