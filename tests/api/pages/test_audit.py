"""The auditor's pages: nothing personal on any, honest words about what is proved, each export on the record."""

import base64
import hashlib
import json
import re
from datetime import timedelta

import msgspec
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from engine.core.history import as_of, read_event
from engine.services.digest import digest_of_day, make_digests, write_copy
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.support.clock import FixedClock

GUARDS = ("DROP TRIGGER event_is_not_changed", "DROP TRIGGER event_is_not_deleted")


@pytest.fixture
def auditor(stranger: TestClient) -> TestClient:
    """The browser of the auditor."""
    act_as(stranger, "auditor")
    return stranger


def demand(sanlian: Sanlian, state: str = "departments") -> tuple[str, str]:
    """Number and id of a demand in that state."""
    query = (
        "SELECT d.number, m.id FROM matter m JOIN demand d ON d.matter_id = m.id"
        " WHERE m.state = :s ORDER BY m.id LIMIT 1"
    )
    with sanlian.uow.read() as tx:
        row = tx.connection.execute(text(query), {"s": state}).one()
    return row.number, row.id


def everything_private(sanlian: Sanlian) -> set[str]:
    """Every text of the vault, and every name of a person."""
    found: set[str] = set()
    with sanlian.uow.read() as tx:
        for (value,) in tx.connection.execute(text("SELECT value FROM vault WHERE value IS NOT NULL")):
            read = msgspec.json.decode(value)
            found |= {read} if isinstance(read, str) else set()
        found |= {row.name for row in tx.connection.execute(text("SELECT name FROM post"))}
        found |= {row.name for row in tx.connection.execute(text("SELECT name FROM person WHERE office IS NULL"))}
    return {one for one in found if len(one) > 3}


def test_auditor_sees_nothing_personal_on_any_page(sanlian: Sanlian, auditor: TestClient) -> None:
    """No word of the vault and no name stands on search, chain, topics, verification or in the exported file."""
    secrets = everything_private(sanlian)
    number, _ = demand(sanlian)
    pages = ["/audit", "/audit?kind=acted", f"/audit?number={number}", "/audit/verify"]
    pages += [f"/audit/{demand(sanlian, state)[0]}" for state in ("departments", "confirm", "solved", "in_topic")]
    pages += ["/audit/topics/organisation", "/audit/topics/workflows", "/audit/topics/accounts"]
    texts = [auditor.get(page) for page in pages]
    texts.append(auditor.post(f"/audit/{number}/export", data={"purpose": "check"}))

    assert [one.status_code for one in texts] == [200] * len(texts)
    assert len(secrets) > 100
    for page, answer in zip([*pages, "export"], texts, strict=True):
        assert not {one for one in secrets if one in answer.text}, page


@pytest.mark.parametrize("who", ["street.service_centre.1", "jingyi-3.grid_worker.1", "system_admin", "security_admin"])
def test_others_may_not_open_the_audit(client: TestClient, who: str) -> None:
    """It is a page these roles never have."""
    act_as(client, who)

    for page in ("/audit", "/audit/verify", "/audit/2611-0031", "/audit/topics/accounts"):
        assert client.get(page).status_code == 403, page


