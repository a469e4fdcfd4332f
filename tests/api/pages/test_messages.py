"""The page of messages: what a rule told a post is read by whoever holds it, and opens the matter."""

import re

from starlette.testclient import TestClient

from engine.channels.in_app import NAME, InApp
from engine.services.housekeep import deliver_all
from engine.wiring import Sanlian
from tests.api.conftest import act_as

WORKER, OTHER = "zhujidong-3.grid_worker.1", "wangtan-1.grid_worker.1"


def deliver(sanlian: Sanlian) -> None:
    """Send everything that waits to go out."""
    deliver_all(sanlian.uow, sanlian.door.shelf, channels={NAME: InApp(sanlian.uow)}, now=sanlian.clock.now())


def test_message_is_read_and_opens_its_demand_when_a_rule_told_the_post(client: TestClient, sanlian: Sanlian) -> None:
    """What the grid was told stands on its worker's page, each with a way to a page that is there."""
    act_as(client, WORKER)
    before = client.get("/messages").text
    deliver(sanlian)

    page = client.get("/messages").text

    assert "还没有消息" in before
    assert "诉求 26" in page
    ways = set(re.findall(r'href="(/matters/[^"]+)">打开', page))
    assert ways
    assert {client.get(way).status_code for way in ways} == {200}


def test_message_is_not_shown_when_it_was_told_another_grid(client: TestClient, sanlian: Sanlian) -> None:
    """Two grids read different messages."""
    deliver(sanlian)

    def read_by(post: str) -> set[str]:
        act_as(client, post)
        return set(re.findall(r"<li><time.*?</li>", client.get("/messages").text, re.DOTALL))

    assert read_by(WORKER)
    assert read_by(WORKER).isdisjoint(read_by(OTHER))


def test_messages_are_refused_when_the_post_works_on_nothing(client: TestClient) -> None:
    """An auditor, who is told nothing, has no such page and no way to it."""
    act_as(client, "auditor")

    assert client.get("/messages").status_code == 403
    assert "/messages" not in client.get("/audit").text
