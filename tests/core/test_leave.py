"""Who acts while somebody is away: the substitute, or the nearest filled seat above; never nobody if one is there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.matter import Actor, Holder
from engine.core.scope import Leave, Organisation, Post, filled, filled_above, people_of
from engine.core.terms import RefusalCode
from tests.support.small_flow import CHIEF, HEAD_OF, UNITS, WORKER, Small, at, flow, person, read, town

DAY_0 = datetime(2026, 1, 1, tzinfo=UTC)
SEATS = (("worker", "grid"), ("worker", "grid2"), ("head", "community"), ("chief", "street"))
FLOW = read(
    flow(
        "  doing: { held_by: worker, due: 40d, timers: [ { at: due, do: close, to: done } ],"
        " actions: { solve: { by: [worker], to: done }, mark: { by: [worker], require: [number] } } }\n"
    )
)
WORK = (
    "  doing: { held_by: worker, due: 40d, timers: [ { at: due, do: close, to: done } ], actions:"
    " { solve: { by: [worker], to: done }, twice: { by: [worker], other_than: once }, once: { by: [worker] } } }\n"
)
days = st.integers(0, 10)


def day(number: int) -> datetime:
    return DAY_0 + timedelta(days=number)


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    posts = [
        Post(
            id=f"{role}@{unit}.{number}", role=role, unit=unit, person="p", name="", since=day(since),
            until=None if length is None else day(since + length),
        )
        for role, unit in SEATS
        for number, (since, length) in enumerate(draw(st.lists(st.tuples(days, st.none() | days), max_size=2)))
    ]  # fmt: skip
    names = [post.id for post in posts]
    spans = st.tuples(st.sampled_from(names), days, st.none() | days, st.none() | st.sampled_from(names))
    leaves = [
        Leave(
            id=str(number), post=post, since=day(since), until=None if length is None else day(since + length),
            substitute=other,
        )
        for number, (post, since, length, other) in enumerate(draw(st.lists(spans, max_size=5)) if names else ())
    ]  # fmt: skip
    return Organisation(UNITS, posts, leaves=leaves)


@given(organisations(), st.lists(st.tuples(st.sampled_from(SEATS), st.integers(-1, 21)), max_size=20))
def test_who_acts_is_the_same_when_asked_in_any_order(
    organisation: Organisation, asked: list[tuple[tuple[str, str], int]]
) -> None:
    """Asking for one instant never changes what is answered for another, leave or not."""
    for (role, unit), number in asked:
        fresh = Organisation(
            organisation.units.values(), organisation.posts.values(), organisation.duties, leaves=organisation.leaves
        )

        assert organisation.post_ids_of(role, unit, day(number)) == fresh.post_ids_of(role, unit, day(number))


@given(organisations(), st.sampled_from(SEATS), st.integers(-1, 21))
def test_who_acts_is_there_when_somebody_is_away(
    organisation: Organisation, seat: tuple[str, str], number: int
) -> None:
    """Whoever acts for a seat holds a post then and is not away; each is a holder, or behind one who is away."""
    when = day(number)
    holders = {post.id for post in organisation.posts_of(*seat, when)}

    for name in organisation.post_ids_of(*seat, when):
        assert organisation.posts[name].is_held(when)
        assert organisation.leave_of(name, when) is None
        behind = {post.id for post in organisation.absent_behind(name, when)}
        assert name in holders or behind & holders


@given(organisations(), st.sampled_from(SEATS), st.integers(-1, 21))
def test_turn_is_never_nobodys_when_somebody_above_is_there(
    organisation: Organisation, seat: tuple[str, str], number: int
) -> None:
    """The seat in turn is empty only when every seat from the holder's upwards is; it is the nearest that is not."""
    when, place = day(number), "grid"
    chain = [Holder(role=role, unit=unit) for role, unit in SEATS[SEATS.index(seat) :] if unit != "grid2"]
    chain = [Holder(role=seat[0], unit=seat[1]), *(one for one in chain if one != Holder(role=seat[0], unit=seat[1]))]

    turn = filled(chain[0], workflow=FLOW, place=place, organisation=organisation, at=when)

    there = [one for one in chain if people_of(one, workflow=FLOW, organisation=organisation, at=when)]
    assert turn == (there[0] if there else chain[0])
    above = filled_above(chain[0], workflow=FLOW, place=place, organisation=organisation, at=when)
    assert above == next((one for one in there if one != chain[0]), None)


