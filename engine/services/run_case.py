"""Live through a case file on the real engine with a virtual clock, and say where what happens is not what it says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.core.command import Act, File, SeatAsked
from engine.core.decision import Decision, Refusal
from engine.core.matter import Actor, Matter, Value
from engine.core.rehearse import Rehearsal
from engine.core.scope import World
from engine.core.terms import Covers
from engine.core.workflow.catalogue import Catalogue
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.parts import Part
from engine.core.workflow.written import Where
from engine.services.case_town import DISTRICT, CaseTown, build_town
from engine.services.compare_case import Scene, differences
from engine.services.read_case import Case, words_of

FILING_KEYS = frozenset({"by", "start", "as", "place", "units", "external_due"})
SYSTEM_POST = Actor(post="system", role="system")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place of the case file where the engine lived otherwise."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a case plays on: flows by id, calendars and the deployment's calendar, the catalogue of categories."""

    flows: Mapping[str, Workflow]
    world: World
    catalogue: Catalogue | None


def run_case(case: Case, stage: Stage) -> tuple[Mismatch, ...]:
    """Return every mismatch between *case* and what the engine does; a case that cannot go on stops there."""
    if case.workflow not in stage.flows:
        return (Mismatch(case.file, 1, 1, f"没有「{case.workflow}」这个流程"),)
    return tuple(_Run(case, stage).play())


