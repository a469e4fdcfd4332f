"""A grid worker's day in a browser: sign in, the list, accept, note, found and fixed, hand in, done for today."""

import io
import random
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from api.app import create_app
from engine.services.demo_people import PASSWORD
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH, assert_accessible, watched

GRID = "wangtan-2"
WORKER, LOGIN = f"{GRID}.grid_worker.1", f"wg-{GRID}"
TAPS_FOUND, TAPS_ADVANCE = 5, 2
MOST_PHOTO_BYTES = 300 * 1024
SLOW = 20_000  # ms: a photo is made small, sent, and encoded anew


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


def photograph() -> bytes:
    """A photo as phones make them: too big to send as it is."""
    noise = random.Random(20261120)
    small = Image.frombytes("RGB", (160, 120), noise.randbytes(160 * 120 * 3))
    taken = io.BytesIO()
    small.resize((2400, 1800)).save(taken, "JPEG", quality=98)
    assert len(taken.getvalue()) > MOST_PHOTO_BYTES
    return taken.getvalue()


class Thumb:
    """A thumb that counts its taps."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0

    def tap(self, selector: str) -> None:
        """Press something."""
        self.taps += 1
        self.page.locator(selector).first.click()

    def photo(self, selector: str) -> None:
        """Open the camera and take a picture."""
        self.taps += 1
        files = [{"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": photograph()}]
        self.page.locator(selector).set_input_files(files)  # type: ignore[arg-type]  # a dict is a FilePayload

    def write(self, selector: str, text: str) -> None:
        """Press a field and type."""
        self.taps += 1
        self.page.locator(selector).fill(text)


def is_small(page: Page, selector: str) -> None:
    """Wait until the photo chosen is as small as it is to be sent."""
    page.wait_for_function(
        "([field, most]) => { const file = document.querySelector(field).files[0]; return file.size <= most }",
        arg=[selector, MOST_PHOTO_BYTES],
    )


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_day_of_a_grid_worker_on_a_phone(demo: Sanlian, site: str, open_page: OpenPage, script: bool) -> None:
    """From signing in to signing out; what is told is asked once, what is pressed is confirmed with what comes next."""
    page = open_page(width=PHONE_WIDTH, height=844, java_script_enabled=script)
    thumb = Thumb(page)
    with watched(page, site):
        page.goto(f"{site}/sign-in?next=/work")
        page.get_by_label("工号").fill(LOGIN)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(f"{site}/work")
        expect(page.locator("h1")).to_have_text("11月20日 周五")

        row = page.locator(".tk", has_text="架空线垂到二楼")
        expect(row).to_contain_text("没人办的话")
        number = re.search(r"\d{4}-\d{4}", row.inner_text())
        assert number is not None

        # Accept: what needs no words is done in two taps.
        thumb.taps = 0
        thumb.tap(f'.tk:has-text("{number[0]}") .main-act')
        thumb.tap("#sheet .main-act" if script else "#act-accept .main-act")
        expect(page.locator(".note").first).to_contain_text("记下了")
        assert thumb.taps <= TAPS_ADVANCE

        # A note, on the matter's own page.
        page.goto(f"{site}/matters/{number[0]}?do=note#act-note")
        page.locator("#note-note").fill("通信公司说下午来人，已拉警戒线。")
        page.locator("#act-note .main-act").click()
        expect(page.locator(".tl").first).to_contain_text("通信公司说下午来人，已拉警戒线。")

        # Found on the way and fixed at once.
        page.goto(f"{site}/work")
        thumb.taps = 0
        thumb.tap(".found")
        thumb.photo("#found-photo_after")
        if script:
            is_small(page, "#found-photo_after")
        thumb.write("#found-detail", "二号楼一层楼道堆了旧家具，业主当面搬走了。")
        if script:
            expect(page.locator('#guess input[value="C3"]')).to_be_checked()
        thumb.tap(".main-act")
        if not script:
            expect(page.locator(".note").first).to_contain_text("照片还在")
            thumb.tap(".main-act")
        expect(page.locator(".note").first).to_contain_text("办完，到「换人核查」", timeout=SLOW)
        assert thumb.taps <= TAPS_FOUND

        # Hand in what was accepted this morning.
        page.goto(f"{site}/matters/{number[0]}?do=solve#act-solve")
        page.locator("#solve-note").fill("线缆已重新固定，高度够了。")
        thumb.photo("#solve-photo_after")
        page.locator("#act-solve .main-act").click()
        expect(page.locator(".turn")).to_contain_text("网格化服务中心", timeout=SLOW)

        page.goto(f"{site}/work")
        expect(page.locator(".main")).not_to_contain_text(number[0])
        page.goto(f"{site}/sessions")
        page.locator('main form[action="/sign-out"] button, form[action="/sign-out"] button').last.click(force=True)
        page.goto(f"{site}/work")
        expect(page).to_have_url(re.compile(r"/sign-in"))


@pytest.mark.parametrize("width", [PHONE_WIDTH])
def test_axe_finds_nothing_on_the_pages_of_the_day(demo: Sanlian, site: str, open_page: OpenPage, width: int) -> None:
    """The list, the half that waits, a sheet, filing with what is proposed, found-and-fixed, a task, a topic."""
    page = open_page(width=width, height=844, bypass_csp=True)
    act_in_browser(page, site, demo, "zhujidong-3.grid_worker.1")
    for path in ("/work", "/work?show=waiting", "/work/found", "/matters/new"):
        page.goto(f"{site}{path}")
        assert_accessible(page, width=width)
    page.locator("#new-detail").fill("3 号院 2 单元管道井墙上渗水，地板泡了，楼下也有印子")
    expect(page.locator(".alike")).to_contain_text("附近 30 天里有 1 件像的")
    assert_accessible(page, width=width)
    page.goto(f"{site}/work")
    page.locator(".tk .main-act").first.click()
    expect(page.locator("#sheet")).to_be_visible()
    assert_accessible(page, width=width)
    for post in ("housing.department.1", "yongshun.community_clerk.1"):
        act_in_browser(page, site, demo, post)
        page.goto(f"{site}/work")
        assert_accessible(page, width=width)
        page.locator(".tk h3 a").first.click()
        page.wait_for_load_state()
        assert_accessible(page, width=width)


def test_list_is_usable_on_the_narrowest_phone_outdoors_in_large_text(
    demo: Sanlian, site: str, open_page: OpenPage
) -> None:
    """360 pixels, white ground and black text, large letters: nothing scrolls sideways, buttons are 60 pixels high."""
    page = open_page(width=360, height=640)
    act_in_browser(page, site, demo, "zhujidong-3.grid_worker.1")
    page.goto(f"{site}/work")
    page.locator('header.top button[name="theme"]').click()
    page.locator('header.top button[name="size"]').click()
    for path in ("/work", "/work/found", "/matters/new", "/matters/2611-0037"):
        page.goto(f"{site}{path}")
        assert page.evaluate("document.documentElement.dataset.theme") == "outdoor"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        box = page.locator("main .main-act, .dock .main-act").last.bounding_box()
        assert box is not None
        assert box["height"] >= 60


def test_list_is_small_beyond_the_first_visit(demo: Sanlian, site: str, open_page: OpenPage) -> None:
    """At most 10 KB over the wire for the fullest desk of the demo."""
    page = open_page(width=PHONE_WIDTH, height=844)
    act_in_browser(page, site, demo, "housing.department.1")
    page.goto(f"{site}/work", wait_until="networkidle")
    sizes: dict[str, int] = {}
    finished: Callable[[Request], None] = lambda request: sizes.update(  # noqa: E731 (a listener of one line)
        {request.url: max(0, request.sizes()["responseBodySize"])}  # below zero: from the browser's own store
    )
    page.on("requestfinished", finished)
    page.goto(f"{site}/work", wait_until="networkidle")

    assert 0 < sum(sizes.values()) <= 10 * 1024