def test_search_finds_by_every_condition_and_pages_lose_nothing(sanlian: Sanlian, auditor: TestClient) -> None:
    """Walking all pages of a search gives each event that fits once, newest first."""
    with sanlian.uow.read() as tx:
        rows = tx.connection.execute(text("SELECT matter_id, seq FROM event WHERE type = 'fired'")).all()
    seen: list[str] = []
    url = "/audit?kind=fired"
    while url:
        page = auditor.get(url).text
        seen += re.findall(r'href="/audit/([^"?/]+\?seq=\d+)"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following[1].replace("&amp;", "&") if following else ""

    assert len(seen) == len(rows)
    assert len(seen) > 150
    by_rule = Page(auditor.get("/audit?rule=escalate").text).text
    assert "自动升级" in by_rule
    assert "没有找到" in auditor.get("/audit?number=9999-0001").text
    assert "望坛" not in Page(auditor.get("/audit?unit=jingyi-3&kind=filed").text).text.split("最近的在前")[1]
    for odd in ("since=nonsense", "after=%00%00", "after=2026-01-01T00:00:00~x~1", "kind=" + "x" * 80, "unit=no"):
        assert auditor.get(f"/audit?{odd}").status_code == 200, odd


def test_chain_says_only_that_it_is_connected_when_there_is_no_copy_outside(
    sanlian: Sanlian, auditor: TestClient
) -> None:
    """Without a copy outside the words claim no more than the chain proves."""
    page = auditor.get(f"/audit/{demand(sanlian)[0]}").text

    assert "没有外部存样，只能证明前后相连" in page
    assert "没被改过" not in page


def test_copy_outside_is_compared_and_named_and_recorded(sanlian: Sanlian, auditor: TestClient) -> None:
    """A digest kept outside agrees; chains then say with which day; a wrong one, a paper and nonsense are told."""
    assert isinstance(sanlian.clock, FixedClock)
    sanlian.clock.advance(timedelta(days=1))
    act_as(auditor, "auditor")
    make_digests(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now())
    digest, log = digest_of_day(sanlian.uow, sanlian.door.shelf, day=None, now=sanlian.clock.now())
    copy = write_copy(digest, log=log)

    answer = auditor.post("/audit/verify", data={"purpose": "check"}, files={"copy": ("d.txt", copy.encode())})
    chain = auditor.get(f"/audit/{demand(sanlian)[0]}").text
    stray = auditor.post("/audit/verify", data={"purpose": "check", "text": f"{digest.day} {'1' * 64}"})
    after_stray = auditor.get(f"/audit/{demand(sanlian)[0]}").text
    paper = f"log: {log}\n{digest.day} {'0' * 64}"
    wrong = auditor.post("/audit/verify", data={"purpose": "check", "text": paper})
    nonsense = auditor.post("/audit/verify", data={"purpose": "check", "text": "什么也不是"})
    unexplained = auditor.post("/audit/verify", data={"text": copy})

    assert f"与 {digest.day} 存在外面的摘要一致" in answer.text
    assert f"前后连得上；与 {digest.day[5:]} 存在外面的摘要一致" in chain
    assert "没有写是哪份日志" in stray.text
    assert "不一致" not in after_stray
    assert "被改动、截断或换回过" in wrong.text
    assert "不一致" in auditor.get(f"/audit/{demand(sanlian)[0]}").text
    assert (nonsense.status_code, unexplained.status_code) == (422, 422)
    with sanlian.uow.read() as tx:
        said = [read_event(one.body).data for one in tx.events.of("system/audit")]
    assert [one["agrees"] for one in said] == [True, None, False]


@pytest.mark.parametrize("how", ["edited", "gone"])
def test_tampered_chain_is_told_on_the_page(sanlian: Sanlian, auditor: TestClient, how: str) -> None:
    """One byte changed or one event removed behind our back: the page says where, and claims nothing good."""
    number, matter = demand(sanlian)
    with sanlian.uow.write() as tx:
        for guard in GUARDS:
            tx.connection.execute(text(guard))
        if how == "edited":
            (body,) = tx.connection.execute(
                text("SELECT body FROM event WHERE matter_id = :m AND seq = 2"), {"m": matter}
            ).one()
            changed = body.replace(b'"seq":2', b'"seq":2 ', 1)
            tx.connection.execute(
                text("UPDATE event SET body = :b WHERE matter_id = :m AND seq = 2"), {"b": changed, "m": matter}
            )
        else:
            tx.connection.execute(text("DELETE FROM event WHERE matter_id = :m AND seq = 3"), {"m": matter})

    page = Page(auditor.get(f"/audit/{number}").text).text

    assert "对不上，记录被改动过或已损坏" in page
    assert "对不上的地方" in page
    assert "第 2 条" in page if how == "edited" else "前一条是第 2 条" in page
    assert "前后连得上" not in page


def test_unreadable_event_is_told_and_the_rest_still_shows(sanlian: Sanlian, auditor: TestClient) -> None:
    """A body that is no JSON any more breaks no page."""
    number, matter = demand(sanlian)
    with sanlian.uow.write() as tx:
        tx.connection.execute(text(GUARDS[0]))
        tx.connection.execute(
            text("UPDATE event SET body = :b WHERE matter_id = :m AND seq = 2"), {"b": b"[", "m": matter}
        )

    answer = auditor.get(f"/audit/{number}")

    assert answer.status_code == 200
    assert "读不懂这一条" in answer.text
    assert auditor.get("/audit").status_code == 200


def test_matter_as_it_stood_is_the_fold_of_its_events_up_to_then(sanlian: Sanlian, auditor: TestClient) -> None:
    """At every event, by the slider and by the text field, the page shows state and turn of the fold."""
    number, matter = demand(sanlian)
    with sanlian.uow.read() as tx:
        events = [read_event(one.body) for one in tx.events.of(matter)]
        (digest,) = {event.workflow for event in events}
        flow = sanlian.door.shelf.workflow(tx, digest)
    for event in events:
        then = as_of(events, event.at)
        assert then is not None
        local = event.at + timedelta(hours=8)
        asked = f"seq={event.seq}" if event.seq % 2 else f"at={local:%Y-%m-%dT%H:%M:%S}"

        page = Page(auditor.get(f"/audit/{number}?{asked}").text).text

        shown = page.split("轮到谁")[0].split("在哪一级")[1]
        assert flow.states[then.state].label.zh in shown, event.seq
        assert ("以后的事，那时还没发生" in page) == (event.at < events[-1].at)
    assert "那时还没有立案" in auditor.get(f"/audit/{number}?at=2020-01-01 00:00").text
    assert "看不懂" in auditor.get(f"/audit/{number}?at=昨天").text


def test_exported_file_is_verified_by_hand_and_each_export_is_on_the_record(
    sanlian: Sanlian, auditor: TestClient
) -> None:
    """By the method written in the file, with nothing of ours: every hash follows; who took it and what for is kept."""
    number, matter = demand(sanlian)

    refused = auditor.post(f"/audit/{number}/export", data={})
    answer = auditor.post(f"/audit/{number}/export", data={"purpose": "court"})
    bundle = json.loads(answer.content)

    head = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in
                                   (bundle["log"].encode(), bundle["matter"].encode()))).digest()  # fmt: skip
    for event in bundle["events"]:
        head = hashlib.sha256(b"\x02" + head + hashlib.sha256(base64.b64decode(event["body"])).digest()).digest()
        assert head.hex() == event["hash"]
    assert head.hex() == bundle["head"]
    assert bundle["holds"] is True
    assert refused.status_code == 422
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.json"'
    with sanlian.uow.read() as tx:
        (said,) = [read_event(one.body) for one in tx.events.of("system/audit")]
    assert (said.action, said.actor.role, said.data["matter"]) == ("exported", "auditor", matter)
    assert said.data["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert "导出一件事的全部记录" in auditor.get("/audit/topics/audit").text


def test_run_of_verification_is_on_the_record(sanlian: Sanlian, auditor: TestClient) -> None:
    """Verifying a chain again writes who, which and what came out."""
    number, matter = demand(sanlian)

    answer = auditor.post(f"/audit/{number}/verify", data={"purpose": "complaint"})

    assert answer.headers["location"] == f"/audit/{number}"
    with sanlian.uow.read() as tx:
        (said,) = [read_event(one.body) for one in tx.events.of("system/audit")]
    assert (said.action, said.data["matter"], said.data["found"]) == ("verified_one", matter, 0)
    assert said.data["purpose"] == "complaint"


def test_looks_at_personal_data_stand_beside_the_chain(sanlian: Sanlian, auditor: TestClient) -> None:
    """Who looked, at what and for what, but not what they saw."""
    number, matter = demand(sanlian, "grid_doing")
    with sanlian.uow.read() as tx:
        row = tx.connection.execute(
            text("SELECT m.place FROM matter m JOIN demand d ON d.matter_id = m.id WHERE d.number = :n"), {"n": number}
        ).one()
    act_as(auditor, f"{row.place}.grid_worker.1")
    form = Page(auditor.get(f"/matters/{number}").text).form("/identity")["fields"]
    assert auditor.post(f"/matters/{number}/identity", data={**form, "purpose": "visit"}).status_code == 200

    act_as(auditor, "auditor")
    page = Page(auditor.get(f"/audit/{number}").text).text

    assert "1 次" in page.split("谁看过个人信息")[1]
    assert "约时间上门" in page
    looks = Page(auditor.get("/audit/topics/looks").text).text
    assert re.search(rf"事项：{number} \S+ · \S+", looks)
    assert matter not in looks


def test_every_system_event_of_the_demo_has_words(sanlian: Sanlian, auditor: TestClient) -> None:
    """No code name stands where people read what was done to the system."""
    app = auditor.app
    assert isinstance(app, FastAPI)
    with sanlian.uow.read() as tx:
        topics = {chain.partition("/")[2] for chain, _, _ in tx.events.system_heads()}
    for topic in topics:
        said = re.findall(r"<p>([^<]+)</p>", auditor.get(f"/audit/topics/{topic}").text)

        assert said, topic
        assert not [one for one in said if re.search(r"[a-z]+_[a-z]+", one)], topic


def test_purpose_is_said_in_words_where_an_export_is_on_the_record(sanlian: Sanlian, auditor: TestClient) -> None:
    """Whoever reads the record reads why, not a code."""
    number, _ = demand(sanlian)
    auditor.post(f"/audit/{number}/verify", data={"purpose": "complaint"})

    page = auditor.get("/audit/topics/audit").text

    assert "为什么：信访复核" in page


def test_first_page_is_what_people_and_rules_did_and_digests_come_when_asked_for(
    sanlian: Sanlian, auditor: TestClient
) -> None:
    """A line a day by nobody does not push the rest off the page; nothing is hidden for good."""
    made = make_digests(sanlian.uow, sanlian.door.shelf, now=sanlian.clock.now())
    assert len(made) > 25

    page = auditor.get("/audit").text

    assert "做当天的摘要" not in page
    assert re.search(r"href=\"/audit/26\d\d-\d{4}\?seq=", page)
    assert "做当天的摘要" in auditor.get("/audit?digests=1").text
    assert "做当天的摘要" in auditor.get("/audit/topics/digest").text
