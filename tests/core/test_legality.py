"""The replay lets every honest history pass, and finds each kind of step that the rules do not allow."""

import copy
from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from typing import Any

import msgspec
import pytest

from engine.core.circumstances import AtWork, Doer, Seats, instant
from engine.core.decision import Decision
from engine.core.flow_law import FlowLaw
from engine.core.history import Event, event_bytes
from engine.core.legality import Body, Replay
from engine.core.matter import Json, merge, patch_between
from engine.core.scope import Organisation
from tests.support.lives import FIRST, Life
from tests.support.shipped import shipped_flows, shipped_world

CALENDARS = "cd" * 32
History = list[Json]


def as_body(decision: Decision) -> Json:
    """Return the body that the door would write for *decision*, as plain JSON."""
    occurrence, after = decision.occurrence, decision.after
    event = Event(
        v=1,
        log="log-1",
        matter=after.id,
        seq=after.seq,
        type=occurrence.type,
        to=occurrence.to,
        action=occurrence.action,
        actor=occurrence.actor,
        at=occurrence.at,
        recorded_at=occurrence.at,
        workflow=after.digest,
        calendar=CALENDARS,
        from_=occurrence.from_,
        due_at=occurrence.due_at,
        fired_at=occurrence.fired_at,
        cause=occurrence.cause,
        data={**occurrence.data, "patch": patch_between(decision.before, after)},
    )
    body: Json = msgspec.json.decode(event_bytes(event))
    return body


@cache
def histories() -> tuple[History, ...]:
    """The histories of every matter of some random lives."""
    found: dict[tuple[int, str], History] = {}
    for seed in range(12):
        life = Life("three_tier", flows=shipped_flows(), world=shipped_world(), seed=seed)
        for _ in range(150):
            life.step()
        for decision in life.engine.log:
            found.setdefault((seed, decision.after.id), []).append(as_body(decision))
    return tuple(found.values())


@cache
def replays() -> dict[str, Replay]:
    """A judge for each shipped flow, in the town of the lives."""
    world = shipped_world()
    seats = Seats([(FIRST - timedelta(days=1), world.organisation)])
    hourly = AtWork(FIRST + timedelta(hours=n) for n in range(24 * 1500))
    return {
        flow.digest: Replay(FlowLaw(flow), seats, calendars={CALENDARS: world.calendars}, at_work=hourly)
        for flow in shipped_flows().values()
    }


def note(told: list[tuple[str, str]], kind: str, text: str) -> None:
    """Keep what a judge tells."""
    told.append((kind, text))


def faults(history: History) -> list[tuple[str, int]]:
    """Return (kind, seq) of everything the replay finds in *history*."""
    state: Json = {}
    found: list[tuple[str, int]] = []
    for event in history:
        replay = replays()[event["workflow"]]
        told: list[tuple[str, str]] = []
        tell = partial(note, told)
        body = msgspec.convert(event, Body)
        replay.judge_before(state, body, tell)
        merge(state, event["data"]["patch"])
        replay.judge_after(state, body, tell)
        found += [(kind, event["seq"]) for kind, _ in told]
    return found


def pick(wanted: Callable[[History, int], bool]) -> tuple[History, int]:
    """Return a copy of the first history with an event (by place) that is *wanted*, and the place."""
    for history in histories():
        for place in range(len(history)):
            if wanted(history, place):
                return copy.deepcopy(history), place
    raise AssertionError("no life has such an event; live longer")


def before(history: History, place: int) -> Json:
    """Return the matter as it stood before the event at *place*."""
    state: Json = {}
    for event in history[:place]:
        merge(state, copy.deepcopy(event["data"]["patch"]))
    return state


def is_acted(history: History, place: int) -> bool:
    """Whether a person acted, on a matter already filed."""
    return bool(history[place]["type"] == "acted")


def by_staff(history: History, place: int) -> bool:
    """Whether a post of a unit acted."""
    return is_acted(history, place) and "unit" in history[place]["actor"]


def is_fired(history: History, place: int) -> bool:
    """Whether a rule of the state's clock acted at an instant counted from `due`."""
    return bool(history[place]["type"] == "fired" and history[place]["cause"].split("/")[1] == "state")


