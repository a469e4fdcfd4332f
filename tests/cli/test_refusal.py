"""Whatever a command cannot do is said in one line, with the exit code that the caller waits for."""

import pytest
import typer

from engine.cli.refusal import FOUND, USAGE, refusals
from engine.errors import BadCalendar, CalendarFaults, Conflict, NotFound, SanlianError

FAULTY = (CalendarFaults, Conflict)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CalendarFaults(findings=[], count=1, listing="第 3 行"), FOUND),
        (Conflict(what="别人先改了"), FOUND),
        (BadCalendar(where="日历", found="", expected="文件"), USAGE),
        (NotFound(what="日历", found="x"), USAGE),
    ],
    ids=["one looked for", "another looked for", "its parent", "any other"],
)
def test_refusals_end_with_its_code_when_an_error_of_ours_comes(
    error: SanlianError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the command looks for is 1, everything else the code of wrong usage; the words go beside the output."""
    with pytest.raises(typer.Exit) as ended, refusals(found=FAULTY):
        raise error

    assert ended.value.exit_code == code
    assert capsys.readouterr() == ("", f"{error}\n")


def test_refusals_let_through_what_is_not_ours() -> None:
    """A fault of the program is not worded away."""
    with pytest.raises(ZeroDivisionError), refusals():
        raise ZeroDivisionError
