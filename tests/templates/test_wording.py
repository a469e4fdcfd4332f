"""A lint over templates and page code: no style of its own, full-width marks, no «system» as somebody who acts."""

import re
from pathlib import Path

import pytest

from tests.support.shipped import shipped_catalogue, shipped_flows

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TEXTS = TEMPLATES + sorted((ROOT / "api").rglob("*.py")) + sorted((ROOT / "engine" / "services").glob("*.py"))
HAN = "[\u4e00-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,;:?!]{HAN}|{HAN}[,;?!](?=[\"'<\s])")
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)


def style_faults(text: str) -> list[str]:
    """Style attributes and colour literals."""
    return re.findall(
        r"\sstyle\s*=|#[0-9a-fA-F]{3,8}\b(?=[\"';\s])|\brgba?\(|\bhsla?\(|<style|\son[a-z]+\s*=\s*\"", text
    )


def word_faults(text: str) -> list[str]:
    """Half-width marks after Chinese, exclamation, «亲», and the system as an actor."""
    plain = COMMENT.sub("", CODE.sub("", text))
    return [
        *(match.group(0) for match in HALF_WIDTH.finditer(plain)),
        *re.findall(rf"{HAN}！|亲，|系统(?:会|将|已|自动|提醒|升级|出错)", plain),
    ]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_templates_carry_no_style_of_their_own(file: Path) -> None:
    """Colours and sizes stand in the style sheet only."""
    assert style_faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_words_for_people_keep_the_rules(file: Path) -> None:
    """Full-width marks between Chinese characters, no exclamation, nobody called «the system»."""
    assert word_faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "bad", ['<p style="x">', '<i fill="#fff">', "<style>", '<a onclick="x()">', '<p class="a" style = "b">']
)
def test_lint_finds_style_when_there_is_some(bad: str) -> None:
    """The rule can fail."""
    assert style_faults(bad)


@pytest.mark.parametrize("bad", ["好,的", "办完了！", "系统自动升级", "亲，请稍等", "时限:三天"])
def test_lint_finds_words_when_they_break_the_rules(bad: str) -> None:
    """The rule can fail."""
    assert word_faults(bad)


@pytest.mark.parametrize("good", ["办完了。", "11月24日 17:30", "{% if x, y %}好", "v1 第 3 行", "好，的"])
def test_lint_lets_good_words_pass(good: str) -> None:
    """Times, code and full-width marks are fine."""
    assert word_faults(good) == []


def test_no_category_is_called_like_something_that_is_done() -> None:
    """Whoever chooses what a demand is about is not offered what becomes of it: that is another's to decide."""
    flow = shipped_flows()["three_tier"]
    done = {action.label.zh for state in flow.states for action in flow.actions_of(state).values()}
    done |= {state.label.zh for state in flow.states.values()}

    assert [one.id for one in shipped_catalogue().entries.values() if one.label.zh in done] == []
