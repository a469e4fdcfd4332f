"""The resident's page: opened by a code alone, shows nothing internal, takes a rating once, lets it be taken back."""

import re
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from engine.core.command import File
from engine.core.history import read_event
from engine.core.matter import Actor
from engine.core.scope import SYSTEM
from engine.services.advance import Done, Entry, advance
from engine.services.audit import GOOD, verify
from engine.services.give_receipt import FREE, give_receipt, grouped
from engine.services.sweep import sweep
from engine.wiring import Sanlian
from tests.api.conftest import ORIGIN, act_as
from tests.api.page import Page
from tests.support.clock import FixedClock

FOR_RESIDENTS = {"contact", "answer", "ask", "solve", "refuse"}
STAFF_NAME = re.compile(r"演示 \d{3} 号|p:[a-z_]+@|\.(?:grid_worker|community_clerk|service_centre)\.")


def matters(sanlian: Sanlian) -> dict[str, str]:
    """One demand of every state, by state."""
    with sanlian.uow.read() as tx:
        query = "SELECT state, min(id) AS id FROM matter WHERE kind = 'demand' GROUP BY state"
        return {row.state: row.id for row in tx.connection.execute(text(query))}


def code_for(sanlian: Sanlian, state: str) -> str:
    """A fresh code of a demand in that state."""
    return give_receipt(
        sanlian.uow, matters(sanlian)[state], salts=sanlian.door.salts, by=SYSTEM, now=sanlian.clock.now()
    )


def later(sanlian: Sanlian, **by: int) -> None:
    """Let time pass and the rules act."""
    assert isinstance(sanlian.clock, FixedClock)
    now = sanlian.clock.advance(timedelta(**by))
    while sweep(sanlian.uow, now=now, services=sanlian.door).fired:
        pass


@pytest.fixture
def elsewhere(sanlian: Sanlian) -> Iterator[TestClient]:
    """A browser at another address."""
    headers = {"Accept": "text/html", "Origin": ORIGIN}
    app = create_app(sanlian)
    with TestClient(app, base_url=ORIGIN, headers=headers, follow_redirects=False, client=("10.1.1.9", 4)) as made:
        yield made


def internal_texts(sanlian: Sanlian, matter: str) -> set[str]:
    """What staff wrote for each other about a matter."""
    found = set()
    with sanlian.uow.read() as tx:
        for record in tx.events.of(matter):
            event = read_event(record.body)
            if event.actor.role != "resident" and event.action not in FOR_RESIDENTS and event.type != "filed":
                for secret in tx.vault.get_many(event.private).values():
                    value = msgspec.json.decode(secret.value or b"null")
                    found |= {value} if isinstance(value, str) else set(value or ())
    return found


def test_page_shows_where_and_whose_turn_and_nothing_internal_in_every_state(
    sanlian: Sanlian, stranger: TestClient
) -> None:
    """Every state of the shipped flow that the demo reaches: number, turn and outlook; no names, no internal words."""
    compared = 0
    for state, matter in matters(sanlian).items():
        internal = internal_texts(sanlian, matter)
        answer = stranger.get(f"/t/{code_for(sanlian, state)}")
        page = Page(answer.text)

        assert answer.status_code == 200, state
        assert re.search(r"编号 26\d\d-\d{4}", page.text), state
        assert STAFF_NAME.search(answer.text) is None, state
        assert not {one for one in internal if one in page.text}, state
        assert any(word in page.text for word in ("轮到", "结束于", "生效")), state
        assert answer.headers["referrer-policy"] == "no-referrer"
        compared += len(internal)
    assert len(matters(sanlian)) > 15
    assert compared > 10


def test_internal_note_and_telephone_never_reach_the_page(sanlian: Sanlian, client: TestClient) -> None:
    """A note stays inside; of words for the resident the telephone number is left out."""
    ref = matters(sanlian)["grid_doing"]
    with sanlian.uow.read() as tx:
        stored = tx.matters.get(ref)
    assert stored is not None
    act_as(client, f"{stored.matter.place}.grid_worker.1")
    for action, words in (("note", "这户人难缠，别理"), ("contact", "找我，电话 13800138000")):
        form = Page(client.get(f"/matters/{ref}").text).form(f"/do/{action}")["fields"]
        assert client.post(f"/matters/{ref}/do/{action}", data={**form, "f-note": words}).status_code == 303
    client.cookies.clear()

    shown = client.get(f"/t/{code_for(sanlian, 'grid_doing')}").text

    assert "难缠" not in shown
    assert "13800138000" not in shown
    assert "找我，电话" in shown


