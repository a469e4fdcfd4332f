"""Steps are counted by the browser itself: presses, and fields written in (found-and-fixed, advance: tests/stories)."""

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.pages import OFFICE
from tests.acceptance.test_every_page_in_browser import bring_cookies
from tests.acceptance.viewing import Viewing
from tests.support.browser import OpenPage, ServeApp
from tests.support.watching import DESKTOP_WIDTH, PHONE_WIDTH

MOST_STEPS_TO_SEND_A_LIMIT = 6
COUNTER = """
const count = () => sessionStorage.setItem('steps', Number(sessionStorage.getItem('steps') || 0) + 1);
addEventListener('pointerdown', count, true);
addEventListener('change', event => { if (event.target.matches('input:not([type=radio], [type=checkbox]), textarea'))
  count(); }, true);
"""


def steps_of(page: Page) -> int:
    """How many steps a person has made in this tab."""
    return int(page.evaluate("Number(sessionStorage.getItem('steps') || 0)"))


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESKTOP_WIDTH])
def test_limit_is_changed_and_sent_for_approval_in_six_steps(
    written_on: tuple[Viewing, dict[str, str]], serve_app: ServeApp, open_page: OpenPage, width: int
) -> None:
    """From the table of limits to «送批了»: open, write, look, say why, choose whose, send."""
    seen = written_on[0]
    site = serve_app(seen.app, lifespan="off")
    page = open_page(width=width, height=870)
    page.add_init_script(COUNTER)
    bring_cookies(page, seen, OFFICE, site)
    page.goto(f"{site}/limits")
    assert steps_of(page) == 0

    page.get_by_role("link", name="改时限").click()
    page.locator('[name="c.5.grid"]').fill("1 工作日")
    page.get_by_role("button", name="看一遍").first.click()
    page.get_by_label("为什么改").fill("网格离得近，一个工作日办得完")
    page.get_by_role("radio", name="在办的也改").check()
    page.get_by_role("button", name="送批").click()

    expect(page.locator(".note").first).to_contain_text("送批了")
    assert 0 < steps_of(page) <= MOST_STEPS_TO_SEND_A_LIMIT
