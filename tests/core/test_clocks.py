"""Clocks: of states, levels and promises; pauses, stops, changed classes, given limits, changed calendars."""

from dataclasses import replace
from datetime import date

import pytest

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.command import Recompute
from engine.core.matter import Holder
from engine.core.terms import RefusalCode
from tests.support.small_flow import HEAD_OF, RESIDENT, Small, at, calendars, flow, local, world

TO_WAIT = "wait: { by: [worker], to: waiting }"
WAITING = (
    "  waiting: { held_by: resident, pause: yes, due: 20d, timers: [ { at: due, do: resume, to: doing } ],"
    " actions: { supply: { by: [resident], to: doing }, other: { by: [resident], to: second },"
    " away: { by: [worker], to: up }, sort: { by: [worker], require: [kind] } } }\n"
    "  second: { held_by: resident, pause: yes, due: 20d, timers: [ { at: due, do: resume, to: doing } ],"
    " actions: { supply: { by: [resident], to: doing } } }\n"
)
UP = (
    "  up: { held_by: head, due: 5wd, timers: [ { at: due, do: close, to: done } ],"
    " actions: { back: { by: [head], to: doing }, solve: { by: [head], to: done } } }\n"
)


def pausing(due: str = "8wh", timers: str = "{ at: due, do: close, to: done }", more: str = "") -> Small:
    """A matter in a state of the worker that can be suspended by `waiting`."""
    sort = "sort: { by: [worker], require: [kind] }"
    doing = (
        f"  doing: {{ held_by: worker, due: {due}, {more}timers: [ {timers} ], actions: {{ {TO_WAIT}"
        f", {sort}, solve: {{ by: [worker], to: done }} }} }}\n"
    )
    small = Small(flow(doing + WAITING + UP, extra="classes: kind\n"))
    assert small.file("2026-11-16 09:00") is None
    return small


@pytest.mark.parametrize(
    ("due", "resumed"), [("8wh", "11-18 17:00"), ("2wd", "11-20 16:00"), ("8h", "11-18 15:30"), ("2d", "11-20 22:30")]
)
def test_clock_goes_on_with_what_remained_when_a_pause_ends(due: str, resumed: str) -> None:
    """On resume: due = the resume instant plus what remained, in the same kind of time."""
    small = pausing(due)
    visit = small.m.visit
    small.act("wait", "2026-11-16 10:00")
    paused = small.timers()

    small.act("supply", "2026-11-18 08:30", by=RESIDENT)

    assert [line.split(" ")[0] for line in paused] == ["state.resume"]
    assert (small.due(), small.m.visit, small.m.entered) == (resumed, visit, at("2026-11-16 09:00"))


def test_timers_move_by_the_pause_and_fired_ones_stay_fired_when_it_ends() -> None:
    """Timers that have not fired move by the length of the pause; those that have do not fire again."""
    small = pausing(
        "8h",
        "{ at: 25%, do: remind }, { at: 50%, do: warn, tell: [head] },"
        " { at: every 3h, do: progress }, { at: due, do: close, to: done }",
    )
    small.wait("2026-11-16 12:00")
    small.act("wait", "2026-11-16 12:30")
    small.act("supply", "2026-11-16 14:30", by=RESIDENT)

    happened = small.wait("2026-11-16 23:00")

    assert happened == ["warn 11-16 15:00", "progress 11-16 17:00", "late 11-16 19:00", "close 11-16 19:00"]


def test_repeating_rule_without_due_stands_still_when_its_state_is_paused() -> None:
    """A pause suspends everything that counts in the state, also what only repeats."""
    doing = (
        f"  doing: {{ held_by: worker, timers: [ {{ at: every 2d, do: progress }} ],"
        f" actions: {{ {TO_WAIT}, solve: {{ by: [worker], to: done }} }} }}\n"
    )
    small = Small(flow(doing + WAITING + UP))
    small.file("2026-11-16 09:00")
    small.act("wait", "2026-11-17 00:00")
    small.act("supply", "2026-11-27 00:00", by=RESIDENT)

    assert small.wait("2026-11-30 00:00") == ["progress 11-29 00:00"]


def test_overdue_clock_stays_overdue_when_it_is_paused() -> None:
    """A clock past its due may be paused: it comes back as late as it was, and its rules go on from there."""
    small = pausing("2h", "{ at: due+4h, do: close, to: done }")
    small.wait("2026-11-16 12:00")
    small.act("wait", "2026-11-16 13:00")
    small.act("supply", "2026-11-17 13:00", by=RESIDENT)

    assert small.due() == "11-17 11:00"
    assert small.wait("2026-11-18 00:00") == ["close 11-17 15:00"]


