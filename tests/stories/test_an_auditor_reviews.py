"""An auditor reviews: finds a demand, reads its chain as it stood, compares a copy kept outside, exports the record."""

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from api.app import create_app
from engine.services.digest import digest_of_day, make_digests, write_copy
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.clock import FixedClock
from tests.support.people import act_in_browser
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, assert_accessible, watched

PAGES = ("/audit", "/audit?kind=fired&rule=escalate", "/audit/2610-0007?seq=6", "/audit/verify",
         "/audit/topics/organisation", "/audit?number=9999-9999")  # fmt: skip


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


@pytest.mark.parametrize(
    ("width", "script"), [(DESKTOP_WIDTH, True), (PHONE_WIDTH, False)], ids=["desk, with script", "phone, without"]
)
def test_an_auditor_reviews(site: str, demo: Sanlian, open_page: OpenPage, width: int, script: bool) -> None:
    """Search, chain, slider and text field, copy outside, export, and all of it on the record."""
    assert isinstance(demo.clock, FixedClock)
    demo.clock.advance(timedelta(days=1))
    make_digests(demo.uow, demo.door.shelf, now=demo.clock.now())
    digest, log = digest_of_day(demo.uow, demo.door.shelf, day=None, now=demo.clock.now())
    page = open_page(width=width, height=870, java_script_enabled=script)
    act_in_browser(page, site, demo, "auditor")
    with watched(page, site):
        page.goto(f"{site}/audit")
        page.get_by_label("编号").fill("2610-0007")
        page.get_by_role("button", name="查", exact=True).click()
        expect(page.locator(".trail > li").first).to_contain_text("2610-0007")
        page.locator(".trail > li a").first.click()
        expect(page.locator(".seal")).to_contain_text("没有外部存样，只能证明前后相连")

        page.get_by_label("指定时刻").fill("2026-10-20 12:00")
        page.get_by_role("button", name="看这一刻").click()
        expect(page.locator(".then-at")).to_contain_text("社区在办")
        expect(page.locator(".chain .cut")).to_contain_text("以后的事，那时还没发生")
        page.get_by_role("link", name="早一条").click()
        page.wait_for_url(re.compile(r"seq=5"))
        if script:
            page.locator("#seq").focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_url(re.compile(r"seq=6"))
        page.get_by_role("link", name="回到现在").click()
        expect(page.locator(".chain .cut")).to_have_count(0)

        page.goto(f"{site}/audit/verify")
        copy = write_copy(digest, log=log).encode()
        page.get_by_label("摘要的文件").set_input_files({"name": "d.txt", "mimeType": "text/plain", "buffer": copy})
        page.get_by_label("为什么").select_option("check")
        page.get_by_role("button", name="核对").click()
        expect(page.get_by_role("status")).to_contain_text("存在外面的摘要一致")

        page.goto(f"{site}/audit/2610-0007")
        expect(page.locator(".seal")).to_contain_text(f"与 {digest.day[5:]} 存在外面的摘要一致")
        page.get_by_role("button", name="导出").click()
        expect(page.locator(".errsum")).to_contain_text("请选为什么导出")
        page.get_by_label("为什么").select_option("complaint")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="导出").click()
        bundle = json.loads(waiting.value.path().read_text("utf-8"))
        assert bundle["number"] == "2610-0007"

        page.goto(f"{site}/audit/topics/audit")
        expect(page.locator(".trail > li").first).to_contain_text("导出一件事的全部记录")
        expect(page.locator(".trail > li").nth(1)).to_contain_text("与存在外面的摘要核对")


@pytest.mark.parametrize("width", [DESKTOP_WIDTH])
def test_pages_of_the_auditor_are_accessible(site: str, demo: Sanlian, open_page: OpenPage, width: int) -> None:
    """axe finds nothing and nothing scrolls sideways; printed, a chain has no controls."""
    page = open_page(width=width, height=870, bypass_csp=True)
    act_in_browser(page, site, demo, "auditor")
    for path in PAGES:
        page.goto(f"{site}{path}")
        assert_accessible(page, width=width)
    page.goto(f"{site}/audit/2610-0007")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="导出")).to_be_hidden()
    expect(page.locator(".seal")).to_be_visible()
