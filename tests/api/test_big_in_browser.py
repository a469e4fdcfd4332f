"""More than may be handed in at once: a real browser reads the answer, and nothing that was written is lost."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from api.connection import Connection
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH, assert_accessible

WORKER = "zhujidong-3.grid_worker.1"
TOLD = "井盖破了，当场换好。"
SAID = "一次最多交 20 MB，没有收下。请少选几张照片再交。"
MEGABYTE = 1024 * 1024


@pytest.fixture
def sanlian(demo: Sanlian) -> Sanlian:
    """The deployment that is served."""
    return demo


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served as `sanlian serve` does."""
    return serve_app(create_app(sanlian), lifespan="off", http=Connection)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A photo as some cameras make them: nothing that a browser could make small."""
    made = tmp_path / "big.jpg"
    with made.open("wb") as file:
        file.truncate(25 * MEGABYTE)
    return made


def hand_in(page: Page, site: str, photo: Path) -> None:
    """Write, choose a photo and press."""
    page.goto(f"{site}/work/found")
    page.locator("textarea").first.fill(TOLD)
    page.locator("input[type=file]").set_input_files(photo)
    page.locator(".main-act").click()


def test_person_reads_what_was_too_big_and_finds_the_text_again_without_script(
    site: str, sanlian: Sanlian, open_page: OpenPage, big: Path
) -> None:
    """The page says what to do; the way back leads to the form with all that was written."""
    page = open_page(width=PHONE_WIDTH, height=844, java_script_enabled=False)
    act_in_browser(page, site, sanlian, WORKER)

    hand_in(page, site, big)

    expect(page.get_by_role("alert")).to_contain_text(SAID)
    assert page.title() == "交的东西太大了 · 三级联动"
    page.go_back()
    expect(page.locator("textarea").first).to_have_value(TOLD)


def test_script_says_what_was_too_big_on_the_page_that_holds_the_text(
    site: str, sanlian: Sanlian, open_page: OpenPage, big: Path
) -> None:
    """The form stays as it was, and nothing waits in the phone to be sent in vain."""
    page = open_page(width=PHONE_WIDTH, height=844, bypass_csp=True)
    act_in_browser(page, site, sanlian, WORKER)

    hand_in(page, site, big)

    expect(page.locator("#queue [role=status]")).to_have_text(SAID)
    expect(page.locator("textarea").first).to_have_value(TOLD)
    assert_accessible(page, width=PHONE_WIDTH)