def test_first_suspended_clock_is_kept_when_a_pause_leads_to_a_pause() -> None:
    """A pause entered from a pause keeps the first suspended clock."""
    small = pausing()
    visit = small.m.visit
    small.act("wait", "2026-11-16 10:00")
    small.act("other", "2026-11-17 10:00", by=RESIDENT)
    small.act("supply", "2026-11-18 08:30", by=RESIDENT)

    assert (small.due(), small.m.visit) == ("11-18 17:00", visit)


def test_suspended_visit_ends_when_a_pause_is_left_for_another_state() -> None:
    """Going elsewhere ends the suspended visit: coming back later is a new one with a new clock."""
    small = pausing()
    small.act("wait", "2026-11-16 10:00")
    small.act("away", "2026-11-16 11:00")
    small.act("back", "2026-11-17 08:30", by=HEAD_OF)

    assert (small.m.suspended, small.m.visit, small.due()) == ((), small.m.seq, "11-18 09:00")


def test_pause_keeps_who_answers_and_the_extension_when_it_ends() -> None:
    """Going back goes on with the same visit: its superior still answers, its extension stays used."""
    extend = "extend: { times: 1, length: 4h, ask: [worker], approve: [head] }, "
    small = pausing("2h", "{ at: due, do: supervise }, { at: due+9d, do: close, to: done }", extend)
    small.act("ask_extension", "2026-11-16 09:30")
    small.act("grant_extension", "2026-11-16 09:40", by=HEAD_OF)
    small.wait("2026-11-16 15:00")
    small.act("wait", "2026-11-16 16:00")
    during = small.m.answers
    small.act("supply", "2026-11-17 09:00", by=RESIDENT)

    assert (during, small.m.answers, small.m.extended) == (None, Holder(role="head", unit="community"), 1)


def test_pause_resumes_by_itself_when_its_cap_is_reached() -> None:
    """The pause's own `due` is the cap and runs."""
    small = pausing()
    small.act("wait", "2026-11-16 10:00")

    assert small.wait("2026-12-07 08:00") == ["resume 12-07 00:00"]
    assert (small.m.state, small.due()) == ("doing", "12-07 17:00")


def test_level_budget_is_fixed_at_the_first_entry_and_armed_only_in_the_level() -> None:
    """A return never moves a level budget, and outside the level it is not armed; a spent one refuses the return."""
    levels = (
        "  grid:\n    up: up\n    budget: 3wd\n    over_budget: { do: escalate }\n    states:\n"
        "      doing: { held_by: worker, due: 9wd,"
        " timers: [ { at: due, do: close, to: done } ], actions: { up: { by: [worker], to: up } } }\n"
    )
    small = Small(flow(UP, levels=levels))
    small.file("2026-11-16 09:00")
    small.act("up", "2026-11-17 09:00")
    outside = small.timers()
    small.act("back", "2026-11-18 09:00", by=HEAD_OF)

    again = (small.due("level.grid"), "level.grid.escalate 11-19 17:30" in small.timers())
    small.act("up", "2026-11-18 10:00")
    refused = small.act("back", "2026-11-19 17:30", by=HEAD_OF)

    assert not any(line.startswith("level.") for line in outside)
    assert again == ("11-19 17:30", True)
    assert refused is RefusalCode.BUDGET_SPENT


def test_answer_in_a_pause_is_taken_when_the_budget_ran_out_meanwhile() -> None:
    """Going on with a suspended visit is no return: it is taken, and the budget's own rule acts on arrival."""
    levels = (
        "  grid:\n    up: up\n    budget: 1wd\n    over_budget: { do: escalate }\n    states:\n"
        "      doing: { held_by: worker, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { wait: { by: [worker], to: waiting } } }\n"
    )
    waiting = (
        "  waiting: { held_by: resident, pause: yes, due: 20d, timers: [ { at: due, do: resume, to: doing } ],"
        " actions: { supply: { by: [resident], to: doing } } }\n"
    )
    small = Small(flow(waiting + UP, levels=levels))
    small.file("2026-11-16 09:00")
    small.act("wait", "2026-11-16 10:00")

    taken = small.act("supply", "2026-11-20 10:00", by=RESIDENT)

    assert taken is None
    assert small.wait("2026-11-20 10:00")[-1:] == ["escalate 11-20 10:00"]


