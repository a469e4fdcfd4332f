"""Refusals in their fixed order; what is offered is what is taken; forms and their stale tabs."""

import pytest

from engine.core.command import Act, SeatAsked
from engine.core.decide import decide
from engine.core.decision import Refusal
from engine.core.offers import offers
from engine.core.terms import RefusalCode
from tests.support.small_flow import CHIEF, DESK, HEAD_OF, RESIDENT, WORKER, Small, at, flow, person

LEVELS = (
    "  grid:\n    up: up\n    budget: 1wd\n    over_budget: { do: remind }\n    states:\n"
    "      doing: { held_by: worker, due: 40d, timers: [ { at: due, do: close, to: done } ],"
    " actions: { lift: { by: [worker], to: up } } }\n"
)
STATES = (
    "  up: { held_by: head, due: 40d, timers: [ { at: due, do: close, to: done } ], actions: {\n"
    "    act: { by: [head], to: doing, other_than: act2,"
    ' limit: 1, not_before: 20d, when: "number > 5", require: [note, kind] },\n'
    "    act2: { by: [head] }, again: { by: [head], to: up }, set_number: { by: [head], require: [number] },\n"
    "    form: { by: [head], require: [note, number], optional: [kind] } } }\n"
)


def up() -> Small:
    """A matter one level up, whose return faces every kind of refusal."""
    small = Small(flow(STATES, levels=LEVELS))
    small.file("2026-11-16 09:00")
    assert small.act("lift", "2026-11-16 10:00") is None
    return small


def refusal(small: Small, when: str, **changes: object) -> str:
    """Return why `act` is refused with these changes of the command."""
    command = Act(**{"matter": "m", "action": "act", "actor": HEAD_OF, "values": {}, **changes})  # type: ignore[arg-type]  # keys of the struct
    small.wait(when)
    answer = decide(small.flow, small.m, command, now=at(when), world=small.engine.world)
    return answer.code.value if isinstance(answer, Refusal) else "taken"


def test_refusals_come_in_their_fixed_order_when_many_reasons_apply() -> None:
    """Each reason is given only when none of those before it applies."""
    small = up()
    small.act("act2", "2026-11-17 17:40", by=HEAD_OF)
    stranger, other = person("head", "grid2"), person("head", "community", "somebody")
    when, later = "2026-11-17 18:00", "2026-12-10 09:00"
    full = {"note": "好", "kind": "small"}

    assert refusal(small, when, expect="0.0", action="nothing", actor=WORKER) == "stale"
    assert refusal(small, when, action="nothing", actor=WORKER) == "not_here"
    assert refusal(small, when, actor=WORKER) == "role"
    assert refusal(small, when, actor=stranger) == "scope"
    assert refusal(small, when) == "same_person"
    assert refusal(small, when, actor=other) == "not_before"
    assert refusal(small, later, actor=other) == "budget_spent"
    assert small.due("level.grid") == "11-17 17:30"
    fresh = Small(flow(STATES.replace("not_before: 20d, ", ""), levels=LEVELS.replace("budget: 1wd", "budget: 60d")))
    fresh.file("2026-11-16 09:00")
    fresh.act("lift", "2026-11-16 10:00")
    assert refusal(fresh, when, values={"number": 999}) == "condition"
    fresh.act("set_number", "2026-11-17 09:00", by=HEAD_OF, number=9)
    assert refusal(fresh, when, values={"number": 999}) == "required"
    assert refusal(fresh, when, values={"note": "好", "kind": "blue"}) == "field"
    assert refusal(fresh, when, values={**full, "number": 7}) == "field"
    assert fresh.act("act", when, by=HEAD_OF, **full) is None  # type: ignore[arg-type]  # values of the form
    fresh.act("lift", "2026-11-17 18:00")
    assert refusal(fresh, when) == "limit"


