"""Forms sent by script: who wrote them, where they lead, and what is known of one whose first answer was lost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs
from starlette.testclient import TestClient

from api.pages.queued import LEADS_TO
from api.writing import FIELD
from api.writing import HEADER as WRITER
from engine.core.history import read_event
from engine.core.scope import SYSTEM
from engine.services.demo_people import PASSWORD
from engine.services.organise import end_post, grant_posts
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.api.pages.test_matters import first_in, matters_of, open_form
from tests.support.demo import NOW

GRID = "zhujidong-3"
WORKER, OTHER, CENTRE = f"{GRID}.grid_worker.1", "wangtan-1.grid_worker.1", "street.service_centre.1"
LEFT = '<body data-writer="'


def writer_on(client: TestClient, path: str = "/matters/new") -> str:
    """Who a page says writes on it."""
    found = re.search(rf'{LEFT}([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def written(client: TestClient) -> dict[str, Any]:
    """A form of filing, filled in."""
    form = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    return {**form, "f-detail": "楼道灯不亮。", "f-category": "B7", "f-place": GRID}


def actions_on(sanlian: Sanlian, number: str) -> list[str]:
    """What has happened to a demand."""
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        return [read_event(record.body).action for record in tx.events.of(demand.matter)]


def test_script_is_told_where_to_go_on_and_a_browser_goes_there(client: TestClient) -> None:
    """The same form, sent twice under one key: one demand, and both ways lead to it."""
    act_as(client, WORKER)
    form, writer = written(client), writer_on(client)

    told = client.post("/matters/new", data=form, headers={WRITER: writer})
    led = client.post("/matters/new", data=form)

    assert (told.status_code, told.text, led.status_code) == (204, "", 303)
    assert told.headers[LEADS_TO] == led.headers["location"]


def test_form_is_not_taken_when_somebody_else_wrote_it(client: TestClient, sanlian: Sanlian) -> None:
    """Not from a colleague who signed in on the same phone, nor from whoever says nothing sensible."""
    act_as(client, WORKER)
    form, writer = written(client), writer_on(client)
    del form[FIELD]
    before = len(matters_of(sanlian))

    act_as(client, OTHER)
    answers = [client.post("/matters/new", data=form, headers={WRITER: one}) for one in (writer, "", "x.y")]
    number = first_in(sanlian, "grid_doing", "wangtan-1")
    note = {**open_form(client, number, "note"), FIELD: writer, "f-note": "约了物业。"}
    answers.append(client.post(f"/matters/{number}/do/note", data=note, headers={WRITER: writer}))
    answers.append(client.post("/work/found", data=form, headers={WRITER: writer}))

    assert [one.status_code for one in answers] == [401] * 5
    assert len(matters_of(sanlian)) == before
    assert "note" not in actions_on(sanlian, number)
    act_as(client, WORKER)
    assert client.post("/matters/new", data=form, headers={WRITER: writer}).status_code == 204


def test_form_of_one_is_not_taken_from_another_who_has_no_script(client: TestClient, sanlian: Sanlian) -> None:
    """Both are named, the text can be copied, and nothing stands in anybody's name."""
    act_as(client, WORKER)
    form = written(client)
    before = len(matters_of(sanlian))
    act_as(client, OTHER)

    refused = client.post("/matters/new", data=form)

    page = Page(refused.text)
    assert refused.status_code == 401
    assert "这是别人写的，没有交" in page.text
    assert "写的是珠玑东三网格 网格员，现在" in page.text
    assert f"现在登录的是望坛新苑一网格 网格员（{name_of(sanlian, OTHER)}）" in page.text
    assert form["f-detail"] in page.text
    assert len(matters_of(sanlian)) == before


def test_form_of_a_colleague_with_the_same_post_is_told_apart(client: TestClient, sanlian: Sanlian) -> None:
    """Two of one post on one device: no name of the other, but that it was the other."""
    with sanlian.uow.read() as tx:
        held = tx.organisation.load().posts[WORKER]
    second = structs.replace(held, id=f"{GRID}.grid_worker.9", person="p-second", name="演示第二位")
    grant_posts(sanlian.uow, [second], by=SYSTEM, now=NOW)
    act_as(client, WORKER)
    form = written(client)
    act_as(client, second.id)

    refused = Page(client.post("/matters/new", data=form).text)

    assert "写的是珠玑东三网格 网格员的另一位，现在登录的是珠玑东三网格 网格员（演示第二位）" in refused.text


def test_mark_that_is_made_up_tells_nobodys_name(client: TestClient, sanlian: Sanlian) -> None:
    """Guessing marks teaches nothing."""
    act_as(client, WORKER)
    form = written(client)
    mark = form[FIELD].split()[0]
    act_as(client, OTHER)

    refused = Page(client.post("/matters/new", data={**form, FIELD: mark}).text)

    assert "写的是别人，现在登录的是" in refused.text
    assert name_of(sanlian, WORKER) not in refused.text


