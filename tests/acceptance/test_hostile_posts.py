"""Posts made by hand: hostile text in every field of every form, guessed addresses, forms sent from other sites."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

import pytest
from starlette.testclient import TestClient

from api.writing import FIELD as WRITER
from tests.acceptance.html_rules import FIELDS, own_style
from tests.acceptance.pages import ACCOUNTS, CENTRE, OFFICE, PEOPLE, WORKER, Visit, visits
from tests.acceptance.viewing import AUDITOR, Viewing
from tests.api.test_authorisation import TABLE
from tests.support.markup import Element, read_markup

Site = tuple[Viewing, dict[str, str]]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg onload=alert(1)>"
TEXTS = {
    "a NUL": "看\x00不见",
    "a lone surrogate": "半个\ud800字",
    "one megabyte": "字" * 350_000,
    "marks that turn the line": "\u202e反过来\u2066\u200f",
    "odd text": "{{ 7*7 }}{% raw %}${7*7} '; DROP TABLE matter; -- 👩‍👩‍👧‍👦🏳️‍🌈",
    "a formula": '=HYPERLINK("http://elsewhere/","x")',
    "a script": SCRIPT,
}
EVERYWHERE = ("a NUL", "a script")  # in hidden fields and choices, too
TYPED = ("text", "search", "password", "tel", "")
ENDS_SESSIONS = ("/sign-out", "/sessions", "/password")
REFUSED = frozenset((400, 403, 404, 409, 412, 413, 422, 428, 429))
HAN = re.compile("[\u4e00-\u9fff]")
GUESSES = (
    "0", "none", "9999-0001", "2611-9999", "..%2F..%2Fetc%2Fpasswd", "%27%20OR%201%3D1--", "%00", "%ED%A0%80",
    "%3Cscript%3E", "a" * 3000,
)  # fmt: skip
# Who may open what lies below an address.
OPENERS = {
    "/audit": AUDITOR, "/people": PEOPLE, "/roster": PEOPLE, "/accounts": ACCOUNTS, "/limits": OFFICE,
    "/work": WORKER, "/t/": None, "/erasures": PEOPLE,
}  # fmt: skip
# A path that is not a matter's, a unit's, a code's: what it names is chosen from few words.
CHOSEN = {"/figures/{name}": (404, 422), "/orders/out/{export}/{form}": (404, 422)}
WITH_FORMS: list[Visit] = []  # the pages on which a form is first met, once they are known


@dataclass(frozen=True)
class Found:
    """A form as it stands on a page, and who found it there."""

    who: str | None
    action: str
    method: str
    typed: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]


def forms_on(seen: Viewing, words: dict[str, str]) -> Iterator[Found]:
    """Every form of every page, one for each address; those that end sessions are not sent by everybody."""
    known: set[str] = set()
    for visit in tuple(WITH_FORMS) or tuple(visits(words)):
        page = seen.page(visit.who, visit.path)
        for form in page.all("form") if page is not None else ():  # a press before may have ended what it shows
            action = form.attributes["action"]
            if action not in known and not action.startswith(ENDS_SESSIONS):
                if visit not in WITH_FORMS:
                    WITH_FORMS.append(visit)
                known.add(action)
                yield _read(form, visit.who)


def _read(form: Element, who: str | None) -> Found:
    fields: dict[str, str] = {}
    typed = []
    for one in form.walk():
        kind, field = one.attributes.get("type", ""), one.attributes.get("name", "")
        if one.tag not in FIELDS or not field or kind == "file":
            continue
        if one.tag == "textarea" or (one.tag == "input" and kind in TYPED):
            typed.append(field)
            fields[field] = one.attributes.get("value") or "好"
        elif one.tag == "select":
            chosen = [choice.attributes.get("value", "") for choice in one.all("option")]
            fields[field] = next((value for value in chosen if value), "")
        else:
            fields.setdefault(field, one.attributes.get("value", "on"))
    return Found(who, form.attributes["action"], form.attributes.get("method", "get"), tuple(typed), (*fields.items(),))


def send(browser: TestClient, found: Found, values: dict[str, str]) -> None:
    """Send a form; the answer must be clear, in Chinese where it says no, and whatever stands in it inert."""
    pairs = [f"{_quoted(name)}={_quoted(value)}" for name, value in values.items()]
    if found.method == "get":
        answer = browser.get(f"{found.action}?{'&'.join(pairs)[:60_000]}")
    else:
        answer = browser.post(
            found.action,
            content="&".join(pairs),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    assert answer.status_code in {200, 303} | REFUSED, f"{found.action}: {answer.status_code}"
    if answer.status_code == 303:
        where = answer.headers["location"]
        assert where.startswith("/"), where
        assert not where.startswith("//"), where
        answer = browser.get(where)
        assert answer.status_code in {200, 303} | REFUSED, f"{found.action} to {where}: {answer.status_code}"
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    page = read_markup(answer.text)
    assert not [*own_style(page)]
    assert not re.search("<script>alert|<img src=x|<svg onload", answer.text)
    if answer.status_code in REFUSED:
        assert HAN.search(page.first("h1").text), found.action


def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_is_refused_in_words_or_shown_as_it_is(written_on: Site, name: str) -> None:
    """In every field in which somebody types, of every form of every page, all others as they should be."""
    seen, words = written_on
    sent = 0
    for found in forms_on(seen, words):
        if found.typed:
            values = {**dict(found.fields), **dict.fromkeys(found.typed, TEXTS[name])}
            send(seen.browser(found.who), found, values)
            sent += 1
    assert sent > len(TEXTS)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_hostile_text_is_refused_where_nobody_types(written_on: Site, name: str) -> None:
    """In hidden fields and choices too, keys and versions among them; who wrote it is compared first of all."""
    seen, words = written_on
    for found in forms_on(seen, words):
        honest = {field: value for field, value in found.fields if field == WRITER}
        hostile = {field: TEXTS[name] for field, _ in found.fields}
        send(seen.browser(found.who), found, hostile | honest)
        if honest:
            answer = seen.browser(found.who).post(found.action, data=honest | {WRITER: SCRIPT})
            assert answer.status_code == 401, found.action
            assert "<script>alert" not in answer.text


@pytest.mark.parametrize("name", ["..\\..\\<script>alert(1)</script>.csv", "\u202egpj.exe", "a" * 300])
def test_hostile_name_of_a_file_is_inert(written_on: Site, name: str) -> None:
    """Every form that takes a file: what is not one is refused, and its name is only text."""
    seen, words = written_on
    for visit in visits(words):
        page = seen.page(visit.who, visit.path)
        for form in page.all("form", method="post") if page is not None else ():
            fields = dict(_read(form, visit.who).fields)
            for field in form.all("input", type="file"):
                files = {field.attributes["name"]: (name, b"MZ<script>alert(1)</script>", "image/png")}
                answer = seen.browser(visit.who).post(form.attributes["action"], data=fields, files=files)
                assert answer.status_code in REFUSED, form.attributes["action"]
                assert [*own_style(read_markup(answer.text))] == []


def opener_of(path: str) -> str | None:
    """Who opens what lies at *path*."""
    return next((who for start, who in OPENERS.items() if path.startswith(start)), CENTRE)


GUESSED = [route for route in TABLE if "{" in route and not route.startswith(("MOUNT", "GET /api/", "POST /api/"))]


@pytest.mark.parametrize("route", GUESSED)
def test_guessed_address_opens_nothing(written_on: Site, route: str) -> None:
    """Whatever is guessed for the first word of an address, the answer is the same: there is no such thing."""
    seen = written_on[0]
    method, path = route.split(" ", 1)
    form = {"key": "k", "if-match": '"x"', "reason": "x", "purpose": "handle"}
    for guess in GUESSES:
        address = re.sub(r"\{\w+\}", guess, path, count=1)
        address = re.sub(r"\{(\w+)\}", lambda found: {"action": "note", "form": "xlsx"}[found[1]], address)
        answer = seen.browser(opener_of(path)).request(method, address, data=form if method == "POST" else None)
        expected = CHOSEN.get(path, (404, 429) if path.startswith("/t/") else (404,))
        assert answer.status_code in expected, f"{address[:80]}: {answer.status_code}"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_form_sent_from_another_site_is_refused_everywhere(furnished: Site, site: str) -> None:
    """Every route that takes a post, signed in or not."""
    browser = furnished[0].browser(CENTRE)
    for route in TABLE:
        method, path = route.split(" ", 1)
        if method == "POST":
            answer = browser.post(re.sub(r"\{\w+\}", "x", path), data={"key": "k"}, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403, route
            assert "set-cookie" not in answer.headers