def test_replay_finds_nothing_in_honest_histories() -> None:
    """Whatever random people do through `decide`, no step of it is called illegal."""
    events = sum(map(len, histories()))

    found = [(history[0]["matter"], fault) for history in histories() for fault in faults(history)]

    assert found == []
    assert events > 800
    assert {event["type"] for history in histories() for event in history} >= {"filed", "acted", "fired", "cancelled"}


def change(**values: Any) -> Callable[[Json, History], None]:
    """Return a tampering that sets *values* of the event."""

    def tamper(event: Json, _history: History) -> None:
        event.update(values)

    return tamper


def of_stranger(event: Json, _history: History) -> None:
    """Put the step down to a post nobody holds."""
    event["actor"]["post"] = "p-stranger"


def of_other_person(event: Json, _history: History) -> None:
    """Put the step down to somebody else than who holds the post."""
    event["actor"]["person"] = "somebody"


def of_other_role(event: Json, _history: History) -> None:
    """Put the step down to a role that may not do it."""
    event["actor"]["role"] = "auditor"


def elsewhere(event: Json, _history: History) -> None:
    """Let the step lead to another state, in the body and in what it changes."""
    event["to"] = event["data"]["patch"]["state"] = "refused" if event["to"] != "refused" else "withdrawn"


def only_in_patch(event: Json, _history: History) -> None:
    """Say one state and make another."""
    event["data"]["patch"]["state"] = "listed"


