"""A day at the service centre in a browser: sign in, take a call, dispatch, check together, print the sheet."""

import re

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.services.demo_people import PASSWORD
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

LOGIN = "centre"
CULVERT, TILES = "2611-0004", "2611-0012"
CHECKS = ("2611-0042", "2611-0047")
CALL = "景翼三网格活动站门口路灯坏了，晚上看不见台阶"


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


def sign_in(page: Page, site: str, login: str) -> None:
    """Sign in; the day begins on the page of one's post."""
    page.goto(f"{site}/sign-in")
    page.get_by_label("工号").fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{site}/dispatch")


def row_of(number: str) -> str:
    """The selector of the row of a demand."""
    return f'tr[data-row]:has(:text-is("{number}"))'


def take_the_call(page: Page) -> str:
    """Write while the caller speaks; the number is read out."""
    page.get_by_role("link", name="登记来电").click()
    page.get_by_label("事情").fill(CALL)
    page.get_by_label("在哪个网格").select_option("jingyi-3")
    page.get_by_label("怎么称呼").fill("演示来电人")
    page.get_by_label("回电号码").fill("13800000000")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(re.compile(r"/dispatch/new\?filed="))
    return page.get_by_role("status").filter(has_text="登记好了").locator("a").first.inner_text()


def dispatch_by_hand(page: Page, number: str) -> None:
    """The unit is chosen already; one press."""
    page.locator(row_of(number)).get_by_role("button", name="派单").click()
    expect(page.get_by_role("status")).to_contain_text("派给了")


@pytest.mark.parametrize(
    ("width", "script"), [(DESKTOP_WIDTH, True), (PHONE_WIDTH, False)], ids=["desk, with script", "phone, without"]
)
def test_day_at_the_service_centre(site: str, open_page: OpenPage, width: int, script: bool) -> None:
    """What came in is filed, what waited is sent out, what was done is checked, and the sheet tells it."""
    page = open_page(width=width, height=870, java_script_enabled=script)
    with watched(page, site):
        sign_in(page, site, LOGIN)
        number = take_the_call(page)
        page.goto(f"{site}/matters/{number}")
        expect(page.locator(".turn")).to_contain_text("轮到景翼三网格 网格员")
        expect(page.locator("body")).not_to_contain_text("13800000000")

        page.goto(f"{site}/dispatch")
        if script and width == DESKTOP_WIDTH:
            for key in ("j", "1", "Enter"):
                page.keyboard.press(key)
            expect(page.get_by_role("status")).to_contain_text("派给了区排水管理处")
        else:
            dispatch_by_hand(page, CULVERT)
        dispatch_by_hand(page, TILES)

        for check in CHECKS:
            page.locator(row_of(check)).locator('input[name="pick"]').check()
        page.locator("#together select").select_option("pass")
        page.get_by_role("button", name="一起办").click()
        expect(page.get_by_role("status")).to_contain_text("2 件办好了，0 件没有")
        expect(page.locator("nav.seg").get_by_text("等派单 0")).to_be_visible()

        page.goto(f"{site}/sheet")
        expect(page.locator("h1")).to_have_text("今日调度单")
        today = page.locator(".paper tr.sum a[data-figure]").nth(1)
        count = int(today.inner_text())
        today.click()
        expect(page.locator("[data-total]")).to_have_text(str(count))
        expect(page.locator("table")).to_contain_text(number)
