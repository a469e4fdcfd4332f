"""The deployments the acceptance checks look at: the demo with a matter in every state of every shipped flow."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.wiring import Sanlian
from tests.acceptance.pages import furnish
from tests.acceptance.viewing import Viewing
from tests.support.demo import wired
from tests.support.every_state import every_state_of_support_lines, every_state_of_the_demo


@pytest.fixture(scope="session")
def every_state(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sanlian]:
    """The demo, with a matter in every state of its flows; only looked at, never changed."""
    made = every_state_of_the_demo(demo_file, tmp_path_factory.mktemp("every-state"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def support_lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sanlian]:
    """A town with a matter in every state of the flow for event logs; only looked at, never changed."""
    made = every_state_of_support_lines(tmp_path_factory.mktemp("lines"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def furnished(every_state: Sanlian) -> tuple[Viewing, dict[str, str]]:
    """The same deployment, served, with what some pages need, and the words for their addresses."""
    seen = Viewing(every_state)
    return seen, furnish(seen)


@pytest.fixture(scope="module")
def written_on(
    furnished: tuple[Viewing, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Viewing, dict[str, str]]]:
    """A copy of the furnished deployment that may be changed."""
    copy = tmp_path_factory.mktemp("written-on") / "demo.db"
    original = furnished[0].sanlian.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    made = wired(copy)
    yield Viewing(made), furnished[1]
    made.close()
