"""A part that was kept is the part that would be drawn: whatever it is given differs, it is drawn anew."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from api.dependencies import Look
from api.kept import MOST_CHARACTERS, Kept
from api.navigation import ENTRIES, tabs
from api.rendering import TEMPLATES, environment
from api.words import Words
from engine.services.first_act import FirstAct
from engine.services.naming import LevelMark
from engine.services.time_state import TimeState
from engine.services.timeline import Entry, Said
from engine.services.today import Next, TodayRow
from engine.services.worklist import NextStep, Row

AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
WORDS = Words(now=AT, zone=ZONE)
LEVEL = LevelMark("grid", "网格", 1)
TIME = TimeState("calm", due=AT + timedelta(hours=30), percent=40, left_seconds=40_000, working=True)
STEP = NextStep(AT + timedelta(hours=5), "升到社区")
ROW = Row(
    ref="2611-0001", number="2611-0001", title="灯<不>亮", level=LEVEL, state="办理", holder="网格员", supervised=False,
    time=TIME, moved_at=AT - timedelta(days=2), next=STEP, no_next="",
)  # fmt: skip
TODAY = TodayRow(
    ref="2611-0001", number="2611-0001", title="灯<不>亮", place="朱家", state="办理", level=LEVEL, group="today",
    supervised=False, time=TIME, coming=(Next(STEP.at, "升到社区"),), first=FirstAct("note", "记进展", asks=True),
    why_none="", has_reporter=True,
)  # fmt: skip
ENTRY = Entry(
    at=AT, who="周婷", what="记了进展", is_rule=False, level=None, said=(Said("进展", "看<过>"),), notes=("照片",)
)
# A value for each field that says something else on the page, or may.
OTHER: dict[str, Any] = {
    "ref": "2611-0002", "number": "2611-0002", "title": "井盖", "level": LevelMark("street", "街道", 3),
    "state": "核查",
    "holder": "社区书记", "supervised": True, "moved_at": AT - timedelta(days=9), "next": None, "no_next": "挂账",
    "place": "", "group": "late", "coming": (), "first": None, "why_none": "轮不到你", "has_reporter": False,
    "word": "over", "due": AT - timedelta(hours=1), "percent": 41, "left_seconds": -7_000, "working": False,
    "day_seconds": 3_600, "provisional": True, "paused": True, "settling": True,
    "at": AT - timedelta(days=1), "who": "系统", "what": "升级", "is_rule": True, "said": (), "notes": (),
}  # fmt: skip


def part(name: str, macro: str) -> Kept:
    """The part of that name, as templates import it."""
    found = getattr(environment().get_template(f"_parts/{name}").module, macro)
    assert isinstance(found, Kept)
    return found


def drawn_anew(name: str, macro: str) -> Callable[..., str]:
    """The same drawn without keeping anything."""
    source, _, _ = environment().loader.get_source(environment(), f"_parts/{name}")  # type: ignore[union-attr]  # it has a loader
    fresh = environment().from_string(re.sub(rf"set {macro} = kept\((_\w+)[^)]*\)", rf"set {macro} = \1", source))
    made: Callable[..., str] = getattr(fresh.module, macro)
    return made


def others_of(one: Any) -> list[Any]:
    """*one* with each of its fields changed, those of its time too."""
    found = [replace(one, **{field.name: OTHER[field.name]}) for field in fields(one) if field.name != "time"]
    if hasattr(one, "time"):
        found += [replace(one, time=replace(one.time, **{f.name: OTHER[f.name]})) for f in fields(one.time)]
    return found


LOOK = Look(theme="dark")
OTHERWISE = {"work": "as", "all": "own", True: False, LOOK: Look(size="xl")}


def varied(*given: Any) -> list[tuple[Any, ...]]:
    """*given*, and with each of it changed."""
    others = [(*given[:n], OTHERWISE.get(one, ""), *given[n + 1 :]) for n, one in enumerate(given)]
    return [given, *others]


PARTS: list[tuple[str, str, list[tuple[Any, ...]]]] = [
    ("parts.html", "matter_row", [(row, WORDS) for row in [ROW, *others_of(ROW)]]),
    (
        "today_row.html",
        "today_row",
        [
            (row, WORDS, late, may)
            for row in [TODAY, *others_of(TODAY)]
            for late in (True, False)
            for may in (True, False)
        ],
    ),
    ("parts.html", "timeline", [((one, ENTRY), WORDS) for one in [ENTRY, *others_of(ENTRY)]]),
    ("parts.html", "icon", [("plus",), ("back",)]),
    (
        "ways.html",
        "side_rail",
        [(ENTRIES, *each) for each in varied("work", "周<婷>", "网格员", True, LOOK, "/?a=<b>")],
    ),
    ("ways.html", "tab_bar", [(tabs(ENTRIES), *each) for each in varied("all", "周婷")]),
]


@pytest.mark.parametrize(("name", "macro", "given"), PARTS, ids=[macro for _, macro, _ in PARTS])
def test_part_is_what_would_be_drawn_when_any_of_what_it_is_given_differs(
    name: str, macro: str, given: list[tuple[Any, ...]]
) -> None:
    """Field by field, in any order, and a second time from what was kept; on another day and in another zone too."""
    kept, anew = part(name, macro), drawn_anew(name, macro)
    later = Words(now=AT + timedelta(days=1), zone=ZONE)
    away = Words(now=AT, zone=ZoneInfo("America/Lima"))
    for words in (WORDS, later, away, WORDS):
        for one in given:
            asked = tuple(words if arg is WORDS else arg for arg in one)
            assert kept(*asked) == anew(*asked), asked
            assert kept(*asked) is kept(*asked)


def test_row_is_not_drawn_again_when_only_unsaid_seconds_went_by() -> None:
    """「剩 1 天 3 时」 says no seconds: the next minute finds what was drawn."""
    kept = part("parts.html", "matter_row")
    row = replace(ROW, title="only here", time=replace(TIME, left_seconds=41_395))
    before = kept(row, WORDS)

    later = replace(row, time=replace(row.time, left_seconds=41_390))

    assert kept(later, Words(now=AT + timedelta(seconds=5), zone=ZONE)) is before


@pytest.mark.parametrize("name", sorted(path.name for path in (TEMPLATES / "_parts").glob("*.html")))
def test_kept_parts_say_nothing_of_the_instant_itself(name: str) -> None:
    """What a part is found by leaves out the seconds left and the time of day: no kept part may say them."""
    source = (TEMPLATES / "_parts" / name).read_text(encoding="utf-8")
    kept = [text.partition("{% endmacro %}")[0] for text in source.split("{% macro _")[1:]]

    assert not [text[:40] for text in kept if "left_seconds" in text or ".now" in text]


def test_what_cannot_be_kept_is_drawn_each_time() -> None:
    """A list may change under its name."""
    kept = Kept(lambda given: Markup(len(given)))
    given = [1]
    first = kept(given)
    given.append(2)

    assert (first, kept(given)) == (Markup("1"), Markup("2"))


def test_long_parts_are_not_kept_when_somebody_makes_them_long() -> None:
    """An address of any length stands in every page; memory is not for whoever types it."""
    kept = Kept(Markup)

    for length in (10, MOST_CHARACTERS, MOST_CHARACTERS + 1):
        assert len(kept("x" * length)) == length

    assert len(kept) == 2


def test_oldest_is_forgotten_first_when_too_much_is_kept() -> None:
    """Memory has an end."""

    @dataclass(frozen=True)
    class One:
        number: int

    drawn: list[int] = []

    def draw(one: One) -> Markup:
        drawn.append(one.number)
        return Markup(one.number)

    kept = Kept(draw, most=3)
    for number in (1, 2, 3, 4, 4, 2, 1):
        kept(One(number))

    assert (len(kept), drawn) == (3, [1, 2, 3, 4, 1])