def test_code_is_folded_and_the_number_alone_opens_nothing(sanlian: Sanlian, stranger: TestClient) -> None:
    """Small letters, dashes, blanks, O for 0 and I or L for 1 lead to the same page; the number leads nowhere."""
    code = code_for(sanlian, "confirm")
    written = grouped(code).lower().replace("0", "o").replace("1", "l")

    assert stranger.post("/track", data={"code": f" {written} "}).headers["location"] == f"/t/{code}"
    assert stranger.get(f"/t/{written}").status_code == 200
    number = re.search(r"26\d\d-\d{4}", stranger.get(f"/t/{code}").text)
    assert number is not None
    assert stranger.get(f"/t/{number[0]}").status_code == 404


def test_wrong_replaced_and_old_codes_are_answered_alike(sanlian: Sanlian, stranger: TestClient) -> None:
    """Nobody learns from the answer whether a code was ever one."""
    replaced, old = code_for(sanlian, "confirm"), code_for(sanlian, "solved")
    code_for(sanlian, "confirm")
    assert stranger.get(f"/t/{old}").status_code == 200
    assert isinstance(sanlian.clock, FixedClock)
    sanlian.clock.advance(timedelta(days=400))

    answers = {stranger.get(f"/t/{code}").text.replace(code, "?") for code in (replaced, old, "0123456789AB", "不是码")}

    assert len(answers) == 1
    assert "可能抄错了" in answers.pop()


def test_guessing_slows_the_address_and_never_the_code(
    sanlian: Sanlian, stranger: TestClient, elsewhere: TestClient
) -> None:
    """After some wrong codes even the right one waits there; elsewhere it opens, and after a minute here too."""
    code = code_for(sanlian, "confirm")
    wrong = [stranger.get(f"/t/0000000000{n:02d}").status_code for n in range(FREE)]

    assert wrong == [404] * FREE
    assert stranger.get(f"/t/{code}").status_code == 429
    assert "请过 1 分钟再试" in stranger.get(f"/t/{code}").text
    assert elsewhere.get(f"/t/{code}").status_code == 200
    later(sanlian, minutes=2)
    assert stranger.get(f"/t/{code}").status_code == 200


def rate(client: TestClient, code: str, **given: str) -> dict[str, str]:
    """The rating form filled in, ready to be sent."""
    return {**Page(client.get(f"/t/{code}").text).form("/rate")["fields"], **given}


def test_rating_is_taken_at_once_counts_once_and_ends_the_matter_after_ten_minutes(
    sanlian: Sanlian, stranger: TestClient
) -> None:
    """Two presses of one button are one rating; it has effect when it has settled, not before."""
    code, matter = code_for(sanlian, "confirm"), matters(sanlian)["confirm"]
    form = rate(stranger, code, **{"f-rating": "mostly"})

    answers = [stranger.post(f"/t/{code}/rate", data=form) for _ in range(2)]
    page = Page(stranger.get(f"/t/{code}").text)

    assert [one.status_code for one in answers] == [303, 303]
    assert "收到了：基本满意" in page.text
    assert "在那以前可以撤回" in page.text
    assert [
        given for tag, given in page.elements if tag == "details" and given.get("name") == "act" and "open" in given
    ] == []
    with sanlian.uow.read() as tx:
        assert [read_event(one.body).action for one in tx.events.of(matter)].count("agree") == 1
    later(sanlian, minutes=9)
    assert "收到了：基本满意" in Page(stranger.get(f"/t/{code}").text).text
    later(sanlian, minutes=1)
    assert "已办结" in Page(stranger.get(f"/t/{code}").text).text


def test_rating_is_refused_to_a_colleague_who_holds_the_receipt(sanlian: Sanlian, client: TestClient) -> None:
    """The desk hands receipts over and could rate its own work with them; nothing is recorded."""
    code, matter = code_for(sanlian, "confirm"), matters(sanlian)["confirm"]
    form = rate(client, code, **{"f-rating": "satisfied"})

    answer = client.post(f"/t/{code}/rate", data=form)

    assert answer.status_code == 403
    assert "请居民用自己的手机打开" in answer.text
    with sanlian.uow.read() as tx:
        assert "agree" not in [read_event(one.body).action for one in tx.events.of(matter)]


