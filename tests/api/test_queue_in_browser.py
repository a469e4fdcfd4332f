"""A phone without network: what is pressed stays in it, is counted, goes out once, and is lost in no case."""

import io
import re
from datetime import datetime
from functools import partial

import pytest
from msgspec import structs
from PIL import Image
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from api.app import create_app
from api.sessions import PLAIN_COOKIE
from engine.core.history import Event, read_event
from engine.core.scope import SYSTEM
from engine.services.keep_sessions import hash_of
from engine.services.organise import end_post, grant_posts
from engine.wiring import Sanlian
from tests.support.browser import OpenPage, ServeApp
from tests.support.demo import NOW
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH, assert_accessible, watched

GRID = "zhujidong-3"
WORKER, OTHER, LEADER = f"{GRID}.grid_worker.1", "wangtan-1.grid_worker.1", f"{GRID}.grid_leader.1"
CENTRE = "street.service_centre.1"
TOLD = "约了物业明早开井，居民在家等。"
WAITS = "1 条存在手机里，连上后自动送出。"
SLOW = 20_000  # ms: a photo is encoded anew


@pytest.fixture
def site(sanlian: Sanlian, serve_app: ServeApp) -> str:
    """The demo, served."""
    return serve_app(create_app(sanlian), lifespan="off")


@pytest.fixture
def sanlian(demo: Sanlian) -> Sanlian:
    """The deployment that is served."""
    return demo


@pytest.fixture
def number(sanlian: Sanlian) -> str:
    """A demand in the hands of the worker."""
    with sanlian.uow.read() as tx:
        own = [one.matter for one in tx.matters.all() if one.matter.place == GRID]
        found = min((one for one in own if one.kind == "demand" and one.state == "grid_doing"), key=lambda one: one.id)
        return tx.demands.get_many([found.id])[found.id].number


@pytest.fixture
def page(site: str, sanlian: Sanlian, open_page: OpenPage) -> Page:
    """The worker's phone."""
    made = open_page(width=PHONE_WIDTH, height=844, bypass_csp=True)
    made.clock.set_fixed_time(NOW)
    act_in_browser(made, site, sanlian, WORKER)
    return made


def events_of(sanlian: Sanlian, number: str, action: str) -> list[Event]:
    """What was recorded of an action on a demand."""
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        events = [read_event(record.body) for record in tx.events.of(demand.matter)]
    return [event for event in events if event.action == action]


def open_note(page: Page, site: str, number: str) -> None:
    """Open the form of a note while there is a network."""
    page.goto(f"{site}/matters/{number}?do=note#act-note")
    page.locator("#note-note").click()
    page.wait_for_function("() => window.queue && window.queue.draw")


def write_note(page: Page, text: str) -> None:
    """Write a note and press."""
    if not page.locator("#act-note").evaluate("act => act.open"):
        page.locator("#act-note summary").click()
    page.locator("#note-note").fill(text)
    page.locator("#act-note .main-act").click()


def answer(dialog: Dialog, *, asked: list[str], stays: bool) -> None:
    """Note what is asked, and stay or go."""
    asked.append(dialog.message)
    if stays:
        dialog.dismiss()
    else:
        dialog.accept()


def line(page: Page) -> Locator:
    """The line at the top."""
    return page.locator("#queue [role=status]")


