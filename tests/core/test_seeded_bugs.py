"""Wrong engines, made on purpose: each breaks one function, and a named invariant must notice it at once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from engine.core import clocks, decide, firing, move, timers
from engine.core.matter import STATE_CLOCK, Matter, Timer
from engine.core.procedures import children, pause
from tests.core.test_children import joint, send
from tests.support.small_flow import DESK, HEAD_OF, RESIDENT, Small, at, flow, local

Break = Callable[[pytest.MonkeyPatch], None]
Life = Callable[[], None]

LEVELS = (
    "  grid:\n    up: up\n    budget: 3wd\n    over_budget: { do: escalate }\n    states:\n"
    "      doing: { held_by: worker, due: 9h, timers: [ { at: 4h_mark, do: remind }"
    ", { at: due+9wd, do: close, to: done } ],"
    " actions: { wait: { by: [worker], to: waiting }, up: { by: [worker], to: up }"
    ", again: { by: [worker], to: doing } } }\n"
    "      waiting: { held_by: resident, pause: yes, due: 9d, timers: [ { at: due, do: resume, to: doing } ],"
    " actions: { supply: { by: [resident], to: doing } } }\n"
).replace("4h_mark", "50%")
STATES = (
    "  up: { held_by: head, due: 9wd, timers: [ { at: due, do: close, to: done } ],"
    " actions: { back: { by: [head], to: doing }, solve: { by: [head], to: done } } }\n"
)
CLOCKS = "clocks:\n  total: { from: filed, until: final, limit: 9wd }\n"


def filed() -> Small:
    """A matter in the lowest level, with a budget, a promise and a pause beside it."""
    small = Small(flow(STATES, levels=LEVELS, extra=CLOCKS))
    assert small.file("2026-11-16 08:30") is None
    return small


def leave_and_return() -> None:
    """T4, C2: who goes up and comes back finds budget and promise where they were, and no timer of the visit before."""
    small = filed()
    old = small.timer("late")
    fixed = (small.due("level.grid"), small.due("named.total"))
    small.act("up", "2026-11-16 10:00")
    small.act("back", "2026-11-17 11:00", by=HEAD_OF)
    assert (small.due("level.grid"), small.due("named.total")) == fixed, "C2: a return moved a clock of the way"
    assert small.fire(old, "2026-11-17 17:30") is not None, "T4: a timer of a visit that has passed fired"


def ring_early() -> None:
    """T4: a timer that rings before its instant is refused."""
    small = filed()
    assert small.fire(small.timer("late"), "2026-11-16 17:29") is not None, "T4: fired before its due instant"


def pause_and_resume() -> None:
    """C2: what remained of the clock remains after the pause; T5: the suspended clock rings not."""
    small = filed()
    small.act("wait", "2026-11-16 10:30")
    assert not [line for line in small.timers() if line.startswith("state.late")], "T5: a suspended clock is armed"
    small.act("supply", "2026-11-17 08:30", by=RESIDENT)
    assert small.due() == "11-17 15:30", "C2: the remaining time was not kept"


def stay_till_late() -> None:
    """L1: lateness is recorded at due."""
    small = filed()
    small.wait("2026-11-16 17:30")
    assert local(small.m.clocks[STATE_CLOCK].late_at) == "11-16 17:30", "L1: due passed and nobody wrote it down"


def end_with_open_children() -> None:
    """T1: nothing of a family runs on when its parent has left."""
    small = joint()
    family = send(small, ("lead", "pipes"), ("assist", "roads"))
    small.act("stop", "2026-11-16 11:00", by=DESK)
    assert not [t for t in small.engine.timers() if t.matter in family], "T1: a child runs on without its parent"


def ring_twice() -> None:
    """T3: a timer is used once in effect."""
    small = filed()
    small.wait("2026-11-16 17:30")
    for timer in [t for t in small.engine.timers() if t.clock == STATE_CLOCK and t.fire <= at("2026-11-16 17:30")]:
        small.fire(timer, "2026-11-16 17:31")


def go_up_and_end() -> None:
    """T1, T5: nothing is armed for an ended matter, and nothing moves it."""
    small = filed()
    old = small.timer("escalate", "level.grid")
    small.act("up", "2026-11-16 10:00")
    small.act("solve", "2026-11-16 11:00", by=HEAD_OF)
    assert not small.timers(), "T1: an ended matter has timers"
    assert small.fire(old, "2026-12-16 11:00") is not None, "T5: something happened after the end"


def budget_runs_out() -> None:
    """T1: the budget of a level is armed only in the level."""
    small = filed()
    small.act("up", "2026-11-16 10:00")
    assert not [line for line in small.timers() if line.startswith("level.")], "T1: a budget is armed outside its level"


def fires_on_a_stale_visit(patch: pytest.MonkeyPatch) -> None:
    def fits(workflow: Any, matter: Matter, world: Any, timer: Timer) -> Timer | None:
        return timer if timer.clock in matter.clocks else None

    patch.setattr(decide, "standing", fits)


def does_not_void_timers(patch: pytest.MonkeyPatch) -> None:
    right = timers.rearmed
    patch.setattr(decide, "rearmed", lambda *args, **rest: (right(*args, **rest)[0], ()))


def fires_early(patch: pytest.MonkeyPatch) -> None:
    right = timers.standing

    def eager(*args: Any) -> Timer | None:
        found = right(*args)
        return None if found is None else msgspec.structs.replace(found, fire=found.fire - timedelta(days=1))

    patch.setattr(decide, "standing", eager)


def forgets_what_remained(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pause, "released", lambda clock, now, calendar: clocks.indexed(
        msgspec.structs.replace(clock, changes=(), started=now), calendar))  # fmt: skip


def suspends_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pause, "suspend", lambda draft, target: None)


def starts_a_promise_again(patch: pytest.MonkeyPatch) -> None:
    right = clocks.begin_level

    def again(draft: Any, level: str) -> None:
        right(draft, level)
        if "named.total" in draft.clocks:
            draft.change_clock("named.total", due=draft.clocks["named.total"].due + (draft.now - draft.get("filed")))

    patch.setattr(move, "begin_level", again)


def starts_a_budget_again(patch: pytest.MonkeyPatch) -> None:
    right = clocks.begin_level

    def again(draft: Any, level: str) -> None:
        draft.put("clocks", f"level.{level}", None)
        right(draft, level)

    patch.setattr(move, "begin_level", again)


def writes_no_lateness(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timers, "_RULES", {})
    patch.setattr(timers, "_lateness_beside", lambda rules, *, rank, where: ())


def leaves_children_running(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(children, "close_open", lambda draft: None)


def uses_a_timer_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(firing, "_use_up", lambda draft, timer, rule: None)


def arms_the_ended(patch: pytest.MonkeyPatch) -> None:
    right = timers.rearmed

    def ended_stays_armed(*args: Any, **rest: Any) -> tuple[tuple[Timer, ...], tuple[Timer, ...]]:
        arm, cancel = right(*args, **rest)
        return arm, cancel if args[2].is_open else ()

    patch.setattr(decide, "rearmed", ended_stays_armed)


def arms_a_budget_everywhere(patch: pytest.MonkeyPatch) -> None:
    right = timers._rules_of_clock
    patch.setattr(timers, "_RULES", {})
    patch.setattr(timers, "_rules_of_clock", lambda flow, matter, key: (
        timers._level_rules(flow, key[6:]) if key.startswith("level.") else right(flow, matter, key)))  # fmt: skip


def skips_a_number(patch: pytest.MonkeyPatch) -> None:
    right = decide._decision

    def wrong(draft: Any, occurrence: Any) -> Any:
        made = right(draft, occurrence)
        return msgspec.structs.replace(made, after=msgspec.structs.replace(made.after, seq=made.after.seq + 1))

    patch.setattr(decide, "_decision", wrong)


WRONG: list[tuple[Break, Life, str]] = [
    (fires_on_a_stale_visit, leave_and_return, "T4|T1"),
    (does_not_void_timers, leave_and_return, "T1"),
    (fires_early, ring_early, "T4"),
    (forgets_what_remained, pause_and_resume, "C2"),
    (suspends_nothing, pause_and_resume, "C2"),
    (starts_a_promise_again, leave_and_return, "C2"),
    (starts_a_budget_again, leave_and_return, "C2"),
    (writes_no_lateness, stay_till_late, "L1"),
    (leaves_children_running, end_with_open_children, "T1"),
    (uses_a_timer_twice, stay_till_late, "T3"),
    (arms_the_ended, go_up_and_end, "T1"),
    (arms_a_budget_everywhere, budget_runs_out, "T1"),
    (skips_a_number, stay_till_late, "S1"),
]
LIVES: tuple[Life, ...] = (
    leave_and_return, ring_early, pause_and_resume, stay_till_late, end_with_open_children, ring_twice, go_up_and_end,
    budget_runs_out,
)  # fmt: skip


@pytest.mark.parametrize("life", LIVES, ids=[life.__name__ for life in LIVES])
def test_engine_passes_every_life_when_it_is_the_right_one(life: Life) -> None:
    """The right engine is not accused: what catches the wrong ones lets it pass."""
    life()


@pytest.mark.parametrize(("wrong", "life", "invariant"), WRONG, ids=[wrong.__name__ for wrong, _, _ in WRONG])
def test_wrong_engine_is_caught_when_one_function_is_broken(
    monkeypatch: pytest.MonkeyPatch, wrong: Break, life: Life, invariant: str
) -> None:
    """Each seeded bug is noticed by the invariant named for it."""
    wrong(monkeypatch)

    with pytest.raises(AssertionError, match=rf"^({invariant}):"):
        life()
