"""What a case file expects after a step, held against what the engine did."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from engine.core.decision import Decision, Refusal
from engine.core.facts import duration
from engine.core.matter import STATE_CLOCK, Clock, Holder, Matter, level_clock, named_clock
from engine.core.rehearse import Rehearsal
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.parts import Part
from engine.core.workflow.written import Where
from engine.services.case_town import CaseTown
from engine.services.read_case import words_of

NONE, MET, HELD = "none", "met", "held"
REPORTER = "reporter"


@dataclass(frozen=True, slots=True)
class Scene:
    """The moment after a step: the matter asked about, and what happened exactly at this instant."""

    matter: Matter | None
    flow: Workflow
    engine: Rehearsal
    town: CaseTown
    decisions: tuple[Decision, ...]
    refusal: Refusal | None
    now: datetime

    def local(self, at: datetime | None) -> str:
        """An instant as the file writes it."""
        if at is None:
            return NONE
        reading = self.engine.world.calendar(self.flow.calendar).local(at)
        return f"{reading:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def differences(expect: Part, scene: Scene) -> Iterator[tuple[Where, str]]:
    """Yield every difference with its place."""
    for key, part in expect.entries():
        if key == "refused":
            yield from _refused(part, scene)
        elif scene.matter is None:
            yield part.where, "还没有立案"
        else:
            for path, expected, found in _READERS[key](part, scene.matter, scene):
                if expected != found:
                    yield path, f"{key}：应当是 {expected}，实际是 {found}"


Found = Iterator[tuple[Where, str, str]]


def _refused(part: Part, scene: Scene) -> Iterator[tuple[Where, str]]:
    found = scene.refusal.code.value if scene.refusal is not None else "做成了"
    if found != str(part.data):
        yield part.where, f"refused：应当是 {part.data}，实际是 {found}"


def _one(read: Callable[[Matter, Scene], str]) -> Callable[[Part, Matter, Scene], Found]:
    def compare(part: Part, matter: Matter, scene: Scene) -> Found:
        yield part.where, _text(part), read(matter, scene)

    return compare


def _text(part: Part) -> str:
    return _yes(part.data) if isinstance(part.data, bool) else str(part.data)


def _yes(truth: object) -> str:
    return "yes" if truth else "no"


def _state_clock(matter: Matter) -> Clock | None:
    return matter.clocks.get(STATE_CLOCK)


def _due(matter: Matter, scene: Scene) -> str:
    clock = _state_clock(matter)
    return NONE if clock is None else _clock_words(clock, scene)


def _clock_words(clock: Clock, scene: Scene) -> str:
    if clock.ended is not None:
        return MET
    return HELD if clock.is_held else scene.local(clock.due)


def _clocks(part: Part, matter: Matter, scene: Scene) -> Found:
    for name, expected in part.entries():
        clock = matter.clocks.get(named_clock(name)) or matter.clocks.get(level_clock(name))
        yield expected.where, str(expected.data), NONE if clock is None else _clock_words(clock, scene)


def _late(matter: Matter, scene: Scene) -> str:
    del scene
    clock = _state_clock(matter)
    return _yes(clock is not None and clock.late_at is not None)


def _superior(matter: Matter, scene: Scene) -> str:
    del scene
    return matter.answers.role if matter.answers is not None else NONE


def _kept(part: Part, matter: Matter, scene: Scene) -> Found:
    held = [
        name for name, actor in scene.town.people.items() if Holder(role=actor.role, unit=actor.unit) in matter.kept
    ]
    yield part.where, _list(sorted(words_of(part))), _list(sorted(held))


def _list(words: list[str]) -> str:
    return f"[{', '.join(words)}]"


def _provisional(matter: Matter, scene: Scene) -> str:
    del scene
    clock = _state_clock(matter)
    return _yes(clock is not None and clock.provisional)


def _fired(part: Part, matter: Matter, scene: Scene) -> Found:
    rules = [
        f"{_place(decision)}.{decision.occurrence.action}"
        for decision in scene.decisions
        if decision.after.id == matter.id
        and decision.occurrence.cause is not None
        and not decision.occurrence.data.get("passed_over")
    ]
    yield part.where, _list(list(words_of(part))), _list(rules)


def _place(decision: Decision) -> str:
    clock = str(decision.occurrence.data["rule"]["clock"])
    kind, _, name = clock.partition(".")
    return name if kind in ("level", "named", "milestone") else decision.occurrence.from_ or ""


def _notices(part: Part, matter: Matter, scene: Scene) -> Found:
    for kind, expected in part.entries():
        told = sorted(
            notice.to.role if notice.to is not None else REPORTER
            for decision in scene.decisions
            if decision.after.id == matter.id
            for notice in decision.notices
            if notice.kind == kind
        )
        yield expected.where, _list(sorted(words_of(expected))), _list(told)


def _counters(part: Part, matter: Matter, scene: Scene) -> Found:
    del scene
    for name, expected in part.entries():
        yield expected.where, str(expected.data), str(matter.counters.get(name, 0))


def _children(part: Part, matter: Matter, scene: Scene) -> Found:
    for seat, expected in part.entries():
        states = [
            child.outcome or child.state
            for name, taken in matter.seats.items()
            if taken.seat == seat and (child := scene.engine.matters.get(name)) is not None
        ]
        yield expected.where, _list(list(words_of(expected))), _list(states)


def _outcome(matter: Matter, scene: Scene) -> str:
    del scene
    return matter.outcome or NONE


def _explains(part: Part, matter: Matter, scene: Scene) -> Found:
    clock = _state_clock(matter)
    text = ""
    if clock is not None and clock.limit:
        calendar = scene.engine.world.calendar(clock.calendar)
        text = "\n".join(line.text for line in calendar.explain(clock.counted_from, duration(clock.limit)))
    for words in part:
        yield words.where, str(words.data), str(words.data) if str(words.data) in text else text


_READERS: Mapping[str, Callable[[Part, Matter, Scene], Found]] = MappingProxyType(
    {
        "state": _one(lambda matter, _: matter.state),
        "level": _one(lambda matter, _: matter.level or NONE),
        "due": _one(_due),
        "clocks": _clocks,
        "late": _one(_late),
        "superior": _one(_superior),
        "kept": _kept,
        "provisional": _one(_provisional),
        "fired": _fired,
        "notices": _notices,
        "counters": _counters,
        "children": _children,
        "outcome": _one(_outcome),
        "explains": _explains,
    }
)
