"""The service centre's pages in a browser: keys counted, one A4 on paper, 25 rows in sight, nothing inaccessible."""

import re

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, assert_accessible, watched

CENTRE, HEAD, COMMUNITY = "street.service_centre.1", "street.street_head.1", "jingyi.community_head.1"
CULVERT, TILES = "2611-0004", "2611-0012"
PAGES = (
    (CENTRE, "/dispatch"),
    (CENTRE, "/dispatch/new"),
    (CENTRE, "/sheet"),
    (HEAD, "/board"),
    (HEAD, "/held"),
    (HEAD, "/board?view=lanes"),
    (HEAD, "/board?show=late&level=grid"),
    (HEAD, "/figures/stuck"),
    (COMMUNITY, "/board"),
    (COMMUNITY, "/sheet?day=2026-11-18"),
)


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(sanlian), lifespan="off")


def row_of(page: Page, number: str) -> str:
    """The selector of the row of a demand."""
    return f'tr[data-row]:has(:text-is("{number}"))'


def test_dispatch_takes_three_keys_and_the_next_row_one(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """Down to the row, its first unit, send; then the focus is on the next row, and Enter alone sends that."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch")
        expect(page.locator("tr[data-row]").first).to_contain_text(CULVERT)
        for key in ("j", "1", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("status")).to_contain_text("派给了区排水管理处")
        expect(page.locator(row_of(page, CULVERT))).to_have_count(0)
        expect(page.locator(row_of(page, TILES))).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("派给了区住房建设局")


def test_call_is_registered_by_keys_alone(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """Writing begins at once, Enter in the last field registers, and the next call can begin."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch/new")
        expect(page.locator("#call-detail")).to_be_focused()
        page.keyboard.type("楼道灯坏了两天")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.get_by_label("回电号码").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("登记好了")
        expect(page.locator("#call-detail")).to_be_focused()


def test_single_keys_can_be_turned_off_and_stay_off(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """The list of keys opens with one key; without keys nothing moves, on the next visit neither."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_have_attribute("open", "")
        page.get_by_label("用单键操作").uncheck()
        page.goto(f"{site}/dispatch")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_together_offers_only_what_every_ticked_row_allows(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """Ticking rows of two kinds leaves nothing to do together; two of one kind go in one press."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch")
        page.locator(row_of(page, CULVERT)).locator('input[name="pick"]').check()
        page.locator(row_of(page, "2611-0042")).locator('input[name="pick"]').check()
        expect(page.locator('#together option[value="dispatch"]')).to_be_disabled()
        expect(page.locator('#together option[value="pass"]')).to_be_disabled()
        page.locator(row_of(page, "2611-0042")).locator('input[name="pick"]').uncheck()
        page.locator(row_of(page, TILES)).locator('input[name="pick"]').check()
        page.locator("#together select").select_option("dispatch")
        page.get_by_role("button", name="一起办").click()
        expect(page.get_by_role("status")).to_contain_text("2 件办好了，0 件没有")


def test_dispatch_works_without_script(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """Each row is a form of its own: choose, press."""
    page = open_page(width=DESKTOP_WIDTH, height=870, java_script_enabled=False)
    act_in_browser(page, site, sanlian, CENTRE)
    page.goto(f"{site}/dispatch")
    row = page.locator(row_of(page, CULVERT))
    row.locator("select").select_option("roads")
    row.get_by_role("button", name="派单").click()
    expect(page.get_by_role("status")).to_contain_text("派给了区市政工程处")


def test_sheet_is_one_page_of_a4(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """Printed by the browser it is one page, for the street and for a community."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    for who in (HEAD, COMMUNITY):
        act_in_browser(page, site, sanlian, who)
        page.goto(f"{site}/sheet")
        paper = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
        assert re.search(rb"/MediaBox\s*\[\s*0 0 59[45]\.\d+ 84[12]\.\d+", paper)


def test_board_shows_twenty_five_rows_without_scrolling(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """At 870 px of height the whole page of the table is in sight."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    act_in_browser(page, site, sanlian, HEAD)
    page.goto(f"{site}/board")

    rows = page.locator(".list tbody tr")
    assert rows.count() == 25
    box = rows.last.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 870


def test_board_asks_for_its_counts_every_minute(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """The counts are renewed by themselves, and nothing else of the page moves."""
    page = open_page(width=DESKTOP_WIDTH, height=870)
    page.clock.install()
    act_in_browser(page, site, sanlian, HEAD)
    with watched(page, site):
        page.goto(f"{site}/board")
        page.get_by_label("哪些").focus()
        with page.expect_response(re.compile(r"/board$")):
            page.clock.fast_forward(61_000)
        expect(page.locator("#live")).to_have_count(1)
        expect(page.get_by_label("哪些")).to_be_focused()


@pytest.mark.parametrize("width", [DESKTOP_WIDTH])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    site: str, sanlian: Sanlian, open_page: OpenPage, width: int
) -> None:
    """Every page of the centre and the supervisor, at the widths people have."""
    page = open_page(width=width, height=844, bypass_csp=True)
    with watched(page, site):
        for who, path in PAGES:
            act_in_browser(page, site, sanlian, who)
            page.goto(f"{site}{path}")
            assert_accessible(page, width=width)


def test_bar_for_several_rows_covers_none_until_one_is_ticked(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """It stands below the table; once a row is ticked it comes into sight, wherever one has scrolled to."""
    page = open_page(width=1440, height=700)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch")
        bar, last = page.locator("#together").bounding_box(), page.locator("tr[data-row]").last.bounding_box()
        assert bar is not None
        assert last is not None
        assert bar["y"] >= last["y"] + last["height"]
        expect(page.locator("#together")).not_to_be_in_viewport()

        page.locator("input[name=pick]").first.check()
        expect(page.locator("#together")).to_be_in_viewport(ratio=1)
        page.locator("input[name=pick]").first.uncheck()
        expect(page.locator("#together")).not_to_be_in_viewport()


def test_bar_for_several_rows_is_one_line_on_a_phone(site: str, sanlian: Sanlian, open_page: OpenPage) -> None:
    """How many, what to do and the button: beside one another, so that it covers no more rows than it must."""
    page = open_page(width=PHONE_WIDTH, height=844)
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch")
        for n in (0, 1):
            page.locator("input[name=pick]").nth(n).check()
        expect(page.locator("#together b")).to_have_text("已选 2 件")
        parts = [page.locator(f"#together {one}").bounding_box() for one in ("b", "select", "button")]

    middles = [one["y"] + one["height"] / 2 for one in parts if one is not None]
    assert len(middles) == len(parts)
    assert max(middles) - min(middles) < 2
