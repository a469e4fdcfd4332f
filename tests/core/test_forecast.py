"""The forecast is what happens: on flows with every kind of timer, with children and topics, for tasks too."""

from collections.abc import Callable

import pytest

from engine.core.forecast import final_by, next_move
from engine.core.matter import Matter
from engine.core.rehearse import Rehearsal
from tests.core.test_children import joint, send, waiting
from tests.support.lives import Life
from tests.support.small_flow import HEAD_OF, RESIDENT, Small, at, flow, local

EVERY_TIMER = (
    "  doing: { held_by: worker, due: { quick: 4h, small: 2wd }, milestones: { seen: 3h },"
    " timers: [ { at: entry, do: warn, tell: [head] },"
    " { at: 25%, do: remind }, { at: due-1h, do: remind }, { at: due, do: late, tell: [superior] },"
    " { at: due+1h, do: supervise }, { at: due+2h, do: raise_urgency }, { at: every 3h, do: progress, limit: 2 },"
    " { at: due+1wd, do: reassign, to_role: head, more: 1wd }, { at: end, do: assign, to: up, fires: opening } ],"
    " actions: { look: { by: [worker], marks: [seen] }, wait: { by: [worker], to: waiting }"
    ", up: { by: [worker], to: up } } }\n"
    "  waiting: { held_by: resident, pause: yes, due: 2d, timers: [ { at: 50%, do: remind }"
    ", { at: due, do: resume, to: doing } ],"
    " actions: { supply: { by: [resident], to: doing } } }\n"
    '  up: { held_by: head, due: 1wd, timers: [ { at: due, do: advance, when: "reminders > 3", to: listed },'
    " { at: due+1wd, do: advance, to: listed } ], actions: { solve: { by: [head], to: done } } }\n"
    "  listed: { held_by: head, review: 30d, actions: { solve: { by: [head], to: done } } }\n"
)
CLOCKS = (
    "classes: kind\nclocks:\n  total: { from: filed, until: final, limit: 9wd, timers: [ { at: 50%, do: remind } ] }\n"
)


def every_timer() -> Small:
    """A matter whose flow has every kind of timer."""
    small = Small(flow(EVERY_TIMER, extra=CLOCKS))
    small.file("2026-11-16 09:00")
    return small


def paused() -> Small:
    """The same in a pause."""
    small = every_timer()
    small.act("wait", "2026-11-16 16:40")
    return small


def resumed() -> Small:
    """The same after a pause."""
    small = paused()
    small.act("supply", "2026-11-17 19:00", by=RESIDENT)
    return small


def with_children() -> Small:
    """A matter with a lead and an assisting unit at work."""
    small = joint()
    send(small, ("lead", "pipes"), ("assist", "roads"))
    return small


def with_topic() -> Small:
    """A matter that waits for a topic which ends by itself before the matter's own due."""
    small = waiting(2)
    small.act("talk", "2026-11-16 10:00", by=HEAD_OF)
    small.act("talk", "2026-11-16 10:00", by=HEAD_OF, matter="m1", topic=next(iter(small.m.topics)))
    return small


@pytest.mark.parametrize("made", [every_timer, paused, resumed, with_children, with_topic])
@pytest.mark.parametrize("when", ["2026-11-17 20:00", "2026-11-18 18:00"])
def test_forecast_is_what_happens_when_nobody_acts(made: Callable[[], Small], when: str) -> None:
    """Let the clock run with nobody acting, and exactly the forecast events happen, each at its instant."""
    small = made()
    small.wait(when)

    said = [(c.at, c.do.value, c.state, c.ends) for c in small.forecast(when)]

    assert said
    assert said == _happens(small.copy(), small.m, until=max(c[0] for c in said))


def _happens(town: Rehearsal, matter: Matter, *, until: object) -> list[tuple[object, str, str, str | None]]:
    """What happens to *matter* by itself until then, a repetition once."""
    seen: set[tuple[str, str, int]] = set()
    happened: list[tuple[object, str, str, str | None]] = []
    while (timers := town.timers()) and timers[0].fire <= until:  # type: ignore[operator]  # an instant
        timer = timers[0]
        rule = (timer.clock, timer.rule, timer.visit)
        decisions = town.fire(timer, timer.fire)
        assert isinstance(decisions, list)
        for decision in decisions:
            occurrence, after = decision.occurrence, decision.after
            repeats = timer.rule == "progress" and rule in seen
            if after.id == matter.id and not repeats and not occurrence.data.get("passed_over"):
                own = occurrence.type == "fired"
                happened.append((occurrence.at, occurrence.action if own else "advance", after.state, after.outcome))
                seen.add(rule)
    return happened


def test_forecast_of_a_task_counts_from_what_its_parent_gave() -> None:
    """A task has a forecast of its own, with the limit that was handed to it."""
    small = with_children()
    task = next(iter(small.m.seats))

    timers = [t for t in small.engine.timers() if t.matter == task]

    assert [(t.rule, local(t.fire)) for t in timers] == [("late", "11-18 17:30"), ("supervise", "11-18 17:30")]


def test_forecast_names_rule_version_and_line_and_where_it_goes() -> None:
    """Every coming event names the line of its rule, and the first move and the last instant can be asked for."""
    small = joint()
    coming = small.forecast("2026-11-16 09:00")
    move = next_move(coming)

    assert move is not None
    assert (move.do, move.state, local(move.at), move.version, move.file) == (
        "advance", "units", "11-27 17:30", 1, "small.yaml",
    )  # fmt: skip
    assert all(event.line > 1 for event in coming)
    assert final_by(coming) == max(event.at for event in coming)


def test_forecast_ends_when_the_matter_has_ended() -> None:
    """Nothing comes to an ended matter."""
    small = every_timer()
    small.act("up", "2026-11-16 10:00")
    small.act("solve", "2026-11-16 11:00", by=HEAD_OF)

    assert small.forecast("2026-11-16 12:00") == ()


def test_forecast_shows_a_repeating_rule_once_with_its_period() -> None:
    """A review is shown once, with its period, and does not end the forecast's sight of other rules."""
    small = Small(flow("  doing: { held_by: worker, review: 30d, actions: { solve: { by: [worker], to: done } } }\n"))
    small.file("2026-11-16 09:00")

    (only,) = small.forecast("2026-11-16 09:00")

    assert (local(only.at), str(only.period), only.at > at("2026-12-16 23:00")) == ("12-17 00:00", "30d", True)


def test_lives_keep_every_invariant_when_a_flow_has_every_kind_of_timer() -> None:
    """Random lives through a flow with every kind of timer: what is armed follows from the facts after every step."""
    text = EVERY_TIMER.replace(
        "actions: { look", "actions: { sort: { by: [worker, head], require: [kind] }, look"
    ).replace("milestones:", "extend: { times: 1, length: 5h, ask: [worker], approve: [head] }, milestones:")
    small = Small(flow(text, extra=CLOCKS))
    fired: set[str] = set()
    for seed in range(30):
        life = Life("small", flows=small.flows, world=small.engine.world, seed=seed)
        for _ in range(60):
            life.step()
        fired |= {d.occurrence.action for d in life.engine.log}

    assert {"late", "reassign", "assign", "raise_urgency", "supervise", "resume", "grant_extension", "sort"} <= fired
