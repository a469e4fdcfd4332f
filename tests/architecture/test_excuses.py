"""Whoever switches a check off says why, on the same line."""

import io
import re
import tokenize

import pytest

from tests.architecture.source_tree import project_files, python_files, read

# Built from pieces: the rule must not find itself.
EXCUSE = re.compile(
    r"#\s*(?:"
    + "|".join(
        [
            "no" + r"qa(?::\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?",
            "ty" + r"pe:\s*ignore(?:\[[^\]]*\])?",
            "my" + r"py:\s*[a-z-]+(?:\s*=\s*[\w\", -]+)?",
            "ru" + r"ff:\s*no" + r"qa(?::\s*[A-Z0-9, ]+)?",
            "pra" + r"gma:\s*no\s+(?:cover|branch)",
        ]
    )
    + r")(?P<reason>.*)"
)
SWITCHED_OFF = re.compile(r"^(?:ignore|ignore_imports|filterwarnings|DEP\d+)\s*=\s*\[\s*$")


def excuses_without_reason(source: str) -> list[str]:
    """Return `line: comment` of each comment of *source* that switches a check off and gives no reason."""
    comments = (
        token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT
    )
    return [
        f"{token.start[0]}: {token.string}"
        for token in comments
        for match in EXCUSE.finditer(token.string)
        if len(re.findall(r"\w+", match["reason"])) < 2
    ]


def settings_without_reason(toml: str) -> list[str]:
    """Return the entries of lists of switched-off checks in *toml* that have no comment."""
    found, inside = [], False
    for line in toml.splitlines():
        if SWITCHED_OFF.match(line.strip()):
            inside = True
        elif inside and line.strip() == "]":
            inside = False
        elif inside and "#" not in line:
            found.append(line.strip())
    return found


def test_excuses_have_reasons_when_code_switches_a_check_off() -> None:
    """Every excuse in the code says why on its own line."""
    found = {str(path): excuses_without_reason(read(path)) for path in python_files()}

    assert {path: lines for path, lines in found.items() if lines} == {}


def test_excuses_have_reasons_when_settings_switch_a_check_off() -> None:
    """Every entry of an ignore list in a settings file says why on its own line."""
    files = [path for path in project_files() if path.suffix == ".toml"]

    assert {
        str(path): settings_without_reason(read(path)) for path in files if settings_without_reason(read(path))
    } == {}


@pytest.mark.parametrize(
    ("comment", "bare"),
    [
        ("no" + "qa: S603", True),
        ("no" + "qa: S603  # a fixed command, no input in it", False),
        ("no" + "qa: S603, S607", True),
        ("no" + "qa", True),
        ("ty" + "pe: ignore[arg-type]", True),
        ("ty" + "pe: ignore[arg-type]  # transitions is wrong about this", False),
        ("pra" + "gma: no cover", True),
        ("pra" + "gma: no cover - only on Windows", False),
        ("an ordinary remark", False),
    ],
)
def test_excuse_is_found_when_it_gives_no_reason(comment: str, bare: bool) -> None:
    """A code alone is no reason; a text after it is."""
    assert bool(excuses_without_reason(f"a = 1  # {comment}\n")) == bare


def test_setting_is_found_when_it_gives_no_reason() -> None:
    """Only entries of lists that switch something off need a reason."""
    toml = 'select = [\n    "E",\n]\nignore = [\n    "B008",\n    "S101",  # assert narrows\n]\n'

    assert settings_without_reason(toml) == ['"B008",']
