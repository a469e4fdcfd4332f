"""Timers: late as a fact, openings, kept holders, milestones, reviews, order at one instant, what fires again."""

import pytest

from engine.core.matter import Holder
from engine.core.terms import RefusalCode
from tests.support.small_flow import CHIEF, HEAD_OF, WORKER, Small, at, flow, local, notices

SOLVE = "actions: { solve: { by: [worker, head, chief], to: done }, talk: { by: [worker], marks: [talked] } }"
LADDER = (
    "timers: [ { at: due, do: late }, { at: due+1wd, do: supervise },"
    " { at: due+3wd, do: escalate, to: up, keep: assist, fires: opening } ]"
)
UP = "  up: { held_by: head, due: 5wd, timers: [ { at: due, do: close, to: done } ], " + SOLVE + " }\n"


def doing(timers: str, *, due: str = "1wd", more: str = "") -> Small:
    """A matter in a state `doing` of the worker, filed on a Monday morning."""
    small = Small(flow(f"  doing: {{ held_by: worker, due: {due}, {timers}, {more}{SOLVE} }}\n{UP}"))
    assert small.file("2026-11-16 09:00") is None
    return small


@pytest.mark.parametrize(
    "timers",
    [
        "timers: [ { at: due+3wd, do: close, to: done } ]",
        "timers: [ { at: due+1wd, do: late, tell: [head] }, { at: due+3wd, do: close, to: done } ]",
        'timers: [ { at: due, do: late, when: "number > 40" }, { at: due+3wd, do: close, to: done } ]',
        "timers: [ { at: due, do: late, fires: opening }, { at: due+3wd, do: close, to: done } ]",
    ],
    ids=["no rule", "rule later", "rule with a condition", "rule at the opening"],
)
def test_late_is_recorded_at_due_when_no_rule_surely_says_so(timers: str) -> None:
    """When `due` passes and the matter is still there, late is recorded whether a timer says so or not."""
    small = doing(timers)

    happened = small.wait("2026-11-17 17:30")

    assert happened == ["late 11-17 17:30"]
    assert small.m.clocks["state"].late_at == at("2026-11-17 17:30")


def test_late_is_recorded_first_when_other_rules_have_the_same_instant() -> None:
    """At `due` it records late first, then the timers run in written order."""
    small = doing("timers: [ { at: due, do: remind }, { at: due, do: warn, tell: [head] }, { at: due, do: late } ]")

    assert small.wait("2026-11-17 17:30") == ["late 11-17 17:30", "remind 11-17 17:30", "warn 11-17 17:30"]


def test_late_is_never_recorded_when_the_holder_acts_for_himself() -> None:
    """A holder who covers `own` is never late, whatever the flow says."""
    text = (
        "  doing: { held_by: resident, due: 1d, timers: [ { at: due, do: late }"
        ", { at: due+1d, do: close, to: done } ] }\n"
    )
    small = Small(flow(text))
    small.file("2026-11-16 09:00")

    assert small.wait("2026-11-30 09:00") == ["close 11-19 00:00"]


def test_ladder_leaves_the_holder_when_late_and_takes_the_matter_only_at_the_end() -> None:
    """Late, supervised and moved are three things: nobody changes, then the superior answers, then the job goes up."""
    small = doing(LADDER)

    small.wait("2026-11-17 17:30")
    after_late = (small.m.state, small.m.holder, small.m.answers)
    small.wait("2026-11-18 17:30")
    after_supervise = (small.m.state, small.m.holder, small.m.answers)
    small.wait("2026-11-23 08:30")

    worker, head = Holder(role="worker", unit="grid"), Holder(role="head", unit="community")
    assert after_late == ("doing", worker, None)
    assert after_supervise == ("doing", worker, head)
    assert (small.m.state, small.m.holder, small.m.answers, small.m.kept) == ("up", head, None, (worker,))


def test_kept_holder_has_no_further_rights_when_the_matter_went_up() -> None:
    """`keep: assist` keeps the matter on the former holder's list, without further rights."""
    small = Small(
        flow(
            f"  doing: {{ held_by: worker, due: 1wd, {LADDER}, {SOLVE} }}\n"
            "  up: { held_by: head, due: 5wd, timers: [ { at: due, do: close, to: done } ],"
            " actions: { solve: { by: [head], to: done } } }\n"
        )
    )
    small.file("2026-11-16 09:00")

    assert small.act("solve", "2026-11-23 09:00", by=WORKER) is RefusalCode.ROLE