def away(*leaves: tuple[str, str | None], states: str = WORK) -> Small:
    """A small matter, with these posts away from noon of the first day."""
    small = Small(flow(states))
    small.file("2026-11-16 09:00")
    made = [
        Leave(id=str(number), post=post, since=at("2026-11-16 12:00"), until=at("2026-11-18 12:00"), substitute=other)
        for number, (post, other) in enumerate(leaves)
    ]
    plain = town()
    organisation = Organisation(plain.units.values(), plain.posts.values(), plain.duties, leaves=made)
    small.engine.world = replace(small.engine.world, organisation=organisation)
    return small


def test_substitute_acts_only_while_the_holder_is_away() -> None:
    """Before and after the leave the substitute is a stranger; during it they do what the holder may."""
    other = person("worker", "grid2")

    for when, answer in (
        ("2026-11-16 11:00", RefusalCode.SCOPE), ("2026-11-17 09:00", None), ("2026-11-18 13:00", RefusalCode.SCOPE),
    ):  # fmt: skip
        small = away(("worker@grid", "worker@grid2"))
        assert small.act("solve", when, by=other) == answer


def test_history_names_the_substitute_when_they_act() -> None:
    """What a substitute did stands under their own post, and the one who must be another person is another."""
    small = away(("worker@grid", "head@community"))
    assert small.act("once", "2026-11-16 10:00") is None

    assert small.act("twice", "2026-11-17 09:00", by=WORKER) == RefusalCode.SAME_PERSON
    assert small.act("twice", "2026-11-17 09:00", by=HEAD_OF) is None

    assert small.last.occurrence.actor == HEAD_OF


def test_head_acts_when_the_seat_below_fell_empty_after_it_got_the_matter() -> None:
    """Away without a substitute: the nearest above acts, further above and strangers do not; back again, only they."""
    small = away(("worker@grid", None))

    assert small.act("solve", "2026-11-17 09:00", by=CHIEF) == RefusalCode.ROLE
    assert small.act("solve", "2026-11-17 09:00", by=person("worker", "grid2")) == RefusalCode.SCOPE
    assert small.act("solve", "2026-11-17 09:00", by=HEAD_OF) is None
    back = away(("worker@grid", None))
    assert back.act("solve", "2026-11-18 13:00", by=HEAD_OF) == RefusalCode.ROLE


@pytest.mark.parametrize("speaker", [HEAD_OF, WORKER], ids=["substitute", "holder"])
def test_word_of_the_substitute_counts_when_the_holder_owes_one(speaker: Actor) -> None:
    """Who acts for the holder pays what the holder owes."""
    states = (
        "  doing: { held_by: worker, review: 1d, actions:"
        " { solve: { by: [worker], to: done }, mark: { by: [worker], require: [number] } } }\n"
    )
    small = away(("worker@grid", "head@community"), states=states)
    small.wait("2026-11-18 01:00")
    assert small.m.owes is not None

    assert small.act("mark", "2026-11-18 09:00", by=speaker, number=2) is None
    assert small.m.owes is None


def test_matter_goes_to_the_substitutes_when_it_is_given_while_all_are_away() -> None:
    """Given while its holder is away, it gets the substitute as assignee; without one the superior, and an alarm."""
    plain = town()
    leave = Leave(id="1", post="worker@grid", since=at("2026-11-01 00:00"), substitute="worker@grid2")
    for one, assignee, stands_in in (
        (leave, "worker@grid2", None),
        (Leave(id="1", post="worker@grid", since=leave.since), None, Holder(role="head", unit="community")),
    ):
        small = Small(flow(WORK))
        organisation = Organisation(plain.units.values(), plain.posts.values(), plain.duties, leaves=[one])
        small.engine.world = replace(small.engine.world, organisation=organisation)

        small.file("2026-11-16 09:00")

        assert (small.m.assignee, small.m.stands_in) == (assignee, stands_in)
        assert small.last.alarms == (() if stands_in is None else ("nobody:worker@grid",))
