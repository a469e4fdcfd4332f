"""Random lives of matters: people who do any allowed thing at any time, or nothing, and clocks that run on."""

from datetime import UTC, datetime, timedelta
from random import Random

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.command import Act, Command, File, SeatAsked
from engine.core.decision import Decision, Refusal
from engine.core.matter import Actor, Json, Matter, Timer, Value, from_json, merge, patch_between
from engine.core.offers import Asked, Offer, offers
from engine.core.rehearse import Rehearsal
from engine.core.scope import World
from engine.core.terms import FieldType
from engine.core.timers import armed
from engine.core.workflow.declaration import Workflow
from tests.support.working_time import OpenDays, fault_of_clock

FIRST = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


class Recorder(Rehearsal):
    """A rehearsal that checks the invariants of RELIABILITY 3.1 at every decision."""

    def __init__(self, flows: dict[str, Workflow], world: World) -> None:
        super().__init__((), flows=flows, world=world)
        self.folded: dict[str, Json] = {}
        self.stored: dict[tuple[str, str, str, int, int], Timer] = {}
        self.used: set[str] = set()
        self.log: list[Decision] = []
        self._days: dict[WorkingCalendar, OpenDays] = {}
        self.counted = 0

    def keep(self, decision: Decision, workflow: Workflow) -> None:
        """Check and take over a decision."""
        before, after = decision.before, decision.after
        assert after.seq == (before.seq if before else 0) + 1, "S1: seq has a gap"
        assert before == self.matters.get(after.id), "S2: the decision began from another matter"
        assert before is None or before.is_open, "T5: something happened after the end"
        assert before is None or after.at >= before.at, "C1: time ran backwards"
        folded = merge(self.folded.get(after.id, {}), patch_between(before, after))
        assert from_json(folded) == after, "S1: the fold of the patches is not the matter"
        self.folded[after.id] = folded
        cause = decision.occurrence.cause
        if cause is not None:
            assert cause not in self.used, f"T3: timer used twice: {cause}"
            self.used.add(cause)
            due = decision.occurrence.due_at
            assert due is not None, "T4: a rule fired without a due instant"
            assert due <= decision.occurrence.at, "T4: fired before its due instant"
            self._must_fit(before, cause)
        for timer in decision.cancel:
            del self.stored[timer.key]
        for timer in decision.arm:
            assert timer.key not in self.stored, f"T1: armed twice: {timer.key}"
            self.stored[timer.key] = timer
        mine = {key: timer for key, timer in self.stored.items() if key[0] == after.id}
        assert mine == {t.key: t for t in armed(workflow, after, self.world)}, "T1: armed timers are not the facts'"
        assert after.is_open or not mine, "T1: an ended matter has timers"
        self._count_clocks(before, after)
        self.log.append(decision)
        super().keep(decision, workflow)

    def do(self, command: Command, now: datetime) -> list[Decision] | Refusal:
        """Do it, and see that a refusal leaves no trace."""
        matters, stored, said = dict(self.matters), dict(self.stored), len(self.log)
        answer = super().do(command, now)
        if isinstance(answer, Refusal):
            assert (self.matters, self.stored, len(self.log)) == (matters, stored, said), "S3: a refusal left a trace"
        return answer

    def _must_fit(self, before: Matter | None, cause: str) -> None:
        """The timer that fired belongs to the visit it found, and to a clock that was running."""
        _, clock, _, visit, _ = cause.rsplit("/", 4)
        running = before.clocks.get(clock) if before is not None else None
        assert running is not None, f"T5: fired on a clock that does not run: {cause}"
        assert running.visit == int(visit), f"T4: of a visit that had passed: {cause}"
        assert not running.is_held, f"T5: fired on a clock that was held: {cause}"

    def _days_of(self, calendar: WorkingCalendar) -> OpenDays:
        if calendar not in self._days:
            self._days[calendar] = OpenDays(calendar.rules)
        return self._days[calendar]

    def _count_clocks(self, before: Matter | None, after: Matter) -> None:
        """What has moved ends when its time is used up, by another way of counting."""
        for key, clock in after.clocks.items():
            was = before.clocks.get(key) if before is not None else None
            if was is not clock and (was is None or was.due != clock.due):
                fault = fault_of_clock(clock, self._days_of(self.world.calendar(clock.calendar)))
                assert fault is None, f"C2: {after.id} {key}: {fault}"
                self.counted += clock.due is not None