def test_opening_moves_only_the_act_when_the_instant_is_at_closing_time() -> None:
    """`fires: opening`: the instant stands as it is, the move is made at the next opening."""
    small = doing(LADDER)
    timer = small.timer("escalate")

    assert (local(timer.due), local(timer.fire)) == ("11-20 17:30", "11-23 08:30")


def test_opening_is_that_of_the_state_left_when_a_budget_has_another_calendar() -> None:
    """`fires: opening` uses the calendar of the state being left: its holder's, where grid workers work evenings."""
    level = (
        "  grid:\n    up: up\n    budget: 1wd\n    over_budget: { do: escalate, fires: opening }\n    states:\n"
        "      doing: { held_by: evening, due: 9wd,"
        " timers: [ { at: due, do: close, to: done } ], actions: { go: { by: [evening], to: done } } }\n"
    )
    small = Small(flow(UP, levels=level))
    small.file("2026-11-16 09:00")
    timer = small.timer("escalate", "level.grid")

    assert (local(timer.due), local(timer.fire)) == ("11-17 17:30", "11-17 18:30")


@pytest.mark.parametrize(
    ("offset", "fires"),
    [
        ("due-1wd", "-"),
        ("due-4h", "11-16 11:00"),
        ("entry", "11-16 09:00"),
        ("due-6h", "11-16 09:00"),
        ("due-361m", "-"),
        ("50%", "11-16 12:00"),
    ],
)
def test_timer_is_dropped_when_its_instant_lies_before_the_entry(offset: str, fires: str) -> None:
    """A timer whose instant lies before the entry is dropped for that visit; at the entry it fires."""
    small = doing(f"timers: [ {{ at: {offset}, do: remind }}, {{ at: due, do: close, to: done }} ]", due="6h")

    assert [line for line in small.wait("2026-11-16 14:59") if line.startswith("remind")] == (
        [] if fires == "-" else [f"remind {fires}"]
    )


def test_milestone_warns_once_when_nothing_met_it_and_never_when_met() -> None:
    """A milestone is met by its actions or marks; else it warns the holder, also in its short form."""
    more = "milestones: { talked: 2h, seen: { within: 3h, met_by: [solve], overdue: { do: warn, tell: [head] } } }, "
    met, missed = (doing("timers: [ { at: due, do: close, to: done } ]", more=more) for _ in range(2))
    met.act("talk", "2026-11-16 10:00")

    assert met.wait("2026-11-16 15:00") == ["warn 11-16 12:00"]
    assert notices(met.last) == {"warn→head"}
    assert missed.wait("2026-11-16 11:00") == ["warn 11-16 11:00"]
    assert notices(missed.last) == {"warn→worker"}


def test_extension_counts_from_the_old_due_when_another_person_grants_it() -> None:
    """Asked before due, approved by another, counted from the old due; the new promise is watched like the first."""
    more = "extend: { times: 1, length: 2wd, ask: [worker], approve: [worker, head] }, "
    small = doing("timers: [ { at: due-1h, do: remind }, { at: due+9wd, do: close, to: done } ]", more=more)
    small.wait("2026-11-17 16:40")

    asked = small.act("ask_extension", "2026-11-17 17:00")
    by_the_same = small.act("grant_extension", "2026-11-17 17:05")
    granted = small.act("grant_extension", "2026-11-17 18:00", by=HEAD_OF)

    assert (asked, by_the_same, granted) == (None, RefusalCode.SAME_PERSON, None)
    assert (small.due(), small.m.counters["extensions"]) == ("11-19 17:30", 1)
    assert small.act("ask_extension", "2026-11-18 09:00") is RefusalCode.LIMIT
    assert small.wait("2026-11-19 17:30") == ["remind 11-19 16:30", "late 11-19 17:30"]


def test_extension_is_refused_when_it_is_asked_at_due_or_later() -> None:
    """An extension is asked before due."""
    more = "extend: { times: 1, length: 2wd, ask: [worker], approve: [head] }, "
    small = doing("timers: [ { at: due+9wd, do: close, to: done } ]", more=more)

    assert small.act("ask_extension", "2026-11-17 17:30") is RefusalCode.CONDITION


def test_reassignment_grants_time_from_then_when_due() -> None:
    """`reassign` gives it to another role with `more` from then; `end` is due plus `more`, and no rule acts early."""
    timers = "timers: [ { at: end, do: close, to: done }, { at: due, do: reassign, to_role: head, more: 2wd } ]"
    small = doing(timers)
    before = small.timers()

    happened = small.wait("2026-11-18 09:00")

    assert "state.close 11-19 17:30" in before
    assert happened == ["late 11-17 17:30", "reassign 11-17 17:30"]
    assert (small.m.holder, small.due()) == (Holder(role="head", unit="community"), "11-19 17:30")
    assert small.wait("2026-11-30 09:00") == ["late 11-19 17:30", "close 11-19 17:30"]


