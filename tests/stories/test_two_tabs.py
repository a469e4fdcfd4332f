"""Two people on one demand in two tabs: the later press is told who did what, and loses neither words nor photo."""

import pytest
from playwright.sync_api import expect

from api.app import create_app
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.people import act_in_browser
from tests.support.pictures import picture
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

NUMBER = "2611-0053"
WORKER, LEADER = "zhujidong-1.grid_worker.1", "zhujidong-1.grid_leader.1"
WROTE = "和住户说好了，今晚起牵绳，不在楼道养。"


@pytest.fixture
def site(demo: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(demo), lifespan="off")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_words_and_photo_stay_when_somebody_was_faster(
    site: str, demo: Sanlian, open_page: OpenPage, script: bool
) -> None:
    """A photo chosen in a tab that has grown old is kept: one more press, and it is taken."""
    worker = open_page(width=PHONE_WIDTH, height=844, java_script_enabled=script)
    leader = open_page(width=DESKTOP_WIDTH, height=870, java_script_enabled=script)
    with watched(worker, site), watched(leader, site):
        act_in_browser(worker, site, demo, WORKER)
        act_in_browser(leader, site, demo, LEADER)
        worker.goto(f"{site}/matters/{NUMBER}?do=solve")
        form = worker.locator("#act-solve")
        form.get_by_label("办理情况").fill(WROTE)
        form.locator("input[type=file]").set_input_files(
            {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", size=(320, 240))}
        )
        leader.goto(f"{site}/matters/{NUMBER}?do=note")
        leader.locator("#act-note").get_by_label("办理情况").fill("网格长先去看过一次。")
        leader.locator("#act-note .main-act").click()
        expect(leader.locator('[data-done="note"]')).to_be_visible()

        form.locator(".main-act").click()
        said = worker.get_by_role("alert")
        expect(said).to_contain_text("珠玑东一网格 网格长刚刚记进展")
        expect(said).to_contain_text("没有记下")
        expect(form.get_by_label("办理情况")).to_have_value(WROTE)
        expect(form).to_contain_text("已经收到 1 份，不用再选")
        form.locator(".main-act").click()
        expect(worker.locator('[data-done="solve"]')).to_be_visible()
        expect(worker.locator(".tl")).to_contain_text(WROTE)
        expect(worker.locator(".tl")).to_contain_text("办完的照片 1 份")
