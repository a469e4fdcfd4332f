"""Every form that does something in somebody's name says who its page was drawn for."""

import re
from pathlib import Path

import pytest

from api.writing import FIELD

TEMPLATES = Path(__file__).parents[2] / "templates"
_FORM = re.compile(r'<form\b[^>]*?method="post"[^>]*?action="([^"]*)".*?</form>', re.DOTALL)
# About the browser itself, one's own sessions and posts, or by residents, who do not sign in.
OWN = ("/look", "/sign-in", "/sign-out", "/first-run", "/as", "/sessions", "/password", "/track", "{{ path }}")
CARRIED = "/password-again"  # with all fields of the form that was interrupted
DEMO = "/demo/clock"


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_form_says_who_wrote_it(file: Path) -> None:
    """A hidden field after the tag: `<input type="hidden" name="writer" value="{{ page.writer }}">`."""
    forms = [(form[1], form[0]) for form in _FORM.finditer(file.read_text())]

    nameless = [action for action, form in forms if f'name="{FIELD}" value="{{{{ ' not in form]
    others = [one for one in nameless if one not in (*OWN, CARRIED, DEMO) and not one.startswith("{{ path }}/")]

    assert others == []
