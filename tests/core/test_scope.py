"""Who fills a seat when: whatever was asked before, the answer is the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.core.scope import Organisation, Post

DAY_0 = datetime(2026, 1, 1, tzinfo=UTC)
days = st.integers(0, 12)


@st.composite
def posts(draw: st.DrawFn) -> list[Post]:
    spans = draw(st.lists(st.tuples(days, st.none() | days, st.sampled_from("ab")), max_size=6))
    return [
        Post(
            id=f"p{n}",
            role=role,
            unit="u",
            person="x",
            name="x",
            since=DAY_0 + timedelta(days=since),
            until=None if length is None else DAY_0 + timedelta(days=since + length),
        )
        for n, (since, length, role) in enumerate(spans)
    ]


@given(posts(), st.lists(st.tuples(st.sampled_from("ab"), st.integers(-1, 26)), max_size=20))
def test_posts_of_a_seat_are_those_held_then_when_asked_in_any_order(
    held: list[Post], asked: list[tuple[str, int]]
) -> None:
    """Asking for one instant never changes what is answered for another."""
    organisation = Organisation((), held)

    for role, day in asked:
        at = DAY_0 + timedelta(days=day)
        expected = [post for post in held if post.role == role and post.is_held(at)]

        assert list(organisation.posts_of(role, "u", at)) == expected
        assert list(organisation.post_ids_of(role, "u", at)) == [post.id for post in expected]
