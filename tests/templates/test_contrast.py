"""The tokens of every theme against WCAG 2.2: text 4.5:1 on every surface, edges and fills 3:1."""

import gzip
import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "api" / "static" / "ui.css").read_text(encoding="utf-8")
THEMES = {
    "light": r":root \{(.*?)\n  \}",
    "dark": r':root\[data-theme="dark"\] \{(.*?)\n  \}',
    "auto_dark": r":root:not\(\[data-theme\]\) \{(.*?)\n  \}",
    "outdoor": r':root\[data-theme="outdoor"\] \{(.*?)\n  \}',
}
SURFACES = ("paper", "card", "sunk", "hover")
TIMES = ("soon", "hot", "over")


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme; what it does not set comes from the light one."""
    found = re.search(THEMES[theme], CSS, re.DOTALL)
    assert found is not None
    own = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", found.group(1)))
    return own if theme == "light" else {**tokens("light"), **own}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def pairs() -> list[tuple[str, str, float]]:
    """Foreground, background and the least contrast wanted."""
    wanted = [(text, surface, 4.5) for text in ("ink", "ink2", "ink3", "link") for surface in SURFACES]
    wanted += [(f"lv{n}", surface, 4.5) for n in (1, 2, 3) for surface in (*SURFACES, f"lv{n}-bg")]
    wanted += [(time, surface, 4.5) for time in TIMES for surface in (*SURFACES, f"{time}-bg")]
    wanted += [
        ("over", "over-wash", 4.5),
        ("hot", "hot-wash", 4.5),
        ("ink2", "over-wash", 4.5),
        ("ink3", "over-wash", 4.5),
    ]
    wanted += [("ink", f"{time}-bg", 4.5) for time in TIMES]
    wanted += [("on-ink", "ink", 4.5), ("ok", "card", 4.5)]
    wanted += [("edge", surface, 3) for surface in ("paper", "card", "sunk")]
    wanted += [("focus", surface, 3) for surface in SURFACES]
    wanted += [(f"{time}-fill", "card", 3) for time in TIMES]
    return wanted


@pytest.mark.parametrize("theme", THEMES)
def test_tokens_pass_the_contrast_on_every_surface(theme: str) -> None:
    """Recomputed from the tokens themselves."""
    colours = tokens(theme)

    low = [
        f"{front} on {back}: {contrast(colours[front], colours[back]):.2f} < {least}"
        for front, back, least in pairs()
        if contrast(colours[front], colours[back]) < least
    ]

    assert low == []


def test_outdoor_times_are_seven_to_one() -> None:
    """White ground, black text, time at least 7:1: readable in the sun."""
    colours = tokens("outdoor")

    assert (colours["paper"], colours["ink"]) == ("#fff", "#000")
    assert all(contrast(colours[time], colours["paper"]) >= 7 for time in TIMES)


def test_contrast_knows_black_on_white() -> None:
    """The measure itself."""
    assert contrast("#000", "#fff") == pytest.approx(21)


def test_both_dark_themes_are_one() -> None:
    """The chosen dark theme and the one of the device have the same tokens."""
    assert tokens("dark") == tokens("auto_dark")


def test_style_sheet_stays_small_and_its_percentages_are_whole() -> None:
    """At most 10 KB zipped; p-0 to p-100 replace style attributes."""
    zipped = len(gzip.compress(CSS.encode(), 9))

    assert zipped <= 10 * 1024
    assert all(f".p-{share} {{ --p: {share}%; }}" in CSS for share in range(101))


def test_layers_can_be_stripped_for_old_browsers() -> None:
    """Layers stand in the order of their priority, so the same file works without their wrappers."""
    order = re.search(r"^@layer ([a-z, ]+);", CSS, re.MULTILINE)
    assert order is not None

    assert order.group(1).split(", ") == re.findall(r"^@layer ([a-z]+) \{", CSS, re.MULTILINE)
