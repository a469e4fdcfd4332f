"""Chromium as the page tests use it, and a server for it to visit."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
# Without these Chromium asks for hosts outside at every start, and root may not use its sandbox.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_FINDER = Path(__file__).parents[2] / "scripts" / "browser.sh"
_SERVER_SECONDS = 20.0

NewContext = Callable[..., BrowserContext]
OpenPage = Callable[..., Page]
ServeApp = Callable[..., str]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the browser that scripts/browser.sh finds (an override of pytest-playwright's fixture)."""
    found = subprocess.run(["sh", _FINDER, "--print"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        # conftest.py turns this into a failure with CI=true.
        pytest.skip(f"no browser: run `make browser` {found.stderr}")
    return {"executable_path": found.stdout.strip(), "args": FLAGS, "headless": not os.environ.get("HEADED")}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """Look at every page as a grid worker does: on a phone, in Chinese, at Shanghai time."""
    return {"viewport": PHONE, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


@pytest.fixture
def open_page(new_context: NewContext) -> OpenPage:
    """Return `open_page(width=390, height=844, **context)`: a page in a browser context of its own (one sign-in)."""

    def open_page(*, width: int = PHONE["width"], height: int = PHONE["height"], **context: Any) -> Page:
        page = new_context(**context).new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    return open_page


@pytest.fixture
def serve_app() -> Iterator[ServeApp]:
    """Return `serve_app(app, **config)`: serve an ASGI app on a free loopback port until the test ends; its URL."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve_app(app: Any, **config: Any) -> str:
        # Bound here, so that no other worker can take the port in between.
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, **{"log_level": "warning", "ws": "none", **config}))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        _wait_until_started(server, thread)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve_app

    for server, thread in running:
        # The page may hold its connection open; there is no one left to wait for.
        server.should_exit = server.force_exit = True
        thread.join(timeout=_SERVER_SECONDS)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _SERVER_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the server did not start; its messages are above")
        time.sleep(0.01)