class Life:
    """One random life of a town's matters of one flow, the same for the same seed."""

    def __init__(self, flow: str, *, flows: dict[str, Workflow], world: World, seed: int) -> None:
        self.random = Random(seed)
        self.flow = flows[flow]
        self.world = world
        self.engine = Recorder(flows, world)
        self.now = FIRST + timedelta(minutes=self.random.randrange(60 * 24 * 500))
        self.filed = 0

    def step(self) -> None:
        """File, act, or let time pass."""
        dice = self.random.random()
        if not self.engine.matters or dice < 0.06:
            self.file()
        elif dice < 0.5:
            self.act()
        else:
            self.wait()

    def file(self) -> None:
        """File a matter through any way in, by anybody who may."""
        start = self.random.choice(list(self.flow.starts.values()))
        grids = [unit.id for unit in self.world.organisation.units.values() if unit.kind == "grid"]
        reporter = Actor(post="r", role="resident", person="r")
        roles = [role for role in start.by if role in self.flow.roles] or ["resident"]
        self.filed += 1
        names = (*start.require, *(name for name in start.optional if self.random.random() < 0.7))
        answer = self.engine.do(
            File(
                matter=f"m{self.filed}", district="d", workflow=self.flow.id, start=start.id,
                actor=Actor(post="r", role=self.random.choice(roles), person="r"),
                place=self.random.choice(grids), reporter=reporter,
                values={name: self._value_of(name) for name in names},
            ),
            self.now,
        )  # fmt: skip
        assert not isinstance(answer, Refusal) or answer.field == "seats", answer

    def act(self) -> None:
        """Let anybody do anything the engine offers on some open matter; what is offered must be taken."""
        living = [m for m in self.engine.matters.values() if m.is_open]
        if not living:
            return
        matter = self.random.choice(living)
        workflow = self.engine.pinned[matter.id]
        actor = self.random.choice(self._actors(matter))
        for offer in offers(workflow, matter, actor, now=max(self.now, matter.at), world=self.world):
            command = self._fill(matter, actor, offer)
            if offer.refusal is not None:
                assert self.engine.do(command, self.now) == offer.refusal, "an action refused on the page was taken"
        free = [
            o for o in offers(workflow, matter, actor, now=max(self.now, matter.at), world=self.world)
            if o.refusal is None
        ]  # fmt: skip
        if free:
            answer = self.engine.do(self._fill(matter, actor, self.random.choice(free)), self.now)
            assert not isinstance(answer, Refusal), f"offered, but refused: {answer}"

    def wait(self) -> None:
        """Let time pass: to the next timer, or some hours; every timer fires at its own instant."""
        timers = self.engine.timers()
        hours = timedelta(minutes=self.random.randrange(1, 60 * 40))
        until = timers[0].fire if timers and self.random.random() < 0.5 else self.now + hours
        self.run_to(max(until, self.now))

    def run_to(self, until: datetime) -> None:
        """Fire all timers due until *until*, in order."""
        while (timers := self.engine.timers()) and timers[0].fire <= until:
            self.now = max(self.now, timers[0].fire)
            answer = self.engine.fire(timers[0], self.now)
            assert not isinstance(answer, Refusal), f"an armed timer was refused: {timers[0]} {answer}"
        self.now = until
        left = [timer for timer in self.engine.stored.values() if timer.fire <= until]
        assert not left, f"T2: should have rung: {left}"

    def _actors(self, matter: Matter) -> list[Actor]:
        organisation, roles = self.world.organisation, self.engine.pinned[matter.id].roles
        near = {*organisation.ancestors(matter.place), *(seat.unit for seat in matter.seats.values())}
        near |= {matter.department or ""}
        far = self.random.random() < 0.1
        staff = [
            Actor(post=p.id, role=p.role, unit=p.unit, person=p.person)
            for p in organisation.posts.values()
            if p.role in roles and (far or p.unit in near)
        ]
        return [*staff, *[matter.reporter or Actor(post="r", role="resident", person="r")] * 4]

    def _fill(self, matter: Matter, actor: Actor, offer: Offer) -> Act:
        asked = [a for a in offer.asked if a.required or self.random.random() < 0.5]
        departments = [u.id for u in self.world.organisation.units.values() if u.kind == "department"]
        self.random.shuffle(departments)
        seats = [
            SeatAsked(seat=seat.seat, unit=departments.pop())
            for seat in offer.seats
            for _ in range(self.random.randint(max(1, seat.minimum) if seat.seat == "lead" else 0, seat.maximum))
        ]
        if offer.action == "assign" and not seats:
            seats = [SeatAsked(seat=offer.seats[0].seat, unit=departments.pop())] if offer.seats else []
        topics = [
            m.id for m in self.engine.matters.values()
            if offer.waits_for is not None and m.workflow == offer.waits_for and m.is_open
        ]  # fmt: skip
        return Act(
            matter=matter.id, action=offer.action, actor=actor, seats=tuple(seats),
            topic=self.random.choice(topics) if topics and self.random.random() < 0.5 else None,
            values={a.field: self._value(a) for a in asked},
        )  # fmt: skip

    def _value_of(self, name: str) -> Value | list[str]:
        rule = self.flow.fields[name]
        return self._value(
            Asked(
                field=name, label="", type=rule.type, required=True, minimum=rule.minimum, maximum=rule.maximum,
                choices=tuple((c, c) for c in rule.choices or ()),
            )
        )  # fmt: skip

    def _value(self, asked: Asked) -> Value | list[str]:
        if asked.type is FieldType.CHOICE:
            return self.random.choice(asked.choices)[0] if asked.choices else "x"
        if asked.type is FieldType.NUMBER:
            return self.random.randint(asked.minimum or 0, asked.maximum or 500)
        if asked.type is FieldType.YESNO:
            return self.random.random() < 0.5
        if asked.type is FieldType.FILES:
            return ["f1"]
        return "2026-05-01" if asked.type is FieldType.DATE else "说明"
