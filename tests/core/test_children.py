"""Children: how they open, join, end void and are taken back; topics that several matters wait for."""

import pytest

from engine.core.terms import RefusalCode
from tests.support.small_flow import DESK, HEAD_OF, Small, flow, local, notices, person

TASK = flow(
    "  doing: { held_by: unit, due: given, timers: [ { at: due, do: supervise } ], no_deadline: 随上级,"
    " actions: { finish: { by: [unit], to: done }, send_back: { by: [unit], to: sent_back } } }\n"
    "  sent_back: { final: sent_back }\n",
    name="task", kind="task", start="start: { to: doing, by: [desk] }\n",
)  # fmt: skip
TOPIC = flow(
    "  doing: { held_by: head, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
    " actions: { agree: { by: [head], to: done }, refuse: { by: [head], to: no } } }\n  no: { final: no }\n",
    name="topic", kind="topic", start="start: { to: doing, by: [head] }\n",
)  # fmt: skip


def joint(join: str = "all", pick: str = "", vacant: str = "", require: str = "") -> Small:
    """A matter whose state `units` opens tasks of a lead and up to two assisting units."""
    children = (
        f"children: {{ lead: {{ workflow: task, to: unit, count: 1, {pick}limit: 2wd, void: [sent_back] }},"
        f" assist: {{ workflow: task, to: unit, count: 0..2, limit: 1wd, void: [sent_back] }}"
        f", join: {join}, done: {{ to: check{require} }} }}"
    )
    text = flow(
        "  doing: { held_by: desk, due: 9wd, timers: [ { at: due, do: advance, to: units } ],"
        " actions: { send: { by: [desk], to: units } } }\n"
        f"  units: {{ held_by: desk, {children}, due: 5wd, timers: [ {{ at: due, do: advance, to: check }} ],"
        " actions: { stop: { by: [desk], to: check } } }\n"
        "  check: { held_by: head, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { ok: { by: [head], to: done } } }\n"
    )
    small = Small(text, others={"task": TASK}, vacant=[vacant])
    assert small.file("2026-11-16 09:00", category="pipes") is None
    return small


def send(small: Small, *seats: tuple[str, str]) -> list[str]:
    """Send it to those units; return the ids of the children."""
    assert small.act("send", "2026-11-16 10:00", by=DESK, seats=seats) is None
    return list(small.m.seats)


def finish(small: Small, child: str, when: str = "2026-11-16 11:00", action: str = "finish") -> None:
    """Let the child's unit do that."""
    assert small.act(action, when, by=person("unit", small.m.seats[child].unit), matter=child) is None


@pytest.mark.parametrize(
    ("join", "ends", "expected"),
    [
        ("all", (0, 1), "units"), ("all", (0, 1, 2), "check"), ("lead", (1, 2), "units"), ("lead", (0,), "check"),
        ("any", (2,), "check"), ("2", (1,), "units"), ("2", (1, 2), "check"),
    ],
)  # fmt: skip
def test_children_lead_on_when_they_have_joined(join: str, ends: tuple[int, ...], expected: str) -> None:
    """The state is left by `done` when all, the lead, any one or so many of its children have ended."""
    small = joint(join)
    children = send(small, ("lead", "pipes"), ("assist", "roads"), ("assist", "parks"))

    for place in ends:
        finish(small, children[place])

    assert small.m.state == expected


def test_joined_children_wait_until_what_is_required_is_filled() -> None:
    """With `done.require` the state is left once its children have joined and those fields are filled."""
    small = joint(require=", require: [note]")
    (lead,) = send(small, ("lead", "pipes"))
    finish(small, lead)
    joined = small.m.state
    small.act("note", "2026-11-16 12:00", by=DESK, note="主管换好了")

    assert (joined, small.m.state, small.due()) == ("units", "check", "11-27 17:30")


def test_open_children_are_cancelled_in_the_same_decision_when_their_state_is_left() -> None:
    """Leaving the parent's state cancels the open children with it; what had ended stays as it was."""
    small = joint()
    first, second = send(small, ("lead", "pipes"), ("assist", "roads"))
    finish(small, second)

    small.act("stop", "2026-11-16 12:00", by=DESK)

    assert [small.engine.matters[child].outcome for child in (first, second)] == ["cancelled", "done"]
    assert [seat.outcome for seat in small.m.seats.values()] == ["cancelled", "done"]
    assert not [t for t in small.engine.timers() if t.matter in (first, second)]