def test_press_without_network_is_kept_and_recorded_once_when_it_is_back(
    page: Page, site: str, sanlian: Sanlian, number: str
) -> None:
    """It is counted at once, listed with what, when and of which demand, and the history names the phone's time."""
    with watched(page, site):
        open_note(page, site, number)
        page.context.set_offline(True)
        page.clock.set_fixed_time(datetime.fromisoformat("2026-11-20T13:45:00+08:00"))
        write_note(page, TOLD)
        expect(line(page)).to_have_text(WAITS)
        expect(line(page)).to_be_focused()
        expect(page.locator("#note-note")).to_have_value("")
        page.locator("#queue summary").click()
        kept = page.locator("#queue li")
        expect(kept).to_contain_text(f"记进展 {number}")
        expect(kept).to_contain_text("11月20日 13:45 按的")
        expect(kept).to_contain_text(TOLD)
        expect(kept.get_by_role("button", name="删掉")).to_be_visible()
        assert_accessible(page, width=PHONE_WIDTH)
        assert events_of(sanlian, number, "note") == []

        page.clock.set_fixed_time(NOW)
        page.context.set_offline(False)
        expect(line(page)).to_have_text("送出了 1 条。")
        page.locator("#queue").get_by_role("link", name=f"记进展 {number}").click()
        expect(page.locator(".tl").first).to_contain_text(TOLD)
        expect(page.locator(".tl").first).to_contain_text("手机上 11月20日 13:45 按的，14:20 收到")
        expect(page.locator("#queue")).to_have_count(0)
    (event,) = events_of(sanlian, number, "note")
    assert event.data["pressed_at"] == "2026-11-20T05:45:00+00:00"
    assert page.evaluate("localStorage.length") == 0


def test_notes_go_out_in_order_when_several_were_written(page: Page, site: str, sanlian: Sanlian, number: str) -> None:
    """Each under a key of its own; what one wrote next was written on what one did before."""
    open_note(page, site, number)
    page.context.set_offline(True)
    for n, text in enumerate(("去看过一次。", "又去看过一次。"), start=1):
        write_note(page, text)
        expect(line(page)).to_contain_text(f"{n} 条存在手机里")
    page.context.set_offline(False)
    expect(line(page)).to_have_text("送出了 2 条。")
    write_note(page, "第三次去看过。")
    expect(page.locator(".note").first).to_contain_text("记下了")
    page.goto(f"{site}/matters/{number}")

    expect(page.locator(".tl li").nth(1)).to_contain_text("又去看过一次。")
    expect(page.locator(".tl li").nth(2)).to_contain_text("去看过一次。")
    assert len(events_of(sanlian, number, "note")) == 3


