"""Who reported: masked on every page, shown in full once, with a purpose, and never without a trace."""

import pytest
from starlette.testclient import TestClient

from api.writing import FIELD
from engine.core.command import File
from engine.core.matter import Actor
from engine.services.advance import Done, Entry, advance
from engine.services.identity import LOOKS_A_DAY, looks, who_saw
from engine.services.save import DemandGiven, ReporterGiven
from engine.wiring import Sanlian
from tests.api.conftest import CENTRE, act_as
from tests.api.page import Page
from tests.support.demo import NOW

NAME, PHONE = "欧阳小明", "13812345678"
WORKER, OTHER_GRID = "zhujidong-3.grid_worker.1", "wangtan-1.grid_worker.1"
DEPARTMENT, RESIDENT = "housing.department.1", "zhujidong-3.resident.1"


@pytest.fixture
def number(sanlian: Sanlian) -> str:
    """A demand told by telephone, by somebody with a name and a number."""
    centre = Actor(post=CENTRE, role="service_centre", unit="street", person="demo-centre")
    command = File(
        matter=sanlian.door.ids(), district=sanlian.uow.district, workflow="three_tier", start="hotline",
        actor=centre, place="zhujidong-3", values={"detail": "楼道灯不亮。", "category": "B7"},
    )  # fmt: skip
    demand = DemandGiven(channel="hotline", reporters=(ReporterGiven(name=NAME, phone=PHONE),))
    [outcome] = advance(sanlian.uow, [Entry(command, demand=demand)], now=NOW, services=sanlian.door)
    assert isinstance(outcome, Done)
    assert outcome.number is not None
    return outcome.number


def asked_for(client: TestClient, number: str, purpose: str = "ask") -> dict[str, str]:
    """What the form on the page would send."""
    fields: dict[str, str] = Page(client.get(f"/matters/{number}").text).form("/identity")["fields"]
    return {**fields, "purpose": purpose}


@pytest.mark.parametrize("post", [CENTRE, WORKER, "auditor"])
def test_page_shows_who_reported_masked(client: TestClient, number: str, post: str) -> None:
    """Enough to know whom one talks of, not enough to find them."""
    act_as(client, post)
    text = client.get(f"/matters/{number}").text

    assert "欧**" in text
    assert "138****5678" in text
    assert NAME not in text
    assert PHONE not in text


def test_look_shows_all_of_it_and_is_recorded_with_its_purpose(
    client: TestClient, sanlian: Sanlian, number: str
) -> None:
    """Who, as what, which fields, what for, when: in the table and in the history, without name and number."""
    act_as(client, WORKER)

    answer = client.post(f"/matters/{number}/identity", data=asked_for(client, number, "visit"))

    assert answer.status_code == 200
    assert NAME in answer.text
    assert f"tel:{PHONE}" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        stored = tx.matters.get(demand.matter)
        assert stored is not None
        [look] = who_saw(tx, stored.matter)
        listed = looks(tx, NOW, NOW.replace(year=2027))
        bodies = b"".join(record.body for record in tx.events.of("system/looks"))
    assert listed == (look,)
    assert (look.post, look.purpose, look.at) == (WORKER, "visit", NOW)
    assert look.fields == ("reporter.1.name", "reporter.1.phone")
    assert demand.matter.encode() in bodies
    assert NAME.encode() not in bodies
    assert PHONE.encode() not in bodies


def test_look_counts_once_when_its_form_is_sent_twice(client: TestClient, sanlian: Sanlian, number: str) -> None:
    """A page loaded again shows the same and records nothing more."""
    form = asked_for(client, number)

    answers = [client.post(f"/matters/{number}/identity", data=form) for _ in range(2)]

    assert all(NAME in answer.text for answer in answers)
    with sanlian.uow.read() as tx:
        assert len(looks(tx, NOW, NOW.replace(year=2027))) == 1


def test_look_shows_nothing_when_no_purpose_is_given(client: TestClient, sanlian: Sanlian, number: str) -> None:
    """Without a reason there is no look."""
    for purpose in ("", "because"):
        answer = client.post(f"/matters/{number}/identity", data=asked_for(client, number, purpose))
        assert answer.status_code == 422
        assert NAME not in answer.text
    with sanlian.uow.read() as tx:
        assert looks(tx, NOW, NOW.replace(year=2027)) == ()


@pytest.mark.parametrize(
    ("post", "status"), [(OTHER_GRID, 404), (DEPARTMENT, 404), ("auditor", 403), ("system_admin", 403), (RESIDENT, 404)]
)
def test_look_is_refused_to_who_may_not_ask(
    client: TestClient, sanlian: Sanlian, number: str, post: str, status: int
) -> None:
    """A form copied from somebody else's page gives no rights; what is not seen is not there."""
    form = asked_for(client, number)
    del form[FIELD]
    act_as(client, post)

    answer = client.post(f"/matters/{number}/identity", data=form)

    assert answer.status_code == status
    assert NAME not in answer.text
    with sanlian.uow.read() as tx:
        assert looks(tx, NOW, NOW.replace(year=2027)) == ()


def test_look_is_refused_when_the_looks_of_the_day_are_used_up(
    client: TestClient, sanlian: Sanlian, number: str
) -> None:
    """Fifty a day for a person; the next one shows nothing and records nothing."""
    for _ in range(LOOKS_A_DAY):
        assert client.post(f"/matters/{number}/identity", data=asked_for(client, number)).status_code == 200

    answer = client.post(f"/matters/{number}/identity", data=asked_for(client, number))

    assert answer.status_code == 409
    assert "今天看联系方式已经有 50 次了" in answer.text
    assert NAME not in answer.text
    with sanlian.uow.read() as tx:
        assert len(list(tx.events.of("system/looks"))) == LOOKS_A_DAY


def test_department_learns_nothing_of_who_reported(client: TestClient, sanlian: Sanlian) -> None:
    """Not even the mask: a department answers for its task, and reaches people through the street."""
    with sanlian.uow.read() as tx:
        demands = [
            one.matter for one in tx.matters.all() if any(s.unit == "housing" for s in one.matter.seats.values())
        ]
    act_as(client, "street.street_office.1")
    assert "谁提的" in client.get(f"/matters/{demands[0].id}").text
    act_as(client, DEPARTMENT)

    answer = client.get(f"/matters/{demands[0].id}")

    assert answer.status_code == 200
    assert "谁提的" not in answer.text
