"""Going over to other limits: timers are those of the facts, the forecast holds, and coming back is coming back."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from random import Random

import msgspec
import pytest

from engine.core.circumstances import AtWork, Seats
from engine.core.clocks import due_of
from engine.core.command import Migrate
from engine.core.decision import Refusal
from engine.core.flow_law import FlowLaw
from engine.core.forecast import forecast
from engine.core.legality import Body, Replay
from engine.core.matter import Json, Matter, merge
from engine.core.rehearse import Rehearsal
from engine.core.repin import same_path
from engine.core.terms import EventType, RefusalCode
from engine.core.workflow.catalogue import Library, Source
from engine.core.workflow.declaration import Workflow
from engine.core.workflow.limits_edit import edit_limits
from engine.core.workflow.loader import read_flow
from engine.core.workflow.tree import Path
from tests.core.test_legality import CALENDARS, as_body, note
from tests.support.lives import FIRST, Life
from tests.support.shipped import FOLDER, shipped_catalogue, shipped_flows, shipped_world

FLOW = "three_tier"
LIMITS = (FOLDER / "three_tier.limits.yaml").read_text(encoding="utf-8")
COLUMNS = ("sign", "reply", "grid", "community", "lead", "assist", "total")
UNITS = {"wd": 12, "wh": 40, "h": 72, "d": 9, "m": 300}


def flow_with(limits: str) -> Workflow:
    """The shipped flow with another limits table."""
    library = Library(
        limits={FLOW: Source("three_tier.limits.yaml", limits.encode())}, catalogues={"categories": shipped_catalogue()}
    )
    path = FOLDER / "three_tier.yaml"
    flow, findings = read_flow(path.read_bytes(), file=path.name, library=library)
    assert flow is not None, findings
    return flow


def other_limits(random: Random, version: int) -> Workflow:
    """The flow with some cells and some rungs of the ladder changed."""

    def length() -> str:
        unit = random.choice(list(UNITS))
        return f"{random.randint(1, UNITS[unit])}{unit}"

    edits: dict[Path, str] = {("version",): str(version)}
    edits |= {("rows", row, random.choice(COLUMNS)): length() for row in (0, 2, 3, 4, 5, 5, 5)}
    if random.random() < 0.5:
        edits["escalation", "else", 0, "at"] = f"due-{random.randint(1, 5)}wd"
        edits["escalation", "else", 3, "at"] = f"due+{random.randint(2, 5)}wd"
    return flow_with(edit_limits(LIMITS, edits))


def go_over(life: Life, new: Workflow) -> int:
    """Take every open matter of the flow over; how many went."""
    life.engine.flows = {**life.engine.flows, FLOW: new}
    went = 0
    for matter in [one for one in life.engine.matters.values() if one.is_open and one.workflow == FLOW]:
        answer = life.engine.do(Migrate(matter=matter.id, to=new.digest), max(life.now, matter.at))
        assert not isinstance(answer, Refusal), answer
        assert answer[0].occurrence.type == EventType.MIGRATED
        after = life.engine.matters[matter.id]
        check_clocks(life, matter, after)
        again = life.engine.do(Migrate(matter=matter.id, to=new.digest), life.now)
        assert isinstance(again, Refusal), "going over twice"
        assert again.code == RefusalCode.STALE
        went += 1
    return went


def check_clocks(life: Life, before: Matter, after: Matter) -> None:
    """Every due instant follows from the recorded facts; starts, holds, grants and lateness are as they were."""
    for key, clock in after.clocks.items():
        was, due = before.clocks[key], due_of(clock, life.world.calendar(clock.calendar))
        assert clock.ended is not None or clock.due == (due.at if due is not None else None)
        for name in ("visit", "started", "since", "changes", "late_at", "ended", "not_after", "calendar"):
            assert getattr(clock, name) == getattr(was, name), name
        assert set(was.fired) >= set(clock.fired)


def lived(seed: int, steps: int = 60) -> Life:
    """Some life in a town of its own."""
    life = Life(FLOW, flows=dict(shipped_flows()), world=shipped_world(), seed=seed)
    for _ in range(steps):
        life.step()
    return life


@pytest.mark.parametrize("seed", range(200, 206))
def test_lives_keep_every_invariant_when_limits_change_now_and_then(seed: int) -> None:
    """The recorder checks timers, folds and firings at every step, also across several changes of limits."""
    life, random, went = lived(seed), Random(seed), 0
    for version in (2, 3, 4):
        went += go_over(life, other_limits(random, version))
        for _ in range(30):
            life.step()
    assert went > 0


def test_forecast_is_what_happens_after_going_over() -> None:
    """Once over, the clock runs with nobody acting and brings exactly the events that were foretold."""
    compared = 0
    for seed in range(210, 214):
        life = lived(seed)
        new = other_limits(Random(seed), 2)
        go_over(life, new)
        for matter in [one for one in life.engine.matters.values() if one.is_open and one.workflow == FLOW][:6]:
            near = [*matter.seats, *matter.topics]
            family = [(life.engine.matters[name], life.engine.pinned[name]) for name in near]
            flows = life.engine.flows
            said = forecast(matter, now=life.now, workflow=new, world=life.world, family=family, flows=flows)
            assert [(one.at, one.do.value, one.state) for one in said] == happened(life, matter, len(said))
            compared += len(said)
    assert compared > 30


def happened(life: Life, matter: Matter, count: int) -> list[tuple[object, str, str]]:
    """What happens to a copy of the town by itself: the first *count* events of the matter, repeats once."""
    town = Rehearsal(
        [(one, life.engine.pinned[name]) for name, one in life.engine.matters.items()],
        flows=life.engine.flows, world=life.world,
    )  # fmt: skip
    now, seen = life.now, set()
    events: list[tuple[object, str, str]] = []
    for _ in range(2000):
        timers = town.timers()
        if len(events) == count or not timers:
            break
        now = max(now, timers[0].fire)
        decisions = town.fire(timers[0], now)
        assert isinstance(decisions, list)
        for decision in decisions:
            occurrence = decision.occurrence
            if decision.after.id != matter.id or occurrence.data.get("passed_over"):
                continue
            rule = occurrence.data.get("rule") or {}
            word = rule["do"] if rule else "advance"
            key = (rule.get("clock"), rule.get("id"), decision.after.visit) if word == "progress" else None
            if key is None or key not in seen:
                events.append((occurrence.at, word, decision.after.state))
            seen.add(key)
    return events


def test_going_over_and_back_leaves_the_clocks_as_they_were() -> None:
    """Two changes that cancel each other move nothing: limits and due instants are those of before."""
    life = lived(220)
    before = {key: one for key, one in life.engine.matters.items() if one.is_open and one.workflow == FLOW}
    first = shipped_flows()[FLOW]

    go_over(life, other_limits(Random(7), 2))
    go_over(life, first)

    assert before
    for key, one in before.items():
        after = life.engine.matters[key]
        assert after.digest == first.digest
        assert {k: (c.limit, c.due) for k, c in one.clocks.items()} == {
            k: (c.limit, c.due) for k, c in after.clocks.items()
        }


def test_going_over_is_refused_when_the_path_is_another() -> None:
    """A version with another way through is not taken over in silence."""
    life = lived(221)
    matter = next(one for one in life.engine.matters.values() if one.is_open and one.workflow == FLOW)
    text = (FOLDER / "three_tier.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
    library = Library(
        limits={FLOW: Source("three_tier.limits.yaml", LIMITS.encode())}, catalogues={"categories": shipped_catalogue()}
    )
    other, _ = read_flow(text, file="three_tier.yaml", library=library)
    assert other is not None
    assert not same_path(shipped_flows()[FLOW], other)
    life.engine.flows = {**life.engine.flows, FLOW: other}

    answer = life.engine.do(Migrate(matter=matter.id, to=other.digest), life.now)

    assert isinstance(answer, Refusal)
    assert answer.code == RefusalCode.CONDITION
    assert "走法" in answer.text


def test_paths_are_compared_and_not_only_names() -> None:
    """A flow whose states differ has another path, whatever its version says."""
    flow = shipped_flows()[FLOW]
    fewer = replace(flow, digest="x", states=dict(list(flow.states.items())[1:]))

    assert same_path(flow, replace(flow, digest="y", limits=None))
    assert not same_path(flow, fewer)


@cache
def judged() -> tuple[dict[str, Replay], tuple[list[Json], ...]]:
    """Judges of every version, and the histories of some lives in which limits changed twice."""
    flows: dict[str, Workflow] = {flow.digest: flow for flow in shipped_flows().values()}
    histories: dict[tuple[int, str], list[Json]] = {}
    for seed in range(230, 234):
        life, random = lived(seed), Random(seed)
        for version in (2, 3):
            new = other_limits(random, version)
            flows[new.digest] = new
            go_over(life, new)
            for _ in range(40):
                life.step()
        for decision in life.engine.log:
            histories.setdefault((seed, decision.after.id), []).append(as_body(decision))
    world = shipped_world()
    seats = Seats([(FIRST - timedelta(days=1), world.organisation)])
    hourly = AtWork(FIRST + timedelta(hours=n) for n in range(24 * 1500))
    calendars = {CALENDARS: world.calendars}
    judges = {
        digest: Replay(FlowLaw(flow), seats, calendars=calendars, at_work=hourly) for digest, flow in flows.items()
    }
    return judges, tuple(histories.values())


def faults(history: list[Json]) -> list[tuple[str, str]]:
    """What a judge finds wrong, and what kind of event it is about."""
    judges, _ = judged()
    state: Json = {}
    found: list[tuple[str, str]] = []
    for event in history:
        judge = judges[event["workflow"]]
        told: list[tuple[str, str]] = []
        tell = partial(note, told)
        body = msgspec.convert(event, Body)
        judge.judge_before(state, body, tell)
        merge(state, deepcopy(event["data"]["patch"]))
        judge.judge_after(state, body, tell)
        found += [(event["type"], text) for _, text in told]
    return found


def test_judge_finds_nothing_in_histories_with_changes_of_limits() -> None:
    """Late and missed rules are judged by the limits that held then; a due instant moved into the past is no fault."""
    _, histories = judged()
    assert sum(event["type"] == "migrated" for history in histories for event in history) > 20
    for history in histories:
        assert faults(history) == []


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda event: event["data"]["migrated"].update(to="0" * 64), "对不上"),
        (lambda event: event["data"]["migrated"].update({"from": "0" * 64}), "对不上"),
        (lambda event: event.update(actor={"post": "x", "role": "street_head"}), "人的名下"),
        (lambda event: event["data"]["patch"].update(place="elsewhere"), "时限以外"),
        (lambda event: event["data"]["patch"].update(fields={"note": "x"}), "时限以外"),
        (lambda event: event.update(to="grid_doing" if event["to"] != "grid_doing" else "take_in"), "离开"),
    ],
    ids=["other version", "from another", "by a person", "other place", "other field", "another step"],
)
def test_judge_finds_a_change_of_limits_that_was_tampered_with(tamper: Callable[[Json], None], said: str) -> None:
    """It leads from the version of the matter to the one told, by the engine, and touches nothing but clocks."""
    _, histories = judged()
    history = deepcopy(next(one for one in histories if any(event["type"] == "migrated" for event in one)))
    event = next(event for event in history if event["type"] == "migrated")

    tamper(event)

    assert any(kind == "migrated" and said in text for kind, text in faults(history))