def test_budget_escalates_on_arrival_when_a_rule_leads_back_into_a_spent_level() -> None:
    """A spent budget is armed again on entry: its own rule moves the matter on at once."""
    levels = (
        "  grid:\n    up: up\n    budget: 1wd\n    over_budget: { do: escalate }\n    states:\n"
        "      doing: { held_by: worker, due: 9wd,"
        " timers: [ { at: due, do: close, to: done } ], actions: { up: { by: [worker], to: up } } }\n"
    )
    back = (
        "  up: { held_by: head, due: 5wd, timers: [ { at: due, do: advance, to: doing,"
        " limit: 1 } ], actions: { solve: { by: [head], to: done } } }\n"
    )
    small = Small(flow(back, levels=levels))
    small.file("2026-11-16 09:00")
    small.act("up", "2026-11-16 10:00")

    assert small.wait("2026-11-23 17:30")[-2:] == ["advance 11-23 17:30", "escalate 11-23 17:30"]


@pytest.mark.parametrize(
    ("stops", "moved"), [("level", ("11-20 17:30", "11-19 17:30")), ("all", ("11-20 17:30", "11-20 17:30"))]
)
def test_stops_holds_the_clocks_it_names_while_in_the_state(stops: str, moved: tuple[str, str]) -> None:
    """`stops: level` or `all` holds the level clock or all clocks while in the state; nothing else moves them."""
    levels = (
        "  grid:\n    up: up\n    budget: 3wd\n    over_budget: { do: escalate }\n    states:\n"
        "      doing: { held_by: worker, due: 9wd,"
        " timers: [ { at: due, do: close, to: done } ],"
        " actions: { talk: { by: [worker], to: talks } } }\n"
        f"      talks: {{ held_by: worker, due: 9wd, stops: {stops}, basis: 规则,"
        f" timers: [ {{ at: due, do: close, to: done }} ],"
        f" actions: {{ back: {{ by: [worker], to: doing }} }} }}\n"
    )
    clocks = "clocks:\n  total: { from: filed, until: final, limit: 3wd }\n"
    small = Small(flow(UP, levels=levels, extra=clocks))
    small.file("2026-11-16 08:30")
    small.act("talk", "2026-11-17 08:30")
    while_there = small.m.clocks["level.grid"].due
    small.act("back", "2026-11-18 08:30")

    assert while_there is None
    assert (small.due("level.grid"), small.due("named.total")) == moved


def test_named_clock_runs_across_states_and_ends_at_its_mark() -> None:
    """A promise starts once, is never reset by a move, and ends at what it waits for; its lateness is a fact too."""
    clocks = (
        "clocks:\n  reply: { from: filed, until: told,"
        " limit: 2h }\n  above: { from: level.grid, until: up, limit: 1wd }\n"
        "  late_one: { from: up, until: final, limit: 1h }\n"
    )
    levels = (
        "  grid:\n    up: up\n    states:\n      doing: { held_by: worker, due: 9wd,"
        " timers: [ { at: due, do: close, to: done } ],"
        " actions: { again: { by: [worker], to: doing }, tell: { by: [worker], marks: [told] }"
        ", up: { by: [worker], to: up } } }\n"
    )
    small = Small(flow(UP, levels=levels, extra=clocks))
    small.file("2026-11-16 09:00")
    small.act("again", "2026-11-16 10:00")
    happened = small.wait("2026-11-16 11:00")
    small.act("tell", "2026-11-16 11:30")
    small.act("up", "2026-11-16 14:00")

    ended = {key: local(clock.ended) for key, clock in small.m.clocks.items() if key.startswith("named.")}
    assert happened == ["late 11-16 11:00"]
    assert ended == {"named.reply": "11-16 11:30", "named.above": "11-16 14:00", "named.late_one": "-"}
    assert small.m.clocks["named.reply"].visit == 1


def test_named_clock_ends_when_going_on_after_a_pause_is_what_it_waits_for() -> None:
    """Going back from a pause is an entry of the state too, for a promise that waits for it."""
    doing = (
        f"  doing: {{ held_by: worker, due: 9wd, timers: [ {{ at: due, do: close, to: done }} ],"
        f" actions: {{ {TO_WAIT} }} }}\n"
    )
    small = Small(flow(doing + WAITING + UP, extra="clocks:\n  answer: { from: waiting, until: doing, limit: 2d }\n"))
    small.file("2026-11-16 09:00")
    small.act("wait", "2026-11-16 10:00")
    small.act("supply", "2026-11-17 10:00", by=RESIDENT)

    assert local(small.m.clocks["named.answer"].ended) == "11-17 10:00"


def test_changed_class_recomputes_from_the_clocks_own_start_and_fires_at_once_when_past() -> None:
    """A changed class recomputes the running clocks from their own start; one that is then past fires at once."""
    small = pausing("{ quick: 2h, small: 2wd }")
    small.act("sort", "2026-11-16 12:00", kind="quick")

    assert small.due() == "11-16 11:00"
    assert small.wait("2026-11-16 12:00") == ["late 11-16 12:00", "close 11-16 12:00"]


