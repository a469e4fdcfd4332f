"""A resident looks in: she files and follows by the code of her receipt, rates, takes it back, and rates again."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.clock import FixedClock
from tests.support.people import act_in_browser
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, assert_accessible, watched

RESIDENT, WORKER, CENTRE = "jingyi-3.resident.1", "jingyi-3.grid_worker.1", "street.service_centre.1"
TOLD = "活动站后门的台阶断了一块，老人容易绊倒。"


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


def later(sanlian: Sanlian, **by: int) -> None:
    """Let time pass and the rules act."""
    assert isinstance(sanlian.clock, FixedClock)
    now = sanlian.clock.advance(timedelta(**by))
    while sweep(sanlian.uow, now=now, services=sanlian.door).fired:
        pass


def press(page: Page, action: str, **typed: str) -> None:
    """Do an action on the page of a matter as staff."""
    page.goto(f"{page.url.split('?')[0]}?do={action}")
    form = page.locator(f"#act-{action}")
    for label, text in typed.items():
        form.get_by_label(label).fill(text)
    form.locator(".main-act").click()
    expect(page.locator(f'[data-done="{action}"]')).to_be_visible()


def file_and_look_up(hers: Page, site: str, demo: Sanlian) -> str:
    """She files, keeps the code of the receipt, and opens her page with it without signing in; the number."""
    act_in_browser(hers, site, demo, RESIDENT)
    hers.goto(f"{site}/matters/new")
    hers.get_by_label("事情").fill(TOLD)
    hers.get_by_role("button", name="报上去").click()
    hers.wait_for_url(re.compile(r"/receipt$"))
    expect(hers.locator(".qr")).to_be_visible()
    code = hers.locator(".code").inner_text()
    number: str = re.findall(r"26\d\d-\d{4}", hers.content())[0]
    hers.context.clear_cookies()

    hers.goto(f"{site}/track")
    hers.get_by_label("查询码").fill("不是码")
    hers.get_by_role("button", name="查进度").click()
    expect(hers.locator(".errsum")).to_contain_text("请填 12 个字的查询码")
    expect(hers.get_by_label("查询码")).to_have_value("不是码")
    hers.get_by_label("查询码").fill(code.lower().replace("0", "o"))
    hers.get_by_role("button", name="查进度").click()
    expect(hers.locator("h1")).to_have_text("活动站后门的台阶断了一块，老人容易绊倒")
    expect(hers.locator(".promise")).to_contain_text("轮到景翼三网格 网格员")
    expect(hers.locator(".promise")).to_contain_text("会自动升级到社区，并在这里告诉你转给了谁")
    return number


def handle(staff: Page, site: str, demo: Sanlian, number: str) -> None:
    """The grid accepts, writes something for itself and something for her."""
    act_in_browser(staff, site, demo, WORKER)
    staff.goto(f"{site}/matters/{number}?do=accept")
    staff.locator("#act-accept select").select_option("I6")
    staff.locator("#act-accept .main-act").click()
    expect(staff.locator('[data-done="accept"]')).to_be_visible()
    press(staff, "note", 办理情况="这户常来，别太当真")
    press(staff, "contact", 办理情况="明天上午带水泥来补，电话 13800138000")


def solve(staff: Page, site: str, demo: Sanlian, number: str) -> None:
    """The grid solves, the service centre finds it true."""
    staff.goto(f"{site}/matters/{number}?do=solve")
    staff.locator("#solve-note").fill("补好了，边上刷了黄线。")
    staff.locator("#solve-photo_after").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PNG})
    staff.locator("#act-solve .main-act").click()
    expect(staff.locator('[data-done="solve"]')).to_be_visible()
    act_in_browser(staff, site, demo, CENTRE)
    press(staff, "pass")


def rate_twice(hers: Page) -> None:
    """Not satisfied without a word is asked for one; taken back; then satisfied."""
    hers.locator(".rate label", has_text="不满意").click()
    hers.get_by_role("button", name="交评价").click()
    expect(hers.locator(".errsum")).to_contain_text("请填写")
    expect(hers.locator('.rate input[value="not"]')).to_be_checked()
    hers.locator("#rate-note").fill("黄线歪了。")
    hers.get_by_role("button", name="交评价").click()
    expect(hers.locator(".promise")).to_contain_text("收到了：不满意")
    hers.get_by_role("button", name="撤回刚才的").click()
    expect(hers.get_by_role("status")).to_contain_text("撤回了")
    hers.locator(".rate label").first.click()
    hers.get_by_role("button", name="交评价").click()
    expect(hers.locator(".promise")).to_contain_text("收到了：满意")


@pytest.mark.parametrize(
    ("width", "script"), [(PHONE_WIDTH, True), (DESKTOP_WIDTH, False)], ids=["phone, with script", "desk, without"]
)
def test_a_resident_looks_in(site: str, demo: Sanlian, open_page: OpenPage, width: int, script: bool) -> None:
    """From the receipt to the end: where it is, whose turn, what comes, her rating, its undo, its effect."""
    hers = open_page(width=width, height=844, java_script_enabled=script)
    staff = open_page(width=DESKTOP_WIDTH, height=870, java_script_enabled=script)
    with watched(hers, site), watched(staff, site):
        number = file_and_look_up(hers, site, demo)
        address = hers.url
        hers.get_by_role("button", name="大字版").click()
        expect(hers.locator("html")).to_have_attribute("data-size", "xl")
        assert hers.url == address
        assert hers.evaluate("document.documentElement.scrollWidth") <= width

        handle(staff, site, demo, number)
        hers.goto(address)
        expect(hers.locator(".vtrk [aria-current]")).to_contain_text("明天上午带水泥来补")
        expect(hers.locator("body")).not_to_contain_text("别太当真")
        expect(hers.locator("body")).not_to_contain_text("13800138000")

        solve(staff, site, demo, number)
        hers.goto(address)
        expect(hers.locator(".promise")).to_contain_text("轮到你了")
        rate_twice(hers)
        later(demo, minutes=10)
        hers.goto(address)
        expect(hers.locator(".promise")).to_contain_text("已办结")
        expect(hers.locator("body")).to_contain_text("「认可」生效")


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b8"
    "0000000049454e44ae426082"
)


@pytest.mark.parametrize("width", [PHONE_WIDTH])
def test_pages_of_residents_are_accessible_and_small(site: str, demo: Sanlian, open_page: OpenPage, width: int) -> None:
    """axe finds nothing, nothing scrolls sideways, in plain and in large print."""
    page = open_page(width=width, height=844, bypass_csp=True)
    act_in_browser(page, site, demo, RESIDENT)
    page.goto(f"{site}/matters/new")
    page.get_by_label("事情").fill(TOLD)
    page.get_by_role("button", name="报上去").click()
    page.wait_for_url(re.compile(r"/receipt$"))
    assert_accessible(page, width=width)
    link = page.get_by_role("link", name="看这件事").get_attribute("href")
    for path in (link, "/track", "/t/000000000000"):
        for size in ("", "xl"):
            page.context.add_cookies([{"name": "sanlian-size", "value": size, "url": site}])
            page.goto(f"{site}{path}")
            assert_accessible(page, width=width)
