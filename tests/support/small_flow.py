"""A small town and small flows as text, lived through step by step, every invariant checked at each."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.command import Act, Command, File, Fire, SeatAsked
from engine.core.decision import Decision, Refusal
from engine.core.forecast import Coming, forecast
from engine.core.matter import Actor, Matter, Timer, Value
from engine.core.rehearse import Rehearsal
from engine.core.scope import Duty, Organisation, Post, Unit, World
from engine.core.terms import EventType, RefusalCode
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.loader import read_flow
from engine.services.calendars import load_calendars
from tests.support.flows import library_of
from tests.support.lives import Recorder
from tests.support.shipped import FOLDER

ZONE = ZoneInfo("Asia/Shanghai")
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
HEAD = """\
sanlian: 1
workflow: {name}
version: 1
matter: {kind}
calendar: cn_office
roles:
  resident: {{ covers: own }}
  worker: {{ covers: grid, above: head }}
  head: {{ covers: community, above: chief }}
  chief: {{ covers: street }}
  evening: {{ covers: grid, above: head, calendar: cn_grid }}
  desk: {{ covers: street, above: chief, roster: yes }}
  unit: {{ covers: department, above: chief }}
"""
FIELDS = """\
fields:
  category: { type: choice, of: [pipes, roads] }
  kind: { type: choice, of: [quick, small], default: small }
  note: { type: text, max: 20 }
  number: { type: number, min: 1, max: 50, default: 1 }
