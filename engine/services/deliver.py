"""
Empty the outbox: claim by lease, word the messages, hand them to their channels, try again or give up.

Nothing is sent inside a transaction that moves a matter. A message keeps one key through all its tries, so its
receiver can tell a repeat; one that was never tried may be joined with others about the same matter.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Protocol

import msgspec

from engine.core.matter import STATE_CLOCK, Matter
from engine.core.notice import Waiting, Words, bundles, may_go_at, text_beside, text_of, text_of_missed
from engine.core.terms import MatterKind, Seat
from engine.core.workflow.declaration import Workflow
from engine.services.look_up import Shelf
from engine.store.alarms import Alarm
from engine.store.outbox import Outgoing
from engine.store.unit_of_work import Transaction, UnitOfWork

BATCH = 200
LEASE = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 8
DEAD = "notice_dead"
_KINDS = {kind.value: kind.label for kind in MatterKind}
_SEATS = {seat.value: seat.label for seat in Seat}


@dataclass(frozen=True, slots=True)
class Sending:
    """A message as a channel gets it: to a post, to a role of a unit, or (all three empty) to the reporters."""

    key: str
    post: str | None
    role: str | None
    unit: str | None
    matter: str
    kind: str
    urgent: bool
    text: str


class Channel(Protocol):
    """A way to reach people."""

    def send_many(self, messages: Sequence[Sending], *, now: datetime) -> Mapping[str, str]:
        """Send *messages* and return, by key, why some could not be sent; a repeated key reaches nobody twice."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the notices of one round."""

    sent: int = 0
    put_off: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message with the notices it stands for."""

    channel: str
    message: Sending
    notices: tuple[Outgoing, ...]


def deliver(uow: UnitOfWork, shelf: Shelf, *, channels: Mapping[str, Channel], now: datetime) -> Delivered:
    """Send up to a batch of notices whose time has come."""
    with uow.write() as tx:
        zone, flow_of = shelf.world(tx).calendar(None).zone, partial(shelf.workflow, tx)
        claimed = tx.outbox.claim_due(now, limit=BATCH, lease_until=now + LEASE)
        matters = {one.matter.id: one.matter for one in tx.matters.read_many({n.matter for n in claimed}).values()}
        ready = [notice for notice in claimed if not _put_off(tx, notice, matters, flow_of, zone, now)]
        parcels = list(_parcels(tx, ready, matters, flow_of, zone))
    failed = _send(parcels, channels, now)
    given_up = 0
    if parcels:
        with uow.write() as tx:
            arrived = [notice.id for parcel in parcels if parcel.message.key not in failed for notice in parcel.notices]
            tx.outbox.sent(arrived, at=now)
            for parcel in parcels:
                if parcel.message.key in failed:
                    given_up += _try_later(tx, parcel, failed[parcel.message.key], now)
    count = sum(len(parcel.notices) for parcel in parcels if parcel.message.key in failed)
    return Delivered(len(ready) - count, len(claimed) - len(ready), count - given_up, given_up)


def _put_off(
    tx: Transaction,
    notice: Outgoing,
    matters: Mapping[str, Matter],
    flow_of: Callable[[str], Workflow],
    zone: tzinfo,
    now: datetime,
) -> bool:
    """Put a notice off to the end of the quiet hours, if *now* lies in them."""
    matter = matters.get(notice.matter)
    if matter is None:
        return False
    quiet = flow_of(matter.digest).notices
    at = may_go_at(now, quiet=quiet, klass=matter.klass, urgent=notice.urgent, zone=zone)
    if at <= now:
        return False
    tx.outbox.put_off(notice.id, until=at, attempts=notice.attempts)
    return True


def _parcels(
    tx: Transaction,
    notices: Sequence[Outgoing],
    matters: Mapping[str, Matter],
    flow_of: Callable[[str], Workflow],
    zone: tzinfo,
) -> Iterator[_Parcel]:
    by_id = {notice.id: notice for notice in notices}
    roots = {matter.root for matter in matters.values()} | set(matters)
    numbers = {demand.matter: demand.number for demand in tx.demands.get_many(roots).values()}
    waiting = [
        Waiting(n.id, f"{n.channel}/{n.matter}", (n.role, n.unit, n.post), n.kind, n.made_at, n.attempts)
        for n in notices
    ]
    for bundle in bundles(waiting):
        members = tuple(by_id[one.id] for one in bundle)
        newest = members[-1]
        matter = matters.get(newest.matter)
        text = _text(members, matter, flow_of, numbers, zone)
        message = Sending(
            newest.key,
            newest.post,
            newest.role,
            newest.unit,
            newest.matter,
            newest.kind,
            any(one.urgent for one in members),
            text,
        )
        yield _Parcel(newest.channel, message, members)


def _text(
    members: Sequence[Outgoing],
    matter: Matter | None,
    flow_of: Callable[[str], Workflow],
    numbers: Mapping[str, str],
    zone: tzinfo,
) -> str:
    newest = members[-1]
    if matter is None:
        return text_of(newest.kind, Words(subject=newest.matter, state=""))
    facts = msgspec.json.decode(newest.facts)
    if len(members) == 1:
        say = text_beside if facts.get("beside") else text_of
        return say(newest.kind, words_of(matter, facts, flow=flow_of(matter.digest), numbers=numbers, zone=zone))
    present = {"state": matter.state, "outcome": matter.outcome}
    words = words_of(matter, present, flow=flow_of(matter.digest), numbers=numbers, zone=zone)
    return text_of_missed([one.kind for one in members], words)


def words_of(
    matter: Matter, facts: Mapping[str, object], *, flow: Workflow, numbers: Mapping[str, str], zone: tzinfo
) -> Words:
    """Return what a text about *matter* is filled with, from the *facts* of its notice."""
    state_id = str(facts.get("state") or matter.state)
    state = flow.states.get(state_id)
    clock = matter.clocks.get(STATE_CLOCK) if state_id == matter.state else None
    due = clock.due.astimezone(zone) if clock is not None and clock.due is not None else None
    outcome, seat = facts.get("outcome"), facts.get("seat")
    return Words(
        subject=subject_of(matter, numbers),
        state=state.label.zh if state is not None else state_id,
        due=f"{due.month}月{due.day}日 {due:%H:%M}" if due is not None else "",
        outcome=_outcome_words(flow, str(outcome)) if outcome else "",
        seat=_SEATS.get(str(seat), "") if seat else "",
    )


def subject_of(matter: Matter, numbers: Mapping[str, str]) -> str:
    """Return what a message calls *matter*: its kind and number, a child by the number of the demand it is for."""
    kind = _KINDS.get(matter.kind, matter.kind)
    own, root = numbers.get(matter.id), numbers.get(matter.root)
    if own is not None:
        return f"{kind} {own} "
    return f"诉求 {root} 的{kind}" if root is not None else f"一件{kind}"


def _outcome_words(flow: Workflow, outcome: str) -> str:
    ends = (state.label.zh for state in flow.states.values() if state.final == outcome)
    return next(ends, "已取消" if outcome == "cancelled" else outcome)


def _send(parcels: Sequence[_Parcel], channels: Mapping[str, Channel], now: datetime) -> dict[str, str]:
    """Hand the messages over and return why some did not go, by key."""
    failed: dict[str, str] = {}
    for name in dict.fromkeys(parcel.channel for parcel in parcels):
        messages = [parcel.message for parcel in parcels if parcel.channel == name]
        channel = channels.get(name)
        if channel is None:
            failed.update(dict.fromkeys((message.key for message in messages), f"没有「{name}」这个渠道"))
            continue
        try:
            failed.update(channel.send_many(messages, now=now))
        except Exception as error:  # a channel is somebody else's system: whatever it raises, the rest must go on
            failed.update(dict.fromkeys((message.key for message in messages), f"{type(error).__name__}: {error}"))
    return failed


def _try_later(tx: Transaction, parcel: _Parcel, reason: str, now: datetime) -> int:
    """Put the notices of a failed message off, each by itself from now on; return how many were given up."""
    given_up = 0
    for notice in parcel.notices:
        tries = notice.attempts + 1
        if tries < MOST_TRIES:
            tx.outbox.put_off(notice.id, until=now + wait_after(tries), attempts=tries, error=reason[:500])
            continue
        given_up += 1
        tx.outbox.give_up(notice.id, at=now, attempts=tries, error=reason[:500])
        text = f"一条通知试了 {tries} 次没有送出：{reason[:200]}"
        tx.alarms.raise_many((Alarm(id=f"{DEAD}.{notice.id}", kind=DEAD, matter=notice.matter, text=text, at=now),))
    return given_up


def wait_after(tries: int) -> timedelta:
    """Return how long to wait after that many failed tries: twice as long each time, an hour at most."""
    doubled: timedelta = FIRST_WAIT * (1 << (tries - 1))
    return min(doubled, LONGEST_WAIT)
