"""Regions: what conditions can be true of agrees with trying every record."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.terms import FieldType
from engine.core.workflow.condition import Condition, built_in_types, field_type, parse_condition
from engine.core.workflow.regions import World, can_hold, record_where, sets_of_seasons, show_record

SEASONS = {"heat": ((11, 15), (3, 15)), "start": ((11, 15), (11, 24)), "flood": ((6, 1), (8, 31))}
TYPES = {
    **built_in_types(classes=("quick", "small", "big"), levels=("grid", ""), seasons=tuple(SEASONS)),
    "kind": field_type(FieldType.CHOICE, choices=("quick", "small", "big")),
    "homes": field_type(FieldType.NUMBER, minimum=1, maximum=6),
    "urgent": field_type(FieldType.YESNO),
    "until": field_type(FieldType.DATE),
}
WORLD = World(TYPES, sets_of_seasons(SEASONS), {"class": "kind"})
DAYS = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"]
# 3 kinds × 6 numbers × yes or no × 5 days × 4 sets of seasons: every record there is
EVERY_RECORD = [
    {"kind": kind, "class": kind, "homes": homes, "urgent": urgent, "until": until, "season": season}
    for kind, homes, urgent, until, season in product(
        ("quick", "small", "big"), range(1, 7), (False, True), DAYS, WORLD.seasons
    )
]

ATOMS = st.one_of(
    st.builds("kind {} '{}'".format, st.sampled_from(["=", "!="]), st.sampled_from(["quick", "small", "big"])),
    st.builds("class in ['{}', 'big']".format, st.sampled_from(["quick", "small"])),
    st.builds(
        "homes {} {}".format, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.integers(min_value=0, max_value=7)
    ),
    st.builds("until {} '{}'".format, st.sampled_from(["=", "<", ">="]), st.sampled_from(DAYS[1:4])),
    st.builds("season {} '{}'".format, st.sampled_from(["=", "!="]), st.sampled_from(list(SEASONS))),
    st.just("urgent"),
)
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)


def parse(text: str) -> Condition:
    """The condition of a text."""
    return parse_condition(text, types=TYPES)


@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_record_is_found_exactly_when_some_record_fits(wanted: list[str], unwanted: list[str]) -> None:
    """The search finds a record if and only if trying all of them does, and what it finds fits."""
    yes, no = [parse(text) for text in wanted], [parse(text) for text in unwanted]
    some = any(all(c.holds(r) for c in yes) and not any(c.holds(r) for c in no) for r in EVERY_RECORD)

    record = record_where(yes, no, world=WORLD)

    assert (record is not None) == some
    if record is not None:
        # what the record leaves open makes no difference: any value completes it
        filled = {**EVERY_RECORD[0], **record}
        filled["class"] = filled["kind"]
        assert all(c.holds(filled) for c in yes)
        assert not any(c.holds(filled) for c in no)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("kind = 'quick' and class = 'small'", False),
        ("homes < 1", False),
        ("homes > 6", False),
        ("homes > 2 and homes < 4", True),
        ("homes > 2 and homes < 3", False),
        ("season = 'start' and season != 'heat'", False),
        ("season = 'heat' and season = 'flood'", False),
        ("season = 'heat' and season != 'start'", True),
        ("until > '2026-01-01' and until < '2026-01-02'", False),
    ],
)
def test_condition_can_hold_when_some_record_fits(text: str, *, possible: bool) -> None:
    """Bounds, whole numbers, days, overlapping seasons and the class are taken as they are."""
    assert can_hold(parse(text), world=WORLD) is possible


def test_record_keeps_to_the_values_a_name_is_held_to() -> None:
    """A name held to some values takes no other."""
    world = WORLD.with_only({"kind": ("small", "big"), "level": ("",)})

    assert not can_hold(parse("kind = 'quick'"), world=world)
    assert not can_hold(parse("class = 'quick'"), world=world)
    assert not can_hold(parse("level = 'grid'"), world=world)
    assert record_where((parse("kind != 'small'"),), world=world) == {"kind": "big"}


def test_record_is_shown_in_the_words_of_the_language() -> None:
    """A witness reads like a condition."""
    record = {"kind": "quick", "homes": 3, "urgent": False, "season": frozenset({"heat"})}

    assert show_record(record) == "kind = 'quick' and homes = 3 and not urgent and season = 'heat'"


def test_search_ends_soon_when_there_are_very_many_records() -> None:
    """Sixty yes-or-no names are decided without trying 2**60 records."""
    names = [f"n{index}" for index in range(60)]
    types = dict.fromkeys(names, field_type(FieldType.YESNO))
    all_of = parse_condition(" and ".join(names), types=types)
    none_of = [parse_condition(name, types=types) for name in names]

    assert record_where((all_of,), world=World(types)) is not None
    assert record_where((all_of,), none_of[-1:], world=World(types)) is None
