"""Every page in Chromium with script on: accessible, nothing sideways, no complaint, no breach, no foreign host."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.acceptance.pages import CHIEF, PAGES, WORKER, visits
from tests.acceptance.viewing import Viewing
from tests.support.browser import OpenPage, ServeApp
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

Furnished = tuple[Viewing, dict[str, str]]
VISITORS = tuple(dict.fromkeys(who for pages in PAGES.values() for who, _ in pages))
NARROWEST: ViewportSize = {"width": 360, "height": 640}
PHONE: ViewportSize = {"width": PHONE_WIDTH, "height": 844}
DESKTOP: ViewportSize = {"width": DESKTOP_WIDTH, "height": 900}
AXE = Axe()
SHOWN_AS = ({"theme": "dark"}, {"theme": "outdoor"}, {"theme": "", "size": "xl"})


@pytest.mark.parametrize("who", VISITORS)
def test_every_page_of_a_person_is_accessible_and_fits(
    furnished: Furnished, serve_app: ServeApp, open_page: OpenPage, who: str | None
) -> None:
    """Each page is loaded once and looked at on a desk, on a phone, and on the narrowest phone."""
    seen, words = furnished
    site = serve_app(seen.app, lifespan="off")
    page = open_page(width=DESKTOP_WIDTH, height=900)
    bring_cookies(page, seen, who, site)
    faults: list[str] = []
    with watched(page, site):
        for path in paths_of(who, words):
            page.set_viewport_size(DESKTOP)
            page.goto(f"{site}{path}")
            faults += [f"{path} {fault}" for fault in faults_on(page, DESKTOP, PHONE, NARROWEST)]
    assert faults == []


@pytest.mark.parametrize("look", SHOWN_AS, ids=["dark", "outdoor", "large"])
def test_pages_are_accessible_and_fit_in_every_look(
    furnished: Furnished, serve_app: ServeApp, open_page: OpenPage, look: dict[str, str]
) -> None:
    """In the dark, in the sun, in large letters: a list, a matter, a board."""
    seen, words = furnished
    site = serve_app(seen.app, lifespan="off")
    faults: list[str] = []
    for who, path in ((WORKER, "/work"), (WORKER, f"/matters/{words['in_grid']}"), (CHIEF, "/board")):
        page = open_page(width=PHONE_WIDTH, height=844)
        bring_cookies(page, seen, who, site)
        page.context.add_cookies(
            [{"name": f"sanlian-{name}", "value": value, "url": site} for name, value in look.items() if value]
        )
        page.goto(f"{site}{path}")
        faults += [f"{path} {fault}" for fault in faults_on(page, PHONE)]
    assert faults == []


def paths_of(who: str | None, words: dict[str, str]) -> list[str]:
    """The pages of which *who* is the first to open one at that address: the others' differ in their rows only."""
    first: dict[str, str | None] = {}
    for visit in visits(words):
        first.setdefault(visit.path, visit.who)
    return [path for path, one in first.items() if one == who]


def test_axe_and_the_ruler_find_a_fault_when_there_is_one(open_page: OpenPage) -> None:
    """Otherwise the tests before tell nothing."""
    page = open_page(width=PHONE_WIDTH, height=844)
    page.set_content('<html lang="zh-CN"><title>a</title><main><h1>a</h1><p style="width:500px"><input></p></main>')

    found = " ".join(faults_on(page, PHONE))
    assert "label" in found
    assert "px wide" in found


def bring_cookies(page: Page, seen: Viewing, who: str | None, site: str) -> None:
    """Let a browser go on where the one without script was."""
    jar = seen.browser(who).cookies.jar
    page.context.add_cookies([{"name": one.name, "value": one.value or "", "url": site} for one in jar])


def axe_on(page: Page) -> list[dict[str, Any]]:
    """What axe finds; its script is given to a page only once, and it need not fetch the style sheet again."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    options = {"resultTypes": ["violations"], "preload": False}
    return page.evaluate("options => axe.run(document, options).then(found => found.violations)", options)


def faults_on(page: Page, *sizes: ViewportSize) -> Iterator[str]:
    """What axe finds at each size, and where something scrolls sideways."""
    for size in sizes:
        page.set_viewport_size(size)
        for one in axe_on(page):
            where = [node["html"][:160] for node in one["nodes"][:3]]
            yield f"at {size['width']}: {one['id']} {one['help']} {where}"
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > size["width"]:
            yield f"at {size['width']}: {width} px wide"