"""
START = "start: { to: doing, by: [resident, worker], optional: [category, kind, note, number] }\n"
UNITS = (
    Unit(id="street", kind="street", name="街道"),
    Unit(id="community", kind="community", name="社区", parent="street"),
    Unit(id="grid", kind="grid", name="一网格", parent="community"),
    Unit(id="grid2", kind="grid", name="二网格", parent="community"),
    Unit(id="pipes", kind="department", name="管线", serves=("pipes",)),
    Unit(id="roads", kind="department", name="道路"),
    Unit(id="parks", kind="department", name="园林"),
)
SEATS = {
    "worker": ("grid", "grid2"),
    "evening": ("grid",),
    "head": ("community",),
    "chief": ("street",),
    "desk": ("street",),
    "unit": ("pipes", "roads", "parks"),
}


def person(role: str, unit: str, name: str | None = None) -> Actor:
    """Return somebody in that seat."""
    return Actor(post=f"{role}@{unit}", role=role, unit=unit, person=name or f"{role}@{unit}")


RESIDENT = Actor(post="resident", role="resident", person="resident")
WORKER, HEAD_OF = person("worker", "grid"), person("head", "community")
CHIEF, DESK = person("chief", "street"), person("desk", "street")


def at(local: str) -> datetime:
    """Return the instant of `2026-11-16 09:00` in the town."""
    return datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)


def local(instant: datetime | None) -> str:
    """Return `11-16 09:00` for an instant, a dash for none."""
    return "-" if instant is None else f"{instant.astimezone(ZONE):%m-%d %H:%M}"


def flow(
    states: str, *, start: str = START, extra: str = "", levels: str = "", name: str = "small", kind: str = "demand"
) -> str:
    """Return the text of a flow: *states* and *levels* are lines indented by two, *extra* whole keys."""
    tiers = f"levels:\n{levels}" if levels else ""
    head = HEAD.format(name=name, kind=kind)
    return f"{head}{extra}{FIELDS}{start}{tiers}states:\n{states}  done: {{ final: done }}\n"


def read(text: str, *, name: str = "small", table: str = "", others: Mapping[str, str] | None = None) -> Workflow:
    """Return the flow of a text that has no fault of reading."""
    library = replace(library_of(table=table, others=others), calendars=frozenset(calendars()))
    workflow, findings = read_flow(text, file=f"{name}.yaml", library=library)
    assert workflow is not None, "\n".join(map(str, findings))
    return workflow


@cache
def calendars() -> Mapping[str, WorkingCalendar]:
    """The shipped calendars."""
    return load_calendars(FOLDER / "calendars")


def town(vacant: Iterable[str] = ()) -> Organisation:
    """Return the town with everybody in their seats except the *vacant* roles."""
    posts = [
        Post(id=f"{role}@{unit}", role=role, unit=unit, person=f"{role}@{unit}", name=role, since=ALWAYS)
        for role, units in SEATS.items()
        for unit in units
        if role not in vacant
    ]
    duty = Duty(role="desk", unit="street", post="desk@street", since=ALWAYS, until=datetime(2100, 1, 1, tzinfo=UTC))
    return Organisation(UNITS, posts, [duty] if "desk" not in vacant else [])


def world(vacant: Iterable[str] = (), with_calendars: Mapping[str, WorkingCalendar] | None = None) -> World:
    """Return what surrounds a decision."""
    return World(organisation=town(vacant), calendars=with_calendars or calendars(), default_calendar="cn_office")


class Small:
    """Matters of small flows, from step to step; the first one is called `m`."""

    def __init__(
        self, text: str, *, table: str = "", others: Mapping[str, str] | None = None, vacant: Iterable[str] = ()
    ) -> None:
        known = {name: read(other, name=name) for name, other in (others or {}).items()}
        self.flows: dict[str, Workflow] = {"small": read(text, table=table, others=others), **known}
        self.engine = Recorder(self.flows, world(vacant))

    @property
    def flow(self) -> Workflow:
        """The flow of the first matter."""
        return self.flows["small"]

    @property
    def m(self) -> Matter:
        """The first matter as it now stands."""
        return self.engine.matters["m"]

    def file(self, when: str, *, by: Actor = RESIDENT, matter: str = "m", **more: object) -> RefusalCode | None:
        """File a matter; *more* are keys of the command, all else fields."""
        keys = {key: more.pop(key) for key in list(more) if key in File.__struct_fields__}
        command = File(**{
            "matter": matter, "district": "d", "workflow": "small", "start": "start", "actor": by, "place": "grid",
            "reporter": RESIDENT, "values": more, **keys,
        })  # type: ignore[arg-type]  # fmt: skip  # the keys are those of the struct
        return self.do(command, when)

    def act(
        self,
        action: str,
        when: str,
        *,
        by: Actor = WORKER,
        matter: str = "m",
        seats: Iterable[tuple[str, str]] = (),
        topic: str | None = None,
        **values: Value | list[str],
    ) -> RefusalCode | None:
        """Do an action after letting the rules due until then act."""
        asked = tuple(SeatAsked(seat=seat, unit=unit) for seat, unit in seats)
        return self.do(Act(matter=matter, action=action, actor=by, values=values, seats=asked, topic=topic), when)

    def do(self, command: Command, when: str) -> RefusalCode | None:
        """Do a command; return why it was refused."""
        self.wait(when)
        answer = self.engine.do(command, at(when))
        return answer.code if isinstance(answer, Refusal) else None

    def wait(self, until: str) -> list[str]:
        """Let time pass; return what rules did to the first matter, as `late 11-16 17:30`."""
        seen = len(self.engine.log)
        while (timers := self.engine.timers()) and timers[0].fire <= at(until):
            self.fire(timers[0], local_text(timers[0].fire))
        return [told(decision) for decision in self.engine.log[seen:] if happened_to(decision, "m")]

    def sleep(self, until: str) -> list[str]:
        """The engine was down until then: everything due fires at that instant."""
        seen = len(self.engine.log)
        while (timers := self.engine.timers()) and timers[0].fire <= at(until):
            answer = self.engine.fire(timers[0], at(until))
            assert not isinstance(answer, Refusal)
        return [told(decision) for decision in self.engine.log[seen:] if happened_to(decision, "m")]

    def fire(self, timer: Timer, when: str) -> RefusalCode | None:
        """Let a timer act."""
        answer = self.engine.do(Fire(matter=timer.matter, timer=timer), at(when))
        return answer.code if isinstance(answer, Refusal) else None

    def timers(self) -> list[str]:
        """The armed timers of the first matter, as `state.late 11-16 17:30`."""
        return [f"{t.clock}.{t.rule} {local(t.fire)}" for t in self.engine.timers() if t.matter == "m"]

    def timer(self, rule: str, clock: str = "state") -> Timer:
        """The armed timer of that rule."""
        return next(t for t in self.engine.timers() if (t.matter, t.clock, t.rule) == ("m", clock, rule))

    def due(self, clock: str = "state") -> str:
        """When a clock of the first matter ends."""
        return local(self.m.clocks[clock].due)

    def forecast(self, when: str) -> tuple[Coming, ...]:
        """What comes if nobody acts on the first matter."""
        family = [(m, self.engine.pinned[m.id]) for m in self.engine.matters.values() if m.id != "m"]
        return forecast(
            self.m, now=at(when), workflow=self.flow, world=self.engine.world, family=family, flows=self.flows
        )

    @property
    def last(self) -> Decision:
        """The last decision on the first matter."""
        return next(d for d in reversed(self.engine.log) if d.after.id == "m")

    def copy(self) -> Rehearsal:
        """The same matters in a town of their own, unchecked."""
        pinned = [(m, self.engine.pinned[name]) for name, m in self.engine.matters.items()]
        return Rehearsal(pinned, flows=self.flows, world=self.engine.world)


def happened_to(decision: Decision, matter: str) -> bool:
    """Whether a rule or a child's end changed that matter."""
    by_engine = (EventType.FIRED, EventType.CHILD_ENDED)
    passed = "passed_over" in decision.occurrence.data
    return decision.after.id == matter and decision.occurrence.type in by_engine and not passed


def told(decision: Decision) -> str:
    """Return `late 11-16 17:30` for what a rule did."""
    return f"{decision.occurrence.action} {local(decision.occurrence.at)}"


def local_text(instant: datetime) -> str:
    """Return an instant as `at` reads it, to the microsecond."""
    return instant.astimezone(ZONE).replace(tzinfo=None).isoformat(sep=" ")


def notices(decision: Decision) -> set[str]:
    """Return `kind→role` of every notice of a decision; the reporter is `reporter`."""
    return {f"{n.kind}→{n.to.role if n.to is not None else 'reporter'}" for n in decision.notices}
