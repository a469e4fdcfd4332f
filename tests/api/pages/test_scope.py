"""What leaves one's reach, and what never was in it: through the pages, as a person meets it."""

from starlette.testclient import TestClient

from api.writing import FIELD
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page
from tests.api.pages.test_matters import first_in, open_form

WORKER, OTHER = "zhujidong-3.grid_worker.1", "wangtan-1.grid_worker.1"


def filed(client: TestClient, place: str) -> tuple[int, str]:
    """File as the page would send it, with *place* as somebody may have changed it."""
    form = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    answer = client.post(
        "/matters/new", data={**form, "f-detail": "楼道灯不亮。", "f-category": "B7", "f-place": place}
    )
    return answer.status_code, answer.headers.get("location", answer.text)


def test_matter_is_found_by_the_other_grid_only_when_it_was_given_away(client: TestClient, sanlian: Sanlian) -> None:
    """Whoever gives it away is told so, finds it no more, and the other grid finds it."""
    number = first_in(sanlian, "take_in")
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        stored = tx.matters.get(demand.matter)
        assert stored is not None
    grid = stored.matter.place
    act_as(client, f"{grid}.grid_worker.1")
    target = "wangtan-1" if grid != "wangtan-1" else "zhujidong-3"
    form = {**open_form(client, number, "transfer"), "f-to_grid": target, "f-note": "在那一边。"}

    answer = client.post(f"/matters/{number}/do/transfer", data=form)

    assert answer.status_code == 303
    assert "转到了别处" in client.get(answer.headers["location"]).text
    assert client.get(f"/matters/{number}").status_code == 404
    act_as(client, f"{target}.grid_worker.1")
    assert client.get(f"/matters/{number}").status_code == 200


def test_words_are_shown_again_when_the_matter_has_gone_meanwhile(client: TestClient, sanlian: Sanlian) -> None:
    """The page says that there is none, and gives back what was typed."""
    number = first_in(sanlian, "grid_doing", "zhujidong-3")
    act_as(client, WORKER)
    form = {**open_form(client, number, "note"), "f-note": "约了物业明早开井。"}
    del form[FIELD]
    act_as(client, OTHER)

    answer = client.post(f"/matters/{number}/do/note", data=form)

    assert answer.status_code == 404
    assert "约了物业明早开井。" in answer.text


def test_filing_is_refused_when_the_place_is_another_grid(client: TestClient) -> None:
    """The form offers the own grid only, and the engine takes no other."""
    act_as(client, WORKER)

    status, text = filed(client, "wangtan-1")

    assert status == 422
    assert "这个地方不在您负责的范围里" in text
    assert "楼道灯不亮。" in text
