"""What the pages show is so: commands parse, files pass the checker, cases hold, links lead somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from engine.cli.main import app
from engine.services.check_file import check_file

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(sanlian [^`]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the code blocks of a page in one language, without their indent."""
    for indent, found, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if found == language:
            yield re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)


def block_with(page: str, word: str) -> str:
    """Return the YAML block of a how-to page that holds *word*."""
    (found,) = [text for text in blocks(ROOT / "docs" / "howto" / page, "yaml") if word in text]
    return found


def whole_commands() -> list[tuple[str, str]]:
    """Every line of a shell block that calls the command line, with its page."""
    return [
        (page.name, line.partition("  #")[0].strip())
        for page in PAGES
        for text in blocks(page, "sh")
        for line in text.splitlines()
        if line.startswith("sanlian ")
    ]


def mentions() -> list[tuple[str, str]]:
    """Every mention of a command inside a sentence, with its page."""
    return [(page.name, found) for page in PAGES for found in INLINE.findall(page.read_text(encoding="utf-8"))]


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that the first words name, and the words after them."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and isinstance(command, TyperGroup) and rest[0] in command.list_commands(typer.Context(command)):
        command = command.get_command(typer.Context(command), rest.pop(0))
    return command, rest


@pytest.mark.parametrize(("file", "line"), whole_commands(), ids=lambda value: value)
def test_command_line_parses_when_it_stands_in_a_block(file: str, line: str) -> None:
    """A command shown whole is taken by the command line as it stands."""
    command, rest = resolve(shlex.split(line)[1:])

    assert not isinstance(command, TyperGroup), f"{file}: {line}"
    command.make_context(line, rest)


@pytest.mark.parametrize(("file", "line"), mentions(), ids=lambda value: value)
def test_command_exists_when_a_sentence_names_it(file: str, line: str) -> None:
    """A command named in a sentence exists, and so do its options."""
    command, rest = resolve(shlex.split(line)[1:])
    known = {flag for one in command.params for flag in (*one.opts, *one.secondary_opts)}

    assert command is not typer.main.get_command(app), f"{file}: {line}"
    assert {word for word in rest if word.startswith("--")} <= known
    assert not (isinstance(command, TyperGroup) and rest), f"{file}: {line}"


def test_flow_of_the_page_passes_the_checker(tmp_path: Path) -> None:
    """The flow that the page shows has no fault."""
    file = tmp_path / "lost_and_found.yaml"
    file.write_text(block_with("write_a_flow.md", "workflow:"), encoding="utf-8")

    assert check_file(file) == ()


def test_year_of_the_page_passes_the_checker(tmp_path: Path) -> None:
    """The table of a year that the page shows has no fault."""
    file = tmp_path / "cn_office" / "2027.yaml"
    file.parent.mkdir()
    file.write_text(block_with("add_a_year.md", "year:"), encoding="utf-8")

    assert check_file(file) == ()


def test_case_of_the_page_holds_when_lived_through(tmp_path: Path) -> None:
    """The case that the page shows is what the engine does."""
    flows = Path(copytree(ROOT / "workflows", tmp_path / "workflows"))
    file = flows / "cases" / "shown.yaml"
    file.write_text(block_with("write_a_case.md", "case:"), encoding="utf-8")

    done = CliRunner().invoke(app, ["test", str(file)])

    assert done.exit_code == 0, done.output


def test_rows_of_the_page_stand_in_the_shipped_limits() -> None:
    """The rows that the page shows are those that are shipped."""
    shipped = (ROOT / "workflows" / "three_tier.limits.yaml").read_text(encoding="utf-8")

    for line in block_with("change_the_limits.md", "rows:").splitlines():
        assert line in shipped


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(file: Path) -> None:
    """Every relative link names a file or folder that is there."""
    text = BLOCK.sub("", file.read_text(encoding="utf-8"))

    assert [link for link in LINK.findall(text) if not (file.parent / link).exists()] == []


def test_files_named_in_the_pages_are_there() -> None:
    """Every path into the project that a page names in code exists."""
    named = {
        (page.name, path)
        for page in PAGES
        for path in re.findall(r"`((?:engine|api|workflows|tests|docs|scripts)/[\w./-]+)`", page.read_text("utf-8"))
    }
    to_be_written = {"workflows/calendars/cn_office/2027.yaml"}  # the page says how

    assert {(page, path) for page, path in named if not (ROOT / path).exists()} <= {
        (page, path) for page, path in named if path in to_be_written
    }
