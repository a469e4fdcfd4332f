"""Signing in and out through the pages: cookies, replays, fixation, nothing typed lost, offices without content."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.sessions import DEVICE, PLAIN_COOKIE, SECURE_COOKIE
from engine.core.scope import SYSTEM, Post
from engine.core.terms import Office
from engine.services.demo_people import PASSWORD, SHOWN
from engine.services.keep_sessions import FRESH, IDLE
from engine.services.organise import grant_posts
from engine.services.sign_in import FREE, PAIR
from engine.wiring import Sanlian
from tests.api.conftest import CENTRE, COOKIE_DOMAIN, ORIGIN, act_as
from tests.api.page import Page
from tests.support.clock import FixedClock

OWN_PASSWORD = "harbour-tofu-三轮车"


def enter(client: TestClient, login: str = "centre", password: str = PASSWORD, **more: str) -> int:
    """Sign in through the page; the status of the answer."""
    data = {"login": login, "password": password, "next": "/matters", **more}
    return client.post("/sign-in", data=data).status_code


def later(sanlian: Sanlian, by: timedelta) -> None:
    """Move the clock of the deployment."""
    assert isinstance(sanlian.clock, FixedClock)
    sanlian.clock.advance(by)


@pytest.mark.parametrize(
    "path", ["/", "/matters", "/matters/new", "/matters/2611-0031", "/sessions", "/as", "/accounts"]
)
def test_page_leads_to_signing_in_and_back_when_nobody_has(stranger: TestClient, path: str) -> None:
    """The page asked for comes after it."""
    answer = stranger.get(path)

    assert answer.status_code == 303
    target = answer.headers["location"]
    assert target.startswith("/sign-in?next=")
    page = Page(stranger.get(target).text)
    assert page.form("/sign-in")["fields"]["next"] == path


def test_program_is_told_401_when_nobody_has_signed_in(stranger: TestClient) -> None:
    """No redirect to a form."""
    answer = stranger.get("/matters", headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    assert "www-authenticate" in answer.headers


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get(stranger: TestClient) -> None:
    """HttpOnly, Lax, for the whole host, gone with the browser; on a phone for twelve hours."""
    data = {"login": "centre", "password": PASSWORD, "next": "/matters"}
    desk = stranger.post("/sign-in", data=data).headers.get_list("set-cookie")[0]
    phone = stranger.post("/sign-in", data={**data, "phone": "1"}).headers.get_list("set-cookie")[0]

    assert desk.startswith(f"{PLAIN_COOKIE}=")
    assert all(part in desk for part in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Max-Age" not in desk
    assert "Secure" not in desk
    assert "Max-Age=43200" in phone


def test_cookie_is_bound_to_https_where_there_is_https(sanlian: Sanlian) -> None:
    """`__Host-` and Secure; the plain name is not even read."""
    headers = {"Accept": "text/html", "Origin": "https://testserver"}
    app = create_app(sanlian)
    with TestClient(app, base_url="https://testserver", headers=headers, follow_redirects=False) as secure:
        answer = secure.post("/sign-in", data={"login": "centre", "password": PASSWORD})
        cookie, device = answer.headers.get_list("set-cookie")
        token = cookie.partition("=")[2].partition(";")[0]

        assert cookie.startswith(f"{SECURE_COOKIE}=")
        assert "Secure" in cookie
        assert "Domain" not in cookie
        assert device.startswith(f"{SECURE_COOKIE}{DEVICE}=")
        assert "Secure" in device
        assert secure.get("/matters").status_code == 200
        secure.cookies.clear()
        secure.cookies.set(PLAIN_COOKIE, token)
        assert secure.get("/matters").status_code == 303


def test_browser_is_known_again_by_a_cookie_that_opens_nothing(stranger: TestClient) -> None:
    """It stays when one signs out, is the same after signing in again, and no script reads it."""
    enter(stranger)
    first = stranger.cookies.get(PLAIN_COOKIE + DEVICE)
    stranger.post("/sign-out")
    assert stranger.get("/matters").status_code == 303
    answer = stranger.post("/sign-in", data={"login": "centre", "password": PASSWORD})
    cookie = answer.headers.get_list("set-cookie")[1]

    assert first
    assert cookie.startswith(f"{PLAIN_COOKIE}{DEVICE}={first};")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=7776000"))
    assert first != stranger.cookies.get(PLAIN_COOKIE)


def test_token_that_was_planted_is_never_taken_over(stranger: TestClient) -> None:
    """Somebody signs in with a cookie that another has put there: the token is new, the planted one stays nothing."""
    stranger.cookies.set(PLAIN_COOKIE, "planted-by-somebody-else")
    assert enter(stranger) == 303
    mine = [one.value for one in stranger.cookies.jar if one.name == PLAIN_COOKIE]

    stranger.cookies.clear()
    stranger.cookies.set(PLAIN_COOKIE, "planted-by-somebody-else")
    assert stranger.get("/matters").status_code == 303
    assert any(value != "planted-by-somebody-else" for value in mine)


def test_copied_cookie_opens_nothing_after_signing_out(stranger: TestClient) -> None:
    """The session is over in the store, not only in the browser."""
    enter(stranger)
    copy = stranger.cookies.get(PLAIN_COOKIE)
    assert copy is not None
    assert stranger.post("/sign-out").headers["location"] == "/sign-in"

    stranger.cookies.clear()
    stranger.cookies.set(PLAIN_COOKIE, copy)
    assert stranger.get("/matters").status_code == 303


def test_session_is_listed_and_ended_from_another(sanlian: Sanlian, stranger: TestClient) -> None:
    """Two browsers of one person; the one that was ended is out at its next press."""
    headers = {"Accept": "text/html", "Origin": ORIGIN, "User-Agent": "Mozilla/5.0 (Android 14) Firefox/140.0"}
    enter(stranger)
    with TestClient(create_app(sanlian), base_url=ORIGIN, headers=headers, follow_redirects=False) as phone:
        enter(phone, phone="1")
        text = stranger.get("/sessions").text
        other = re.findall(r'name="session" value="([^"]+)" aria-label="退出(?!这里)', text)

        assert "安卓手机 · Firefox" in text
        assert len(other) == 1
        assert stranger.post("/sessions", data={"session": other[0]}).status_code == 303
        assert phone.get("/matters").status_code == 303
    assert stranger.get("/matters").status_code == 200


def test_desk_is_signed_out_when_nobody_used_it(client: TestClient, sanlian: Sanlian) -> None:
    """After half an hour."""
    later(sanlian, IDLE)
    assert client.get("/matters").status_code == 200
    later(sanlian, IDLE + timedelta(seconds=1))
    assert client.get("/matters").status_code == 303


def test_form_is_sent_on_after_signing_in_again_when_the_session_had_ended(
    client: TestClient, sanlian: Sanlian
) -> None:
    """What was typed is on the page, and one press hands it in: nothing is typed twice, nothing is filed twice."""
    fields = Page(client.get("/matters/new").text).form("/matters/new")["fields"]
    grid = re.search(r'<option value="(jingyi-2)"', client.get("/matters/new").text)
    assert grid is not None
    form = {**fields, "f-detail": "东门的地锁挡了轮椅。", "f-place": "jingyi-2", "start": "hotline"}
    later(sanlian, IDLE + timedelta(seconds=1))

    gone = client.post("/matters/new", data=form)
    page = Page(gone.text)
    carried = page.form("/sign-in")["fields"]

    assert gone.status_code == 401
    assert "您填的都还在" in page.text
    assert "东门的地锁挡了轮椅。" in page.text
    assert carried["f-detail"] == "东门的地锁挡了轮椅。"
    assert carried["f-place"] == "jingyi-2"
    assert re.findall(r'<blockquote class="kept">(.*?)</blockquote>', gone.text) == ["东门的地锁挡了轮椅。"]
    wrong = Page(client.post("/sign-in", data={**carried, "login": "centre", "password": "wrong"}).text)
    again = client.post("/sign-in", data={**wrong.form("/sign-in")["fields"], "login": "centre", "password": PASSWORD})
    assert (again.status_code, again.headers["location"]) == (307, "/matters/new")
    filed = client.post("/matters/new", data={**carried, "login": "centre", "password": PASSWORD})
    assert filed.status_code == 303
    assert "东门的地锁挡了轮椅" in client.get(filed.headers["location"]).text


def test_passwords_are_neither_shown_nor_carried_when_the_session_had_ended(
    client: TestClient, sanlian: Sanlian
) -> None:
    """Who was changing one begins again after signing in."""
    later(sanlian, IDLE + timedelta(seconds=1))

    gone = client.post("/password", data={"old": PASSWORD, "new": OWN_PASSWORD, "again": OWN_PASSWORD})

    assert (gone.status_code, gone.headers["location"]) == (303, "/sign-in?next=%2Fpassword")
    assert OWN_PASSWORD not in client.get(gone.headers["location"]).text


def test_same_words_stand_on_the_page_whether_the_account_is_there_or_not(stranger: TestClient) -> None:
    """Only what was typed differs."""
    pages = [stranger.post("/sign-in", data={"login": login, "password": "wrong"}) for login in ("centre", "centru")]

    assert [page.status_code for page in pages] == [422, 422]
    assert pages[0].text.replace("centre", "centru") == pages[1].text.replace("centre", "centru")
    assert "工号或密码不对" in pages[0].text


def test_page_says_when_to_try_again_after_too_many_failures(stranger: TestClient) -> None:
    """In local time, also for an account that is not there, and the right password must wait too."""
    for login in ("centre", "nobody-here"):
        for _ in range(FREE[PAIR]):
            assert enter(stranger, login, "wrong") == 422
        answer = stranger.post("/sign-in", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 429
        assert "请在 今天 14:22 以后再试" in answer.text


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/password", "/sessions", "/as", "/first-run", "/accounts/reset"]
)
def test_form_of_another_site_is_refused(client: TestClient, path: str) -> None:
    """Nobody is signed in, out, or changed from elsewhere."""
    answer = client.post(path, data={"login": "centre", "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("office", [Office.SYSTEM_ADMIN, Office.SECURITY_ADMIN])
@pytest.mark.parametrize("path", ["/matters", "/matters/2611-0031", "/matters/2699-9999", "/matters/new"])
def test_administrators_see_no_matter(client: TestClient, office: Office, path: str) -> None:
    """Whatever number they ask for, there or not."""
    act_as(client, office.value)

    assert client.get(path).status_code == 403


def test_auditor_files_nothing(client: TestClient) -> None:
    """An office that reads changes nothing."""
    act_as(client, Office.AUDITOR.value)

    assert client.post("/matters/new", data={"key": "k", "f-detail": "x", "start": "patrol"}).status_code == 403


@pytest.mark.parametrize("who", [CENTRE, "jingyi-1.grid_worker.1", "auditor", "security_admin"])
def test_accounts_are_for_the_system_administrator_only(client: TestClient, who: str) -> None:
    """For nobody else."""
    act_as(client, who)

    assert client.get("/accounts").status_code == 403
    assert client.post("/accounts/reset", data={"person": "demo-001"}).status_code == 403


def test_system_administrator_resets_a_password_that_must_be_changed(client: TestClient, sanlian: Sanlian) -> None:
    """It is shown once; it opens the page of changing it and nothing else; the new one opens everything."""
    act_as(client, Office.SYSTEM_ADMIN.value)
    shown = client.post("/accounts/reset", data={"person": "demo-002"})
    password = re.search(r'class="otp num">([^<]+)<', shown.text)
    assert password is not None
    assert password.group(1) not in client.get("/accounts").text

    client.cookies.clear()
    assert enter(client, "centre", password.group(1)) == 303
    assert client.get("/matters").headers["location"] == "/password"
    data = {"old": password.group(1), "new": OWN_PASSWORD, "again": OWN_PASSWORD}
    assert client.post("/password", data={**data, "again": "x"}).status_code == 422
    assert client.post("/password", data=data).headers["location"].startswith("/sessions?done=password")
    assert client.get("/matters").status_code == 200
    client.cookies.clear()
    assert enter(client, "centre") == 422
    assert enter(client, "centre", OWN_PASSWORD) == 303


def test_system_administrator_cannot_touch_the_other_two(client: TestClient, sanlian: Sanlian) -> None:
    """Who could set the auditor's password could act as the auditor."""
    act_as(client, Office.SYSTEM_ADMIN.value)

    for person in ("demo-auditor", "demo-secadmin"):
        for act in ("reset", "close", "end"):
            assert client.post(f"/accounts/{act}", data={"person": person}).status_code == 403


