"""File, act and see the history in a real browser, with script and without; nothing inaccessible, nothing foreign."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Request, expect

from api.app import create_app
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

RESIDENT, WORKER, CENTRE = "jingyi-3.resident.1", "jingyi-3.grid_worker.1", "street.service_centre.1"
TOLD = "活动站后门的台阶断了一块，老人容易绊倒。"


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(sanlian), lifespan="off")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("width", [PHONE_WIDTH, DESKTOP_WIDTH])
def test_demand_is_filed_accepted_and_found_in_its_history(
    site: str, sanlian: Sanlian, open_page: OpenPage, width: int, script: bool
) -> None:
    """A resident files, the grid worker accepts and notes; an empty form says what is missing and loses nothing."""
    page = open_page(width=width, height=870, java_script_enabled=script)
    with watched(page, site):
        act_in_browser(page, site, sanlian, RESIDENT)
        page.goto(f"{site}/matters/new")
        page.get_by_label("事情").fill(TOLD)
        page.get_by_role("button", name="报上去").click()
        page.wait_for_url(re.compile(r"/receipt$"))
        page.get_by_role("link", name="回到办理的页面").click()
        page.wait_for_url(re.compile(r"/matters/\d{4}-\d{4}$"))
        expect(page.locator("h1")).to_have_text("活动站后门的台阶断了一块，老人容易绊倒")
        expect(page.locator(".turn")).to_contain_text("轮到景翼三网格 网格员")
        expect(page.locator(".clk .say")).to_contain_text("如果没人处理")
        address = page.url.split("?")[0]

        act_in_browser(page, site, sanlian, WORKER)
        page.goto(f"{address}?do=accept")
        page.locator("#act-accept select").select_option("I6")
        page.locator("#act-accept .main-act").click()
        expect(page.locator(".tl").first).to_contain_text("接下，到「网格在办」")

        page.goto(f"{address}?do=up")
        page.locator("#up-done_so_far").fill("去看过，石材要整块换。")
        page.locator("#act-up .main-act").click()
        expect(page.locator("#act-up .errsum")).to_contain_text("请选「原因」。")
        expect(page.locator("#up-done_so_far")).to_have_value("去看过，石材要整块换。")
        page.locator("#act-up").get_by_label("要花钱").check()
        page.locator("#act-up .main-act").click()
        expect(page.locator(".tl").first).to_contain_text("报上去，到「等社区接」")
        expect(page.locator(".tl").first).to_contain_text("去看过，石材要整块换。")
        expect(page.locator(".turn")).to_contain_text("轮到景翼社区 社区专干")


def test_error_summary_takes_the_focus_when_a_part_of_the_page_was_swapped(
    site: str, sanlian: Sanlian, open_page: OpenPage
) -> None:
    """A person who does not see the page is led to what is wrong."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    with watched(page, site):
        act_in_browser(page, site, sanlian, "zhujidong-3.grid_worker.1")
        page.goto(f"{site}/matters?show=mine")
        page.locator(".what").first.click()
        page.locator("#act-note summary").click()
        page.locator("#act-note .main-act").click()
        expect(page.locator("#act-note .errsum")).to_be_focused()


PAGES = (
    "/matters",
    "/matters?q=没有这种话",
    "/matters/2611-0031",
    "/matters/2611-0060",
    "/matters/new",
    "/as",
    "/sessions",
    "/password",
    "/nowhere",
)


@pytest.mark.parametrize("width", [PHONE_WIDTH])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    site: str, sanlian: Sanlian, open_page: OpenPage, width: int
) -> None:
    """Every page, every theme on the list, at the widths people have."""
    page = open_page(width=width, height=844, bypass_csp=True)
    act_in_browser(page, site, sanlian, CENTRE)
    axe = Axe()
    for path in PAGES:
        page.goto(f"{site}{path}")
        found = axe.run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_draft_is_gone_when_its_writer_has_signed_out(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """What was typed stays while one is signed in, and is not found by who signs in next at this desk."""
    page = open_page(width=1440, height=900)
    act_in_browser(page, site, sanlian, CENTRE)
    page.goto(f"{site}/matters/new")
    page.locator("#new-detail").fill("三号楼王大爷家没人开门。")
    page.reload()
    kept = page.locator("#new-detail").input_value()

    page.locator('form[action="/sign-out"] button').first.click()
    act_in_browser(page, site, sanlian, CENTRE)
    page.goto(f"{site}/matters/new")

    assert kept == "三号楼王大爷家没人开门。"
    assert page.locator("#new-detail").input_value() == ""


def test_nothing_scrolls_sideways_on_the_narrowest_phone(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """360 × 640 pixels."""
    page = open_page(width=360, height=640)
    act_in_browser(page, site, sanlian, CENTRE)
    for path in PAGES:
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


@pytest.mark.parametrize("theme", ["dark", "outdoor"])
def test_axe_finds_nothing_in_the_other_themes(site: str, sanlian: Sanlian, open_page: OpenPage, theme: str) -> None:
    """The same pages in the dark and in the sun, in large text."""
    page = open_page(width=PHONE_WIDTH, height=844, bypass_csp=True)
    page.context.add_cookies(
        [{"name": f"sanlian-{name}", "value": value, "url": site} for name, value in (("theme", theme), ("size", "xl"))]
    )
    act_in_browser(page, site, sanlian, CENTRE)
    axe = Axe()
    for path in ("/matters", "/matters/2611-0031", "/matters/new"):
        page.goto(f"{site}{path}")
        found = axe.run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE_WIDTH, path


def test_list_shows_twenty_five_rows_without_scrolling(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """At 870 px of height the whole page of the list is in sight."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    page.goto(f"{site}/matters")

    rows = page.locator(".list tbody tr")
    assert rows.count() == 25
    box = rows.last.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 870


def test_first_visit_is_small(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """At most 35 KB over the wire with all files, at most 10 KB for a further page."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    sizes: dict[str, int] = {}
    finished: Callable[[Request], None] = lambda request: sizes.update(  # noqa: E731 (a listener of one line)
        {request.url: request.sizes()["responseBodySize"]}
    )
    page.on("requestfinished", finished)
    page.goto(f"{site}/matters", wait_until="networkidle")
    first = sum(sizes.values())
    sizes.clear()
    page.goto(f"{site}/matters/2611-0031", wait_until="networkidle")

    assert 0 < first <= 35 * 1024
    assert 0 < sum(sizes.values()) <= 10 * 1024


def test_who_answers_for_a_supervised_demand_can_be_read(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """The dark tag has light words, in every theme (of words in the very colour of their ground axe is not sure)."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    page.goto(f"{site}/matters/2611-0031")
    tag = page.locator(".tag.ink")
    expect(tag).to_contain_text("督办")

    for theme in ("", "dark", "outdoor"):
        page.locator("html").evaluate("(one, theme) => { one.dataset.theme = theme }", theme)
        words, ground = tag.evaluate("one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]")
        assert words != ground, theme
