"""Children, votes, topics and migration: what they need is there (E406, E701, E702, E703, E801)."""

from fractions import Fraction

import pytest

from engine.core.workflow.checks.thresholds import Threshold, parse_threshold
from tests.support.flows import CLOSES, SOLVE, flow, found_and_expected

TASK = flow(f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n").replace(
    "workflow: small", "workflow: task"
)
TOPIC = flow(
    "  doing: { held_by: worker, due: 10d, timers: [ { at: due, do: advance, to: more } ],"
    " actions: { go: { by: [worker], to: more }, stop: { by: [worker], to: refused } } }\n"
    "  more: { held_by: worker, due: 10d, timers: [ { at: due, do: close, to: done } ],"
    " actions: { end: { by: [worker], to: done }, again: { by: [worker], to: doing, limit: 1 } } }\n"
    "  refused: { final: refused }\n"
).replace("workflow: small", "workflow: topic")
OTHERS = {"task": TASK, "topic": TOPIC}
VOTE = (
    "members: worker, announce: 3d, window: 4d, rounds: 2, quorum: %s, pass: %s,"
    " passed: { to: done }, rejected: { to: done }, no_quorum: { to: done }"
)


def children(rest: str) -> str:
    """A flow whose one state opens tasks."""
    return flow(f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, »children: {{ {rest} }} }}\n")


def vote(rest: str, due: str = "14d") -> str:
    """A flow whose one state is a vote."""
    return flow(f"  doing: {{ held_by: worker, due: {due}, {CLOSES}, vote: {{ {rest} }} }}\n")


def waiting(due: str, outcomes: str = "done: done, refused: done") -> str:
    """A flow whose one state waits for a topic."""
    return flow(
        f"  doing: {{ held_by: worker, due: {due}, {CLOSES},"
        f" waits_for: {{ workflow: topic, outcomes: {{ {outcomes} }} }} }}\n"
    )


SEAT = "{ workflow: task, to: head, count: %s }"
LEAD = "lead: " + SEAT % "1"
ALL = ('">= 2/3 of all"', '"> 1/2 of attending"')


def migrating(rest: str) -> str:
    """A flow that takes over matters of an older version."""
    return flow(
        f"  doing: {{ held_by: worker, due: 3d, {CLOSES}, {SOLVE} }}\n", extra=f"migrate: {{ from: 1, {rest} }}\n"
    )


BAD = {
    "children without a way on": ("E701", children(LEAD)),
    "more must end than are opened": ("E701", children(f"{LEAD}, join: 3, done: {{ to: done }}")),
    "more must end than surely are opened": (
        "E701",
        children(f"{LEAD}, assist: {SEAT % '0..5'}, join: 2, done: {{ to: done }}"),
    ),
    "the lead is waited for but may be missing": (
        "E701",
        children(f"assist: {SEAT % '0..5'}, join: lead, done: {{ to: done }}"),
    ),
    "every end of the task is void": (
        "E701",
        children("lead: { workflow: task, to: head, void: [done] }, done: { to: done }"),
    ),
    "a vote without a way for those who say no": (
        "E702",
        vote(VOTE % ALL).replace("rejected: { to: done }, ", "").replace("vote:", "»vote:"),
    ),
    "a topic's outcome without a way": (
        "E702",
        waiting("120d", "done: done").replace("waits_for", "»waits_for"),
    ),
    "more than everybody": ("E703", vote(VOTE % (ALL[0], '»"> 1/1 of all"'))),
    "three halves of everybody": ("E703", vote(VOTE % ('»">= 3/2 of all"', ALL[1]))),
    "one of a list": ("E703", vote(VOTE % (ALL[0], '[ ">= 2/3 of all by household", »"> 2/2 of all by area" ]'))),
    "a vote longer than its deadline": ("E406", vote(VOTE % ALL, due="»13d")),
    "a vote longer than its working days": ("E406", vote(VOTE % ALL, due="»8wd")),
    "a topic longer than the wait for it": ("E406", waiting("»41d")),
    "a state that is not there": ("E801", migrating("map: { old: »nowhere }")),
    "a counter that is not there": ("E801", migrating("counters: { redos: »again }")),
}
GOOD = {
    "all children": children(f"{LEAD}, assist: {SEAT % '0..5'}, join: all, done: {{ to: done }}"),
    "the lead": children(f"{LEAD}, join: lead, done: {{ to: done }}"),
    "as many as surely are opened": children(f"{LEAD}, join: 1, done: {{ to: done }}"),
    "a vote with all ways": vote(VOTE % ALL),
    "everybody": vote(VOTE % (ALL[0], '">= 1/1 of all"')),
    "a wait as long as the topic": waiting("45d"),
    "a state that is there": migrating("map: { old: doing }, counters: { redos: returns }"),
}


@pytest.mark.parametrize(("code", "text"), BAD.values(), ids=BAD.keys())
def test_procedures_finds_the_place_when_something_is_missing(code: str, text: str) -> None:
    """A fault gives one finding, exactly at its place."""
    if code != "E701":
        text = text.replace("»children", "children")
    found, expected = found_and_expected(code, text, others=OTHERS)

    assert found == expected


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_procedures_finds_nothing_when_everything_comes_together(text: str) -> None:
    """What always joins, ends and fits in time is no finding."""
    found, _ = found_and_expected("", text, others=OTHERS)

    assert found == []


@pytest.mark.parametrize(
    ("text", "yes", "of", "met"),
    [
        (">= 2/3 of all", 2, 3, True),
        (">= 2/3 of all", 199, 299, False),
        ("> 1/2 of attending", 1, 2, False),
        ("> 1/2 of attending", 3, 5, True),
        (">= 1/3 of voting", 0, 0, False),
    ],
)
def test_threshold_is_exact_when_counted(text: str, yes: int, of: int, *, met: bool) -> None:
    """A threshold is an exact fraction: nothing is rounded, and nobody's vote is never enough."""
    threshold = parse_threshold(text)

    assert threshold is not None
    assert threshold.is_met(yes, of) is met


def test_threshold_keeps_sign_base_and_unit_when_read() -> None:
    """What is written is what is kept."""
    assert parse_threshold(">= 3/4 of voting by area") == Threshold(False, Fraction(3, 4), "voting", "area")
    assert parse_threshold("most of them") is None