def test_form_carried_through_the_page_of_signing_in_is_not_taken_from_another(
    client: TestClient, sanlian: Sanlian
) -> None:
    """The session of one ended, another signed in on that page and «went on»: not in the other's name."""
    act_as(client, WORKER)
    form = written(client)
    before = len(matters_of(sanlian))
    client.cookies.clear()

    carried = Page(client.post("/matters/new", data=form).text).form("/sign-in")["fields"]
    went_on = client.post("/sign-in", data={**carried, "login": "centre", "password": PASSWORD}, follow_redirects=True)

    page = Page(went_on.text)
    assert (went_on.status_code, went_on.url.path) == (401, "/matters/new")
    assert "这是别人写的，没有交" in page.text
    assert form["f-detail"] in page.text
    assert len(matters_of(sanlian)) == before


def test_form_written_with_another_post_of_ones_own_says_which_and_where_to_change(
    client: TestClient, sanlian: Sanlian
) -> None:
    """In one tab the post was changed, in the other one the form still stood."""
    with sanlian.uow.read() as tx:
        held = tx.organisation.load().posts[WORKER]
    second = structs.replace(held, id=f"{GRID}.grid_leader.9", role="grid_leader")
    grant_posts(sanlian.uow, [second], by=SYSTEM, now=NOW)
    act_as(client, WORKER)
    form = written(client)
    act_as(client, second.id)

    refused = client.post("/matters/new", data=form)

    page = Page(refused.text)
    assert refused.status_code == 409
    assert "写的时候用的岗位是「珠玑东三网格 网格员」，现在用的是「珠玑东三网格 网格长」。" in page.text
    assert form["f-detail"] in page.text
    assert 'href="/as"' in refused.text


@pytest.mark.parametrize("has_more", [True, False], ids=["another", "none"])
def test_form_written_with_a_post_that_ended_meanwhile_says_so(
    client: TestClient, sanlian: Sanlian, has_more: bool
) -> None:
    """With and without another post: what has happened, whom to ask, and the text."""
    with sanlian.uow.read() as tx:
        held = tx.organisation.load().posts[WORKER]
    act_as(client, WORKER)
    form = written(client)
    if has_more:
        second = structs.replace(held, id=f"{GRID}.grid_leader.9", role="grid_leader")
        grant_posts(sanlian.uow, [second], by=SYSTEM, now=NOW)
    end_post(sanlian.uow, WORKER, until=NOW, by=SYSTEM, now=NOW)

    answers = [client.post("/matters/new", data=form, headers=one) for one in ({}, {WRITER: form[FIELD].split()[0]})]

    for refused in answers:
        page = Page(refused.text)
        assert refused.status_code == 409
        assert "写的时候用的岗位「珠玑东三网格 网格员」已经结束。" in page.text
        assert ("您现在用的是「珠玑东三网格 网格长」" in page.text) is has_more
        assert "问督导员" in page.text
        assert form["f-detail"] in page.text
        assert client.get("/as").status_code == 200


def name_of(sanlian: Sanlian, post: str) -> str:
    """The name of who holds a post."""
    with sanlian.uow.read() as tx:
        person = tx.people.get(tx.organisation.load().posts[post].person)
    assert person is not None
    return person.name


def test_writer_tells_people_and_posts_apart_and_names_nobody(client: TestClient) -> None:
    """The part before the dot is the person's, the part after it the post's; neither can be read."""
    found = []
    for who in (WORKER, OTHER, CENTRE):
        act_as(client, who)
        found.append(writer_on(client, "/matters"))

    assert len(set(found)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{12}\.[0-9a-f]{12}", one) for one in found)
    client.cookies.clear()
    assert LEFT not in client.get("/sign-in").text


def test_form_whose_answer_was_lost_is_told_as_taken_though_the_matter_has_gone(
    client: TestClient, sanlian: Sanlian
) -> None:
    """A demand was given to another grid and the answer never came: the second try says so, and does nothing more."""
    number = first_in(sanlian, "take_in")
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        stored = tx.matters.get(demand.matter)
        assert stored is not None
    act_as(client, f"{stored.matter.place}.grid_worker.1")
    target = "wangtan-1" if stored.matter.place != "wangtan-1" else GRID
    form = {**open_form(client, number, "transfer"), "f-to_grid": target, "f-note": "在那一边。"}
    writer = writer_on(client)
    pressed_at = (sanlian.clock.now() - timedelta(minutes=35)).isoformat()

    answers = [
        client.post(f"/matters/{number}/do/transfer", data=data, headers={WRITER: writer})
        for data in (form, {**form, "pressed_at": pressed_at})
    ]

    assert [one.headers.get(LEADS_TO) for one in answers] == [f"/work?done=transfer&ref={number}"] * 2
    assert actions_on(sanlian, number).count("transfer") == 1


def test_history_names_the_time_of_the_phone(client: TestClient, sanlian: Sanlian) -> None:
    """What waited in it stands in the history with both times."""
    number = first_in(sanlian, "grid_doing", GRID)
    act_as(client, WORKER)
    pressed_at = (sanlian.clock.now() - timedelta(minutes=35)).isoformat()
    form = {**open_form(client, number, "note"), "f-note": "约了物业明早开井。", "pressed_at": pressed_at}

    answer = client.post(f"/matters/{number}/do/note", data=form)

    assert "手机上 11月20日 13:45 按的，14:20 收到" in client.get(answer.headers["location"]).text
