"""Conditions: what they mean, and where exactly a wrong one is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.terms import FieldType
from engine.core.workflow.condition import (
    DEEPEST,
    LONGEST_CHARACTERS,
    Condition,
    built_in_types,
    field_type,
    parse_condition,
)
from engine.core.workflow.condition_words import ConditionFault

TYPES = {
    **built_in_types(classes=("quick", "small"), levels=("grid", "joint"), seasons=("heat", "flood")),
    "kind": field_type(FieldType.CHOICE, choices=("quick", "small", "big")),
    "households": field_type(FieldType.NUMBER, minimum=1),
    "cross_unit": field_type(FieldType.YESNO),
    "until": field_type(FieldType.DATE),
    "note": field_type(FieldType.TEXT),
    "secret": field_type(FieldType.CHOICE, choices=("a",), private=True),
    "unit": field_type(FieldType.CHOICE),
}
VALUES = {
    "kind": "quick",
    "households": 12,
    "cross_unit": False,
    "external": False,
    "until": "2026-03-01",
    "returns": 2,
    "class": "quick",
    "level": "grid",
    "season": frozenset({"heat"}),
    "similar_30d": 0,
    "unit": "u7",
}


def parse(text: str) -> Condition:
    """The condition of a text."""
    return parse_condition(text, types=TYPES)


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("kind in ['quick', 'big'] and (households >= 10 or cross_unit) and not external", True),
        ("kind = 'quick'", True),
        ("kind != 'quick'", False),
        ("kind not in ['quick', 'big']", False),
        ("not kind = 'small' and not cross_unit", True),
        ("households < 12 or households > 12", False),
        ("households<=12", True),
        ("households in [1, 12]", True),
        ("households > -5", True),
        ("until >= '2026-03-01' and until < '2026-03-02'", True),
        ("season = 'heat'", True),
        ("season != 'heat'", False),
        ("season in ['flood', 'heat']", True),
        ("season not in ['flood']", True),
        ("class = 'quick' and level = 'grid' and returns >= 2", True),
        ("kind = 'small' or kind = 'quick' and cross_unit", False),
        ("not not kind = 'quick'", True),
        ("unit = 'u7'", True),
    ],
)
def test_condition_holds_when_its_comparisons_do(text: str, *, true: bool) -> None:
    """`and` binds closer than `or`, `not` closest; each comparison means what it says."""
    assert parse(text).holds(VALUES) is true


@pytest.mark.parametrize(
    "text", ["kind = 'quick'", "households < 5", "until < '2026-01-01'", "cross_unit", "season = 'heat'"]
)
def test_condition_is_false_when_the_value_is_missing(text: str) -> None:
    """A missing value makes a comparison false and never an error."""
    assert parse(text).holds({}) is False


FAULTS = {
    "kin = 'quick'": (0, 3, "是不是「kind」"),
    "kind = 'quik'": (7, 6, "是不是「quick」"),
    "kind = quick": (7, 5, "是不是 'quick'"),
    "kind == 'quick'": (5, 2, "请写成「=」"),
    'kind = "quick"': (7, 1, "英文单引号"),
    "kind = 'quick": (7, 1, "没有配对"),
    "kind > 'quick'": (5, 1, "不分大小"),
    "kind": (0, 4, "要和一个值比较"),
    "kind = ": (7, 0, "缺少这个值"),
    "kind in 'quick'": (8, 7, "方括号"),
    "kind in []": (9, 1, "缺少这个值"),
    "kind in ['quick', 'big'": (8, 1, "没有合上"),
    "kind in ['quick' 'big']": (17, 5, "逗号"),
    "(kind = 'quick'": (0, 1, "没有合上"),
    "kind = 'quick')": (14, 1, "前面没有"),
    "kind = 'quick' households > 3": (15, 10, "and 或 or"),
    "kind = 'quick' AND cross_unit": (15, 3, "小写的 and"),
    "NOT cross_unit": (0, 3, "小写的 not"),
    "households = 'x'": (13, 3, "整数"),
    "households > 3.5": (13, 3, "整数"),
    "households > 99999999999999999": (13, 17, "太大"),
    "households + 1 > 3": (11, 1, "没有加减乘除"),
    "households < 10 < 20": (16, 1, "一次只比较"),
    "3 < households": (0, 1, "字段写在前面"),
    "cross_unit = yes": (13, 3, "单独写"),
    "note = 'x'": (0, 4, "受保护"),
    "secret = 'a'": (0, 6, "受保护"),
    "until > '2026-1-1'": (8, 10, "不是日期"),
    "until > '2026-02-30'": (8, 12, "不是日期"),
    "season = 'hot'": (9, 5, "没有「hot」"),
    "len(kind)": (0, 3, "没有函数"),
    "kind.x = 'a'": (4, 1, "下级内容"),
    "kind （": (5, 1, "英文括号"),
    "": (0, 0, "空的"),
    "   ": (0, 0, "空的"),
    "kind = 'quick' and": (18, 0, "没有写完"),
    "not in": (4, 2, "应当是一个字段"),
    "households >= households": (14, 10, "整数"),
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.items(), ids=FAULTS.keys())
def test_condition_shows_the_word_when_it_is_wrong(text: str, fault: tuple[int, int, str]) -> None:
    """A fault stands at the word that is wrong, and says what to write instead."""
    offset, length, says = fault

    with pytest.raises(ConditionFault) as caught:
        parse(text)

    assert (caught.value.offset, caught.value.length) == (offset, length)
    assert says in caught.value.message
    assert caught.value.code == "E204"
    assert caught.value.others == ()


def test_condition_tells_every_fault_when_there_are_several() -> None:
    """Faults of meaning that do not follow from each other come together, in order."""
    with pytest.raises(ConditionFault) as caught:
        parse("kin = 'quick' and households > 3.5 or kind = 'quik'")

    assert [caught.value.offset, *(other.offset for other in caught.value.others)] == [0, 31, 45]


def test_condition_is_refused_when_too_long_or_too_deep() -> None:
    """Length and depth have limits that are themselves allowed."""
    long = "households = 1" + " or households = 1" * 27
    parse(long + " " * (LONGEST_CHARACTERS - len(long)))
    parse("(" * DEEPEST + "cross_unit" + ")" * DEEPEST)

    with pytest.raises(ConditionFault, match="500"):
        parse("cross_unit" + " " * (LONGEST_CHARACTERS - 9))
    with pytest.raises(ConditionFault, match="50 层") as caught:
        parse("(" * (DEEPEST + 1) + "cross_unit" + ")" * (DEEPEST + 1))
    assert caught.value.offset == DEEPEST


def test_condition_keeps_the_places_of_its_words_when_read_from_a_file() -> None:
    """Every use of a name knows its line and column."""
    condition = parse_condition("cross_unit or kind = 'big'", types=TYPES, locate=lambda offset: (7, 20 + offset))

    assert [(word.name, word.line, word.column) for word in condition.words] == [("cross_unit", 7, 20), ("kind", 7, 34)]
    assert condition.names == {"cross_unit", "kind"}


@given(st.text(alphabet=" abkindhouseholds='[](),<>!=0123456789-andornt\"\n", max_size=80))
def test_condition_is_read_or_refused_with_a_place_when_anything_is_typed(text: str) -> None:
    """Whatever is typed gives a condition or a fault inside the text, nothing else."""
    read, fault = _read_or_fault(text)

    assert (read is None) != (fault is None)
    if read is not None:
        assert read.holds(VALUES) in (True, False)
    if fault is not None:
        assert 0 <= fault.offset <= fault.offset + fault.length <= max(len(text), 1)


def _read_or_fault(text: str) -> tuple[Condition | None, ConditionFault | None]:
    try:
        return parse(text), None
    except ConditionFault as fault:
        return None, fault