def test_ended_matter_refuses_everything_but_a_stale_page_first() -> None:
    """After the end everything is refused as ended; a page made before says that it is stale."""
    small = Small(
        flow(
            "  doing: { held_by: worker, due: 1d, timers: [ { at: due, do: close, to: done } ],"
            " actions: { x: { by: [worker], to: done } } }\n"
        )
    )
    small.file("2026-11-16 09:00")
    tab = small.m.etag
    small.act("x", "2026-11-16 10:00")

    assert refusal(small, "2026-11-16 11:00", expect=tab) == "stale"
    assert refusal(small, "2026-11-16 11:00", action="nothing") == "ended"


def test_form_is_stale_when_a_field_or_the_visit_changed_since() -> None:
    """A tab is stale once the visit or a field has changed, and not for what only tells."""
    small = up()
    tab = small.m.etag
    small.act("act2", "2026-11-16 11:00", by=HEAD_OF)
    unchanged = small.m.etag
    small.act("set_number", "2026-11-16 12:00", by=HEAD_OF, number=3)
    field = small.m.etag
    small.act("again", "2026-11-16 13:00", by=HEAD_OF)

    assert tab == unchanged
    assert len({tab, field, small.m.etag}) == 3


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"note": "好", "number": "7"}, "taken"), ({"note": "好", "number": "七"}, "field"),
        ({"number": "7"}, "required"),
        ({"note": "  ", "number": "7"}, "required"), ({"note": "好", "number": "0"}, "field"),
        ({"note": "太长" * 11, "number": 1}, "field"), ({"note": "a\x00", "number": 1}, "field"),
        ({"note": "好", "number": 1, "kind": "blue"}, "field"),
        ({"note": "好", "number": 1, "category": "pipes"}, "field"),
        ({"note": "好", "number": 1, "kind": ""}, "taken"), ({"note": ["x"], "number": 1}, "field"),
        ({"note": "好", "number": "--1"}, "field"),
    ],
    ids=ascii,
)  # fmt: skip
def test_offered_form_is_taken_exactly_when_its_values_fit(values: dict[str, object], code: str) -> None:
    """An offered action is taken with fitting values; a wrong one is refused at its field, and nothing else changes."""
    small = up()
    now = at("2026-11-16 11:00")
    offer = next(
        o for o in offers(small.flow, small.m, HEAD_OF, now=now, world=small.engine.world) if o.action == "form"
    )

    answer = refusal(small, "2026-11-16 11:00", action="form", values=values)

    assert offer.refusal is None
    assert [asked.field for asked in offer.asked if asked.required] == ["note", "number"]
    assert answer == code


def test_seats_are_refused_when_the_step_takes_none() -> None:
    """Units named for a step that has no seats are refused."""
    small = up()

    assert refusal(small, "2026-11-16 11:00", action="again", seats=(SeatAsked(seat="lead", unit="pipes"),)) == "field"


def test_same_reasons_are_offered_as_given_when_anybody_looks_at_any_state() -> None:
    """For everybody and every action, the offer's refusal is the very one that `decide` gives."""
    small = up()
    now = at("2026-11-17 20:00")
    for actor in (WORKER, HEAD_OF, CHIEF, DESK, RESIDENT, person("head", "grid2")):
        for offer in offers(small.flow, small.m, actor, now=now, world=small.engine.world):
            values = {a.field: {"note": "好", "number": 9, "kind": "small"}[a.field] for a in offer.asked}
            command = Act(matter="m", action=offer.action, actor=actor, values=values)  # type: ignore[arg-type]  # fitting values
            answer = decide(small.flow, small.m, command, now=now, world=small.engine.world)
            assert (answer if isinstance(answer, Refusal) else None) == offer.refusal


def test_way_in_is_refused_when_role_place_or_form_does_not_fit() -> None:
    """Filing is refused for a role that may not, a place that is not, and a field that the form does not take."""
    small = Small(flow(STATES, levels=LEVELS))

    assert small.file("2026-11-16 09:00", by=CHIEF) is RefusalCode.ROLE
    assert small.file("2026-11-16 09:00", place="nowhere") is RefusalCode.FIELD
    assert small.file("2026-11-16 09:00", number=0) is RefusalCode.FIELD
    assert small.file("2026-11-16 09:00", start="other") is RefusalCode.NOT_HERE
    assert not small.engine.matters