def test_press_is_recorded_once_when_its_answer_was_lost(page: Page, site: str, sanlian: Sanlian, number: str) -> None:
    """The server took it and the connection went: the phone keeps it, sends it again, and nothing happens twice."""
    open_note(page, site, number)
    tries: list[str] = []

    def cut(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
            return
        route.fetch()
        assert len(events_of(sanlian, number, "note")) == 1
        route.abort("connectionreset")

    page.route("**/do/note", cut)
    write_note(page, TOLD)
    expect(line(page)).to_have_text("送出了 1 条。")

    assert len(tries) == 2
    assert len(events_of(sanlian, number, "note")) == 1


@pytest.mark.parametrize("status", [408, 429, 500])
def test_press_is_kept_and_sent_again_when_the_server_could_not_take_it(
    page: Page, site: str, sanlian: Sanlian, number: str, status: int
) -> None:
    """It stopped listening, had too much to do, or broke: what was written is not lost for that."""
    open_note(page, site, number)
    tries: list[str] = []

    def slow(route: Route) -> None:
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
            return
        route.fulfill(status=status, content_type="text/html", body="<main role=alert><h1>没有办成</h1></main>")

    page.route("**/do/note", slow)
    write_note(page, TOLD)
    expect(line(page)).to_have_text("送出了 1 条。")

    assert len(tries) == 2
    assert len(events_of(sanlian, number, "note")) == 1


def test_refused_press_is_kept_with_its_reason_and_opened_again_with_what_was_typed(
    page: Page, site: str, sanlian: Sanlian, number: str, open_page: OpenPage
) -> None:
    """The demand moved meanwhile: the server says why, the words stand in the form again, and go out from there."""
    with watched(page, site):
        page.goto(f"{site}/matters/{number}?do=up#act-up")
        page.locator("#up-done_so_far").fill(TOLD)
        page.wait_for_function("() => window.queue && window.queue.draw")
        page.locator("#act-up").get_by_label("要花钱").check()
        page.context.set_offline(True)
        page.locator("#act-up .main-act").click()
        expect(line(page)).to_have_text(WAITS)

        desk = open_page(width=1280, height=900)
        act_in_browser(desk, site, sanlian, LEADER)
        desk.goto(f"{site}/matters/{number}?do=note")
        write_note(desk, "网格长也去看过。")
        expect(desk.locator(".note").first).to_contain_text("记下了")

        page.context.set_offline(False)
        expect(line(page)).to_have_text("1 条没有收下，还在手机里。")
        kept = page.locator("#queue li")
        expect(kept).to_contain_text("你填的时候")
        expect(kept).to_contain_text(TOLD)
        assert_accessible(page, width=PHONE_WIDTH)
        assert events_of(sanlian, number, "up") == []

        kept.get_by_role("button", name="打开再办").click()
        page.wait_for_url(re.compile(r"do=up"))
        expect(page.locator("#up-done_so_far")).to_have_value(TOLD)
        expect(page.locator("#act-up").get_by_label("要花钱")).to_be_checked()
        page.locator("#act-up .main-act").click()
        expect(page.locator(".tl").first).to_contain_text("报上去，到「等社区接」")
        expect(page.locator("#queue")).to_have_count(0)
    assert len(events_of(sanlian, number, "up")) == 1


def test_entry_is_neither_seen_nor_sent_when_somebody_else_signs_in(
    page: Page, site: str, sanlian: Sanlian, number: str
) -> None:
    """It waits for who wrote it; a page still open sends nothing in the name of another."""
    open_note(page, site, number)
    page.context.set_offline(True)
    write_note(page, TOLD)
    expect(line(page)).to_have_text(WAITS)
    old = page

    page = old.context.new_page()
    act_in_browser(page, site, sanlian, OTHER)
    page.context.set_offline(False)
    expect(line(old)).to_contain_text("现在登录的是望坛新苑")
    expect(line(old)).to_contain_text("没有交，没有记在谁名下。")
    expect(line(old)).to_contain_text("1 条存在手机里，登录后自动送出。")
    expect(old.locator("#queue").get_by_role("link", name="登录")).to_have_count(0)
    page.goto(f"{site}/work")
    page.locator("h1").click()
    page.wait_for_function("() => window.queue && window.queue.draw")
    expect(page.locator("#queue")).to_have_count(0)
    assert events_of(sanlian, number, "note") == []

    act_in_browser(page, site, sanlian, WORKER)
    page.goto(f"{site}/work")
    expect(line(page)).to_have_text("送出了 1 条。")
    (event,) = events_of(sanlian, number, "note")
    assert event.actor.post == WORKER


def test_entry_waits_when_the_session_is_over_and_goes_out_after_signing_in(
    page: Page, site: str, sanlian: Sanlian, number: str
) -> None:
    """Nothing is thrown away because nobody is signed in."""
    open_note(page, site, number)
    with sanlian.uow.write() as tx:
        token = next(one["value"] for one in page.context.cookies() if one["name"] == PLAIN_COOKIE)
        tx.sessions.revoke(hash_of(token), at=NOW)
    write_note(page, TOLD)
    expect(line(page)).to_have_text("请先登录。1 条存在手机里，登录后自动送出。")
    page.locator("#queue").get_by_role("link", name="登录").click()
    expect(page.locator("h1")).to_have_text("登录")

    act_in_browser(page, site, sanlian, WORKER)
    page.goto(f"{site}/matters/{number}")
    expect(line(page)).to_have_text("送出了 1 条。")
    assert len(events_of(sanlian, number, "note")) == 1


def test_press_says_that_the_post_has_ended_and_keeps_what_was_typed_for_another_one(
    page: Page, site: str, sanlian: Sanlian, number: str
) -> None:
    """The page stood open while the post ended: the answer names it, and the words go out with the post of now."""
    with sanlian.uow.read() as tx:
        before = tx.organisation.load().posts[WORKER]
    open_note(page, site, number)
    successor = structs.replace(before, id=f"{GRID}.grid_worker.9", since=NOW)
    grant_posts(sanlian.uow, [successor], by=SYSTEM, now=NOW)
    end_post(sanlian.uow, WORKER, until=NOW, by=SYSTEM, now=NOW)
    write_note(page, TOLD)

    expect(page.locator("h1")).to_have_text("那个岗位结束了，没有交")
    expect(page.get_by_role("alert")).to_contain_text("写的时候用的岗位「珠玑东三网格 网格员」已经结束。")
    expect(page.get_by_role("alert")).to_contain_text(TOLD)
    expect(line(page)).to_have_text("1 条没有收下，还在手机里。")
    assert_accessible(page, width=PHONE_WIDTH)
    page.locator("#queue li").get_by_role("button", name="打开再办").click()
    page.wait_for_url(re.compile(r"do=note"))
    expect(page.locator("#note-note")).to_have_value(TOLD)
    page.locator("#act-note .main-act").click()
    expect(page.locator(".tl").first).to_contain_text(TOLD)
    expect(page.locator("#queue")).to_have_count(0)
    (event,) = events_of(sanlian, number, "note")
    assert event.actor.post == successor.id


def test_signing_out_warns_when_something_waits(page: Page, site: str, sanlian: Sanlian, number: str) -> None:
    """It says how many, and staying is possible."""
    open_note(page, site, number)
    page.route("**/do/note", lambda route: route.abort())
    write_note(page, TOLD)
    expect(line(page)).to_have_text(WAITS)
    page.goto(f"{site}/sessions")
    asked: list[str] = []
    for stays in (True, False):
        page.once("dialog", partial(answer, asked=asked, stays=stays))
        page.get_by_role("button", name="退出", exact=True).first.click()
        expect(page).to_have_url(f"{site}/sessions" if stays else re.compile(r"/sign-in"))

    assert asked == ["1 条还没送出，要等您再登录才送。退出吗？"] * 2


def test_sheet_over_the_list_is_kept_and_closed(page: Page, site: str, sanlian: Sanlian) -> None:
    """From today's list: pressed without network it closes, and another one says why it cannot be opened."""
    page.goto(f"{site}/work")
    row = page.locator(".tk", has=page.locator(".main-act", has_text="办完")).first
    row.locator(".main-act").click()
    page.locator("#sheet textarea").fill(TOLD)
    page.wait_for_function("() => window.queue && window.queue.draw")
    page.context.set_offline(True)
    page.locator("#sheet .main-act").click()
    expect(page.locator("#sheet")).not_to_be_visible()
    expect(line(page)).to_have_text(WAITS)
    row.locator(".main-act").click()
    expect(line(page)).to_have_text(f"没有网，打不开。{WAITS}")
    page.context.set_offline(False)
    expect(line(page)).to_have_text("1 条没有收下，还在手机里。")
    expect(page.locator("#queue li")).to_contain_text("请拍或选「办完的照片」。")


def test_call_taken_in_without_network_goes_out_with_its_caller_and_without_a_receipt(
    page: Page, site: str, sanlian: Sanlian
) -> None:
    """What was told, where, and who called are recorded once; the receipt of another call is not replaced."""
    act_in_browser(page, site, sanlian, CENTRE)
    with watched(page, site):
        page.goto(f"{site}/dispatch/new")
        page.locator("#call-detail").fill("三号楼后面的井盖松了，车一过就响。")
        page.locator("#call-place").select_option(GRID)
        page.locator("#call-phone").fill("010-60000000")
        page.locator("#guess select").first.select_option("B7")
        page.wait_for_function("() => window.queue && window.queue.draw")
        page.context.set_offline(True)
        page.locator(".main-act").click()
        expect(line(page)).to_have_text(WAITS)
        expect(page.locator("#call-phone")).to_have_value("")
        page.locator("#queue summary").click()
        expect(page.locator("#queue li")).not_to_contain_text("60000000")
        page.context.set_offline(False)
        expect(line(page)).to_have_text("送出了 1 条。")
        assert [one["name"] for one in page.context.cookies() if "receipt" in one["name"]] == []
        page.locator("#queue").get_by_role("link", name="登记来电").click()
        expect(page.locator(".note b")).to_contain_text("登记好了，编号")
        number = page.locator(".note b a").inner_text()
    with sanlian.uow.read() as tx:
        demand = tx.demands.by_number(number)
        assert demand is not None
        (reporter,) = tx.demands.reporters_of(demand.matter)
    assert reporter.phone_ref is not None


def test_photo_waits_with_its_form(page: Page, site: str, sanlian: Sanlian) -> None:
    """Found and fixed without network: photo, words and category arrive as they were."""
    taken = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 60)).save(taken, "JPEG")
    with watched(page, site):
        page.goto(f"{site}/work/found")
        files = [{"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": taken.getvalue()}]
        page.locator("#found-photo_after").set_input_files(files)  # type: ignore[arg-type]  # a dict is a FilePayload
        page.locator("#found-detail").fill("二号楼一层楼道堆了旧家具，业主当面搬走了。")
        expect(page.locator('#guess input[value="C3"]')).to_be_checked()
        page.wait_for_function("() => window.queue && window.queue.draw")
        page.context.set_offline(True)
        page.locator(".main-act").click()
        expect(line(page)).to_have_text(WAITS)
        page.locator("#queue summary").click()
        expect(page.locator("#queue li")).to_contain_text("照片 1 张")
        expect(page.locator("#found-detail")).to_have_value("")
        expect(page.locator("#guess input:checked")).to_have_count(0)
        page.context.set_offline(False)
        expect(line(page)).to_have_text("送出了 1 条。", timeout=SLOW)
        page.locator("#queue").get_by_role("link", name="边巡边办").click()
        expect(page.locator(".note").first).to_contain_text("办完，到「换人核查」")
    with sanlian.uow.read() as tx:
        newest = max((one.matter for one in tx.matters.all()), key=lambda one: one.id)
        assert len(tx.files.of_matter(newest.id)) == 1


