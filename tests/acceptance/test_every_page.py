"""Every page of the product, opened by somebody who may: structure, labels, words, headers, size, forms."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI

from api.safety import HEADERS
from engine.core.terms import Office
from engine.services.first_run import make_code
from tests.acceptance.html_rules import faults_of
from tests.acceptance.pages import FOR_PROGRAMS, NO_PAGES, PAGES, WORKER, Visit, visits
from tests.acceptance.viewing import Viewing
from tests.api.test_authorisation import TABLE
from tests.support.demo import wired
from tests.support.markup import read_markup
from tests.support.route_walk import routes_of

Furnished = tuple[Viewing, dict[str, str]]
MOST_BYTES, MOST_BYTES_AT_FIRST = 10 * 1024, 35 * 1024
ON_EVERY_PAGE = ("ui.css", "ui.js", "vendor/htmx-4.0.1.min.js", "icon.svg", "icons.svg")
VISITS = tuple(visits(dict.fromkeys(re.findall(r"\{(\w+)\}", str(PAGES)), "")))


def visit_of(furnished: Furnished, number: int) -> Visit:
    """The visit with that number, its words filled in."""
    return tuple(visits(furnished[1]))[number]


each_visit = pytest.mark.parametrize("number", range(len(VISITS)), ids=[f"{one.who} {one.path}" for one in VISITS])


def test_every_route_has_a_page_here_or_a_reason() -> None:
    """A page that somebody adds is looked at, too."""
    gets = {route for route in TABLE if route.startswith("GET ") and not route.startswith(FOR_PROGRAMS)}

    assert gets == set(PAGES) | set(NO_PAGES)
    assert not set(PAGES) & set(NO_PAGES)


@each_visit
def test_page_keeps_the_rules(furnished: Furnished, number: int) -> None:
    """One h1, headings in order, landmarks, labels, words, forms that work without script; small; never stored."""
    seen, visit = furnished[0], visit_of(furnished, number)
    answer = seen.browser(visit.who).get(visit.path)

    assert answer.status_code == 200
    assert faults_of(read_markup(answer.text), path=visit.path) == []
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS | _stricter(visit)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) <= MOST_BYTES


def _stricter(visit: Visit) -> dict[str, str]:
    """The address of what a code opens is nobody else's business, not even our own pages'."""
    return {"Referrer-Policy": "no-referrer"} if re.match(r"/(t/|track|receipt)", visit.path) else {}


def test_page_of_a_matter_is_titled_by_the_matter(furnished: Furnished) -> None:
    """In a row of tabs the first characters tell them apart."""
    of_matters = [one for one in visits(furnished[1]) if re.match(r"/(matters/\d|matters/01|t/)", one.path)]

    assert {one.path.split("/")[1] for one in of_matters} == {"matters", "t"}
    for visit in of_matters:
        page = furnished[0].page(visit.who, visit.path)
        assert page is not None
        assert page.first("title").text.startswith(page.first("h1").text[:10]), visit.path


def test_first_visit_is_small_with_all_its_files(furnished: Furnished) -> None:
    """Style sheet, scripts and pictures, and the largest page that anybody begins with."""
    seen, words = furnished
    browser = seen.browser(WORKER)
    files = sum(int(browser.get(f"/static/{name}").headers["content-length"]) for name in ON_EVERY_PAGE)

    for visit in visits(words):
        page = seen.browser(visit.who).get(visit.path)
        own = set(re.findall(r'(?:src|href)="/static/([^?"#]+)', page.text)) - set(ON_EVERY_PAGE)
        more = sum(int(browser.get(f"/static/{name}").headers["content-length"]) for name in own)
        assert files + more + int(page.headers["content-length"]) <= MOST_BYTES_AT_FIRST, visit


@pytest.mark.parametrize("path", ["/nowhere", "/matters/9999-0001", "/people", "/t/000000000000"])
def test_page_that_says_no_keeps_the_rules(furnished: Furnished, path: str) -> None:
    """Not there, not for this post, a code that opens nothing."""
    answer = furnished[0].browser(WORKER).get(path)

    assert answer.status_code in (403, 404)
    assert faults_of(read_markup(answer.text), path=path) == []
    assert answer.headers["cache-control"] == "no-store"


def test_first_run_page_keeps_the_rules(tmp_path: Path) -> None:
    """In a deployment without people every address leads to it."""
    sanlian = wired(tmp_path / "empty.db")
    sanlian.prepare()
    answer = Viewing(sanlian).browser(None).get("/first-run")
    sanlian.close()

    assert answer.status_code == 200
    assert faults_of(read_markup(answer.text), path="/first-run") == []


def test_every_form_leads_to_a_route(furnished: Furnished) -> None:
    """A press is never answered with «not there»."""
    seen, words = furnished
    posts = _patterns(seen.app, "POST")
    for visit in visits(words):
        page = seen.page(visit.who, visit.path)
        assert page is not None
        sent = [one.attributes["action"] for one in page.all("form", method="post")]
        sent += [one.attributes["formaction"] for one in page.all("button") if "formaction" in one.attributes]
        assert [one for one in sent if not any(re.fullmatch(rule, one) for rule in posts)] == [], visit


def _patterns(app: FastAPI, method: str) -> list[str]:
    routes = [route.split(" ", 1) for route in routes_of(app)]
    return [re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) for verb, path in routes if verb == method]


@pytest.mark.parametrize(
    ("fault", "page"),
    [
        ("0 h1", "<main id=main></main>"),
        ("h1 is followed by h3", "<h1>a</h1><h3>b</h3>"),
        ("<input q> has no label", '<input name="q">'),
        ("style on <p>", '<p style="x">'),
        ("<script> in the page", "<script>alert(1)</script>"),
        ("src=//elsewhere", '<img alt="a" src="//elsewhere">'),
        ("id a 2 times", '<i id="a"></i><i id="a"></i>'),
        ("says nothing beside its colour", '<span class="due"></span>'),
        ("form /matters/new on /x has no key", '<form method="post" action="/matters/new"><button>好</button></form>'),
        ("form /x on /x has no button", '<form action="/x"></form>'),
        ("好,的 in 好,的", "<p>好,的</p>"),
        ("lang", "<h1>a</h1>"),
    ],
)
def test_rules_find_a_fault_when_there_is_one(fault: str, page: str) -> None:
    """Each rule can fail."""
    frame = f'<html><title>a</title><body><a href="#main">b</a>{page}</body></html>'

    assert any(fault in one for one in faults_of(read_markup(frame), path="/x"))


def test_first_run_says_that_it_is_done_and_what_comes_next(tmp_path: Path) -> None:
    """Three administrators stand in front of a sign-in form: it says which of them goes on with what."""
    sanlian = wired(tmp_path / "empty.db")
    sanlian.prepare()
    code = make_code(sanlian.uow, salts=sanlian.door.salts, now=sanlian.clock.now())
    browser = Viewing(sanlian).browser(None)
    words = zip(Office, ("plum", "tofu", "kite"), strict=True)
    typed = {
        f"{office.value}-{field}": value
        for office, word in words
        for field, value in (("login", f"{word}-1"), ("name", word), ("password", f"{word}-harbour-lantern"))
    }
    answer = browser.post("/first-run", data={"code": code, **typed})
    page = browser.get(answer.headers["location"])
    again = browser.get("/sign-in")
    sanlian.close()

    assert answer.status_code == 303
    assert "三个管理员定好了" in page.text
    assert "从工作簿导入" in page.text
    assert faults_of(read_markup(page.text), path="/sign-in") == []
    assert "三个管理员定好了" not in again.text