def test_reminder_does_not_come_twice_when_the_new_end_leaves_its_instant_in_the_past() -> None:
    """Of a new end only what still lies ahead is told once more."""
    small = doing(
        "timers: [ { at: due-1wd, do: remind }, { at: due, do: reassign, to_role: head, more: 2wh },"
        " { at: due+9wd, do: close, to: done } ]",
        due="3wd",
    )

    happened = small.wait("2026-11-26 09:00")

    assert [line for line in happened if "re" in line] == ["remind 11-18 17:30", "reassign 11-19 17:30"]


def test_season_of_a_rule_is_that_of_the_start_of_its_clock() -> None:
    """What was promised in autumn is not changed by the first day of winter, and the other way round."""
    cold = "timers: [ { at: due, do: remind, when: \"season = 'cold'\" }, { at: due+9wd, do: close, to: done } ]"
    table = (
        "sanlian: 1\nlimits: small\nversion: 1\ncolumns: { sign: 签收 }\nrows:\n  - { sign: 3wd }\n"
        "seasons: { cold: 11-17..03-15 }\n"
    )
    told = []
    for day in ("2026-11-16 09:00", "2026-11-17 09:00"):
        small = Small(flow(f"  doing: {{ held_by: worker, due: 3wd, {cold}, {SOLVE} }}\n"), table=table)
        small.file(day)
        small.wait("2026-11-23 09:00")
        told.append(small.m.counters.get("reminders", 0))

    assert told == [0, 1]


def test_supervision_falls_to_the_next_above_when_nobody_is_superior() -> None:
    """Nobody holds the superior's seat: the rule still fires, the next above answers, an alarm is raised."""
    text = flow(f"  doing: {{ held_by: worker, due: 1wd, {LADDER}, {SOLVE} }}\n{UP}")
    small = Small(text, vacant=["head"])
    small.file("2026-11-16 09:00")

    small.wait("2026-11-18 17:30")

    assert small.m.answers == Holder(role="chief", unit="street")
    assert small.last.alarms == ("nobody:head@community",)


def test_holder_is_stood_in_for_when_nobody_fills_the_role() -> None:
    """Nobody holds the role: the superior gets it, and what is sent goes there, with an alarm."""
    small = Small(flow(f"  doing: {{ held_by: worker, due: 1wd, {LADDER}, {SOLVE} }}\n{UP}"), vacant=["worker", "head"])
    small.file("2026-11-16 09:00")

    assert (small.m.stands_in, small.last.alarms) == (Holder(role="chief", unit="street"), ("nobody:worker@grid",))
    assert small.act("solve", "2026-11-16 10:00", by=CHIEF) is None


def test_review_goes_on_for_ever_when_nobody_speaks() -> None:
    """Every period the holder of a state under review must say something; no timer closes it, a word is enough."""
    small = Small(flow("  doing: { held_by: worker, review: 30d, actions: { solve: { by: [worker], to: done } } }\n"))
    small.file("2026-11-16 09:00")

    happened = small.wait("2027-02-15 00:00")

    assert happened == ["progress 12-17 00:00", "progress 01-16 00:00", "progress 02-15 00:00"]
    owed = small.m.owes
    assert small.act("note", "2027-02-16 09:00", note="还在等资金") is None
    assert (small.m.state, owed, small.m.owes) == ("doing", at("2026-12-17 00:00"), None)


def test_second_fire_is_stale_when_the_timer_was_used() -> None:
    """A timer is used once in effect: the same timer rung again changes nothing."""
    small = doing("timers: [ { at: every 1d, do: progress }, { at: due, do: advance, to: up } ]", due="3wd")
    used = [small.timer("progress"), small.timer("late"), small.timer("advance")]
    small.wait("2026-11-19 17:30")
    seq = small.m.seq

    answers = [small.fire(timer, "2026-11-20 09:00") for timer in used]

    assert (answers, small.m.seq) == ([RefusalCode.STALE] * 3, seq)


def test_timer_is_refused_when_it_rings_before_its_instant() -> None:
    """No rule acts before its instant, also when it is rung."""
    small = doing(LADDER)

    assert small.fire(small.timer("late"), "2026-11-17 17:29:59") is RefusalCode.STALE


