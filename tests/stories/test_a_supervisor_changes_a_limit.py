"""A supervisor changes a limit in a browser: what it says, what it would do, a second person, and what then happens."""

import re

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.services.decide_proposal import take_effect
from engine.services.demo_people import PASSWORD
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.demo import NOW
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, assert_accessible, watched

AUTHOR, SECOND = "office", "head"
LAST_ROW = "c.5.grid"


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    sweep(demo.uow, now=NOW, services=demo.door)
    return serve_app(create_app(demo), lifespan="off")


def sign_in(page: Page, site: str, login: str) -> None:
    """Sign in and go to the limits."""
    page.goto(f"{site}/sign-in?next=/limits")
    page.get_by_label("工号").fill(login)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(f"{site}/limits")


def figure(page: Page, words: str) -> int:
    """The figure of the dry run that stands before *words*."""
    return int(re.search(r"\d+", page.locator(".sums li", has_text=words).inner_text())[0])  # type: ignore[index]  # a figure stands there


@pytest.mark.parametrize(
    ("width", "script"), [(DESKTOP_WIDTH, True), (PHONE_WIDTH, False)], ids=["desk, with script", "phone, without"]
)
def test_supervisor_changes_a_limit_and_a_second_person_approves(
    demo: Sanlian, site: str, open_page: OpenPage, width: int, script: bool
) -> None:
    """From the form to sent in six steps (numbered here); what the second person saw is what happens."""
    page = open_page(width=width, height=870, java_script_enabled=script, bypass_csp=True)
    with watched(page, site):
        sign_in(page, site, AUTHOR)
        page.get_by_role("link", name="改时限").click()  # 1
        page.locator(f'[name="{LAST_ROW}"]').fill("1 工作日")  # 2
        page.get_by_role("button", name="看一遍").first.click()  # 3
        page.wait_for_url(re.compile(r"/limits/proposals/[^/]+$"))
        expect(page.locator(".changes")).to_contain_text("网格办理")
        expect(page.get_by_text("没有问题")).to_be_visible()
        page.get_by_label("为什么改").fill("网格离得近，一个工作日办得完")  # 4
        page.get_by_role("radio", name="在办的也改").check()  # 5
        page.get_by_role("button", name="送批").click()  # 6
        expect(page.locator(".note")).to_contain_text("送批了")
        where = page.url.split("?")[0]
        expect(page.get_by_role("button", name="批准")).to_have_count(0)
        page.context.clear_cookies()

        sign_in(page, site, SECOND)
        page.get_by_role("link", name="居民诉求三级联动").click()
        page.wait_for_url(where)
        expect(page.locator("h1 + p")).to_contain_text("网格离得近")
        expect(page.locator(".pre .add").first).to_be_visible()
        late, moves = figure(page, "马上超时"), figure(page, "马上往上走")
        page.get_by_role("button", name="批准").click()
        expect(page.locator(".note")).to_contain_text("已经生效")
        page.goto(f"{site}/limits")
        expect(page.locator("table", has_text="哪一版")).to_contain_text("网格离得近")

    take_effect(demo.uow, now=NOW, services=demo.door)
    swept = sweep(demo.uow, now=NOW, services=demo.door)
    assert late > 0
    assert swept.fired >= late + moves


@pytest.mark.parametrize("width", [DESKTOP_WIDTH])
def test_pages_of_limits_are_accessible(site: str, open_page: OpenPage, width: int) -> None:
    """The tables, the form, its faults, a draft with errors and one without: axe finds nothing, nothing is too wide."""
    page = open_page(width=width, height=870, bypass_csp=True)
    with watched(page, site):
        sign_in(page, site, AUTHOR)
        assert_accessible(page, width=width)
        for typed in ("很快", "", "1 工作日"):
            page.goto(f"{site}/limits/three_tier/edit")
            assert_accessible(page, width=width)
            page.locator(f'[name="{LAST_ROW}"]').fill(typed)
            page.get_by_role("button", name="看一遍").first.click()
            page.wait_for_load_state()
            assert_accessible(page, width=width)
        for more in page.locator("details").all():
            more.evaluate("one => { one.open = true }")
        assert_accessible(page, width=width)
        page.get_by_role("link", name="过去三个月").click()
        expect(page.locator("h1")).to_have_text("拿过去三个月试算")
        assert_accessible(page, width=width)