def test_changed_class_counts_for_the_suspended_clock_when_it_changes_in_a_pause() -> None:
    """What is suspended goes on under the new class: what remained of the new limit when the pause began."""
    small = pausing("{ quick: 4h, small: 2wd }")
    small.act("wait", "2026-11-16 10:00")
    small.act("sort", "2026-11-16 15:00", kind="quick")
    small.act("supply", "2026-11-17 10:00", by=RESIDENT)

    assert small.due() == "11-17 13:00"


def test_late_is_recorded_again_when_a_changed_class_moves_the_due_later() -> None:
    """Late is a fact of each due instant: after a later one is set, passing it is recorded too."""
    small = pausing("{ quick: 2h, small: 8h }", "{ at: due+9d, do: close, to: done }")
    small.act("sort", "2026-11-16 09:00", kind="quick")
    first = small.wait("2026-11-16 11:00")
    small.act("sort", "2026-11-16 12:00", kind="small")

    assert first == ["late 11-16 11:00"]
    assert small.wait("2026-11-16 17:00") == ["late 11-16 17:00"]


def test_note_never_moves_a_clock() -> None:
    """A note or a message never moves a clock."""
    small = pausing()
    before = small.m.clocks

    assert small.act("note", "2026-11-16 10:00", note="看过了") is None
    assert small.m.clocks == before


def test_given_limit_counts_from_the_opening_of_the_child() -> None:
    """`due: given` counts from the child's opening, not from the entry of the state that writes it."""
    small = Small(
        flow(
            "  doing: { held_by: worker, due: 2h, timers: [ { at: due, do: advance, to: given } ] }\n"
            "  given: { held_by: worker, due: given, timers: [ { at: due-3h, do: remind }"
            ", { at: due+1h, do: supervise } ],"
            " no_deadline: 随上级, actions: { solve: { by: [worker], to: done } } }\n"
        )
    )
    small.file("2026-11-16 09:00", given="4h")
    small.wait("2026-11-16 11:00")

    assert (small.m.state, small.due()) == ("given", "11-16 13:00")
    assert small.wait("2026-11-16 20:00") == ["late 11-16 13:00", "supervise 11-16 14:00"]


def test_given_limit_is_late_at_once_when_it_was_used_up_before() -> None:
    """A given limit that ended before the state was entered is late on entry, and its later rules still act."""
    small = Small(
        flow(
            "  doing: { held_by: worker, due: 5h, timers: [ { at: due, do: advance, to: given } ] }\n"
            "  given: { held_by: worker, due: given, timers: [ { at: due-1h, do: remind }"
            ", { at: due+1h, do: supervise } ],"
            " no_deadline: 随上级, actions: { solve: { by: [worker], to: done } } }\n"
        )
    )
    small.file("2026-11-16 09:00", given="2h")

    assert small.wait("2026-11-16 20:00")[-2:] == ["late 11-16 14:00", "supervise 11-16 14:00"]


def test_recomputing_moves_clocks_and_their_timers_when_the_table_comes() -> None:
    """A provisional deadline is recomputed with an event when the table comes; the second time nothing changes."""
    small = pausing("3wd")
    small.wait("2026-11-16 09:00")
    fresh = {**calendars(), "cn_office": _with_holiday(calendars()["cn_office"], date(2026, 11, 17))}
    stored = tuple(t for t in small.engine.timers() if t.matter == "m")
    small.engine.world = world(with_calendars=fresh)

    answers = [small.engine.do(Recompute(matter="m", stored=stored), at("2026-11-16 10:00"))]
    again = tuple(t for t in small.engine.timers() if t.matter == "m")
    answers.append(small.engine.do(Recompute(matter="m", stored=again), at("2026-11-16 10:00")))

    assert small.due() == "11-20 17:30"
    assert [getattr(answer, "code", None) for answer in answers] == [None, RefusalCode.STALE]


def _with_holiday(calendar: WorkingCalendar, day: date) -> WorkingCalendar:
    table = calendar.rules.tables[day.year]
    closed = replace(table, holidays={**table.holidays, day: "补假"})
    return WorkingCalendar(replace(calendar.rules, tables={**calendar.rules.tables, day.year: closed}))


def test_not_before_counts_from_the_entry_on_the_calendar_of_the_state() -> None:
    """`not_before` is a duration after entry, in the state's own time."""
    text = (
        "  doing: { held_by: evening, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { early: { by: [worker], to: done, not_before: 9wh } } }\n"
    )
    small = Small(flow(text))
    small.file("2026-11-16 09:00")

    assert small.act("early", "2026-11-16 20:29") is RefusalCode.NOT_BEFORE
    assert small.act("early", "2026-11-16 20:30") is None
