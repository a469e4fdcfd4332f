"""Promises that the date of an upper platform cuts short, and level clocks that a state holds still."""

import pytest

from tests.support.small_flow import RESIDENT, Small, at, flow, local


def test_promise_is_never_later_than_the_order_when_a_platform_gave_a_date() -> None:
    """`not_after: external.due` caps a promise; an order that comes too late is late at once."""
    clocks = "clocks:\n  total: { from: filed, until: final, limit: 9wd, not_after: external.due }\n"
    doing = (
        "  doing: { held_by: worker, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { x: { by: [worker], to: done } } }\n"
    )
    capped, spent = (Small(flow(doing, extra=clocks)) for _ in range(2))
    capped.file("2026-11-16 09:00", external_due=at("2026-11-18 09:00"))
    spent.file("2026-11-16 09:00", external_due=at("2026-11-13 09:00"))

    assert capped.due("named.total") == "11-18 09:00"
    assert spent.wait("2026-11-16 09:00") == ["late 11-16 09:00"]


@pytest.mark.parametrize(
    ("limit", "due", "half"),
    [
        ("9wd", "11-18 09:00", "11-17 09:00"),
        ("20d", "11-18 09:00", "11-17 09:00"),
        ("1wd", "11-17 17:30", "11-17 08:45"),
    ],
)
def test_share_is_one_of_the_time_there_is_when_a_platform_gave_a_date(limit: str, due: str, half: str) -> None:
    """`50%` is half of the clock's own time: up to the platform's date where that comes first."""
    clocks = (
        f"clocks:\n  total: {{ from: filed, until: final, limit: {limit}, not_after: external.due,"
        " timers: [ { at: 50%, do: remind } ] }\n"
    )
    doing = (
        "  doing: { held_by: worker, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
        " actions: { x: { by: [worker], to: done } } }\n"
    )
    small = Small(flow(doing, extra=clocks))
    small.file("2026-11-16 09:00", external_due=at("2026-11-18 09:00"))

    assert small.due("named.total") == due
    assert [local(small.timer("remind", "named.total").due)] == [half]


def test_share_goes_without_the_time_held_when_a_platform_gave_a_date() -> None:
    """A stop takes its time out of what the share is of; the platform's date stands."""
    clocks = (
        "clocks:\n  total: { from: filed, until: final, limit: 20d, not_after: external.due,"
        " timers: [ { at: 50%, do: remind } ] }\n"
    )
    due = "held_by: worker, due: 9d, timers: [ { at: due, do: close, to: done } ]"
    doing = f"  doing: {{ {due}, actions: {{ x: {{ by: [worker], to: still }} }} }}\n"
    still = f"  still: {{ {due}, stops: all, basis: b, actions: {{ go: {{ by: [worker], to: doing }} }} }}\n"
    small = Small(flow(doing + still, extra=clocks))
    small.file("2026-11-16 09:00", external_due=at("2026-11-20 09:00"))
    small.act("x", "2026-11-17 09:00")
    small.act("go", "2026-11-18 09:00")

    assert small.due("named.total") == "11-20 09:00"
    assert local(small.timer("remind", "named.total").due) == "11-18 21:00"


def test_level_clock_is_held_again_when_a_pause_leads_back_to_the_state_that_stops_it() -> None:
    """`stops: level` holds in every stretch of the visit; in the pause between them the level's clock runs."""
    due = "due: 9wd, timers: [ { at: due, do: close, to: done } ]"
    levels = (
        "  grid:\n    up: done\n    budget: 3wd\n    over_budget: { do: advance, to: done }\n    states:\n"
        f"      doing: {{ held_by: worker, {due}, stops: level, basis: b,"
        " actions: { ask: { by: [worker], to: asked } } }\n"
        "      asked: { held_by: resident, pause: yes, due: 9d, timers: [ { at: due, do: resume, to: doing } ],"
        " actions: { tell: { by: [resident], to: doing } } }\n"
    )
    small = Small(flow("", levels=levels))
    small.file("2026-11-16 09:00")
    small.act("ask", "2026-11-17 09:00")
    asked = small.m.clocks["level.grid"].is_held
    small.act("tell", "2026-11-17 10:00", by=RESIDENT)

    assert (asked, small.m.clocks["level.grid"].is_held) == (False, True)


def test_kept_promise_keeps_its_end_when_the_class_changes_afterwards() -> None:
    """What was answered in time stays answered in time: only running clocks are recomputed."""
    clocks = "clocks:\n  reply: { from: filed, until: talked, limit: { quick: 1h, small: 2wd } }\n"
    doing = (
        "  doing: { held_by: worker, due: 9wd, timers: [ { at: due, do: close, to: done } ], actions: {"
        " talk: { by: [worker], marks: [talked] }, sort: { by: [worker], require: [kind] } } }\n"
    )
    small = Small(flow(doing, extra=f"classes: kind\n{clocks}"))
    small.file("2026-11-16 09:00")
    small.act("talk", "2026-11-16 15:00")
    kept = small.m.clocks["named.reply"]

    small.act("sort", "2026-11-16 16:00", kind="quick")

    assert (small.m.klass, small.m.clocks["named.reply"]) == ("quick", kept)