def early(event: Json, _history: History) -> None:
    """Let the rule have fired before it was due."""
    moment = (instant(event["due_at"]) - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    event["at"] = event["fired_at"] = event["recorded_at"] = event["data"]["patch"]["at"] = moment


def due_moved(event: Json, _history: History) -> None:
    """Name another due instant than the clock's, still before the firing."""
    event["due_at"] = (instant(event["due_at"]) - timedelta(hours=1)).isoformat().replace("+00:00", "Z")


def other_visit(event: Json, _history: History) -> None:
    """Name a timer of another visit."""
    parts = event["cause"].split("/")
    event["cause"] = "/".join([*parts[:3], str(int(parts[3]) + 1), parts[4]])


def twice(event: Json, history: History) -> None:
    """Let the same rule fire again right after."""
    again = copy.deepcopy(event)
    again["seq"] = event["seq"] + 1
    again["from"] = event["to"]
    again["data"]["patch"] = {"seq": again["seq"]}
    history[event["seq"] :] = [again]


def backwards(event: Json, history: History) -> None:
    """Date the step before the one that came before it."""
    moment = (instant(history[event["seq"] - 2]["at"]) - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    event["at"] = event["data"]["patch"]["at"] = moment


@pytest.mark.parametrize(
    ("wanted", "tamper", "kind"),
    [
        (is_acted, change(action="fly"), "step"),
        (is_acted, change(**{"from": "nowhere"}), "step"),
        (is_acted, change(type="dreamt"), "step"),
        (is_acted, elsewhere, "step"),
        (is_acted, only_in_patch, "step"),
        (is_acted, backwards, "time"),
        (is_acted, change(recorded_at="2000-01-01T00:00:00Z"), "time"),
        (by_staff, of_other_role, "actor"),
        (by_staff, of_stranger, "actor"),
        (by_staff, of_other_person, "actor"),
        (is_fired, early, "timer"),
        (is_fired, other_visit, "timer"),
        (is_fired, change(cause=None), "timer"),
        (is_fired, change(due_at=None), "timer"),
        (is_fired, twice, "timer"),
        (is_fired, change(actor={"post": "p", "role": "grid_worker"}), "actor"),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_replay_finds_the_step_when_it_is_tampered_with(
    wanted: Callable[[History, int], bool], tamper: Callable[[Json, History], None], kind: str
) -> None:
    """Each way of writing what was not allowed is found at its place."""
    history, place = pick(wanted)

    tamper(history[place], history)

    assert kind in {found for found, seq in faults(history) if seq in (place + 1, place + 2)}


def test_replay_finds_a_rule_whose_due_instant_is_not_the_clocks() -> None:
    """A due instant written an hour early does not follow from the clock."""
    history, place = pick(lambda h, p: is_fired(h, p) and h[p]["action"] in ("late", "supervise"))

    due_moved(history[place], history)

    assert ("timer", place + 1) in faults(history)


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (due_moved, "timer"),
        (other_visit, "timer"),
        (early, "timer"),
        (elsewhere, "step"),
        (change(action="close"), "step"),
        (change(actor={"post": "p", "role": "grid_worker"}), "actor"),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_replay_finds_tampering_in_a_shape_that_it_has_judged_before(
    tamper: Callable[[Json, History], None], kind: str
) -> None:
    """What is kept of honest steps stands for nothing that was changed afterwards."""
    history, place = pick(lambda h, p: is_fired(h, p) and h[p]["action"] in ("late", "supervise"))
    assert faults(history) == []

    tamper(history[place], history)

    assert (kind, place + 1) in faults(history)


def test_replay_keeps_what_a_rule_names_for_its_own_calendar_only() -> None:
    """A step that names a calendar nobody knows cannot be told, and hides nothing in the same step that names one."""
    history, place = pick(lambda h, p: is_fired(h, p) and h[p]["action"] in ("late", "supervise"))
    due_moved(history[place], history)
    unknown = copy.deepcopy(history)
    unknown[place]["calendar"] = "ef" * 32

    assert faults(unknown) == []
    assert ("timer", place + 1) in faults(history)


def test_replay_finds_a_step_after_the_end() -> None:
    """An ended matter does not move."""
    history, place = pick(lambda h, p: is_acted(h, p) and before(h, p + 1).get("outcome") is not None)
    again = copy.deepcopy(history[place])
    again.update({"seq": place + 2, "from": again["to"]})
    again["data"]["patch"] = {"seq": place + 2}

    assert ("ended", place + 2) in faults([*history[: place + 1], again])


def test_replay_finds_a_limit_exceeded() -> None:
    """What may be done once is not done twice."""
    history, place = pick(lambda h, p: is_acted(h, p) and h[p]["action"] == "transfer")
    again = copy.deepcopy(history[place])
    again.update({"seq": place + 2, "from": again["to"]})
    again["data"]["patch"] = {"seq": place + 2}

    assert ("step", place + 2) in faults([*history[: place + 1], again])


def test_replay_finds_a_suppressed_late() -> None:
    """Whoever takes out the event that records lateness is found at the next step by a person."""
    history, place = pick(
        lambda h, p: (
            p + 1 < len(h)
            and is_fired(h, p)
            and h[p]["action"] == "late"
            and is_acted(h, p + 1)
            and instant(h[p + 1]["at"]) - instant(h[p]["due_at"]) > timedelta(hours=3)
        )
    )
    assert faults(history) == []  # whatever is kept of these steps is kept by now
    late = history.pop(place)
    for event in history[place:]:
        event["seq"] -= 1
        event["data"]["patch"]["seq"] = event["seq"]
        (event["data"]["patch"].get("clocks") or {}).pop("state", None)

    assert late["action"] == "late"
    assert ("late", place + 1) in faults(history)


def test_seats_follow_the_version_in_force() -> None:
    """A post ended later was held before, and an import before the first version counts by the first."""
    world = shipped_world()
    post = next(post for post in world.organisation.posts.values() if post.unit is not None)
    actor = Doer(post=post.id, role=post.role, unit=post.unit, person=post.person)
    ended = Organisation(world.organisation.units.values(), ())
    seats = Seats([(FIRST, world.organisation), (FIRST + timedelta(days=9), ended)])

    assert seats.fault(actor, FIRST + timedelta(days=8)) is None
    assert seats.fault(actor, FIRST + timedelta(days=9)) is not None
    assert seats.fault(actor, post.since) is None


def test_at_work_counts_only_what_was_seen() -> None:
    """An engine that was down proves nothing about what it should have done."""
    at_work = AtWork([FIRST + timedelta(minutes=n) for n in (0, 10, 90)], parked=["m1"])

    assert at_work.between(FIRST, FIRST + timedelta(minutes=90)) == timedelta(0)
    assert at_work.between(FIRST, FIRST + timedelta(minutes=91)) == timedelta(minutes=80)
    assert at_work.between(FIRST + timedelta(minutes=90), FIRST + timedelta(days=1)) == timedelta(0)
    assert at_work.parked == {"m1"}


def test_replay_reads_whatever_an_event_may_leave_out() -> None:
    """What is empty is not written; a body that reads otherwise would call an honest event unreadable."""
    may_be_absent = {one.encode_name for one in msgspec.structs.fields(Event) if not one.required}
    needed = {one.encode_name for one in msgspec.structs.fields(Body) if one.required}
    known = {one.encode_name for one in msgspec.structs.fields(Event)}

    assert may_be_absent
    assert not needed & may_be_absent
    assert needed <= known
