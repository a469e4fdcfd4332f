"""A supervisor's morning in a browser: the board, what is late and where, whose desk, down to one matter."""

import re

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.services.demo_people import PASSWORD
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

LOGIN = "head"


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


def sign_in(page: Page, site: str, login: str) -> None:
    """Sign in and go to the board."""
    page.goto(f"{site}/sign-in?next=/board")
    page.get_by_label("工号").fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{site}/board")


def follow(page: Page, figure: str) -> None:
    """Press a figure and find as many as it said."""
    link = page.locator(figure).first
    count = int(re.search(r"\d+", link.inner_text())[0])  # type: ignore[index]  # a figure stands there
    link.click()
    expect(page.locator("[data-total]")).to_have_text(str(count))
    assert page.locator("tbody a.what").count() == min(count, 25)


@pytest.mark.parametrize(
    ("width", "script"), [(DESKTOP_WIDTH, True), (PHONE_WIDTH, False)], ids=["desk, with script", "phone, without"]
)
def test_supervisors_morning(site: str, open_page: OpenPage, width: int, script: bool) -> None:
    """From how many are late to where, to whose desk, to what happens if nobody acts; nobody is ranked."""
    page = open_page(width=width, height=870, java_script_enabled=script)
    with watched(page, site):
        sign_in(page, site, LOGIN)
        follow(page, '#live a[href="/board?show=late"]')
        page.goto(f"{site}/board")
        follow(page, ".heat td a[data-figure]")
        first = page.locator("tbody a.what").first
        title = first.inner_text()
        first.click()
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator(".clk .say")).to_contain_text("如果没人处理")

        page.goto(f"{site}/board?view=lanes")
        expect(page.locator(".lane")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.locator("body")).not_to_contain_text("排名")

        page.goto(f"{site}/sheet")
        follow(page, ".paper h2 a[data-figure]")
