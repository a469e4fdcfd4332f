"""The roster of a week: stretches put on and taken off, and the gaps."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from engine.core.scope import SYSTEM, Duty
from engine.services.organise import add_duty
from engine.wiring import Sanlian
from tests.api.conftest import act_as

DESK = "street.duty_desk.1"


@pytest.fixture
def admin(stranger: TestClient) -> TestClient:
    """The security administrator's browser."""
    act_as(stranger, "security_admin")
    return stranger


def duties(sanlian: Sanlian) -> tuple[Duty, ...]:
    with sanlian.uow.read() as tx:
        return tx.organisation.load().duties


def test_stretch_is_on_the_roster_once_when_it_is_sent_twice(admin: TestClient, sanlian: Sanlian) -> None:
    """A stretch is put on, shown in its week, and taken off again."""
    form = {"post": DESK, "since": "2099-11-23T08:30", "until": "2099-11-23T17:30", "week": "2099-11-23", "desk": "d"}
    before = duties(sanlian)

    answers = [admin.post("/roster", data=form) for _ in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    (added,) = set(duties(sanlian)) - set(before)
    page = admin.get(answers[0].headers["location"]).text
    assert "08:30 到 17:30" in page
    assert "段没人值班" in page
    admin.post("/roster/remove", data={"post": DESK, "since": added.since.isoformat(), "week": "2099-11-23"})
    assert duties(sanlian) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"post": ""}, "选一个值班的人"),
        ({"since": ""}, "填开始的时刻"),
        ({"until": "2099-11-22T00:00"}, "结束要晚于开始"),
        ({"since": "2020-01-01T00:00", "until": "2020-01-02T00:00"}, "已经过去了"),
    ],
    ids=["nobody", "no start", "ends first", "past"],
)
def test_form_says_what_to_do_when_a_stretch_cannot_be_put_on(
    admin: TestClient, sanlian: Sanlian, form: dict[str, str], said: str
) -> None:
    """The reason is said, and the roster stays."""
    before = duties(sanlian)
    sent = {"post": DESK, "since": "2099-11-23T08:30", "until": "2099-11-23T17:30", "desk": "desk-1", **form}

    answer = admin.post("/roster", data=sent)

    assert (answer.status_code, said in answer.text) == (422, True)
    assert duties(sanlian) == before


def test_stretch_that_has_begun_ends_now_when_it_is_taken_off(admin: TestClient, sanlian: Sanlian) -> None:
    """What was done while on duty stays in order: the stretch keeps its beginning."""
    now, other = sanlian.clock.now(), timedelta(hours=3)
    running = Duty(role="duty_desk", unit="street", post=DESK, since=now - other, until=now + other)
    add_duty(sanlian.uow, running, by=SYSTEM, now=now)

    admin.post("/roster/remove", data={"post": running.post, "since": running.since.isoformat()})

    (left,) = [one for one in duties(sanlian) if (one.post, one.since) == (running.post, running.since)]
    assert now <= left.until < running.until
