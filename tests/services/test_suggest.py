"""What a text looks like: categories by words, and demands told before."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.core.matter import Actor
from engine.core.workflow.catalogue import Catalogue, read_catalogue
from engine.services.demo_texts import TOLD
from engine.services.sight import sight_of
from engine.services.suggest import Alike, Told, alike, catalogue_of, suggest
from engine.wiring import Sanlian
from tests.support.demo import FLOWS, NOW

LEAK = "3 号院管道井的墙往外渗水，地板泡起来了，楼下也有印子。"
WORKER = Actor(post="zhujidong-3.grid_worker.1", role="grid_worker", unit="zhujidong-3", person="x")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    file = Path(FLOWS) / "catalogues" / "categories.yaml"
    read, findings = read_catalogue(file.read_bytes(), file.name)
    assert findings == ()
    assert read is not None
    return read


def test_category_is_named_with_the_words_that_matched(catalogue: Catalogue) -> None:
    """The best first; a word inside another that matched says nothing more."""
    first = suggest("晚上路灯不亮，摸黑走。", catalogue)[0]

    assert (first.category, first.label) == ("E6", "路灯")
    assert first.matched == ("路灯不亮",)


def test_kind_follows_the_category(catalogue: Catalogue) -> None:
    """What is urgent is proposed as urgent."""
    assert suggest("屋里有煤气味", catalogue)[0].kind == "quick"


def test_nothing_is_proposed_when_no_word_matches(catalogue: Catalogue) -> None:
    """Better nothing than anything."""
    assert suggest("今天天气不错", catalogue) == ()
    assert suggest("", catalogue) == ()


def test_most_texts_of_the_demo_are_recognised(catalogue: Catalogue) -> None:
    """Plain counting is enough to begin with: seven of ten first, eight of ten among the four shown."""
    found = [[one.category for one in suggest(told.text, catalogue)] for told in TOLD]
    first = sum(told.category in one[:1] for told, one in zip(TOLD, found, strict=True))
    shown = sum(told.category in one for told, one in zip(TOLD, found, strict=True))

    assert first >= 0.7 * len(TOLD)
    assert shown >= 0.8 * len(TOLD)


def alike_to(demo: Sanlian, told: Told, *, viewer: Actor | None = WORKER, days: int = 0) -> tuple[Alike, ...]:
    """What is alike, as *viewer* may see it, so many days later."""
    shelf = demo.door.shelf
    with demo.uow.read() as tx:
        flows = [shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
        world = shelf.world(tx)
        return alike(
            tx, told, sight=sight_of(viewer, world=world, flows=flows), world=world,
            flow_of=lambda digest: shelf.workflow(tx, digest), now=NOW + timedelta(days=days),
        )  # fmt: skip


def test_demand_told_before_is_found_by_its_words(demo: Sanlian) -> None:
    """Other words, the same thing, the same place."""
    [found] = alike_to(demo, Told(LEAK, "zhujidong-3", "B7"))

    assert found.title == "5 层管道井墙面往外渗水，地板泡起来了，楼下也有印子"
    assert found.is_open


@pytest.mark.parametrize(
    ("told", "viewer", "days"),
    [
        (Told("路口红绿灯坏了", "zhujidong-3"), WORKER, 0),
        (Told(LEAK, "wangtan-1", "B7"), WORKER, 0),
        (Told(LEAK, "zhujidong-3", "B7"), WORKER, 40),
        (Told(LEAK, "zhujidong-3", "B7"), None, 0),
        (Told("", "zhujidong-3"), WORKER, 0),
    ],
    ids=["other words", "another community", "long ago", "not in sight", "no words"],
)
def test_nothing_is_alike_otherwise(demo: Sanlian, told: Told, viewer: Actor | None, days: int) -> None:
    """Only near, recent, alike, and in sight."""
    assert alike_to(demo, told, viewer=viewer, days=days) == ()


def test_catalogue_comes_from_what_was_published(demo: Sanlian) -> None:
    """The deployment's own words, not those of a file."""
    with demo.uow.read() as tx:
        flow = demo.door.shelf.current(tx, "three_tier")
        found = catalogue_of(tx, flow)

    assert found is not None
    assert "路灯" in found.entries["E6"].words
