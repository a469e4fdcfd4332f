"""Rules that stand still are told to who can let them go, and to nobody else."""

from datetime import datetime, timedelta

from starlette.testclient import TestClient

from engine.core.guard import Reading
from engine.services.advance import Failed, park
from engine.services.held import held_back
from engine.services.tick import Outcome, Ticker
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.support.demo import NOW

YEAR = timedelta(days=365)
SECRETARY = "jingyi.community_head.1"


def tick(sanlian: Sanlian, at: datetime, *, boot: str = "first") -> Outcome:
    """Let a fresh process tick at *at*, one rule in its first batch."""
    reading = Reading(at, at.timestamp(), boot)
    ticker = Ticker(sanlian.uow, sanlian.door, read_clocks=lambda: reading, first_batch=1)
    outcome = ticker.tick()
    assert outcome is not None
    return outcome


def test_board_and_page_say_nothing_when_nothing_stands_still(client: TestClient) -> None:
    """An ordinary day has no such line."""
    assert "/held" not in client.get("/board").text
    assert "没有停着的规则" in client.get("/held").text


def test_supervisor_lets_the_rules_go_on_when_the_clock_is_right_after_all(
    client: TestClient, sanlian: Sanlian
) -> None:
    """After a restart with a stop of a year the board tells it, and one press goes on."""
    tick(sanlian, NOW)
    assert not tick(sanlian, NOW + YEAR, boot="second").may_fire

    assert "停了 365 天，或者时钟错了，到点规则全停" in client.get("/board").text
    page = client.get("/held").text
    assert "这台机器现在是" in page
    assert f"{NOW.year}年" in page
    answer = client.post("/held/trust")

    assert answer.headers["location"] == "/held?done=trusted"
    assert "记下了" in client.get("/held?done=trusted").text
    assert tick(sanlian, NOW + YEAR, boot="second").may_fire
    assert "到点规则全停" not in client.get("/board").text


def test_supervisor_sees_what_an_outage_holds_back_and_lets_it_go(client: TestClient, sanlian: Sanlian) -> None:
    """The demands are named, the instant at which they go by themselves too; after the press nothing is held."""
    tick(sanlian, NOW)
    outcome = tick(sanlian, NOW + timedelta(days=10))
    assert outcome.held > 1

    assert "有些到点规则先压着" in client.get("/board").text
    page = client.get("/held").text
    assert f"停过机，{outcome.held} 条规则先压着" in page
    with sanlian.uow.read() as tx:
        first = tx.demands.get_many({held_back(sanlian.uow).held[0].timer.matter})
    assert all(demand.number in page for demand in first.values())
    client.post("/held/release")
    again = client.post("/held/release")

    assert again.status_code == 303
    assert not held_back(sanlian.uow).held
    assert "先压着" not in client.get("/board").text


def test_board_of_a_community_says_nothing_of_it(client: TestClient, sanlian: Sanlian) -> None:
    """Who cannot let the rules go is not troubled with them."""
    tick(sanlian, NOW)
    tick(sanlian, NOW + YEAR, boot="second")
    act_as(client, SECRETARY)

    page = client.get("/board")

    assert page.status_code == 200
    assert "/held" not in page.text
    assert client.get("/held").status_code == 403


def test_supervisor_has_a_rule_tried_again_that_could_not_act(client: TestClient, sanlian: Sanlian) -> None:
    """What was put aside is told, one press tries it again, and the history says so."""
    with sanlian.uow.write() as tx:
        timer = next(timer for timers in tx.timers.of_many([one.matter.id for one in tx.matters.all()]).values()
                     for timer in timers)  # fmt: skip
        tx.timers.consume_many((timer,))
        park(tx, Failed(timer, "坏了"), now=NOW, ids=sanlian.door.ids)

    assert "有的到点规则执行出错" in client.get("/board").text
    page = client.get("/held").text
    assert "1 条规则执行出错，放在一边" in page
    answer = client.post("/held/retry")

    assert answer.headers["location"] == "/held?done=retried"
    assert not held_back(sanlian.uow).parked
    assert "执行出错" not in client.get("/board").text
    with sanlian.uow.read() as tx:
        assert b"parked_retried" in list(tx.events.of("system/clock"))[-1].body
