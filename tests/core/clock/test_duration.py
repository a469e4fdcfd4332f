"""Durations and offsets are read exactly as written, and a near miss is told what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.clock.duration import Duration, Unit, parse_duration, parse_offset
from engine.errors import BadDuration, BadOffset


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("30m", 30, Unit.MINUTES),
        ("72h", 72, Unit.HOURS),
        ("3d", 3, Unit.DAYS),
        ("3d roll", 3, Unit.DAYS_ROLL),
        ("90wm", 90, Unit.WORKING_MINUTES),
        ("4wh", 4, Unit.WORKING_HOURS),
        ("3wd", 3, Unit.WORKING_DAYS),
        ("0wh", 0, Unit.WORKING_HOURS),
        ("0m", 0, Unit.MINUTES),
    ],
)
def test_duration_is_read_and_written_back_when_well_formed(text: str, amount: int, unit: Unit) -> None:
    """Each written form has one meaning, and its text is what was written."""
    duration = parse_duration(text)

    assert duration == Duration(amount, unit)
    assert str(duration) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3 days", "3d"),
        ("3D", "3d"),
        ("03d", "3d"),
        ("3天", "3d"),
        ("3个工作日", "3wd"),
        ("2 weeks", "14d"),
        ("1.5h", "90m"),
        ("2.5wh", "150wm"),
        ("3d  roll", "3d roll"),
        ("30 min", "30m"),
        (" 3wd", "3wd"),
        ("0d", ""),
        ("0wd", ""),
        ("0d roll", ""),
        ("-3d", ""),
        ("3", ""),
        ("", ""),
        ("three days", ""),
        ("1.5d", ""),
        ("3661d", ""),
        ("99999999999m", ""),
        ("٣d", "3d"),
        ("3wd\n", "3wd"),
        ("3d roll roll", ""),
    ],
)
def test_duration_is_refused_with_what_was_meant_when_ill_formed(text: str, meant: str) -> None:
    """Nothing is guessed in silence: the text is refused and the guess stands beside it."""
    with pytest.raises(BadDuration) as refused:
        parse_duration(text)

    assert refused.value.fields["found"] == text
    assert refused.value.fields["suggestion"] == meant
    assert f"「{text}」" in str(refused.value)
    assert not meant or f"是不是「{meant}」" in str(refused.value)


@given(st.text(max_size=12))
def test_duration_and_offset_are_read_back_or_refused_when_anything_is_typed(text: str) -> None:
    """Whatever is typed is either kept as it is or refused by name; a suggestion can itself be read."""
    for parse, error in ((parse_duration, BadDuration), (parse_offset, BadOffset)):
        try:
            assert str(parse(text)) == text
        except error as refused:
            if meant := str(refused.fields["suggestion"]):
                assert str(parse(meant)) == meant


@pytest.mark.parametrize("unit", [Unit.DAYS, Unit.DAYS_ROLL, Unit.WORKING_DAYS])
def test_duration_is_refused_when_made_of_zero_days(unit: Unit) -> None:
    """Zero days have no last day, however they are made."""
    with pytest.raises(BadDuration):
        Duration(0, unit)


@pytest.mark.parametrize(
    "text", ["entry", "1%", "50%", "100%", "due-1wd", "due-2h", "due-4wh", "due", "due+3wd", "every 7d", "end"]
)
def test_offset_is_read_and_written_back_when_well_formed(text: str) -> None:
    """Each written form comes back as it was."""
    assert str(parse_offset(text)) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("due - 1 day", "due-1d"),
        ("Due+3WD", "due+3wd"),
        ("due+0m", "due"),
        ("due-1d roll", "due-1d"),
        ("deadline", "due"),
        ("50 %", "50%"),
        ("0%", "entry"),
        ("150%", ""),
        ("每7天", "every 7d"),
        ("every 1 week", "every 7d"),
        ("every 0h", ""),
        ("every  7d", "every 7d"),
        ("due+", ""),
        ("tomorrow", ""),
    ],
)
def test_offset_is_refused_with_what_was_meant_when_ill_formed(text: str, meant: str) -> None:
    """A near miss is told what was probably meant."""
    with pytest.raises(BadOffset) as refused:
        parse_offset(text)

    assert refused.value.fields["suggestion"] == meant
