"""Two people erase what a demand holds, in a real browser: on a phone without script, at a desk with it."""

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.core.terms import Office
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, assert_accessible, watched

CENTRE = "street.service_centre.1"


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(sanlian), lifespan="off")


@pytest.mark.parametrize(("width", "script"), [(PHONE_WIDTH, False), (DESKTOP_WIDTH, True)], ids=["phone", "desk"])
def test_demand_is_erased_by_two_people(
    site: str, sanlian: Sanlian, open_page: OpenPage, width: int, script: bool
) -> None:
    """From the demand's page to the security administrator's and back; what lacks is said where it lacks."""
    page = open_page(width=width, height=870, bypass_csp=True, java_script_enabled=script)
    with watched(page, site):
        act_in_browser(page, site, sanlian, CENTRE)
        page.goto(f"{site}/matters?show=ended")
        page.locator(".what").first.click()
        page.get_by_role("link", name="删除这件事里的个人信息").click()
        looked_at(page, width, script)
        page.get_by_role("button", name="申请删除").click()
        expect(page.locator(".errsum")).to_contain_text("选为什么删")
        looked_at(page, width, script)
        page.get_by_label("为什么删").select_option("requested")
        page.get_by_role("button", name="申请删除").click()
        expect(page.locator("main")).to_contain_text("等安全管理员同意")
        address = page.url.split("/erase")[0]

        act_in_browser(page, site, sanlian, Office.SECURITY_ADMIN.value)
        page.goto(f"{site}/erasures")
        looked_at(page, width, script)
        page.get_by_label("知道删了找不回来").check()
        page.get_by_role("button", name="同意删去").click()
        expect(page.locator("main")).to_contain_text("删去了")
        looked_at(page, width, script)

        act_in_browser(page, site, sanlian, CENTRE)
        page.goto(address)
        expect(page.locator("h1")).to_have_text("内容已按要求删去")
        expect(page.locator(".tl").first).to_contain_text("按要求")


def looked_at(page: Page, width: int, script: bool) -> None:
    """Nothing is inaccessible (what finds that is a script) and nothing too wide."""
    if script:
        assert_accessible(page, width=width)
    else:
        assert page.locator("h1").count() == 1
