"""A day of each person, walked step by step as `docs/tutorial/` tells it; a picture of what each step shows."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from engine.services.digest import digest_of_day, write_copy
from scripts.pictures import DESKTOP, PHONE, Person, Stage, photograph

PHOTO = {"name": "photo.jpg", "mimeType": "image/jpeg"}
NUMBER = re.compile(r"\d{4}-\d{4}")
DOGS, MARKET = "有人在楼道里养两只大型犬", "早市占道，早上救护车开不进来"
STEP = "活动站后门的台阶断了一块，老人容易绊倒。"


def readme(stage: Stage) -> None:
    """The three pages the README shows, at both widths."""
    for width in (PHONE, DESKTOP):
        for login, path, name in (("wg-zhujidong-1", "/work", "work"), ("office", "/matters/2610-0007", "demand"),
                                  ("head", "/board", "board")):  # fmt: skip
            one = stage.enter(width)
            one.sign_in(login)
            one.go(path)
            one.keep(f"{name}-{width}")
            one.page.context.close()


def grid_worker(stage: Stage) -> None:
    """The list, a word on the record, found and fixed at once, handed in, signed out."""
    one = stage.enter(PHONE)
    page = one.page
    one.sign_in("wg-zhujidong-1", picture="grid-1-sign-in")
    one.keep("grid-2-today")
    page.get_by_role("link", name=DOGS).click()
    page.wait_for_load_state("networkidle")
    one.keep("grid-3-demand")
    address = page.url
    page.goto(f"{address.split('?')[0]}?do=note#act-note")
    page.locator("#note-note").fill("上门说过一次，答应今晚先牵走一只。")
    one.keep("grid-4-note", at="#act-note")
    page.locator("#act-note .main-act").click()
    expect(page.locator(".note").first).to_contain_text("记下了")
    one.go("/work/found")
    page.locator("#found-photo_after").set_input_files({**PHOTO, "buffer": photograph()})  # type: ignore[arg-type]  # a dict is a FilePayload
    page.locator("#found-detail").fill("二号楼一层楼道堆了旧家具，业主当面搬走了。")
    expect(page.locator('#guess input[value="C3"]')).to_be_checked()
    one.keep("grid-5-found")
    page.locator("form[data-guess] .main-act").click()
    expect(page.locator(".note").first).to_contain_text("换人核查", timeout=20_000)
    one.keep("grid-6-found-done")
    one.go("/work")
    page.locator(".tk", has_text=MARKET).locator(".main-act").click()
    expect(page.locator("#sheet")).to_be_visible()
    page.locator("#sheet textarea").first.fill("和摊主、市场说好了，七点前让出通道。")
    one.keep("grid-7-solve")
    page.locator("#sheet input[type=file]").set_input_files({**PHOTO, "buffer": photograph()})  # type: ignore[arg-type]  # a dict is a FilePayload
    page.locator("#sheet .main-act").click()
    expect(page.locator(".note").first).to_contain_text("换人核查", timeout=20_000)
    one.go("/work")
    one.keep("grid-8-evening")


def service_centre(stage: Stage) -> None:
    """What waits, a caller, dispatched, checked together, the sheet."""
    one = stage.enter(DESKTOP)
    page = one.page
    one.sign_in("centre")
    one.keep("centre-1-dispatch")
    page.get_by_role("link", name="登记来电").click()
    page.get_by_label("事情").fill("景翼三网格活动站门口路灯坏了，晚上看不见台阶")
    page.get_by_label("在哪个网格").select_option("jingyi-3")
    page.get_by_label("怎么称呼").fill("演示来电人")
    page.get_by_label("回电号码").fill("13800000000")
    page.wait_for_timeout(800)
    one.keep("centre-2-call")
    page.get_by_role("button", name="登记", exact=True).click()
    page.wait_for_url(re.compile("filed="))
    one.keep("centre-3-filed")
    one.go("/dispatch")
    for key in ("j", "1"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("派给了")
    one.keep("centre-4-sent")
    for number in ("2611-0042", "2611-0047"):
        page.locator(f'tr[data-row]:has(:text-is("{number}")) input[name="pick"]').check()
    page.locator("#together select").select_option("pass")
    one.keep("centre-5-together", at="#together")
    page.get_by_role("button", name="一起办").click()
    expect(page.get_by_role("status")).to_contain_text("2 件办好了")
    one.go("/sheet")
    one.keep("centre-6-sheet", height=1300)


def supervisor(stage: Stage) -> None:
    """The board, a limit changed by one, approved by another, in effect."""
    first = stage.enter(DESKTOP)
    page = first.page
    first.sign_in("office")
    first.go("/board")
    page.locator('#live a[href="/board?show=late"]').click()
    page.wait_for_load_state("networkidle")
    first.keep("supervisor-2-late")
    first.go("/limits")
    page.get_by_role("link", name="改时限").click()
    cell = page.locator('[name="c.5.grid"]')
    cell.fill("1 工作日")
    first.keep("supervisor-3-edit")
    page.get_by_role("button", name="看一遍").first.click()
    page.wait_for_url(re.compile(r"/limits/proposals/[^/]+$"))
    first.keep("supervisor-4-read", height=1300)
    page.get_by_label("为什么改").fill("网格离得近，一个工作日办得完")
    page.get_by_role("radio", name="在办的也改").check()
    page.get_by_role("button", name="送批").click()
    expect(page.locator(".note")).to_contain_text("送批了")
    second = stage.enter(DESKTOP)
    second.sign_in("head")
    second.go("/limits")
    second.page.get_by_role("link", name="居民诉求三级联动").first.click()
    second.page.wait_for_load_state("networkidle")
    second.keep("supervisor-5-approve")
    second.page.get_by_role("button", name="批准").click()
    expect(second.page.locator(".note")).to_contain_text("已经生效")
    second.go("/limits")
    second.keep("supervisor-6-versions", at='table:has-text("哪一版")')
    stage.later(minutes=1)
    second.go("/board")
    second.keep("supervisor-7-after")


def auditor(stage: Stage) -> None:
    """Search, one chain, as it stood, export, a copy kept outside."""
    _look(stage, "2610-0007")
    one = stage.enter(DESKTOP)
    page = one.page
    one.sign_in("auditor")
    page.get_by_label("编号").fill("2610-0007")
    page.get_by_role("button", name="查", exact=True).click()
    page.wait_for_load_state("networkidle")
    one.keep("auditor-1-search")
    page.locator(".trail > li a").first.click()
    page.wait_for_load_state("networkidle")
    one.go("/audit/2610-0007")
    one.keep("auditor-2-chain", height=1300)
    page.get_by_label("指定时刻").fill("2026-10-20 12:00")
    page.get_by_role("button", name="看这一刻").click()
    expect(page.locator(".then-at")).to_contain_text("社区在办")
    one.keep("auditor-3-then")
    day, log = digest_of_day(stage.sanlian.uow, stage.sanlian.door.shelf, day=None, now=stage.sanlian.clock.now())
    copy = write_copy(day, log=log).encode()
    one.go("/audit/verify")
    page.get_by_label("摘要的文件").set_input_files({"name": "digest.txt", "mimeType": "text/plain", "buffer": copy})
    page.get_by_label("为什么").select_option("check")
    page.get_by_role("button", name="核对").click()
    expect(page.get_by_role("status")).to_contain_text("存在外面的摘要一致")
    one.keep("auditor-4-compared")
    one.go("/audit/2610-0007")
    expect(page.locator(".seal")).to_contain_text("存在外面的摘要一致")
    page.get_by_label("为什么").select_option("complaint")
    one.keep("auditor-5-export", at='h2:has-text("导出")')
    with page.expect_download():
        page.get_by_role("button", name="导出").click()
    one.go("/audit/topics/audit")
    one.keep("auditor-6-recorded")


def _look(stage: Stage, number: str) -> None:
    """Somebody at the service centre looks at who reported."""
    centre = stage.enter(DESKTOP)
    centre.sign_in("centre")
    centre.go(f"/matters/{number}")
    centre.page.locator("#look summary").click()
    centre.page.locator("#look-purpose").select_option(index=1)
    centre.page.get_by_role("button", name="看姓名和电话").click()
    centre.page.wait_for_load_state("networkidle")


def resident(stage: Stage) -> None:
    """Filed, the receipt, where it is, a word for her, her rating, taken back."""
    hers = stage.enter(PHONE)
    page = hers.page
    hers.sign_in("jm-zhujidong-1")
    hers.go("/matters/new")
    page.get_by_label("事情").fill(STEP)
    page.wait_for_timeout(800)
    hers.keep("resident-1-file")
    page.get_by_role("button", name="报上去").click()
    page.wait_for_url(re.compile("/receipt$"))
    hers.keep("resident-2-receipt")
    code = page.locator(".code").inner_text()
    found = NUMBER.search(page.content())
    assert found is not None
    page.context.clear_cookies()
    hers.go("/track")
    page.get_by_label("查询码").fill(code)
    hers.keep("resident-3-code")
    page.get_by_role("button", name="查进度").click()
    page.wait_for_load_state("networkidle")
    address = page.url
    hers.keep("resident-4-where", height=1100)
    _handle(stage, found[0])
    page.goto(address, wait_until="networkidle")
    hers.keep("resident-5-turn", height=1100)
    page.locator(".rate label", has_text="不满意").click()
    page.locator("#rate-note").fill("边上还有碎渣，没有扫。")
    page.get_by_role("button", name="交评价").click()
    expect(page.locator(".promise")).to_contain_text("收到了：不满意")
    hers.keep("resident-6-rated")
    page.get_by_role("button", name="撤回刚才的").click()
    expect(page.get_by_role("status")).to_contain_text("撤回了")
    page.locator(".rate label").first.click()
    page.get_by_role("button", name="交评价").click()
    stage.later(minutes=11)
    page.goto(address, wait_until="networkidle")
    hers.keep("resident-7-end")


def _handle(stage: Stage, number: str) -> None:
    """The grid accepts and solves, the service centre finds it true."""
    worker = stage.enter(DESKTOP)
    worker.sign_in("wg-zhujidong-1")
    _press(worker, number, "accept")
    _press(worker, number, "solve")
    centre = stage.enter(DESKTOP)
    centre.sign_in("centre")
    _press(centre, number, "pass")


def _press(one: Person, number: str, action: str) -> None:
    one.go(f"/matters/{number}?do={action}")
    form = one.page.locator(f"#act-{action}")
    if (choice := form.locator("select")).count() and action == "accept":
        choice.first.select_option("I6")
    if (note := form.locator("textarea")).count():
        note.first.fill("补好了，边上刷了黄线。")
    if (photo := form.locator("input[type=file]")).count():
        photo.first.set_input_files({**PHOTO, "buffer": photograph()})  # type: ignore[arg-type]  # a dict is a FilePayload
    form.locator(".main-act").click()
    expect(one.page.locator(f'[data-done="{action}"]')).to_be_visible(timeout=20_000)


DAYS: dict[str, Callable[[Stage], None]] = {
    "readme": readme,
    "grid_worker": grid_worker,
    "service_centre": service_centre,
    "supervisor": supervisor,
    "auditor": auditor,
    "resident": resident,
}
