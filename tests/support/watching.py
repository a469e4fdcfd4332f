"""Watch a page while it is used: no complaint of the browser, no breach of the policy, no request to another host."""

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request

PHONE_WIDTH, DESKTOP_WIDTH = 390, 1440


@contextmanager
def watched(page: Page, site: str) -> Iterator[None]:
    """Fail when the browser complains, breaks the policy, or asks another host."""
    faults: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((site, "data:", "blob:")):
            faults.append(f"asked {request.url}")

    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", asked)
    yield
    # A refused press is answered with 4xx on purpose, and the browser notes every one of them.
    assert [fault for fault in faults if "status of 4" not in fault] == []


def assert_accessible(page: Page, *, width: int) -> None:
    """Fail when axe finds something on the page as it stands (open it with `bypass_csp=True`) or it is too wide."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
