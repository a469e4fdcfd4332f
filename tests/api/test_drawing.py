"""Templates written as direct Python draw what Jinja's own code draws."""

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.exceptions import UndefinedError
from markupsafe import Markup, escape

from api.drawing import Templates, escaped


class Html:
    """Something that says of itself what it is in a page."""

    def __html__(self) -> str:
        return "<b>&amp;</b>"


PARTS = """
{% macro tag(text, kind="", extra=none) %}<i class="{{ kind }}" title="{{ extra }}">{{ text }}</i>{% endmacro %}
{% macro around(words) %}<p>{{ words }}{{ caller(words) }}</p>{% endmacro %}
"""
BASE = """{% block head %}base {{ given.text }}{% endblock %}|{% block body %}{% endblock %}"""
PAGE = """{% extends "base" %}{% from "parts" import tag, around %}
{% block head %}{{ super() }}{{ tag(given.text) }}{% endblock %}
{% block body %}
{% for one in given.many %}{{ loop.index }}{{ tag(one, extra=given.text) }}{{ ", " if not loop.last }}{% endfor %}
{% call(said) around(given.text) %}{{ said }}{{ tag(text="<x>", kind="'k'") }}{% endcall %}
{% set kept %}<u>{{ given.text }}</u>{% endset %}{{ kept }}
{{ tag(*given.listed) }}{{ tag(**given.named) }}{{ given.say("a&b") }}{{ given.mark }}{{ given.number }}
{{ given.many | join("<") }}{{ "a<" ~ given.text }}{{ given.nothing }}
{% endblock %}"""
TEMPLATES = {"parts": PARTS, "base": BASE, "page": PAGE}
GIVEN = SimpleNamespace(
    text="<script>alert('1 & \"2\"')</script>", many=["甲", "<乙>", 3], listed=["<l>", "k"], number=4.5, nothing=None,
    named={"text": "<n>", "kind": "k"}, say=lambda text: text + ">", mark=Markup("<hr>"),
)  # fmt: skip


def drawn_by(kind: type[Environment], **given: Any) -> str:
    """What *kind* of environment makes of the page."""
    made = kind(
        loader=DictLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.get_template("page").render(**given)


def test_page_is_the_same_when_it_is_drawn_directly() -> None:
    """Macros, blocks, loops, captured text, lists of arguments: character for character."""
    drawn = drawn_by(Templates, given=GIVEN)

    assert drawn == drawn_by(Environment, given=GIVEN)
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn


def test_what_is_missing_is_an_error_all_the_same() -> None:
    """A name that nobody gave, and one of a thing that has none such."""
    with pytest.raises(UndefinedError):
        drawn_by(Templates)
    with pytest.raises(UndefinedError):
        drawn_by(Templates, given=SimpleNamespace(text=""))


@pytest.mark.parametrize(
    "value",
    ["", "甲乙", "a & b", "<", ">", "'", '"', "&amp;", 0, -3, True, None, 1.5, Markup("<p>"), Html(), ["<"], "a\n\tb"],
    ids=lambda value: type(value).__name__,
)
def test_escaped_is_what_markupsafe_escapes(value: object) -> None:
    """For texts, marked texts, numbers and whatever else."""
    assert str(escaped(value)) == str(escape(value))