def test_closed_account_is_out_at_once(client: TestClient, sanlian: Sanlian) -> None:
    """Its sessions end with it; it may be opened again."""
    enter(client)
    token = client.cookies.get(PLAIN_COOKIE)
    act_as(client, Office.SYSTEM_ADMIN.value)
    admin = client.cookies.get(PLAIN_COOKIE)
    assert token is not None
    assert admin is not None
    assert client.post("/accounts/close", data={"person": "demo-002"}).status_code == 303

    client.cookies.set(PLAIN_COOKIE, token, domain=COOKIE_DOMAIN)
    assert client.get("/matters").status_code == 303
    client.cookies.clear()
    assert enter(client) == 422
    client.cookies.set(PLAIN_COOKIE, admin, domain=COOKIE_DOMAIN)
    client.post("/accounts/reopen", data={"person": "demo-002"})
    client.cookies.clear()
    assert enter(client) == 303


def test_sensitive_act_asks_for_the_password_again_and_goes_on(client: TestClient, sanlian: Sanlian) -> None:
    """Ten minutes after it was last given; what was to be done is carried along (307 keeps the form)."""
    enter(client, "sysadmin")
    later(sanlian, FRESH)
    asked = client.post("/accounts/reset", data={"person": "demo-002"})
    carried = Page(asked.text).form("/password-again")["fields"]

    assert asked.status_code == 403
    assert "otp" not in asked.text
    assert client.post("/password-again", data={**carried, "password-again": "wrong"}).status_code == 422
    on = client.post("/password-again", data={**carried, "password-again": PASSWORD})
    assert (on.status_code, on.headers["location"]) == (307, "/accounts/reset")
    assert "otp" in client.post("/accounts/reset", data=carried).text


