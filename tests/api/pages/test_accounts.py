"""The page of accounts: first passwords for those who came with a workbook, each shown once."""

from dataclasses import replace

from starlette.testclient import TestClient

from engine.store.people import Person
from engine.wiring import Sanlian
from tests.api.conftest import act_as
from tests.api.page import Page

NEWCOMERS = tuple(f"new-{n}" for n in range(1, 4))


def newcomers(sanlian: Sanlian) -> None:
    """Three people with an account and no password, as an import leaves them."""
    with sanlian.uow.write() as tx:
        people = [Person(id=login, name="演示新人", created_at=sanlian.clock.now(), login=login) for login in NEWCOMERS]
        tx.people.put(people)


def slips(text: str) -> dict[str, str]:
    """The passwords handed out on a page, by account."""
    table = text.split("一次性密码</th>")[1].split("</table>")[0]
    words = Page(table).text.split()
    return {login: words[words.index(login) + 1] for login in NEWCOMERS if login in words}


def test_first_passwords_are_handed_out_once_and_open_the_door(client: TestClient, sanlian: Sanlian) -> None:
    """Each newcomer gets a password of their own, may sign in with it, and is asked for another at once."""
    newcomers(sanlian)
    act_as(client, "system_admin")
    before = client.get("/accounts?q=演示新人").text
    assert "3 个人有工号，还没有密码" in before
    assert (before.count('<td class="w">还没有密码</td>'), before.count("等他换掉一次性密码")) == (3, 0)

    answer = client.post("/accounts/first")
    again = client.post("/accounts/first")

    handed = slips(answer.text)
    assert set(handed) == set(NEWCOMERS)
    assert len(set(handed.values())) == 3
    assert "还没有密码" not in again.text
    client.cookies.clear()
    signed = client.post("/sign-in", data={"login": "new-1", "password": handed["new-1"]})
    assert signed.status_code == 303
    assert client.get("/work").headers["location"] == "/password"


def test_first_passwords_leave_alone_who_has_one_and_who_is_closed(client: TestClient, sanlian: Sanlian) -> None:
    """Nobody's own password is replaced, and a closed account is not opened by the back door."""
    newcomers(sanlian)
    with sanlian.uow.write() as tx:
        closed = tx.people.get("new-2")
        assert closed is not None
        tx.people.put([replace(closed, disabled_at=sanlian.clock.now())])
        before = {one.id: one.password_hash for one in tx.people.all() if one.password_hash is not None}
    act_as(client, "system_admin")

    client.post("/accounts/first")

    with sanlian.uow.read() as tx:
        after = {one.id: one.password_hash for one in tx.people.all()}
    assert {person: after[person] for person in before} == before
    assert after["new-2"] is None
    assert after["new-1"] is not None