def test_rating_is_taken_back_within_ten_minutes_and_stays_in_the_history(
    sanlian: Sanlian, stranger: TestClient
) -> None:
    """Undo is there until it counts; what was pressed is still told."""
    code, matter = code_for(sanlian, "confirm"), matters(sanlian)["confirm"]
    stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **{"f-rating": "satisfied"}))
    undo = Page(stranger.get(f"/t/{code}").text).form("/do/undo")["fields"]

    answers = [stranger.post(f"/t/{code}/do/undo", data=undo) for _ in range(2)]
    page = Page(stranger.get(f"/t/{code}").text)

    assert [one.status_code for one in answers] == [303, 303]
    assert page.form("/rate")
    with sanlian.uow.read() as tx:
        last = [read_event(one.body) for one in tx.events.of(matter)][-1]
    assert last.data["undone"]["action"] == "agree"
    assert "认可" in page.text


def test_who_is_not_satisfied_has_it_done_again_or_only_says_so(sanlian: Sanlian, stranger: TestClient) -> None:
    """Doing it again needs a word; without one the form says so and keeps the choice."""
    code = code_for(sanlian, "confirm")
    wants = {"f-rating": "not", "f-again": "yes", "f-note": ""}

    refused = stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **wants))
    taken = stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **{**wants, "f-note": "灯还是闪"}))
    later(sanlian, minutes=10)
    page = Page(stranger.get(f"/t/{code}").text)

    assert refused.status_code == 422
    assert "请填写" in refused.text
    assert Page(refused.text).form("/rate")["fields"]["f-rating"] == "not"
    assert taken.status_code == 303
    assert "轮到你" not in page.text
    assert "灯还是闪" in page.text


def test_resident_supplies_what_was_asked_without_an_account(sanlian: Sanlian, stranger: TestClient) -> None:
    """The words arrive, and the grid goes on."""
    code = code_for(sanlian, "wait_resident")
    form = {**Page(stranger.get(f"/t/{code}").text).form("/do/supply")["fields"], "f-note": "在主卧窗边。"}

    assert stranger.post(f"/t/{code}/do/supply", data=form).status_code == 303

    assert "网格在办" in Page(stranger.get(f"/t/{code}").text).text


def test_code_of_one_matter_moves_no_other(sanlian: Sanlian, stranger: TestClient) -> None:
    """What the reporter may not do is refused, and staff's actions are none of theirs."""
    code = code_for(sanlian, "grid_doing")
    form = Page(stranger.get(f"/t/{code}").text).form("/do/note")["fields"]

    answer = stranger.post(f"/t/{code}/do/up", data={**form, "f-reason": "other", "f-done_so_far": "x"})

    assert answer.status_code in (409, 422)
    assert "没有记下" in answer.text or "要改" in answer.text


def test_receipt_is_shown_to_the_browser_that_filed_and_the_desk_can_replace_it(
    sanlian: Sanlian, client: TestClient, elsewhere: TestClient
) -> None:
    """The code stands on the receipt and nowhere in the store; a new one closes the old one, on the record."""
    act_as(client, "jingyi-2.resident.1")
    form = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    client.post("/matters/new", data={**form, "f-detail": "楼顶水箱盖掉了。"})
    receipt = client.get("/receipt").text
    (first,) = re.findall(r"/t/([0-9A-Z]{12})\"", receipt)
    (number,) = set(re.findall(r"26\d\d-\d{4}", receipt))
    assert Page(receipt).has("svg", role="img")
    assert elsewhere.get("/receipt").status_code == 404
    assert elsewhere.get(f"/t/{first}").status_code == 200

    act_as(client, "jingyi-2.grid_worker.1")
    assert client.post(f"/matters/{number}/receipt").status_code == 403
    act_as(client, "street.service_centre.1")
    assert client.post(f"/matters/{number}/receipt").headers["location"] == "/receipt"
    (second,) = re.findall(r"/t/([0-9A-Z]{12})\"", client.get("/receipt").text)

    assert second != first
    assert elsewhere.get(f"/t/{first}").status_code == 404
    assert elsewhere.get(f"/t/{second}").status_code == 200
    with sanlian.uow.read() as tx:
        assert [read_event(one.body).action for one in tx.events.of("system/receipts")] == ["receipt_replaced"]
        dump = "\n".join(str(row) for row in tx.connection.execute(text("SELECT * FROM demand")))
    assert first not in dump
    assert second not in dump