def test_person_with_two_posts_chooses_and_only_among_them(client: TestClient, sanlian: Sanlian) -> None:
    """The choice is in the session; a post of somebody else is not found."""
    second = Post(
        id="jingyi-1.grid_worker.9", role="grid_worker", unit="jingyi-1", person="demo-002", name="演示",
        since=sanlian.clock.now() - timedelta(days=1),
    )  # fmt: skip
    grant_posts(sanlian.uow, [second], by=SYSTEM, now=sanlian.clock.now())
    enter(client)

    assert client.post("/as", data={"post": "jinyi.community_head.1"}).status_code == 404
    assert client.post("/as", data={"post": second.id, "next": "/matters"}).headers["location"] == "/matters"
    assert "景翼一网格 网格员" in client.get("/matters").text
    later(sanlian, timedelta(minutes=5))
    assert "景翼一网格 网格员" in client.get("/matters").text


@pytest.mark.parametrize("login", SHOWN)
def test_everybody_of_the_demo_gets_in_and_begins_on_a_page_that_is_there(stranger: TestClient, login: str) -> None:
    """Every entry of everybody's navigation leads somewhere."""
    assert enter(stranger, login) == 303
    start = stranger.get("/").headers["location"]
    page = stranger.get(start)

    assert page.status_code == 200
    for path in set(re.findall(r'<nav class="(?:rail|tabbar)[^>]*>.*?</nav>', page.text, re.DOTALL)):
        for target in re.findall(r'href="([^"]+)"', path):
            assert stranger.get(target).status_code in (200, 303), target


