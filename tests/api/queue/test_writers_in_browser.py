"""Who wrote what waits in a phone: another person, another post, nobody signed in, a caller at the desk."""

import re
from functools import partial

from msgspec import structs
from playwright.sync_api import Page, expect

from api.sessions import PLAIN_COOKIE
from engine.core.scope import SYSTEM
from engine.services.keep_sessions import hash_of
from engine.services.organise import end_post, grant_posts
from engine.wiring import Sanlian
from tests.api.queue.phone import (
    CENTRE,
    GRID,
    OTHER,
    TOLD,
    WAITS,
    WORKER,
    answer,
    events_of,
    line,
    open_note,
    write_note,
)
from tests.support.demo import NOW
from tests.support.people import act_in_browser
from tests.support.watching import PHONE_WIDTH, assert_accessible, watched


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