class _Stop(Exception):
    """The case cannot go on; the argument is the mismatch."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch)
        self.mismatch = mismatch


class _Run:
    """One case being lived through."""

    def __init__(self, case: Case, stage: Stage) -> None:
        self.case = case
        self.flow = stage.flows[case.workflow]
        self.town: CaseTown = build_town(
            case.people, workflows=stage.flows.values(), catalogue=stage.catalogue, vacant=case.vacant
        )
        self.world = World(
            organisation=self.town.organisation,
            calendars=stage.world.calendars,
            default_calendar=stage.world.default_calendar,
        )
        self.engine = Rehearsal((), flows=stage.flows, world=self.world)
        self.names: dict[str, str] = {}
        self.current = ""
        self.now = datetime.min.replace(tzinfo=UTC)

    def play(self) -> Iterator[Mismatch]:
        for step in self.case.steps:
            try:
                yield from self._step(step)
            except _Stop as stop:
                yield stop.mismatch
                return

    def _step(self, step: Part) -> Iterator[Mismatch]:
        at = step.value("at", datetime)
        if at is None:
            return
        instant = self._utc(at)
        seen = self._pass_time(instant)
        refusal: Refusal | None = None
        filing, before = step.get("file"), self.current
        if filing is not None:
            answer = self.engine.do(self._filing(filing), instant)
        elif "do" in step:
            answer = self.engine.do(self._act(step), instant)
        else:
            answer = []
        if isinstance(answer, Refusal):
            refusal, self.current = answer, before
        else:
            seen += answer
        expect = step.get("expect")
        matter = self._matter(step) if self.current else None
        wants_refusal = expect is not None and "refused" in expect
        if refusal is not None and not wants_refusal:
            raise _Stop(self._mismatch(step.where, f"应当能做，却不能：{refusal.code}，{refusal.text}"))
        if expect is not None:
            scene = Scene(
                matter=matter,
                flow=self.engine.pinned[matter.id] if matter is not None else self.flow,
                engine=self.engine,
                town=self.town,
                decisions=tuple(d for d in seen if d.occurrence.at == instant),
                refusal=refusal,
                now=instant,
            )
            for where, message in differences(expect, scene):
                yield self._mismatch(where, message)

    def _pass_time(self, until: datetime) -> list[Decision]:
        """Let every timer due by *until* fire at its instant, or at the end of the stretch in which we were down."""
        happened: list[Decision] = []
        while (timers := self.engine.timers()) and (fires := self._fires(timers[0].fire)) <= until:
            self.now = max(self.now, fires)
            answer = self.engine.fire(timers[0], self.now)
            if isinstance(answer, Refusal):
                raise _Stop(Mismatch(self.case.file, 1, 1, f"到点的规则没有执行：{timers[0].rule}，{answer.text}"))
            happened += answer
        self.now = max(self.now, until)
        return happened

    def _fires(self, at: datetime) -> datetime:
        if self.case.down is None:
            return at
        start, end = self._utc(self.case.down[0]), self._utc(self.case.down[1])
        return end if start <= at < end else at

    def _utc(self, local: datetime) -> datetime:
        zone = self.world.calendar(self.flow.calendar).zone
        return local.replace(tzinfo=zone).astimezone(UTC)

    def _mismatch(self, where: Where, message: str) -> Mismatch:
        return Mismatch(self.case.file, where.line, where.column, message)

    def _filing(self, filing: Part) -> File:
        matter = filing.text("as") or f"d{len(self.names) + 1}"
        self.names[matter] = self.current = matter
        actor = self._actor(filing, filing.text("by"))
        start = filing.text("start") or next(iter(self.flow.starts))
        external = filing.value("external_due", datetime)
        values = {key: _value(part) for key, part in filing.entries() if key not in FILING_KEYS}
        resident = next((a for a in self.town.people.values() if self._is_own(a)), None)
        return File(
            matter=matter, district=DISTRICT, workflow=self.flow.id, start=start, actor=actor,
            place=filing.text("place") or "grid1", values=values, seats=_seats(filing),
            reporter=actor if self._is_own(actor) else resident,
            external_due=self._utc(external) if external is not None else None,
        )  # fmt: skip

    def _is_own(self, actor: Actor) -> bool:
        role = self.flow.roles.get(actor.role)
        return role is not None and role.covers is Covers.OWN

    def _act(self, step: Part) -> Act:
        topic = step.text("topic")
        values = {key: _value(part) for key, part in step.table("with").items()}
        return Act(
            matter=self._matter(step).id, action=step.text("do") or "", actor=self._actor(step, step.text("by")),
            values=values, seats=_seats(step), topic=self._topic_of(step, topic) if topic else None,
        )  # fmt: skip

    def _actor(self, step: Part, name: str | None) -> Actor:
        if name is None:
            return SYSTEM_POST
        actor = self.town.people.get(name)
        if actor is None:
            where = (step.get("by") or step).where
            raise _Stop(self._mismatch(where, f"people 里没有「{name}」"))
        return actor

    def _matter(self, step: Part) -> Matter:
        on = step.text("on")
        if on is None:
            return self.engine.matters[self.current]
        if on in self.engine.matters:
            self.current = on
            return self.engine.matters[on]
        found = self._relative(self.engine.matters[self.current], on)
        if found is None:
            where = (step.get("on") or step).where
            raise _Stop(self._mismatch(where, f"这时没有「{on}」这件事"))
        return found

    def _relative(self, matter: Matter, word: str) -> Matter | None:
        """The child or topic named by its seat (`lead`, `assist.2`) or `topic`: of this visit if there is one."""
        if word == "topic":
            return next((self.engine.matters[topic] for topic in matter.topics), None)
        name, _, number = word.partition(".")
        children = [child for child, seat in matter.seats.items() if seat.seat == name]
        latest = [child for child in children if _seq(child) >= matter.visit] or children
        place = int(number) - 1 if number.isdigit() else 0
        return self.engine.matters[latest[place]] if 0 <= place < len(latest) else None

    def _topic_of(self, step: Part, name: str) -> str:
        other = self.engine.matters.get(name)
        if other is None or not other.topics:
            where = (step.get("topic") or step).where
            raise _Stop(self._mismatch(where, f"「{name}」没有议题可以并入"))
        return next(iter(other.topics))


def _seq(child: str) -> int:
    return int(child.rsplit(".", 1)[-1].split("-", 1)[0])


def _seats(part: Part) -> tuple[SeatAsked, ...]:
    return tuple(
        SeatAsked(seat=seat, unit=unit) for seat, units in part.table("units").items() for unit in words_of(units)
    )


def _value(part: Part) -> Value | list[str]:
    words = words_of(part)
    return list(words) if isinstance(part.data, list) else words[0]
