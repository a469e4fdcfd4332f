import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.support.browser import OpenPage, ServeApp

PAGE = """<!doctype html><html lang="zh-CN"><title>三联</title><link rel="icon" href="data:,">
<p id="size"></p><script>
document.getElementById("size").textContent = [innerWidth, navigator.language,
  Intl.DateTimeFormat().resolvedOptions().timeZone].join(" ")</script>"""


async def _app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    headers = [(b"content-type", b"text/html; charset=utf-8")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": PAGE.encode()})


def test_page_is_a_chinese_phone_when_nothing_else_is_asked(open_page: OpenPage, serve_app: ServeApp) -> None:
    """Pages are seen at 390 pixels, in zh-CN, at Shanghai time."""
    page = open_page()

    page.goto(serve_app(_app))

    assert page.locator("#size").text_content() == "390 zh-CN Asia/Shanghai"


def test_page_has_the_width_when_one_is_asked_for(open_page: OpenPage, serve_app: ServeApp) -> None:
    """Two pages of one test may differ in size."""
    wide, phone, url = open_page(width=1280), open_page(), serve_app(_app)

    for page in (wide, phone):
        page.goto(url)

    assert wide.locator("#size").text_content() == "1280 zh-CN Asia/Shanghai"
    assert phone.locator("#size").text_content() == "390 zh-CN Asia/Shanghai"


def test_network_is_refused_when_a_test_leaves_loopback() -> None:
    """A test that reaches for the internet fails, wherever it runs."""
    with pytest.raises((PermissionError, urllib.error.URLError), match="loopback addresses only"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
