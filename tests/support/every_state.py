"""Matters in every state of every shipped flow: the demo, and through the door what it has not got."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.core.command import Act, Command, File, SeatAsked
from engine.core.matter import Actor, Matter, Value
from engine.core.scope import SYSTEM, Organisation
from engine.services.advance import Done, Entry, advance
from engine.services.case_town import build_town
from engine.services.demo_life import actor_of
from engine.services.organise import save_organisation
from engine.wiring import Sanlian
from tests.support.demo import NOW, wired
from tests.support.shipped import shipped_flows
from tests.support.support_lines import import_deployment

NOTE = "楼门贴了通知，家家知道。"
# Presses by role, action and values, on a new topic, up to the state they lead to.
_RESEARCH = (
    ("community_clerk", "told", {"note": NOTE}),
    ("community_clerk", "collected", {"note": NOTE}),
    ("community_head", "settle", {"note": NOTE}),
)
_DISCUSS = (*_RESEARCH, ("community_clerk", "plan_ready", {"options": "一、改。二、不改。"}))
_AGREED = (*_DISCUSS, ("community_head", "agree", {"result": "定下来改。"}))
_DROP = (*_RESEARCH[:2], ("community_head", "drop", {"note": NOTE}))
TOPICS: dict[str, Sequence[tuple[str, str, dict[str, str]]]] = {
    "announce": (),
    "collect": _RESEARCH[:1],
    "choose": _RESEARCH[:2],
    "no_agreement": _DROP,
    "research": _RESEARCH,
    "discuss": _DISCUSS,
    "research_again": (*_DISCUSS, ("community_head", "again", {"note": NOTE})),
    "follow_through": _AGREED,
    "carried_up": (*_DISCUSS, ("community_head", "carry_up", {"result": "两家都不肯。"})),
}
SOME_TIME_AGO = timedelta(minutes=30)
LONG_ENOUGH_AGO = timedelta(days=4)


@dataclass
class Maker:
    """Brings matters of the demo on their way."""

    sanlian: Sanlian

    def do(self, command: Command, at: datetime = NOW) -> Matter:
        """Let a command through, which must be taken."""
        (outcome,) = advance(self.sanlian.uow, [Entry(command)], now=at, services=self.sanlian.door)
        assert isinstance(outcome, Done), outcome
        return outcome.matter

    def who(self, role: str, place: str) -> Actor:
        """Who holds the post of *role* that is responsible for *place*."""
        with self.sanlian.uow.read() as tx:
            organisation = tx.organisation.load()
        posts = [post for unit in organisation.ancestors(place) for post in organisation.posts_of(role, unit, NOW)]
        return actor_of(posts[0])

    def act(
        self, matter: Matter, role: str, action: str, values: Mapping[str, str] | None = None, *, at: datetime = NOW
    ) -> Matter:
        """Do an action as whoever is responsible."""
        actor = self.who(role, matter.department or matter.place)
        return self.do(Act(matter=matter.id, action=action, actor=actor, values=dict(values or {})), at)

    def in_state(self, state: str) -> list[Matter]:
        """The matters in a state, in order of their ids."""
        with self.sanlian.uow.read() as tx:
            return [one.matter for one in tx.matters.all() if one.matter.state == state]

    def matter(self, name: str) -> Matter:
        """A matter as it stands."""
        with self.sanlian.uow.read() as tx:
            stored = tx.matters.get(name)
        assert stored is not None
        return stored.matter


def fill_demo(sanlian: Sanlian) -> None:
    """Bring the demo's matters to the states in which none of them is."""
    make = Maker(sanlian)
    for presses in TOPICS.values():
        _topic(make, presses, at=NOW - SOME_TIME_AGO)
    agreed = _topic(make, _AGREED, at=NOW - LONG_ENOUGH_AGO)
    make.act(agreed, "community_clerk", "publish", {"result": "公示三天没有异议。"})
    _tasks(make)
    _explained(make)
    confirming = make.in_state("confirm")[0]
    assert confirming.reporter is not None
    make.do(Act(matter=confirming.id, action="agree", actor=confirming.reporter, values={"rating": "satisfied"}))


def _topic(make: Maker, presses: Iterable[tuple[str, str, dict[str, str]]], *, at: datetime) -> Matter:
    clerk = make.who("community_clerk", "jinyi")
    topic = make.do(
        File(
            matter=make.sanlian.door.ids(), district=make.sanlian.uow.district, workflow="topic", start="start",
            actor=clerk, place="jinyi",
        ),
        at,
    )  # fmt: skip
    for role, action, values in presses:
        topic = make.act(topic, role, action, values, at=at)
    return topic


def _tasks(make: Maker) -> None:
    """One task that nobody has accepted, one that was waived."""
    waiting = make.in_state("street_intake")[0]
    seats = [SeatAsked(seat="lead", unit="roads"), SeatAsked(seat="assist", unit="parks")]
    office = make.who("street_office", waiting.place)
    made = make.do(Act(matter=waiting.id, action="dispatch", actor=office, seats=tuple(seats)))
    assist = next(make.matter(name) for name, seat in made.seats.items() if seat.unit == "parks")
    accepted = make.act(assist, "department", "accept")
    make.do(Act(matter=accepted.id, action="waive", actor=office, values={"note": "用不着园林来。"}))


def _explained(make: Maker) -> None:
    """A demand whose topic came to nothing."""
    waiting = make.in_state("community_intake")[0]
    demand = make.act(waiting, "community_clerk", "topic")
    topic = make.matter(next(iter(demand.topics)))
    for role, action, values in _DROP:
        topic = make.act(topic, role, action, values)


def every_state_of_the_demo(demo_file: Path, folder: Path) -> Sanlian:
    """Return a deployment with a copy of the demo and matters in every state of its flows."""
    copy = folder / "every-state.db"
    shutil.copy(demo_file, copy)
    made = wired(copy)
    fill_demo(made)
    return made


def every_state_of_support_lines(folder: Path) -> Sanlian:
    """Return a deployment with a town and a matter in every state of the flow for event logs."""
    made = import_deployment(f"sqlite:///{folder / 'lines.db'}")
    flow = shipped_flows()["support_lines"]
    now = made.clock.now()
    town = build_town({}, workflows=[flow], catalogue=None).organisation
    save_organisation(made.uow, town, by=SYSTEM, now=now)
    values: dict[str, Value | list[str]] = {"incident": "1-364285768", "impact": "High", "product": "PROD582"}
    for state in flow.states:
        action = next((one for one in flow.actions_of("registered").values() if one.id == state), None)
        clerk = _of_line(town, "line1")
        entries = [
            Entry(File(matter=f"m-{state}", district="d", workflow=flow.id, start="start", actor=clerk, place="grid1",
                       values=values))
        ]  # fmt: skip
        if action is not None:
            entries.append(Entry(Act(matter=f"m-{state}", action=action.id, actor=_of_line(town, action.by[0]))))
        for outcome in advance(made.uow, entries, now=now, services=made.door):
            assert isinstance(outcome, Done), outcome
    return made


def _of_line(town: Organisation, role: str) -> Actor:
    posts = town.posts.values()
    return actor_of(next(one for one in posts if one.role == role and one.unit in ("grid1", "community1", "street1")))
