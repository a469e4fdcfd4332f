"""A street comes in through a browser: three administrators, a faulty workbook, a good one, and a changed one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api.app import create_app
from engine.core.terms import Office
from engine.services.first_run import make_code
from engine.settings import Settings
from engine.wiring import Sanlian, wire
from tests.support.browser import OpenPage, ServeApp
from tests.support.clock import FixedClock
from tests.support.demo import CHEAP, NOW
from tests.support.logged import settle_shipped
from tests.support.street_book import Street, street, workbook
from tests.support.town import DISTRICT
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH, watched

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PASSWORD = "{}-harbour-lantern"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Sanlian]:
    """A deployment with its flows and nobody who can sign in."""
    url = f"sqlite:///{tmp_path / 'street.db'}"
    settle_shipped(url)
    made = wire(Settings(database_url=url, district=DISTRICT), clock=FixedClock(NOW), hasher=CHEAP)
    yield made
    made.close()


@pytest.fixture
def site(empty: Sanlian, serve_app: ServeApp) -> str:
    """It, served."""
    return serve_app(create_app(empty), lifespan="off")


def good() -> Street:
    """A street of categories that are there."""
    made = street()
    made["单位"][-1][-1] = "B6"
    return made


def faulty() -> Street:
    """The same with a fault in each sheet that is filled in by hand."""
    made = good()
    made["单位"][4][3] = "东社去"
    made["人员"].append(["003", "丙", "", "无"])
    made["岗位"][1][1] = "网格圆"
    made["楼栋"][1][4] = "004"
    made["岗位"] = [row for row in made["岗位"] if row[0] != "004"]
    made["值班"] = made["值班"][1:]
    return made


def changed() -> Street:
    """The same half a year later: one left and another came, a house was pulled down."""
    made = good()
    made["岗位"][1] = ["003", "网格员", "dong-2", "2026-11-21", ""]
    made["楼栋"].pop()
    return made


def let_administrators_in(page: Page, site: str, code: str) -> None:
    """The first run, and what it says comes next."""
    page.goto(site)
    page.get_by_label("首次使用的码").fill(code)
    for office, word in zip(Office, ("plum", "tofu", "kite"), strict=True):
        page.locator(f"#{office.value}-name").fill(word)
        page.locator(f"#{office.value}-login").fill(word)
        page.locator(f"#{office.value}-password").fill(PASSWORD.format(word))
    page.get_by_role("button", name="定下三个管理员").click()
    expect(page.get_by_role("status")).to_contain_text("三个管理员定好了")
    expect(page.get_by_role("status")).to_contain_text("安全管理员登录，到「人员」里从工作簿导入")


def look_at(page: Page, made: Street) -> None:
    """Upload a workbook."""
    page.locator("#street-file").set_input_files({"name": "街道.xlsx", "mimeType": XLSX, "buffer": workbook(made)})
    page.get_by_role("button", name="看看会怎样").click()


@pytest.mark.parametrize(
    ("width", "script"), [(DESKTOP_WIDTH, True), (PHONE_WIDTH, False)], ids=["desk, with script", "phone, without"]
)
def test_a_street_comes_in(site: str, empty: Sanlian, open_page: OpenPage, width: int, script: bool) -> None:
    """Faults in the order of the workbook and nothing written; then a look, a yes; the same again is nothing to do."""
    page = open_page(width=width, height=870, java_script_enabled=script)
    with watched(page, site):
        code = make_code(empty.uow, salts=empty.door.salts, now=NOW)
        let_administrators_in(page, site, code)
        page.get_by_label("工号").fill("tofu")
        page.get_by_label("密码", exact=True).fill(PASSWORD.format("tofu"))
        page.get_by_role("button", name="登录", exact=True).click()
        page.get_by_role("link", name="导入").click()

        look_at(page, faulty())
        expect(page.locator("h2").first).to_contain_text("有 5 处要改，什么都没有写")
        assert page.locator("td.where").all_inner_texts() == [
            "「单位」第 6 行 D 列「上级」", "「人员」第 6 行 A 列「工号」", "「人员」第 6 行 D 列「电话」",
            "「岗位」第 3 行 B 列「岗位」", "「楼栋」第 3 行 E 列「包楼人」",
        ]  # fmt: skip
        expect(page.locator("tbody")).to_contain_text("是不是想写「东社区」？")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

        look_at(page, good())
        expect(page.locator("h2").first).to_contain_text("还没有写进去")
        expect(page.locator("tbody")).to_contain_text("包楼 丙（社区专干）")
        page.get_by_role("button", name="确认导入").click()
        expect(page.get_by_role("status")).to_contain_text("导入好了")
        look_at(page, good())
        expect(page.get_by_role("status")).to_contain_text("0 处变化")

        look_at(page, changed())
        rows = [row.split() for row in page.locator("tbody tr").all_inner_texts()]
        assert sorted(row[:2] for row in rows) == [["岗位", "新增"], ["岗位", "结束"], ["楼栋", "去掉"]]
        page.get_by_role("button", name="确认导入").click()
        expect(page.get_by_role("status")).to_contain_text("3 处变化")
        page.get_by_role("link", name="看单位和人员").click()
        expect(page.locator("main")).to_contain_text("东二网格")