def test_void_end_leaves_the_seat_empty_when_it_does_not_count() -> None:
    """A void end does not count: an alarm stands, the holder gets `assign` in the same visit, the clock goes on."""
    small = joint()
    (lead,) = send(small, ("lead", "pipes"))
    visit, due = small.m.visit, small.due()
    finish(small, lead, action="send_back")
    alarms = small.last.alarms

    busy = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("lead", "roads"), ("assist", "roads")])
    assigned = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("lead", "roads")])
    full = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("lead", "parks")])
    taken = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("assist", "roads")])

    assert alarms == ("seat_empty:lead",)
    assert (busy, assigned, full, taken) == (RefusalCode.FIELD, None, RefusalCode.FIELD, RefusalCode.FIELD)
    assert (small.m.state, small.m.visit, small.due()) == ("units", visit, due)


def test_unit_may_be_asked_again_when_its_end_did_not_count() -> None:
    """Who sent it back by mistake gets it a second time; one whose end counts, or who has it, does not."""
    small = joint()
    lead, assist = send(small, ("lead", "pipes"), ("assist", "roads"))
    finish(small, lead, action="send_back")
    finish(small, assist)

    ended = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("lead", "roads")])
    again = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("lead", "pipes")])
    here = small.act("assign", "2026-11-16 12:00", by=DESK, seats=[("assist", "pipes")])

    assert (ended, again, here) == (RefusalCode.FIELD, None, RefusalCode.FIELD)


def test_children_of_an_earlier_visit_do_not_count_when_the_state_is_entered_again() -> None:
    """Who was asked the first time has had his say; the second visit waits for those it asked."""
    text = flow(
        "  doing: { held_by: desk, due: 9wd, timers: [ { at: due, do: advance, to: units } ],"
        " actions: { send: { by: [desk], to: units } } }\n"
        "  units: { held_by: desk, due: 5wd, timers: [ { at: due, do: advance, to: check } ],"
        " children: { lead: { workflow: task, to: unit, count: 1, limit: 2wd },"
        " assist: { workflow: task, to: unit, count: 0..2, limit: 1wd }, join: any, done: { to: check } } }\n"
        "  check: { held_by: desk, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { again: { by: [desk], to: units } } }\n"
    )
    small = Small(text, others={"task": TASK})
    small.file("2026-11-16 09:00")
    (first,) = send(small, ("lead", "pipes"))
    finish(small, first)
    assert small.m.state == "check"

    small.act("again", "2026-11-16 12:00", by=DESK, seats=[("lead", "pipes"), ("assist", "roads")])
    busy = small.act("assign", "2026-11-16 13:00", by=DESK, seats=[("assist", "roads")])
    free = small.act("assign", "2026-11-16 13:00", by=DESK, seats=[("assist", "parks")])

    assert (small.m.state, busy, free) == ("units", RefusalCode.FIELD, None)


def test_late_children_never_stop_the_parents_clock() -> None:
    """A child has its own clocks; its lateness changes nothing of the parent, whose own rule acts in time."""
    small = joint()
    (lead,) = send(small, ("lead", "pipes"))

    small.wait("2026-11-23 17:30")

    child = small.engine.matters[lead]
    assert (local(child.clocks["state"].due), child.outcome, small.m.state) == ("11-18 17:30", "cancelled", "check")


def test_category_chooses_the_unit_when_nobody_does() -> None:
    """`pick: by_category` takes the responsible unit; without one the seat stays empty, with an alarm."""
    small, without = joint(pick="pick: by_category, "), joint(pick="pick: by_category, ")
    send(small)
    without.file("2026-11-16 09:00", matter="other", category="roads")
    assert without.act("send", "2026-11-16 10:00", by=DESK, matter="other") is None

    other = without.engine.matters["other"]
    assert [seat.unit for seat in small.m.seats.values()] == ["pipes"]
    assert (other.seats, without.engine.log[-1].alarms) == ({}, ("seat_empty:lead",))


