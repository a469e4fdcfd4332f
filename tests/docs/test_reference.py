"""Every command, setting, error, finding and key is documented, and the pages say what the code says."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from engine.core import terms
from engine.settings import Settings, read_settings
from scripts import make_reference, reference_words
from scripts.make_reference import FOLDER, TERM_TITLES, TERMS, error_kinds, finding_codes_used, pages, settings_read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", pages())
def test_page_holds_when_made_again(name: str) -> None:
    """A page that differs from the code is made anew by `python -m scripts.make_reference`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name]


def test_folder_holds_no_other_page_when_one_is_dropped() -> None:
    """What is no longer made is no longer there."""
    assert {path.name for path in FOLDER.iterdir()} == set(pages())


def test_every_setting_is_documented_when_the_code_reads_it() -> None:
    """Each variable that the code names has a line with its meaning, and no other has."""
    assert settings_read() == set(reference_words.SETTINGS)
    assert [name for name, _ in reference_words.SETTINGS.values()] == [field.name for field in fields(Settings)]


@pytest.mark.parametrize(("variable", "attribute"), [(name, one[0]) for name, one in reference_words.SETTINGS.items()])
def test_setting_fills_the_attribute_it_is_documented_for(variable: str, attribute: str) -> None:
    """The variable changes exactly that attribute."""
    given = {"SANLIAN_MODE": "distributed", "SANLIAN_DATABASE_URL": "postgresql+psycopg://somewhere/x"}
    environment = {"SANLIAN_DATABASE_URL": given["SANLIAN_DATABASE_URL"], variable: given.get(variable, "x")}

    assert getattr(read_settings(environment), attribute) == environment[variable]


def test_every_variable_of_the_tests_is_documented_when_they_read_it() -> None:
    """Variables that only tests read stand in a table of their own."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    read = {name for text in texts for name in re.findall(r"environ(?:\.get\(|\[)\"(SANLIAN_[A-Z_]+)\"", text)}

    assert read - set(reference_words.SETTINGS) <= set(reference_words.TEST_SETTINGS)


def test_every_finding_code_is_documented_when_it_is_used() -> None:
    """Each code has a line, and no line is about a code that is never given."""
    assert finding_codes_used() == set(reference_words.FINDING_CODES)


def test_every_error_is_documented_when_it_can_be_raised() -> None:
    """Each error of the tree has a code of its own, a line and a status."""
    codes = [kind.code for kind in error_kinds()]

    assert len(codes) == len(set(codes))
    assert set(codes) == set(reference_words.ERRORS)


def test_every_closed_set_of_words_is_documented_when_it_is_a_term() -> None:
    """A new set of words in the glossary has a place on the page, and every label is there."""
    source = ast.parse((ROOT / "engine" / "core" / "terms.py").read_text(encoding="utf-8"))
    declared = {
        node.name
        for node in ast.walk(source)
        if isinstance(node, ast.ClassDef) and any(isinstance(one, ast.Name) and one.id == "Term" for one in node.bases)
    }
    text = pages()["words.md"]

    assert declared == {kind.__name__ for kind in TERMS} == set(TERM_TITLES)
    assert all(f"| `{word.value}` | {word.label} |" in text for kind in TERMS for word in kind)
    assert all(issubclass(kind, terms.Term) for kind in TERMS)


def parameters() -> Iterator[tuple[str, object]]:
    """Yield every command, and each of its options and arguments."""
    for name, command in make_reference.commands():
        yield name, command
        yield from ((f"{name} {one.name}", one) for one in command.params if one.name != "help")


@pytest.mark.parametrize(("name", "one"), list(parameters()), ids=[name for name, _ in parameters()])
def test_command_says_what_it_does_when_asked_for_help(name: str, one: object) -> None:
    """Each command, option and argument has a sentence."""
    assert getattr(one, "help", None), name


def test_check_finds_a_page_that_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --check nothing is written and the exit code is 1 until the pages were made."""
    monkeypatch.setattr(make_reference, "ROOT", tmp_path)
    monkeypatch.setattr(make_reference, "FOLDER", tmp_path / "reference")
    monkeypatch.setattr(make_reference, "pages", lambda: {"one.md": "text\n"})

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["make_reference", *arguments])
        return make_reference.main()

    assert run("--check") == 1
    assert not (tmp_path / "reference").exists()
    assert (run(), run("--check")) == (0, 0)
