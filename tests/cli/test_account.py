"""`sanlian account`: a code while nobody can sign in, a one-time password afterwards."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cli.main import app
from engine.core.terms import Office
from engine.services.first_run import Administrator, make_administrators
from engine.services.sign_in import Given, Keys, sign_in
from engine.settings import Settings
from engine.wiring import wire
from tests.support.demo import CHEAP

CODE = re.compile(r"\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a deployment may be made."""
    return f"sqlite:///{tmp_path / 'sanlian.db'}"


def run(url: str, *words: str) -> Result:
    """Run a command of accounts."""
    return CliRunner().invoke(app, ["account", *words], env={"SANLIAN_DATABASE_URL": url})


def code_in(text: str) -> str:
    """The code that was printed."""
    found = CODE.search(text)
    assert found is not None, text
    return found[0]


def test_printed_code_lets_three_in_and_printed_password_lets_one_of_them_in_again(url: str) -> None:
    """From nothing to a reset password, with what stands on the screen alone."""
    code = code_in(run(url, "code").output)
    sanlian = wire(Settings(database_url=url), hasher=CHEAP)
    keys = Keys(hasher=CHEAP, ids=sanlian.door.ids, salts=sanlian.door.salts)
    three = [
        Administrator(office=office, login=f"a-{number}", name=name, password=f"{word}-harbour-lantern")
        for number, (office, name, word) in enumerate(zip(Office, "甲乙丙", ("plum", "tofu", "kite"), strict=True))
    ]
    now = sanlian.clock.now()
    assert make_administrators(sanlian.uow, code, three, address="", keys=keys, now=now) == ()

    refused = run(url, "code")
    listed = run(url, "list").output
    password = code_in(run(url, "reset", "A-2").output)
    begun = sign_in(sanlian.uow, Given("a-2", password, ""), keys=sanlian.keys, now=now)
    sanlian.close()

    assert refused.exit_code == 2
    assert "已经有人能登录了" in refused.output
    assert listed.splitlines() == ["a-0  甲  系统管理员", "a-1  乙  安全管理员", "a-2  丙  审计员"]
    assert begun.must_change


@pytest.mark.parametrize("words", [["reset", "nobody"], ["list"]])
def test_nothing_is_made_where_there_is_no_deployment(url: str, words: list[str]) -> None:
    """Looking makes no database."""
    result = run(url, *words)

    assert result.exit_code == 2
    assert not Path(url.removeprefix("sqlite:///")).exists()
