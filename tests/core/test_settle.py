"""A press that takes effect later: taken at once, still to be taken back, and no rule acts meanwhile."""

import pytest

from engine.core.matter import Actor, receipt_post
from engine.core.terms import Do, RefusalCode
from tests.support.lives import Life
from tests.support.small_flow import RESIDENT, WORKER, Small, at, flow, read, world

RATED = (
    "  doing: { held_by: resident, due: 1h, timers: [ { at: 50%, do: remind }, { at: due, do: close, to: done } ],"
    " actions: { agree: { by: [resident], to: done, settle: 10m, require: [number], optional: [note] },"
    "   redo: { by: [resident], to: again, settle: 10m, limit: 1, counts: redos, require: [note] },"
    "   leave: { by: [worker], to: again } } }\n"
    "  again: { held_by: worker, due: 1wd, timers: [ { at: due, do: close, to: done } ],"
    " actions: { solve: { by: [worker], to: doing } } }\n"
)
RECEIPT = Actor(post=receipt_post("m"), role="resident")
OTHER_RECEIPT = Actor(post=receipt_post("m2"), role="resident")


def rated() -> Small:
    """A matter that waits for its resident since nine o'clock."""
    small = Small(flow(RATED))
    assert small.file("2026-11-16 09:00") is None
    return small


def test_press_has_no_effect_until_it_has_settled() -> None:
    """State, counts and fields are those before the press; the engine gives it effect at its instant, once."""
    small = rated()

    assert small.act("redo", "2026-11-16 09:05", by=RESIDENT, note="没修好") is None
    taken = small.m

    assert (taken.state, taken.counters, taken.uses, taken.private) == ("doing", {}, {}, {})
    assert small.timers() == ["settle.settle 11-16 09:15"]
    assert small.wait("2026-11-16 09:14") == []
    assert small.wait("2026-11-16 09:16") == ["settle 11-16 09:15"]
    assert (small.m.state, small.m.counters, small.m.settling) == ("again", {"redos": 1}, None)
    assert small.m.private == {"note": "m/2/note"}


def test_no_rule_of_the_step_acts_while_a_press_settles_and_undo_gives_the_time_back() -> None:
    """Pressed two minutes before the end: the closing waits, and after undo what remained remains."""
    small = rated()
    small.act("agree", "2026-11-16 09:58", by=RESIDENT, number=3)

    assert small.wait("2026-11-16 10:05") == []
    assert small.act("undo", "2026-11-16 10:06", by=RESIDENT) is None

    assert small.last.occurrence.data["undone"] == {"action": "agree", "seq": small.m.seq - 1}
    assert (small.m.settling, small.m.fields, small.due()) == (None, {}, "11-16 10:08")
    assert small.wait("2026-11-16 10:09") == ["close 11-16 10:08"]


def test_undone_press_takes_nothing_from_its_limit() -> None:
    """What was taken back counts nowhere: the one redo is still there."""
    small = rated()
    small.act("redo", "2026-11-16 09:05", by=RESIDENT, note="按错了")
    small.act("undo", "2026-11-16 09:06", by=RESIDENT)

    assert small.act("redo", "2026-11-16 09:07", by=RESIDENT, note="真没修好") is None
    small.wait("2026-11-16 09:20")

    assert (small.m.state, small.m.counters, small.m.uses) == (
        "again",
        {"redos": 1},
        {"doing.undo": 1, "doing.redo": 1},
    )


def test_second_press_is_refused_while_one_settles() -> None:
    """A double press is no second rating, and nobody else moves the matter under it."""
    small = rated()
    small.act("agree", "2026-11-16 09:05", by=RESIDENT, number=3)

    assert small.act("agree", "2026-11-16 09:05", by=RESIDENT, number=3) is RefusalCode.CONDITION
    assert small.act("redo", "2026-11-16 09:06", by=RESIDENT, note="x") is RefusalCode.CONDITION
    assert small.act("leave", "2026-11-16 09:06", by=WORKER) is RefusalCode.CONDITION
    assert small.act("note", "2026-11-16 09:06", by=WORKER, note="打过电话") is None
    assert small.wait("2026-11-16 09:30") == ["settle 11-16 09:15"]


def test_undo_is_too_late_when_the_press_has_taken_effect() -> None:
    """After its instant there is nothing to take back."""
    small = rated()
    small.act("redo", "2026-11-16 09:05", by=RESIDENT, note="x")

    assert small.act("undo", "2026-11-16 09:15", by=RESIDENT) is RefusalCode.NOT_HERE
    assert small.m.state == "again"


def test_bad_form_is_refused_at_the_press_not_later() -> None:
    """What cannot have effect is not taken."""
    small = rated()

    assert small.act("agree", "2026-11-16 09:05", by=RESIDENT) is RefusalCode.REQUIRED
    assert small.m.settling is None


def test_forecast_shows_the_effect_when_a_press_settles() -> None:
    """The next automatic event is the effect, at its instant and with its end."""
    small = rated()
    small.act("agree", "2026-11-16 09:05", by=RESIDENT, number=3)

    (first, *others) = small.forecast("2026-11-16 09:06")

    assert (first.at, first.do, first.moves, first.ends) == (at("2026-11-16 09:15"), Do.SETTLE, True, "done")
    assert others == []


def test_effect_comes_late_but_once_when_the_engine_was_down() -> None:
    """After an outage the rating still counts, before any rule of the step."""
    small = rated()
    small.act("agree", "2026-11-16 09:55", by=RESIDENT, number=3)

    assert small.sleep("2026-11-16 13:00") == ["settle 11-16 13:00"]
    assert small.m.outcome == "done"


@pytest.mark.parametrize(
    ("who", "refused"), [(RECEIPT, None), (OTHER_RECEIPT, RefusalCode.SCOPE)], ids=["own", "other"]
)
def test_holder_of_the_receipt_acts_as_the_reporter_of_that_matter_only(
    who: Actor, refused: RefusalCode | None
) -> None:
    """The post of a receipt is in scope of its own matter and of no other."""
    small = rated()

    assert small.act("agree", "2026-11-16 09:05", by=who, number=3) is refused


def test_actor_without_a_person_is_not_the_reporter_without_a_person() -> None:
    """Two unknown people are not one."""
    small = Small(flow(RATED))
    nobody = Actor(post="x", role="resident")
    small.file("2026-11-16 09:00", reporter=nobody)

    assert small.act("agree", "2026-11-16 09:05", by=nobody, number=3) is RefusalCode.SCOPE


def test_lives_take_back_and_let_settle() -> None:
    """Random lives press, undo and let settle, invariants checked at each step; only the effect comes by itself."""
    seen = {"settle": 0, "undo": 0, "taken": 0}
    for seed in range(40):
        life = Life("small", flows={"small": read(flow(RATED))}, world=world(), seed=seed)
        for _ in range(120):
            life.step()
        for decision in life.engine.log:
            occurrence, before = decision.occurrence, decision.before
            if decision.after.settling is not None and before is not None and before.settling is None:
                seen["taken"] += 1
                assert (decision.after.state, decision.after.uses) == (before.state, before.uses)
            if before is not None and before.settling is not None:
                assert occurrence.type == "acted" or occurrence.action == "settle"
                seen["undo"] += "undone" in occurrence.data
                seen["settle"] += occurrence.action == "settle"
    assert seen["undo"] > 3
    assert seen["settle"] > 20
