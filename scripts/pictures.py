"""What a picture is taken with: a browser as one person has it, and a camera that keeps small files."""

import io
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from engine.services.demo_clock import FastForward
from engine.services.demo_people import PASSWORD
from engine.wiring import Sanlian

PHONE, DESKTOP = 390, 1440
HEIGHTS = {PHONE: 844, DESKTOP: 900}
MOST_BYTES = 80 * 1024  # a table of 25 rows takes more, with however few colours
COLOURS = (128, 64)


@dataclass(frozen=True)
class Stage:
    """The demo, served, at its instant."""

    browser: Browser
    site: str
    sanlian: Sanlian
    passing: FastForward
    folder: Path

    def enter(self, width: int) -> "Person":
        """Return somebody who has just opened a browser."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]}, locale="zh-CN", timezone_id="Asia/Shanghai",
            reduced_motion="reduce", color_scheme="light",
        )  # fmt: skip
        return Person(stage=self, page=context.new_page())

    def later(self, **by: int) -> None:
        """Let time pass, and every rule act at its own instant."""
        self.passing.to(self.sanlian.clock.now() + timedelta(**by))


@dataclass(frozen=True)
class Person:
    """Somebody at a browser of their own."""

    stage: Stage
    page: Page

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(f"{self.stage.site}{path}", wait_until="networkidle")

    def sign_in(self, login: str, *, picture: str | None = None) -> None:
        """Sign in as the demo says; the day begins on the page of one's post."""
        self.go("/sign-in")
        self.page.get_by_label("工号").fill(login)
        self.page.get_by_label("密码", exact=True).fill(PASSWORD)
        if picture is not None:
            self.keep(picture)
        self.page.get_by_role("button", name="登录", exact=True).click()
        self.page.wait_for_load_state("networkidle")

    def keep(self, name: str, *, at: str | None = None, height: int | None = None) -> None:
        """Keep what is seen as `name.png`, scrolled so that *at* stands near the top."""
        size = self.page.viewport_size
        assert size is not None  # every context here was given one
        if height is not None:
            self.page.set_viewport_size({"width": size["width"], "height": height})
        if at is not None:
            self.page.locator(at).first.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 80)")
        self.page.mouse.move(0, 0)
        self.page.wait_for_timeout(150)
        (self.stage.folder / f"{name}.png").write_bytes(small(self.page.screenshot()))
        self.page.set_viewport_size(size)


def small(png: bytes) -> bytes:
    """Return a picture of a page with many colours, or fewer when the file would be big."""
    with Image.open(io.BytesIO(png)) as image:
        plain = image.convert("RGB")
    for colours in COLOURS:
        kept = io.BytesIO()
        plain.quantize(palette=palette(plain, colours), dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
        if kept.tell() <= MOST_BYTES:
            break
    return kept.getvalue()


def palette(plain: Image.Image, colours: int) -> Image.Image:
    """Return a palette in which paper, washes and levels keep their very colours; edges of letters share the rest."""
    exact = _frequent(plain)[: colours * 2 // 3]
    shared = plain.quantize(colours - len(exact), method=Image.Quantize.MAXCOVERAGE).convert("RGB")
    made = Image.new("P", (1, 1))
    made.putpalette([part for colour in (*exact, *_frequent(shared)) for part in colour])
    return made


def _frequent(plain: Image.Image) -> list[tuple[int, ...]]:
    counted = sorted(plain.getcolors(plain.width * plain.height) or [], reverse=True)
    return [colour for _, colour in counted if isinstance(colour, tuple)]


def photograph() -> bytes:
    """Return a photo of nothing in particular, as a phone would make it."""
    noise = random.Random(20261120)
    picture = Image.frombytes("RGB", (12, 9), noise.randbytes(12 * 9 * 3)).resize((1200, 900))
    taken = io.BytesIO()
    picture.save(taken, "JPEG", quality=85)
    return taken.getvalue()
