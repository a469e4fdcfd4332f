"""Play the demo's past through the real door: what people did, and what the clock did between, each at its instant."""

import heapq
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.command import Act, File, SeatAsked
from engine.core.decision import Refusal
from engine.core.matter import Actor, Matter, Value
from engine.core.scope import Organisation, Post
from engine.core.terms import RefusalCode
from engine.services.advance import Done, Door, Entry, Outcome, advance
from engine.services.demo_lives import CATEGORY, LIVES, PHOTO, STARTS, Press
from engine.services.demo_texts import TOLD, Told
from engine.services.save import DemandGiven, ReporterGiven
from engine.services.sweep import sweep
from engine.store.unit_of_work import UnitOfWork

FLOW = "three_tier"
DAYS_BACK = 40
_LAST = ("-0 15:30", "-0 11:10", "-0 09:10", "-1 15:30")
_MOST_ROUNDS = 1000
_BESIDE = "fire"  # who assists where the usual unit has the lead
_CLOCK_WAS_FASTER = (RefusalCode.NOT_HERE, RefusalCode.ENDED)


@dataclass(frozen=True, slots=True)
class Played:
    """
    What was played: demands filed, presses made, rules fired.

    `missed`: presses for which the clock was faster (a long holiday lay between); `refused`: all others not taken.
    """

    filed: int
    pressed: int
    fired: int
    missed: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(slots=True)
