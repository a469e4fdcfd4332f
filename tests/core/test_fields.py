"""Reading what people type: NUL, broken characters, too much, forms of numbers; everything else exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.fields import MAX_TEXT, BadValue, is_empty, read_value
from engine.core.terms import FieldType
from engine.core.workflow.declaration import FieldRule
from engine.core.workflow.written import Label, Where


def every(kind: FieldType, *raws: object) -> list[tuple[FieldType, object]]:
    """Each of *raws* for a field of that type."""
    return [(kind, raw) for raw in raws]


def rule(kind: FieldType, *, minimum: int | None = None, maximum: int | None = None) -> FieldRule:
    """A field of that type with those bounds; a choice has two choices."""
    return FieldRule(
        id="f", type=kind, label=Label(zh="内容", en="content"),
        choices=("a", "b") if kind is FieldType.CHOICE else None,
        choice_labels={}, catalogue=None, default=None, minimum=minimum, maximum=maximum, private=False,
        where=Where("f.yaml", 1, 1),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "raw", "read"),
    [
        (FieldType.NUMBER, "7", 7), (FieldType.NUMBER, " -7 ", -7), (FieldType.NUMBER, "007", 7),
        (FieldType.NUMBER, 7, 7), (FieldType.NUMBER, "9007199254740991", 2**53 - 1),
        (FieldType.YESNO, "yes", True), (FieldType.YESNO, "false", False), (FieldType.YESNO, True, True),
        (FieldType.CHOICE, "b", "b"), (FieldType.DATE, "2026-02-28", "2026-02-28"),
        (FieldType.TEXT, " 空格　和\n换行\t都留着 ", " 空格　和\n换行\t都留着 "), (FieldType.TEXT, "🏚️𠮷", "🏚️𠮷"),
        (FieldType.TEXT, "x" * MAX_TEXT, "x" * MAX_TEXT), (FieldType.FILES, "f1", ["f1"]),
        (FieldType.FILES, ["f1", "f2"], ["f1", "f2"]), (FieldType.PHONE, "+86 138 0000 0000", "+86 138 0000 0000"),
    ],
    ids=str,
)  # fmt: skip
def test_value_is_read_exactly_when_it_fits(kind: FieldType, raw: object, read: object) -> None:
    """What fits is taken as typed, a number as a number; nothing is trimmed, folded or normalised."""
    value = read_value(rule(kind), raw)

    assert (value, type(value)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (FieldType.TEXT, "a\x00b"), (FieldType.TEXT, "a\ud800"), (FieldType.TEXT, "x" * (MAX_TEXT + 1)),
        (FieldType.TEXT, 5), (FieldType.TEXT, True), (FieldType.TEXT, ["a"]), (FieldType.PHONE, "1" * 21),
        (FieldType.CHOICE, "B"), (FieldType.CHOICE, "a "), (FieldType.CHOICE, "\udfff"),
        *every(
            FieldType.NUMBER,
            "--5", "-", "+5", "1.0", "1e3", "1_000", "0x10", "５", "²", "1,000", "9007199254740992", "9" * 400,
            2**53, 1.0, float("nan"), True, None, [], "１",
        ),
        *every(FieldType.YESNO, 1, 0, "YES", "是", "", [], None),
        *every(FieldType.DATE, "20260228", "2026-W09-6", "2026-2-28", "2026-02-30", "2026-02-28 ", ""),
        *every(FieldType.FILES, [""], ["f"] * 10, [1], {"a": 1}, ["a\x00"], ["a\ud800"], ["x" * 201], 5),
    ],
    ids=ascii,
)  # fmt: skip
def test_value_is_refused_when_it_does_not_fit(kind: FieldType, raw: object) -> None:
    """Whatever is typed, a field reads it or refuses it with a sentence; it never fails otherwise."""
    with pytest.raises(BadValue, match="「内容」"):
        read_value(rule(kind), raw)


@pytest.mark.parametrize("raw", ["4", "51", "-1"])
def test_number_is_refused_when_it_lies_outside_its_bounds(raw: str) -> None:
    """A number keeps to the bounds of its field."""
    with pytest.raises(BadValue, match="不能"):
        read_value(rule(FieldType.NUMBER, minimum=5, maximum=50), raw)


@pytest.mark.parametrize(
    ("raw", "empty"), [("", True), (" \n　", True), ([], True), (None, True), ("0", False), (0, False), (False, False)]
)
def test_nothing_is_told_from_something(raw: object, empty: bool) -> None:
    """Blank text is nothing; zero and no are something."""
    assert is_empty(raw) is empty


@given(st.sampled_from(FieldType), st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text()), st.floats()))
def test_reading_never_fails_otherwise_when_anything_is_typed(kind: FieldType, raw: object) -> None:
    """For anything at all, reading gives a value that can be stored, or a refusal."""
    try:
        value = read_value(rule(kind), raw)
    except BadValue:
        return
    for part in value if isinstance(value, list) else [value]:
        assert isinstance(part, int) or part.encode().decode() == part