def test_one_press_sign_in_is_offered_on_this_machine_only(sanlian: Sanlian) -> None:
    """The demo's password is on no page that comes through a proxy or from elsewhere."""
    app = create_app(sanlian)
    for address, header, offered in (
        ("127.0.0.1", {}, True),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, False),
        ("203.0.113.9", {}, False),
    ):
        with TestClient(app, base_url=ORIGIN, client=(address, 5000), headers={"Accept": "text/html"}) as visitor:
            assert (PASSWORD in visitor.get("/sign-in", headers=header).text) is offered
    with sanlian.uow.write() as tx:
        tx.facts.put("demo", "")
    with TestClient(app, base_url=ORIGIN, client=("127.0.0.1", 5000), headers={"Accept": "text/html"}) as visitor:
        assert PASSWORD not in visitor.get("/sign-in").text


@pytest.mark.parametrize(
    ("post", "page"),
    [
        ("street.supervisor.1", "/board"),
        ("street.street_head.1", "/board"),
        (CENTRE, "/dispatch"),
        ("street.street_office.1", "/dispatch"),
        ("zhujidong-1.grid_worker.1", "/work"),
        ("auditor", "/audit"),
    ],
)
def test_day_begins_with_all_of_it_for_who_looks_after_others(stranger: TestClient, post: str, page: str) -> None:
    """A supervisor keeps no desk: what waits at the centre's is not theirs to dispatch first."""
    act_as(stranger, post)

    assert stranger.get("/").headers["location"] == page
