"""What every page must keep, as faults found on its tree: structure, labels, words, no style and no script in it."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.support.markup import SILENT, Element
from tests.templates.test_wording import word_faults

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
FIELDS = ("input", "select", "textarea")
PRESSED = ("hidden", "submit", "button")
REFERS = ("aria-labelledby", "aria-describedby", "aria-controls")
PRODUCT = " · 三级联动"
WORDLESS_LEVELS = ("lv", "due")
# Forms that may be sent twice without harm, by the end of their address: why no key is needed.
REPEATABLE = {
    r"/sign-in": "another session",
    r"/password-again": "asks again",
    r"/first-run": "over once there are people",
    r"/look": "sets what is set",
    r"/sign-out": "is over already",
    r"/password": "the old password no longer fits",
    r"/sessions": "is over already",
    r"/as": "sets what is set",
    r"/track": "leads on",
    r"/matters/[^/]+/receipt": "the newest receipt is the one that opens",
    r"/limits/proposals/[^/]+/(send|withdraw|approve|refuse)": "a proposal is decided once",
    r"/orders/in": "another look at the same file",
    r"/orders/in/[^/]+": "an order is taken in once, by its number",
    r"/audit/verify": "changes nothing",
    r"/audit/[^/]+/(export|verify)": "another copy",
    r"/people/(posts/end|units/[^/]+/posts|import|import/[^/]+|leave|leave/end)": "sets what is set",
    r"/roster(/remove)?": "sets what is set",
    r"/matters/[^/]+/erase(/withdraw)?": "one wish waits for each demand",
    r"/erasures/[^/]+/(agree|refuse)": "a wish is decided once",
    r"/held/(trust|release)": "nothing is held any more",
    r"/accounts/(open|reset|close|reopen|end|first)": "sets what is set",
}


def faults_of(page: Element, *, path: str) -> list[str]:
    """Everything a page breaks, in words."""
    found = [*_frame(page), *_headings(page), *_names(page), *own_style(page), *_words(page), *_forms(page, path)]
    return [*found, *_current(page, path.split("?", 1)[0])]


def _frame(page: Element) -> Iterator[str]:
    if page.first("html").attributes.get("lang") != "zh-CN":
        yield "lang"
    mains = page.all("main")
    if [one.attributes.get("id") for one in mains] != ["main"]:
        yield f"{len(mains)} main"
    skip = page.first("body").first("a")
    if skip.attributes.get("href") != "#main":
        yield "no skip link first"
    title = page.first("title").text
    if not title.endswith(PRODUCT) or title == PRODUCT.strip(" ·"):
        yield f"title {title}"
    for nav in page.all("nav"):
        if not nav.attributes.get("aria-label"):
            yield "nav without a name"


def _headings(page: Element) -> Iterator[str]:
    levels = [int(one.tag[1]) for one in page.walk() if one.tag in HEADINGS]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} h1"
    for one, after in pairwise(levels):
        if after > one + 1:
            yield f"h{one} is followed by h{after}"
    for heading in page.walk():
        if heading.tag in HEADINGS and not heading.text:
            yield f"empty {heading.tag}"


def _names(page: Element) -> Iterator[str]:
    """Fields with labels, links and buttons with words, references that lead somewhere, ids once."""
    ids = Counter(one.attributes["id"] for one in page.walk() if "id" in one.attributes)
    yield from (f"id {name} {times} times" for name, times in ids.items() if times > 1)
    labelled = {one.attributes["for"] for one in page.all("label") if "for" in one.attributes and one.text}
    for one in page.walk():
        where = f"<{one.tag} {one.attributes.get('name') or one.attributes.get('id') or one.text[:30]}>"
        yield from (
            f"{where} refers to {ref}"
            for key in REFERS
            for ref in one.attributes.get(key, "").split()
            if ref not in ids
        )
        if one.tag in FIELDS and one.attributes.get("type") not in PRESSED and "hidden" not in one.attributes:
            if not (_is_named(one) or one.attributes.get("id") in labelled or one.is_within("label")):
                yield f"{where} has no label"
        elif one.tag in ("a", "button", "summary") and not (one.text or _is_named(one) or one.all("img")):
            yield f"{where} has no words"
        elif one.tag == "img" and not one.attributes.get("alt"):
            yield f"{where} has no alt"
        elif one.tag == "aside" and not _is_named(one):
            yield f"{where} has no name"
        if one.classes.intersection(WORDLESS_LEVELS) and not one.text:
            yield f"{where} says nothing beside its colour"


def _is_named(one: Element) -> bool:
    return bool(one.attributes.get("aria-label") or one.attributes.get("aria-labelledby"))


def own_style(page: Element) -> Iterator[str]:
    for one in page.walk():
        yield from (f"{key} on <{one.tag}>" for key in one.attributes if key == "style" or key.startswith("on"))
        if one.tag == "style" or (one.tag == "script" and not one.attributes.get("src")):
            yield f"<{one.tag}> in the page"
        for key in ("src", "href", "action", "formaction", "poster"):
            if re.match(r"(?:[a-z]+:)?//|javascript:", one.attributes.get(key, "")):
                yield f"{key}={one.attributes[key]}"


def _words(page: Element) -> Iterator[str]:
    for one in page.walk():
        if one.tag in SILENT:
            continue
        said = [text for text in one.content if isinstance(text, str)]
        said += [one.attributes.get(key, "") for key in ("aria-label", "alt", "title", "placeholder")]
        for text in said:
            yield from (f"{fault} in {text.strip()[:60]}" for fault in word_faults(text))


def _forms(page: Element, path: str) -> Iterator[str]:
    buttons = [one for one in page.all("button") if one.attributes.get("type", "submit") == "submit"]
    for form in page.all("form"):
        action, method = form.attributes.get("action", ""), form.attributes.get("method", "get")
        name = f"form {action or '?'} on {path}"
        if not action:
            yield f"{name} leads nowhere"
        mine = [one for one in buttons if one.attributes.get("form") == form.attributes.get("id", "-")]
        if not mine and not [one for one in form.all("button") if one in buttons]:
            yield f"{name} has no button"
        keyed = any(one.attributes.get("value") for one in form.all("input", type="hidden", name="key"))
        if method == "post" and not keyed and not any(re.fullmatch(rule, action) for rule in REPEATABLE):
            yield f"{name} has no key"


def _current(page: Element, path: str) -> Iterator[str]:
    """The entry of the navigation that leads to this page says so, and only one entry of each navigation."""
    for nav in page.all("nav"):
        links = nav.all("a")
        marked = [one for one in links if one.attributes.get("aria-current") in ("page", "true")]
        if len(marked) > 1:
            yield f"{len(marked)} current entries in {nav.attributes.get('aria-label')}"
        if {"rail", "tabbar"} & nav.classes:
            here = [one for one in links if one.attributes.get("href") == path and "brand" not in one.classes]
            yield from (f"{one.text} is not marked" for one in here if one not in marked)
