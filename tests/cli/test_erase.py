"""`sanlian erase`: says what would go, asks, erases once, and the log is as provable as before."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from tests.support.town import DISTRICT
from tests.support.two_streets import RESIDENT_NAME, settle_two_streets

NUMBER = "2603-0001"


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the two streets."""
    return settle_two_streets


@pytest.fixture
def run(prepared_sqlite_url: str) -> Callable[..., Result]:
    """Run a command there, with what is typed when it asks."""
    env = {"SANLIAN_DATABASE_URL": prepared_sqlite_url, "SANLIAN_DISTRICT": DISTRICT}
    return lambda *words, typed="": CliRunner().invoke(app, list(words), env=env, input=typed)


def test_erase_says_what_would_go_and_does_nothing_when_it_is_only_asked(run: Callable[..., Result]) -> None:
    """A dry run, and a question that nobody answers with yes, leave everything: what is there is told again."""
    tried = run("erase", NUMBER, "--reason", "requested", "--dry-run")
    refused = run("erase", NUMBER, "--reason", "requested", typed="n\n")
    again = run("erase", NUMBER, "--reason", "requested", "--dry-run")

    assert (tried.exit_code, refused.exit_code, again.exit_code) == (0, 1, 0)
    assert "没有删" in refused.output
    assert "会删：姓名和电话 " in tried.output
    assert tried.output == again.output


def test_erase_takes_words_away_once_and_verify_finds_nothing_new(run: Callable[..., Result]) -> None:
    """A second run says that it is done; the history says what was erased in place of the words."""
    before = run("verify", "--no-record").exit_code

    done = run("erase", NUMBER, "--reason", "requested", "--yes")
    second = run("erase", NUMBER, "--reason", "requested", "--yes")
    history = run("history", NUMBER).output

    assert (done.exit_code, second.exit_code) == (0, 0)
    assert "已按要求删去" in second.output
    assert "按要求删去了不公开的内容" in history
    assert "detail：（已按要求删去）" in history
    assert run("verify", "--no-record").exit_code == before


def test_erase_leaves_what_was_not_named(run: Callable[..., Result]) -> None:
    """Who called goes; the words stay."""
    run("erase", NUMBER, "--reason", "withdrawn", "--only", "people", "--yes")

    assert "会删：文字 " in run("erase", NUMBER, "--reason", "withdrawn", "--dry-run").output


@pytest.mark.parametrize(
    "words",
    [
        ("2603-9999", "--reason", "requested"),
        (NUMBER, "--reason", f"{RESIDENT_NAME}来电要求"),
        (NUMBER, "--reason", "requested", "--only", "everything"),
        (NUMBER,),
    ],
    ids=["no such number", "a reason in words of one's own", "no such part", "no reason"],
)
def test_erase_is_refused_with_the_code_of_wrong_usage(run: Callable[..., Result], words: tuple[str, ...]) -> None:
    """Nothing is erased; a reason is one of the list, for it stands in the history for good."""
    assert run("erase", *words, "--yes").exit_code == 2