def test_limit_of_a_rule_holds_when_its_state_is_entered_again() -> None:
    """A timer's `limit` counts per matter: a new visit does not begin it anew."""
    timers = "timers: [ { at: every 1d, do: remind, limit: 2 }, { at: due, do: advance, to: doing, limit: 1 } ]"
    small = doing(timers, due="2wd")

    happened = small.wait("2026-12-01 09:00")

    assert [line for line in happened if not line.startswith("late")] == [
        "remind 11-18 00:00", "advance 11-18 17:30", "remind 11-20 00:00",
    ]  # fmt: skip


def test_former_holder_is_kept_once_when_the_matter_comes_back_and_goes_up_again() -> None:
    """`kept` is a list of holders, not of escalations."""
    small = Small(
        flow(
            f"  doing: {{ held_by: worker, due: 1wd, {LADDER}, {SOLVE} }}\n"
            "  up: { held_by: head, due: 5wd, timers: [ { at: due, do: close, to: done } ],"
            " actions: { back: { by: [head], to: doing } } }\n"
        )
    )
    small.file("2026-11-16 09:00")
    small.act("back", "2026-11-23 09:00", by=HEAD_OF)
    small.wait("2026-11-30 08:30")

    assert (small.m.state, small.m.kept) == ("up", (Holder(role="worker", unit="grid"),))


def test_supervision_tells_who_answers_from_now_on_and_who_goes_on() -> None:
    """Nobody learns from somebody else that he is supervised: the superior and the holder are told, each once."""
    small = doing(
        "timers: [ { at: due, do: late }, { at: due+1wd, do: supervise }, { at: due+9wd, do: close, to: done } ]"
    )

    small.wait("2026-11-18 17:30")

    assert notices(small.last) == {"supervise→head", "supervise→worker"}
    assert {n.to.role: "beside" in n.facts for n in small.last.notices if n.to} == {"head": False, "worker": True}


def test_lateness_asks_the_holder_to_act_and_tells_others_beside_when_both_are_told() -> None:
    """Whom the rule tells besides is not asked to do the work; a holder whom it names too is told once."""
    small = doing("timers: [ { at: due, do: late, tell: [holder, superior] }, { at: due+9wd, do: close, to: done } ]")

    small.wait("2026-11-17 17:30")

    assert sorted(n.to.role for n in small.last.notices if n.to) == ["head", "worker"]
    assert {n.to.role: "beside" in n.facts for n in small.last.notices if n.to} == {"head": True, "worker": False}


def test_leaving_rule_tells_the_new_holder_and_the_reporter_when_it_names_nobody() -> None:
    """Without `tell` a leaving timer tells the new holder and the reporter."""
    small = doing("timers: [ { at: due, do: advance, to: up } ]")

    small.wait("2026-11-17 17:30")

    assert notices(small.last) == {"advance→head", "advance→reporter"}


def test_missed_timers_fire_in_due_order_when_the_engine_was_down() -> None:
    """After an outage missed timers fire in due order, and the next state starts when its holder was told."""
    small = doing(LADDER)

    happened = small.sleep("2026-11-25 10:00")

    assert happened == ["late 11-25 10:00", "supervise 11-25 10:00", "escalate 11-25 10:00"]
    assert local(small.last.occurrence.due_at) == "11-20 17:30"
    assert (small.m.entered, small.due()) == (at("2026-11-25 10:00"), "12-02 17:30")


def test_timers_act_in_the_fixed_order_when_all_have_one_instant() -> None:
    """At one instant: level budget, late, own timers, ladder, named clocks, milestones."""
    levels = (
        "  grid:\n    up: up\n    budget: 6h\n    over_budget: { do: remind }\n    states:\n"
        "      doing: { held_by: worker, due: 6h, milestones: { talked: 6h },"
        " timers: [ { at: due, do: warn, tell: [head] } ], " + SOLVE + " }\n"
    )
    clocks = "clocks:\n  total: { from: filed, until: final, limit: 6h, timers: [ { at: due, do: progress } ] }\n"
    table = (
        "sanlian: 1\nlimits: small\nversion: 1\ncolumns: { x: 一 }\nrows:\n  - { x: 1h }\n"
        "escalation:\n  else:\n    - { at: due, do: supervise }\n"
    )
    small = Small(flow(UP, levels=levels, extra=clocks), table=table)
    small.file("2026-11-16 09:00")

    small.wait("2026-11-16 15:00")

    causes = [d.occurrence.cause.split("/")[1:3] for d in small.engine.log if d.occurrence.cause]
    assert causes == [
        ["level.grid", "remind"], ["state", "late"], ["state", "warn"], ["state", "supervise"],
        ["named.total", "late"], ["named.total", "progress"], ["milestone.talked", "warn"],
    ]  # fmt: skip
