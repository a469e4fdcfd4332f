"""What a form shows of lengths and instants is what it reads; what people type otherwise is understood or refused."""

import pytest

from engine.core.clock.duration import Duration, Unit, parse_duration, parse_offset
from engine.core.workflow.cell_words import read_cell, read_when, say_cell, say_when
from engine.errors import BadDuration, BadOffset


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("amount", [1, 4, 90])
def test_shown_length_reads_as_itself(unit: Unit, amount: int) -> None:
    """Every unit goes to words and back, and its own writing reads too."""
    length = Duration(amount, unit)

    assert read_cell(say_cell(length)) == read_cell(str(length)) == length


@pytest.mark.parametrize(
    "written", ["due", "due-1wd", "due+15m", "due+3d", "due-4wh", "50%", "every 7d", "entry", "end", "every 2wd"]
)
def test_shown_instant_reads_as_itself(written: str) -> None:
    """Every kind of instant goes to words and back."""
    at = parse_offset(written)

    assert read_when(say_when(at)) == read_when(written) == at


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("3 个工作日", "3wd"),
        ("３工作日", "3wd"),
        (" 4 工时 ", "4wh"),
        ("1.5 工时", "90wm"),
        ("2 周", "14d"),
        ("3 wd", "3wd"),
        ("7天顺延", "7d roll"),
    ],
)
def test_length_is_understood_as_people_type_it(typed: str, meant: str) -> None:
    """Full-width digits, blanks, measure words and halves are no obstacle."""
    assert read_cell(typed) == parse_duration(meant)


@pytest.mark.parametrize("typed", ["", "很快", "3", "0 工作日", "-1 天", "3 工作日 4 工时", "1e9 天", "99999 工作日"])
def test_what_is_no_length_is_refused(typed: str) -> None:
    """A number without its unit is not guessed at."""
    with pytest.raises(BadDuration):
        read_cell(typed)


@pytest.mark.parametrize("typed", ["", "早点", "到期前", "到期前 很快", "到期后 0 天", "due-", "101%"])
def test_what_is_no_instant_is_refused(typed: str) -> None:
    """Half a sentence is not guessed at."""
    with pytest.raises(BadOffset):
        read_when(typed)