class _Story:
    """A demand of the demo on its way."""

    number: int
    told: Told
    filed_at: datetime
    matter: str = ""
    turns: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Tally:
    filed: int = 0
    pressed: int = 0
    fired: int = 0
    missed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Player:
    """Plays the lives of the demo's demands, in order of time, up to now."""

    def __init__(
        self, uow: UnitOfWork, *, services: Door, organisation: Organisation, calendar: WorkingCalendar, now: datetime
    ) -> None:
        self.uow = uow
        self.services = services
        self.organisation = organisation
        self.calendar = calendar
        self.now = now
        self.days = _working_days(calendar, now)
        self.tally = _Tally()
        self.topics: dict[str, str] = {}

    def play(self) -> Played:
        """Let everything happen that lies before now, then everything that is due by now."""
        queue: list[tuple[datetime, int, _Story, Press | None]] = []
        for story in self._stories():
            events = [
                (story.filed_at, None),
                *((self._instant(story, one.when), one) for one in LIVES[story.told.life]),
            ]
            for order, (at, press) in enumerate(events):
                if at < self.now:
                    heapq.heappush(queue, (at, story.number * 100 + order, story, press))
        while queue:
            at, _, story, press = heapq.heappop(queue)
            self._pass_time(at)
            if press is None:
                self._file(story, at)
            else:
                self._press(story, press, at)
        self._pass_time(self.now)
        tally = self.tally
        return Played(
            filed=tally.filed, pressed=tally.pressed, fired=tally.fired, missed=tuple(tally.missed),
            refused=tuple(tally.refused),
        )  # fmt: skip

    def _stories(self) -> Iterator[_Story]:
        for number, told in enumerate(TOLD):
            if told.time.startswith("-"):
                filed_at = self.now - timedelta(minutes=int(told.time[1:]))
            else:
                filed_at = self._local(self.days[-1 - told.days], told.time)
            yield _Story(number, told, min(filed_at, self.now - timedelta(minutes=20 + number % 20)))

    def _local(self, day: date, clock: str) -> datetime:
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=self.calendar.zone).astimezone(UTC)

    def _instant(self, story: _Story, when: str) -> datetime:
        """The instant a press is written for; see `Press.when`."""
        if when.startswith("+"):
            return story.filed_at + timedelta(minutes=int(when[1:]))
        if when == "last":
            candidates = (self._instant(story, one) for one in _LAST)
            return next(at for at in candidates if at < self.now - timedelta(minutes=10))
        days, clock = when.split(" ")
        if days.startswith("-"):
            return self._local(self.days[-1 + int(days)], clock)
        filed_on = self.calendar.local(story.filed_at).date()
        first = next((n for n, day in enumerate(self.days) if day >= filed_on), len(self.days))
        place = first + int(days)
        return self._local(self.days[place], clock) if place < len(self.days) else self.now

    def _pass_time(self, until: datetime) -> None:
        for _ in range(_MOST_ROUNDS):
            with self.uow.read() as tx:
                ringing = tx.timers.next_fire()
            if ringing is None or ringing > until:
                return
            self.tally.fired += sweep(self.uow, now=ringing, services=self.services).fired

    def _file(self, story: _Story, at: datetime) -> None:
        told, place = story.told, story.told.grid
        start, role = STARTS.get(told.life, ("resident", "resident"))
        actor = self._actor(role, place, at)
        resident = None if start in ("patrol", "council") else self._actor("resident", place, at)
        command = File(
            matter=self.services.ids(), district=self.uow.district, workflow=FLOW, start=start, actor=actor,
            place=place, reporter=resident,
            values={"detail": told.text, "category": told.category, "kind": told.kind},
        )  # fmt: skip
        reporters = () if resident is None else (ReporterGiven(person=resident.person),)
        external = f"演示-{story.number:04d}" if start == "hotline" else None
        demand = DemandGiven(channel=start, reporters=reporters, external_number=external)
        done = self._take(Entry(command, demand=demand), at, f"{told.text} {start}")
        if done is not None:
            story.matter = done.matter.id
            self.tally.filed += 1

    def _press(self, story: _Story, press: Press, at: datetime) -> None:
        target = self._target(story, press.on)
        if target is None:
            self.tally.missed.append(f"{story.told.text} {press.on}.{press.action}: 没有这一项")
            return
        unit = target.department if press.on.startswith(("lead", "assist")) else None
        actor = self._actor(press.role, unit or story.told.grid, at)
        command = Act(
            matter=target.id, action=press.action, actor=actor, values=self._values(story, press, at),
            seats=self._seats(story, press), topic=self.topics.get(press.topic),
        )  # fmt: skip
        done = self._take(Entry(command), at, f"{story.told.text} {press.action}")
        if done is not None:
            self.tally.pressed += 1
            if press.action == "topic" and done.matter.topics:
                self.topics.setdefault(story.told.life, next(iter(done.matter.topics)))

    def _take(self, entry: Entry, at: datetime, what: str) -> Done | None:
        outcome: Outcome = advance(self.uow, [entry], now=at, services=self.services)[0]
        if isinstance(outcome, Done):
            return outcome
        reason = outcome.text if isinstance(outcome, Refusal) else repr(outcome)
        too_late = isinstance(outcome, Refusal) and outcome.code in _CLOCK_WAS_FASTER
        (self.tally.missed if too_late else self.tally.refused).append(f"{what} {at:%m-%d %H:%M}: {reason}")
        return None

    def _target(self, story: _Story, on: str) -> Matter | None:
        with self.uow.read() as tx:
            stored = tx.matters.get(story.matter)
            if stored is None or not on:
                return stored.matter if stored is not None else None
            matter = stored.matter
            if on == "topic":
                found = list(matter.topics)
            else:
                seat, _, number = on.partition(".")
                found = [child for child, taken in matter.seats.items() if taken.seat == seat][int(number or 1) - 1 :]
            child = tx.matters.get(found[0]) if found else None
        return child.matter if child is not None else None

    def _actor(self, role: str, place: str, at: datetime) -> Actor:
        """The post of *role* that is responsible for *place* at that instant."""
        for unit in self.organisation.ancestors(place):
            posts = self.organisation.on_duty(role, unit, at) or self.organisation.posts_of(role, unit, at)
            if posts:
                return actor_of(posts[0])
        raise LookupError(f"nobody is {role} for {place}")

    def _seats(self, story: _Story, press: Press) -> tuple[SeatAsked, ...]:
        """The units asked; one that has the lead for its category already does not assist as well."""
        lead = next((unit for seat, unit in press.seats if seat == "lead"), "")
        lead = lead or self.organisation.department_for(story.told.category) or ""
        asked = [(seat, _BESIDE if seat == "assist" and unit == lead else unit) for seat, unit in press.seats]
        return tuple(SeatAsked(seat=seat, unit=unit) for seat, unit in asked if unit)

    def _values(self, story: _Story, press: Press, at: datetime) -> dict[str, Value | list[str]]:
        values: dict[str, Value | list[str]] = {}
        for name, given in press.values.items():
            if isinstance(given, tuple):
                turn = story.turns.get(name, story.number)
                story.turns[name] = turn + 1
                values[name] = given[turn % len(given)]
            elif given == CATEGORY:
                values[name] = story.told.category
            elif given == PHOTO:
                values[name] = [self._photo(story, at)]
            else:
                values[name] = given
        return values

    def _photo(self, story: _Story, at: datetime) -> str:
        with self.uow.write() as tx:
            return tx.files.add(
                self.services.ids(), plain_picture(story.number), media_type="image/png", name_ref=None, at=at
            )


def actor_of(post: Post) -> Actor:
    """Return who acts through *post*."""
    return Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)


def plain_picture(shade: int) -> bytes:
    """Return a small grey PNG: the demo has no photographs."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, height = 32, 24
    rows = b"".join(b"\0" + bytes((96 + (shade * 7 + row) % 128,)) * width for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _working_days(calendar: WorkingCalendar, now: datetime) -> tuple[date, ...]:
    today = calendar.local(now).date()
    return calendar.opening_days(today - timedelta(days=DAYS_BACK * 2), today)