@pytest.mark.parametrize(
    "seats",
    [
        (), (("lead", "pipes"), ("lead", "roads")), (("lead", "nowhere"),), (("lead", "pipes"), ("assist", "pipes")),
    ],
    ids=["nobody", "two leads", "unknown unit", "one unit twice"],
)  # fmt: skip
def test_units_are_refused_when_they_do_not_fit_the_seats(seats: tuple[tuple[str, str], ...]) -> None:
    """The units that an action asks for must fit the seats of the state it enters."""
    small = joint()

    assert small.act("send", "2026-11-16 10:00", by=DESK, seats=seats) is RefusalCode.REQUIRED


def test_end_of_a_child_is_ignored_when_it_is_told_twice() -> None:
    """A child's end is an event of the parent once."""
    small = joint()
    children = send(small, ("lead", "pipes"), ("assist", "roads"))
    finish(small, children[0])
    told_again = small.engine.log[-2].follows[0]

    assert small.do(told_again, "2026-11-16 12:00") is RefusalCode.STALE


def waiting(count: int = 2) -> Small:
    """Some matters in a state from which they can wait for a topic."""
    text = flow(
        "  doing: { held_by: head, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { talk: { by: [head], to: talks } } }\n"
        "  talks: { held_by: head, due: 20wd, waits_for: { workflow: topic, outcomes: { done: after, no: doing } },"
        " timers: [ { at: due, do: close, to: done } ], actions: { leave: { by: [head], to: after } } }\n"
        "  after: { held_by: head, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { ok: { by: [head], to: done } } }\n"
    )
    small = Small(text, others={"topic": TOPIC})
    for number in range(count):
        small.file("2026-11-16 09:00", matter="m" if number == 0 else f"m{number}")
    return small


def test_matters_go_on_together_when_the_topic_they_share_ends() -> None:
    """Many matters may wait for one topic, and each goes where its outcome leads."""
    small = waiting(3)
    small.act("talk", "2026-11-16 10:00", by=HEAD_OF)
    (topic,) = small.m.topics
    for matter in ("m1", "m2"):
        assert small.act("talk", "2026-11-16 11:00", by=HEAD_OF, matter=matter, topic=topic) is None
    small.act("leave", "2026-11-16 12:00", by=HEAD_OF, matter="m2")
    left = small.engine.matters["m2"]

    small.act("agree", "2026-11-17 09:00", by=HEAD_OF, matter=topic)

    states = [small.engine.matters[name].state for name in ("m", "m1", "m2")]
    assert states == ["after", "after", "after"]
    assert small.engine.matters["m2"] == left
    assert notices(small.last) == {"moved→head"}


def test_matter_waits_anew_when_it_comes_back_to_wait_for_another_topic() -> None:
    """A topic of an earlier visit no longer moves the matter."""
    small = waiting(1)
    small.act("talk", "2026-11-16 10:00", by=HEAD_OF)
    (old,) = small.m.topics
    small.act("refuse", "2026-11-16 11:00", by=HEAD_OF, matter=old)
    small.act("talk", "2026-11-16 12:00", by=HEAD_OF)
    (new,) = small.m.topics

    assert (old != new, small.m.state) == (True, "talks")
    small.act("agree", "2026-11-16 13:00", by=HEAD_OF, matter=new)
    assert small.m.state == "after"


def test_ended_topic_is_refused_when_a_matter_would_wait_for_it() -> None:
    """Nothing waits for a topic that has ended: the link is refused, so the door undoes the whole step."""
    small = waiting(2)
    small.act("talk", "2026-11-16 10:00", by=HEAD_OF)
    (topic,) = small.m.topics
    small.act("agree", "2026-11-16 11:00", by=HEAD_OF, matter=topic)
    small.act("talk", "2026-11-16 12:00", by=HEAD_OF, matter="m1", topic=topic)

    assert small.do(small.engine.log[-1].follows[0], "2026-11-16 12:00") is RefusalCode.FIELD


def test_unit_that_gets_the_lead_by_its_category_does_not_assist_as_well() -> None:
    """The unit nobody chose counts like a chosen one."""
    small = joint(pick="pick: by_category, ")

    assert small.act("send", "2026-11-16 10:00", by=DESK, seats=(("assist", "pipes"),)) is RefusalCode.REQUIRED
    assert small.m.seats == {}