def test_large_print_is_remembered_on_the_resident_page(sanlian: Sanlian, stranger: TestClient) -> None:
    """One press, and every page after it is large; no script, no account."""
    code = code_for(sanlian, "confirm")

    answer = stranger.post("/look", data={"next": f"/t/{code}", "size": "xl"})

    assert answer.headers["location"] == f"/t/{code}"
    assert 'data-size="xl"' in stranger.get(f"/t/{code}").text
    assert 'data-size="xl"' in stranger.get("/track").text


@pytest.mark.parametrize(("minutes", "undone"), [(4, True), (11, False)], ids=["within ten minutes", "later"])
def test_filing_taken_back_is_recorded_as_undone_and_the_grid_has_seen_it_meanwhile(
    sanlian: Sanlian, client: TestClient, minutes: int, undone: bool
) -> None:
    """The grid's clock runs from the filing; who takes it back within ten minutes has undone it."""
    act_as(client, "jingyi-2.resident.1")
    form = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    client.post("/matters/new", data={**form, "f-detail": "楼顶水箱盖掉了。"})
    (code,) = re.findall(r"/t/([0-9A-Z]{12})\"", client.get("/receipt").text)
    (number,) = set(re.findall(r"26\d\d-\d{4}", client.get(f"/t/{code}").text))
    later(sanlian, minutes=minutes)

    act_as(client, "jingyi-2.grid_worker.1")
    seen_by_grid = Page(client.get(f"/matters/{number}").text).text
    client.cookies.clear()
    withdraw = Page(client.get(f"/t/{code}").text).form("/do/withdraw")["fields"]
    assert client.post(f"/t/{code}/do/withdraw", data=withdraw).status_code == 303

    assert ("居民 14:30 前可以撤回" in seen_by_grid) == undone
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        last = [read_event(one.body) for one in tx.events.of(demand.matter)][-1]
    assert ("undone" in last.data) == undone
    assert last.to == "withdrawn"


def test_whoever_holds_the_receipt_of_a_nameless_report_acts_and_it_stands_up_to_verification(
    sanlian: Sanlian, stranger: TestClient
) -> None:
    """Taken in by telephone without a person: the receipt alone makes its holder the reporter, lawfully."""
    with sanlian.uow.read() as tx:
        desk = tx.organisation.load().posts["street.service_centre.1"]
    command = File(
        matter=sanlian.door.ids(), district=sanlian.uow.district, workflow="three_tier", start="hotline",
        actor=Actor(post=desk.id, role=desk.role, unit=desk.unit, person=desk.person), place="jingyi-2",
        values={"detail": "水管漏了。", "category": "A1"},
    )  # fmt: skip
    (done,) = advance(sanlian.uow, [Entry(command)], now=sanlian.clock.now(), services=sanlian.door)
    assert isinstance(done, Done)
    assert done.matter.reporter is None
    code = give_receipt(sanlian.uow, done.matter.id, salts=sanlian.door.salts, by=SYSTEM, now=sanlian.clock.now())
    withdraw = Page(stranger.get(f"/t/{code}").text).form("/do/withdraw")["fields"]

    answer = stranger.post(f"/t/{code}/do/withdraw", data=withdraw)

    assert answer.status_code == 303
    assert verify(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now(), processes=1).findings == ()


def test_what_residents_did_by_receipt_stands_up_to_verification(sanlian: Sanlian, stranger: TestClient) -> None:
    """Rated, taken back, rated again and settled by somebody without an account: every step was allowed."""
    code = code_for(sanlian, "confirm")
    stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **{"f-rating": "mostly"}))
    stranger.post(f"/t/{code}/do/undo", data=Page(stranger.get(f"/t/{code}").text).form("/do/undo")["fields"])
    stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **{"f-rating": "satisfied"}))
    later(sanlian, minutes=10)

    report = verify(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now(), processes=1)

    assert report.findings == ()
    assert report.exit_code == GOOD


def test_staff_read_when_it_takes_effect_while_a_rating_settles(sanlian: Sanlian, stranger: TestClient) -> None:
    """Within the ten minutes the clock card says until when, not that there is no limit."""
    code, matter = code_for(sanlian, "confirm"), matters(sanlian)["confirm"]
    stranger.post(f"/t/{code}/rate", data=rate(stranger, code, **{"f-rating": "satisfied"}))
    act_as(stranger, "street.service_centre.1")

    page = stranger.get(f"/matters/{matter}").text

    assert "今天 14:30</time> 生效" in page
    assert "等生效" in page
    assert "没有期限" not in page
    assert "计时暂停" not in page