NO_ROOM = "IDBObjectStore.prototype.put = function () { throw new DOMException('full', 'QuotaExceededError'); };"
FIFTY = """() => new Promise((done) => {
  indexedDB.open('sanlian').onsuccess = (e) => {
    const tx = e.target.result.transaction('queue', 'readwrite');
    const entry = { owner: queue.owner, until: Date.now() + 9e6, size: 1, said: [], fields: [] };
    for (let n = 0; n < 50; n++) tx.objectStore('queue').add(entry);
    tx.oncomplete = done;
  };
})"""


@pytest.mark.parametrize("full", ["no room", "fifty entries"])
def test_form_stays_on_the_page_when_the_phone_is_full(page: Page, site: str, number: str, full: str) -> None:
    """It says so, and what was typed is still there."""
    if full == "no room":
        page.add_init_script(NO_ROOM)
    open_note(page, site, number)
    if full == "fifty entries":
        page.evaluate(FIFTY)
    page.context.set_offline(True)
    write_note(page, TOLD)

    expect(line(page)).to_contain_text("手机里也存不下了")
    expect(page.locator("#note-note")).to_have_value(TOLD)


def test_press_is_sent_as_ever_when_there_is_nothing_to_keep_it_in(
    page: Page, site: str, sanlian: Sanlian, number: str
) -> None:
    """Private windows have no store: the form goes the way it always went."""
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined });")
    page.goto(f"{site}/matters/{number}?do=note#act-note")
    write_note(page, TOLD)

    expect(page.locator(".tl").first).to_contain_text(TOLD)
    assert len(events_of(sanlian, number, "note")) == 1


def test_entry_is_gone_when_its_writer_removed_it(page: Page, site: str, sanlian: Sanlian, number: str) -> None:
    """After a question; nothing is sent then."""
    open_note(page, site, number)
    page.context.set_offline(True)
    write_note(page, TOLD)
    page.get_by_role("button", name="现在再送").click()
    expect(line(page)).to_have_text(f"还是连不上。{WAITS}")
    page.locator("#queue summary").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#queue").get_by_role("button", name="删掉").click()
    expect(page.locator("#queue")).to_have_count(0)
    page.context.set_offline(False)
    page.goto(f"{site}/work")

    expect(page.locator("h1")).to_be_visible()
    assert events_of(sanlian, number, "note") == []
