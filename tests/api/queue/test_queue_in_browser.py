"""A phone without network: what is pressed stays in it, is counted, goes out once, and is lost in no case."""

import io
import re
from datetime import datetime

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from engine.wiring import Sanlian
from tests.api.queue.phone import LEADER, SLOW, TOLD, WAITS, events_of, line, open_note, write_note
from tests.support.browser import OpenPage
from tests.support.demo import NOW
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH, assert_accessible, watched


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
